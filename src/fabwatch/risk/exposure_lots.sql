-- Where moves name only the lot: the wafers of a lot are the largest quantity seen (rule 9), less those named beside it.
SELECT gate, sum(greatest(quantity - named, 0)) AS wafers
FROM (
    SELECT gate, lot, max(CASE WHEN wafer IS NULL THEN wafers END) AS quantity, count(DISTINCT wafer) AS named
    FROM passes
    GROUP BY gate, lot
) AS lots
WHERE quantity IS NOT NULL
GROUP BY gate
