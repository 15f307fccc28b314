-- A move a run and chamber, from the first sample to the last, where the log names a wafer; a bare slot is read within its lot.
-- A part that could not be summarised counts with its chamber, if it has only one, and its own begin and end.
WITH placed AS (
    SELECT r.run, r.load, r.tool, r.recipe, r.lot, r.stage,
           coalesce(r.wafer, CASE WHEN r.slot IS NOT NULL AND r.lot IS NOT NULL THEN r.lot || '.' || lpad(r.slot, 2, '0') END) AS wafer,
           CASE WHEN s.load IS NOT NULL THEN s.chamber WHEN NOT contains(r.chambers, ';') THEN r.chambers END AS chamber,
           min(coalesce(s.t_first, r.begin_s)) AS began, max(coalesce(s.t_last, r.end_s)) AS ended
    FROM runs AS r LEFT JOIN summaries AS s ON s.load = r.load AND s.part = r.part
    WHERE r.dated GROUP BY ALL
)
SELECT * FROM (
SELECT any_value(lot) AS lot, any_value(wafer) AS wafer, 1::BIGINT AS wafers, NULL::VARCHAR AS product, NULL::VARCHAR AS route,
       NULL::BIGINT AS step_no, any_value(stage) AS step, any_value(tool) AS tool, chamber, any_value(recipe) AS recipe,
       'production' AS kind, NULL::VARCHAR AS status, make_timestamp((min(began) * 1000000)::BIGINT) AS start_at,
       make_timestamp((max(ended) * 1000000)::BIGINT) AS end_at, min(load) AS load
FROM placed
WHERE wafer IS NOT NULL AND began IS NOT NULL
GROUP BY run, chamber
) WHERE load IN (SELECT load FROM touched)
