-- Every wafer, or lot where wafers are not named, that ran through the gates of one failed qual.
SELECT m.wafer,
       m.lot,
       max(m.wafers) AS wafers,
       count(*) AS passes,
       min(m.end_at) AS first_end,
       max(m.end_at) AS last_end
FROM moves AS m
JOIN gates AS g ON g.tool = m.tool
WHERE m.tool = $tool
  AND m.end_at > $begin AND m.end_at <= $finish
  AND m.end_at > g.since AND m.end_at <= g.until
  AND (g.whole OR g.chamber = coalesce(m.chamber, ''))
  AND m.kind <> 'test'
  AND (NOT g.limited OR m.recipe IS NULL
       OR EXISTS (SELECT 1 FROM covers AS c WHERE c.qual_type = g.qual_type AND c.recipe = m.recipe))
GROUP BY m.wafer, m.lot
