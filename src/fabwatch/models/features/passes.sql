-- The production moves of each unit up to its first test: the moves that name it, and those of its lot alone.
WITH mine AS (
    SELECT r.row, r.unit, r.tested_at, m.product, m.step, m.step_no, m.tool, m.chamber, m.start_at, m.end_at
    FROM moves AS m
    JOIN feature_names AS n ON n.name_wafer = m.wafer AND n.name_lot IS NOT DISTINCT FROM m.lot
    JOIN feature_rows AS r ON r.key = n.key AND r.lot IS NOT DISTINCT FROM n.lot
    WHERE m.end_at <= $as_of AND coalesce(m.kind, 'production') <> 'test'
    UNION ALL
    SELECT r.row, r.unit, r.tested_at, m.product, m.step, m.step_no, m.tool, m.chamber, m.start_at, m.end_at
    FROM moves AS m JOIN feature_rows AS r ON r.lot = m.lot
    WHERE m.wafer IS NULL AND m.end_at <= $as_of AND coalesce(m.kind, 'production') <> 'test'
)
SELECT m.row, m.unit, s.id AS step, coalesce(m.step_no, 0)::INTEGER AS step_no, p.place, m.product,
       coalesce(m.start_at < m.end_at, false) AS timed, m.start_at, m.end_at,
       CASE WHEN m.start_at < m.end_at THEN m.start_at ELSE m.end_at END AS moment,
       lag(m.end_at) OVER (PARTITION BY m.unit ORDER BY m.end_at, m.start_at, s.id, p.place) AS before_at
FROM mine AS m
JOIN feature_places AS p ON p.tool = m.tool AND p.chamber IS NOT DISTINCT FROM m.chamber
JOIN feature_steps AS s ON s.step IS NOT DISTINCT FROM m.step AND s.step_no IS NOT DISTINCT FROM m.step_no
 AND (s.tool IS NULL OR s.tool = m.tool)
WHERE m.tested_at IS NULL OR m.end_at <= m.tested_at
