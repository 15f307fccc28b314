-- The limits with what speaks against them: outside of those of several groups lie more values than outliers would be.
SELECT l.*, coalesce(l.reason, CASE WHEN h.parts > {most} * l.n THEN 'groups' END) AS why
FROM screen_limits AS l LEFT JOIN (
    SELECT family, NULL AS unit, key, pin, count(DISTINCT id) AS parts FROM outside WHERE static GROUP BY ALL
    UNION ALL SELECT family, unit, key, pin, count(DISTINCT id) FROM outside WHERE dynamic GROUP BY ALL
) AS h ON h.family = l.family AND h.unit IS NOT DISTINCT FROM l.unit AND h.key = l.key AND h.pin = l.pin
