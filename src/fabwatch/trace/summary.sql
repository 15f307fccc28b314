-- What each sensor did in each step of a run, from the sums stored for each of its parts (parallel variance, Chan 1983).
WITH pieces AS (
    SELECT r.run, r.tool, r.recipe, r.wafer, r.lot, r.stage, r.begin_s, r.first_offset, s.*, u.unit, u.role,
           sum(s.n) OVER grouped AS all_n,
           sum(s.n * s.mean) OVER grouped / nullif(sum(s.n) OVER grouped, 0) AS all_mean,
           sum(s.n * s.t_mean) OVER grouped / nullif(sum(s.n) OVER grouped, 0) AS all_t_mean
    FROM step_summary AS s JOIN runs AS r ON r.load = s.load AND r.part = s.part
    LEFT JOIN sensors AS u ON u.shape = r.shape AND u.sensor = s.sensor
    WHERE ($tool IS NULL OR r.tool = $tool) AND ($run IS NULL OR r.run = $run)
    WINDOW grouped AS (PARTITION BY r.run, s.chamber, s.step, s.sensor, u.unit)
)
SELECT run, any_value(wafer) AS wafer, any_value(tool) AS tool, chamber, any_value(recipe) AS recipe, step, sensor,
       unit, sum(n)::BIGINT AS n, any_value(all_mean) AS mean,
       sqrt((sum(m2) + sum(n * (mean - all_mean) ** 2)) / nullif(sum(n) - 1, 0)) AS std,
       min(min) AS min, max(max) AS max,
       arg_min(first, coalesce(t_first, first_offset)) AS first, arg_max(last, coalesce(t_last, first_offset)) AS last,
       (sum(tx) + sum(n * (t_mean - all_t_mean) * (mean - all_mean)))
           / nullif(sum(t_m2) + sum(n * (t_mean - all_t_mean) ** 2), 0) AS slope,
       sum(n * setpoint) / nullif(sum(n) FILTER (setpoint IS NOT NULL), 0) AS setpoint,
       sum(outside) * (max(t_last) - min(t_first)) / nullif(sum(n) - 1, 0) AS outside_s,
       max(t_outside) - min(t_first) AS settle_s, max(over) AS over, min(under) AS under,
       min(t_first) AS t_first, max(t_last) AS t_last, any_value(lot) AS lot, any_value(stage) AS stage,
       any_value(role) AS role
FROM pieces
GROUP BY run, chamber, step, sensor, unit
ORDER BY min(begin_s), min(load), min(first_offset), run, min(t_first), step, chamber, sensor, unit
