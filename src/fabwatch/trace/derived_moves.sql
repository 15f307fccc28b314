-- A move a run and chamber, from the first sample to the last, where the log names a wafer; a bare slot is read within its lot.
WITH placed AS (
    SELECT r.run, r.load, r.tool, r.recipe, r.lot, r.stage,
           coalesce(r.wafer, CASE WHEN r.slot IS NOT NULL AND r.lot IS NOT NULL THEN r.lot || '.' || lpad(r.slot, 2, '0') END) AS wafer,
           s.chamber, min(s.t_first) AS began, max(s.t_last) AS ended
    FROM runs AS r JOIN lake.step_summary AS s ON s.load = r.load AND s.part = r.part
    WHERE r.dated GROUP BY ALL
)
SELECT any_value(lot) AS lot, any_value(wafer) AS wafer, 1::BIGINT AS wafers, NULL::VARCHAR AS product, NULL::VARCHAR AS route,
       NULL::BIGINT AS step_no, any_value(stage) AS step, any_value(tool) AS tool, chamber, any_value(recipe) AS recipe,
       'production' AS kind, NULL::VARCHAR AS status, make_timestamp((min(began) * 1000000)::BIGINT) AS start_at,
       make_timestamp((max(ended) * 1000000)::BIGINT) AS end_at, min(load) AS load
FROM placed
WHERE wafer IS NOT NULL AND began IS NOT NULL
GROUP BY run, chamber
