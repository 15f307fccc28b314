-- The mean of what was measured on each row's wafers, where the result had arrived by the moment of the row.
WITH results AS (
    SELECT lot, wafer, stage AS label, incoming, after, seconds, rate, unit, rate_unit,
           greatest(measured_at, polished_at) AS known_at
    FROM metrology WHERE measured_at IS NOT NULL AND greatest(measured_at, polished_at) <= $as_of
), figures AS (
    SELECT lot, wafer, label, 'metrology' AS source, 'incoming' AS parameter, incoming AS value, unit, known_at FROM results
    UNION ALL SELECT lot, wafer, label, 'metrology', 'after', after, unit, known_at FROM results
    UNION ALL SELECT lot, wafer, label, 'metrology', 'seconds', seconds, 's', known_at FROM results
    UNION ALL SELECT lot, wafer, label, 'metrology', 'rate', rate, rate_unit, known_at FROM results
    UNION ALL SELECT lot, wafer, layer, 'inspections', 'defects', defects, 'defects', inspected_at
    FROM inspections WHERE inspected_at <= $as_of AND NOT coalesce(cut, false)
), placed AS (
    SELECT r.row, f.source, f.label, f.parameter, f.unit, f.value, f.known_at
    FROM figures AS f
    JOIN feature_names AS n ON n.name_wafer = f.wafer AND n.name_lot IS NOT DISTINCT FROM f.lot
    JOIN feature_rows AS r ON r.key = n.key AND r.lot IS NOT DISTINCT FROM n.lot
    WHERE isfinite(f.value)
    UNION ALL
    SELECT r.row, f.source, f.label, f.parameter, f.unit, f.value, f.known_at
    FROM figures AS f JOIN feature_rows AS r ON r.lot = f.lot
    WHERE f.wafer IS NULL AND isfinite(f.value)
)
SELECT m.place AS row, p.source, p.label, p.parameter, p.unit AS measured_in, avg(p.value) AS mean
FROM placed AS p JOIN feature_moments AS m ON m.row = p.row
WHERE p.known_at <= m.moment
GROUP BY ALL
