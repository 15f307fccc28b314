-- Production wafers through the open gates: stretches of time on a tool or chamber, after its last good qual.
-- Rule 1: the process end lies in (since, until].  Rule 4: only recipes that the qual type covers; a move without a
-- recipe may be one of them.  Rule 5: test wafers do not count, aborted ones do.
SELECT g.gate, m.lot, m.wafer, m.wafers, m.end_at, m.tool
FROM moves AS m
JOIN gates AS g ON g.tool = m.tool
LEFT JOIN covers AS c ON c.qual_type = g.qual_type AND c.recipe = m.recipe
WHERE m.end_at > $begin AND m.end_at <= $finish
  AND m.end_at > g.since AND m.end_at <= g.until
  AND (g.whole OR g.chamber = coalesce(m.chamber, ''))
  AND m.kind <> 'test'
  AND (NOT g.limited OR m.recipe IS NULL OR c.recipe IS NOT NULL)
