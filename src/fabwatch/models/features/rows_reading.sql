-- A row for each reading of a polish whose wafer is named: what was known when the polish ended.
SELECT row_number() OVER (ORDER BY m.polished_at, u.lot, u.key, m.tool, m.chamber NULLS FIRST, m.site NULLS FIRST, m.after)::INTEGER AS unit,
       row_number() OVER (ORDER BY m.polished_at, u.lot, u.key, m.tool, m.chamber NULLS FIRST, m.site NULLS FIRST, m.after)::INTEGER AS row,
       u.lot, u.key, u.wafer, m.polished_at AS tested_at,
       m.stage, m.site, m.incoming, m.after, m.seconds, m.unit AS length_unit
FROM metrology AS m
JOIN feature_names AS n ON n.name_wafer = m.wafer AND n.name_lot IS NOT DISTINCT FROM m.lot
JOIN feature_units AS u ON u.key = n.key AND u.lot IS NOT DISTINCT FROM n.lot
WHERE m.after IS NOT NULL AND m.polished_at IS NOT NULL AND greatest(m.polished_at, m.measured_at) <= $as_of
