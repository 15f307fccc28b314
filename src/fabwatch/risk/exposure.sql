-- Production wafers through each gate: a stretch of time on a tool or chamber, after its last good qual.
-- Rule 1: the process end lies in (since, until].  Rule 4: only recipes that the qual type covers; a move without a
-- recipe may be one of them.  Rule 5: test wafers do not count, aborted ones do.  Rule 9: a wafer that came back is
-- one wafer and two passes; a short number is a slot, which names a wafer only within its lot.
SELECT g.gate,
       count(*) AS passes,
       sum(m.wafers) AS processed,
       count(DISTINCT m.lot) AS lots,
       count(DISTINCT CASE WHEN length(m.wafer) <= 2 AND m.wafer < ':' THEN coalesce(m.lot, '') || '#' || m.wafer
                           ELSE m.wafer END) AS wafers,
       sum(CASE WHEN m.wafer IS NULL THEN 1 ELSE 0 END) AS lot_moves
FROM moves AS m
JOIN gates AS g ON g.tool = m.tool
WHERE m.end_at > $begin AND m.end_at <= $finish
  AND m.end_at > g.since AND m.end_at <= g.until
  AND (g.whole OR g.chamber = coalesce(m.chamber, ''))
  AND m.kind <> 'test'
  AND (NOT g.limited OR m.recipe IS NULL
       OR EXISTS (SELECT 1 FROM covers AS c WHERE c.qual_type = g.qual_type AND c.recipe = m.recipe))
GROUP BY g.gate
