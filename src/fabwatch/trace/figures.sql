-- Sensor statistics by group, sensor and unit, combined from the sums of each part (parallel variance, Chan, Golub and LeVeque 1983).
WITH pieces AS (
    SELECT CASE $by WHEN 'tool' THEN r.tool
                    WHEN 'chamber' THEN concat_ws(' ', r.tool, s.chamber)
                    WHEN 'area' THEN coalesce(p.area, '-')
                    WHEN 'recipe' THEN coalesce(r.recipe, '-')
                    WHEN 'step' THEN coalesce(s.step, '-')
                    WHEN 'sensor' THEN s.sensor
                    WHEN 'lot' THEN coalesce(r.lot, '-')
                    WHEN 'day' THEN CASE WHEN r.dated THEN strftime(make_timestamp((r.begin_s * 1000000)::BIGINT), '%Y-%m-%d') END
                    WHEN 'week' THEN CASE WHEN r.dated THEN strftime(make_timestamp((r.begin_s * 1000000)::BIGINT), '%G-W%V') END
                    WHEN 'month' THEN CASE WHEN r.dated THEN strftime(make_timestamp((r.begin_s * 1000000)::BIGINT), '%Y-%m') END
           END AS label,
           r.run, r.load, r.part, s.chamber, s.step, s.sensor, coalesce(u.unit, '') AS unit, s.n, s.mean, s.m2, s.min AS least, s.max AS most,
           s.outside * (s.t_last - s.t_first) / nullif(s.n - 1, 0) AS outside_s
    FROM step_summary AS s JOIN runs AS r ON r.load = s.load AND r.part = s.part
    LEFT JOIN sensors AS u ON u.shape = r.shape AND u.sensor = s.sensor
    LEFT JOIN (SELECT tool, any_value(area) AS area FROM (SELECT tool, area FROM tools UNION ALL SELECT tool, area FROM places)
               WHERE area IS NOT NULL GROUP BY tool) AS p ON p.tool = r.tool
    WHERE s.n > 0 AND ($tool IS NULL OR r.tool = $tool) AND ($recipe IS NULL OR r.recipe = $recipe)
      AND ($step IS NULL OR s.step = $step) AND ($sensor IS NULL OR s.sensor = $sensor)
      AND (NOT r.dated OR (make_timestamp((r.begin_s * 1000000)::BIGINT) BETWEEN $since AND $until
                           AND make_timestamp((r.begin_s * 1000000)::BIGINT) <= $as_of))
), centred AS (
    SELECT *, sum(n * mean) OVER (PARTITION BY label, sensor, unit) / sum(n) OVER (PARTITION BY label, sensor, unit) AS middle FROM pieces
), single AS (
    SELECT label, sensor, unit, run, sum(n * mean) / sum(n) AS mean FROM pieces GROUP BY label, sensor, unit, run
)
SELECT c.label, c.sensor, nullif(c.unit, '') AS unit, count(DISTINCT c.run) AS runs, sum(c.n)::BIGINT AS n,
       any_value(c.middle) AS mean,
       sqrt((sum(c.m2) + sum(c.n * (c.mean - c.middle) ** 2)) / nullif(sum(c.n) - 1, 0)) AS std,
       any_value(m.std_of_means) AS std_of_means, min(c.least) AS least, max(c.most) AS most, sum(c.outside_s) AS outside_s
FROM centred AS c
JOIN (SELECT label, sensor, unit, stddev_samp(mean) AS std_of_means FROM single GROUP BY label, sensor, unit) AS m
    ON m.label = c.label AND m.sensor = c.sensor AND m.unit = c.unit
WHERE c.label IS NOT NULL
GROUP BY c.label, c.sensor, c.unit
ORDER BY c.label, c.sensor, c.unit
