-- The mean and spread of each sensor over a whole run, and each counter's reading at its start.
WITH placed AS (
    SELECT *, sum(n * mean) OVER (PARTITION BY run, sensor) / sum(n) OVER (PARTITION BY run, sensor) AS middle
    FROM (SELECT r.run, r.tool, r.stage, r.wafer, r.chambers, r.begin_s, r.end_s, s.sensor, s.n, s.mean, s.m2, s.first, s.t_first
          FROM step_summary AS s JOIN runs AS r ON r.load = s.load AND r.part = s.part
          WHERE r.dated AND s.n > 0 AND ($tool IS NULL OR r.tool = $tool))
)
SELECT run, any_value(tool) AS tool, any_value(stage) AS stage, any_value(wafer) AS wafer,
       array_to_string(list_sort(list_distinct(flatten(list(string_split(chambers, ';'))))), ';') AS chamber,
       max(end_s) AS end_s, max(end_s) - min(begin_s) AS seconds, sensor, any_value(u.role) AS role,
       any_value(middle) AS mean, sqrt((sum(m2) + sum(n * (mean - middle) ** 2)) / nullif(sum(n) - 1, 0)) AS spread,
       arg_min(first, t_first) AS first
FROM placed
JOIN (SELECT sensor AS named, any_value(role) AS role FROM sensors WHERE number GROUP BY sensor) AS u ON u.named = sensor
WHERE u.role IN ('sensor', 'usage')
GROUP BY run, sensor
