-- What each wafer in question passed, by axis: one row for each wafer and value, with the periods in which that was as bits.
-- Moves that name a lot alone are one row for all of its wafers in question, whose unit is -1 - the number of the lot.
WITH passes AS (
    SELECT k.unit, m.tool, m.chamber, m.recipe, m.product, m.route, m.step,
           1::BIGINT << least(floor(({periods} * date_diff('second', $first, m.end_at)) / $seconds)::INTEGER, {periods} - 1) AS bit
    FROM moves AS m JOIN (
        SELECT DISTINCT lot, wafer, CASE WHEN wafer IS NULL THEN -1 - lot_number ELSE unit END AS unit FROM known
    ) AS k ON k.lot IS NOT DISTINCT FROM m.lot AND k.wafer IS NOT DISTINCT FROM m.wafer
    WHERE m.end_at >= $first AND m.end_at <= $as_of AND coalesce(m.kind, 'production') <> 'test'
)
SELECT axis, value, unit, bit_or(bit) AS bits
FROM (
    SELECT 'tool' AS axis, tool AS value, unit, bit FROM passes
    UNION ALL SELECT 'chamber', tool || chr(31) || chamber, unit, bit FROM passes WHERE chamber IS NOT NULL
    UNION ALL SELECT 'recipe', recipe, unit, bit FROM passes WHERE recipe IS NOT NULL
    UNION ALL SELECT 'product', product, unit, bit FROM passes WHERE product IS NOT NULL
    UNION ALL SELECT 'route', route, unit, bit FROM passes WHERE route IS NOT NULL
    UNION ALL SELECT 'step', step || chr(31) || tool, unit, bit FROM passes WHERE step IS NOT NULL
) AS axes
GROUP BY axis, value, unit
