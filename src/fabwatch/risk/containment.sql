-- Every wafer, or lot where wafers are not named, that ran through the gates of each number: those of one failed qual.
SELECT gate, wafer, lot, max(wafers) AS wafers, sum(wafers) AS passes, count(*) AS moves, min(end_at) AS first_end, max(end_at) AS last_end
FROM passes
WHERE tool = $tool
GROUP BY gate, wafer, lot
