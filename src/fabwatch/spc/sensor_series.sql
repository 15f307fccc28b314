-- The mean of each sensor in each step of each run for charts, from the sums stored for each part of a log.
SELECT dense_rank() OVER (ORDER BY r.tool, coalesce(s.chamber, '*'), r.recipe, s.step, s.sensor, u.unit) - 1 AS series,
       r.tool, coalesce(s.chamber, '*') AS chamber, concat_ws(' · ', s.sensor, s.step, r.recipe) AS name, r.recipe AS family,
       u.unit,
       CASE WHEN bool_and(r.dated) THEN make_timestamp((min(s.t_first) * 1000000)::BIGINT) END AS stamp, r.run AS taken_with,
       any_value(r.lot) AS lot, sum(s.n * s.mean) / sum(s.n) AS value, NULL::DOUBLE AS lower, NULL::DOUBLE AS upper,
       NULL::VARCHAR AS beyond
FROM step_summary AS s
JOIN runs AS r ON r.load = s.load AND r.part = s.part
LEFT JOIN sensors AS u ON u.shape = r.shape AND u.sensor = s.sensor
WHERE ($tools IS NULL OR r.tool IN (SELECT unnest($tools))) AND ($chamber IS NULL OR coalesce(s.chamber, '*') = $chamber)
  AND ($sensor IS NULL OR s.sensor = $sensor)
  AND coalesce(u.role, 'sensor') = 'sensor' AND s.n > 0
GROUP BY r.tool, s.chamber, r.recipe, s.step, s.sensor, u.unit, r.run
HAVING stamp IS NULL OR (stamp >= $since AND stamp <= $until AND stamp <= $as_of)
ORDER BY series, stamp, min(r.begin_s), min(r.load), min(r.first_offset)
