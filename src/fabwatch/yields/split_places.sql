-- Parts and good parts of each group on each place of the wafer.
SELECT g.split_group, p.x, p.y, count(*) AS parts, count(*) FILTER (p.passed) AS good
FROM (SELECT *, {wafer} AS key FROM parts) AS p
JOIN units AS u ON u.key = p.key AND u.lot IS NOT DISTINCT FROM p.lot
JOIN split_units AS g ON g.unit = u.unit
WHERE p.x IS NOT NULL AND p.y IS NOT NULL
GROUP BY g.split_group, p.x, p.y
ORDER BY g.split_group, p.y DESC, p.x
