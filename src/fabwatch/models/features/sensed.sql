-- Mean and maximum of each sensor in each step of a recipe, of the runs that ended by the moment of the row. A run belongs to
-- the move of its unit on its tool at that time; where there is none, to the tool.
WITH named AS (
    SELECT p.load, p.part, p.shape, p.tool, p.begin_s, p.end_s, r.row, r.unit
    FROM parts AS p
    JOIN feature_names AS n ON n.name_wafer = coalesce(p.wafer, p.slot) AND n.name_lot IS NOT DISTINCT FROM p.lot
    JOIN feature_rows AS r ON r.key = n.key AND r.lot IS NOT DISTINCT FROM n.lot
    WHERE p.dated AND p.end_s <= epoch($as_of)
    UNION ALL
    SELECT p.load, p.part, p.shape, p.tool, p.begin_s, p.end_s, r.row, r.unit
    FROM parts AS p JOIN feature_rows AS r ON r.lot = p.lot
    WHERE p.wafer IS NULL AND p.slot IS NULL AND p.dated AND p.end_s <= epoch($as_of)
), passes AS (
    SELECT p.unit, l.tool, p.step, epoch(p.moment) - 1 AS begin_s, epoch(p.end_at) + 1 AS end_s
    FROM feature_passes AS p JOIN feature_places AS l ON l.place = p.place
), runs AS (
    SELECT r.load, r.part, r.shape, r.tool, r.row, r.unit, m.place, min(p.step) AS step
    FROM named AS r JOIN feature_moments AS m ON m.row = r.row
    LEFT JOIN passes AS p ON p.unit = r.unit AND p.tool = r.tool AND r.begin_s <= p.end_s AND r.end_s >= p.begin_s
    WHERE r.end_s <= epoch(m.moment) + 1
    GROUP BY ALL
), labels AS (
    SELECT DISTINCT id, label FROM feature_steps
)
SELECT r.place AS row, coalesce(l.label, r.tool) AS label, s.step, s.sensor, c.unit AS measured_in,
       sum(s.n * s.mean) / sum(s.n) AS mean, max(s.max) AS most
FROM runs AS r
JOIN step_summary AS s ON s.load = r.load AND s.part = r.part
LEFT JOIN sensors AS c ON c.shape = r.shape AND c.sensor = s.sensor
LEFT JOIN labels AS l ON l.id = r.step
WHERE s.n > 0 AND isfinite(s.mean) AND isfinite(s.max) AND coalesce(c.role, 'sensor') = 'sensor'
GROUP BY ALL
