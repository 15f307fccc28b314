-- Where moves name only the lot: the wafers of a lot are the largest quantity seen (rule 9), less those named beside it.
SELECT gate, sum(greatest(quantity - named, 0)) AS wafers
FROM (
    SELECT g.gate,
           m.lot,
           max(CASE WHEN m.wafer IS NULL THEN m.wafers END) AS quantity,
           count(DISTINCT m.wafer) AS named
    FROM moves AS m
    JOIN gates AS g ON g.tool = m.tool
    WHERE m.end_at > $begin AND m.end_at <= $finish
      AND m.end_at > g.since AND m.end_at <= g.until
      AND (g.whole OR g.chamber = coalesce(m.chamber, ''))
      AND m.kind <> 'test'
      AND (NOT g.limited OR m.recipe IS NULL
           OR EXISTS (SELECT 1 FROM covers AS c WHERE c.qual_type = g.qual_type AND c.recipe = m.recipe))
    GROUP BY g.gate, m.lot
) AS lots
WHERE quantity IS NOT NULL
GROUP BY gate
