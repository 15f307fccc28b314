-- The mean of one sensor in one step, run by run and chamber by chamber, over all tools that run it.
SELECT r.run, any_value(r.tool) AS tool, s.chamber, any_value(r.recipe) AS recipe, s.step, nullif(u.unit, '') AS unit,
       sum(s.n * s.mean) / sum(s.n) AS mean, max(r.begin_s) AS began
FROM step_summary AS s JOIN runs AS r ON r.load = s.load AND r.part = s.part
LEFT JOIN sensors AS u ON u.shape = r.shape AND u.sensor = s.sensor
WHERE s.sensor = $sensor AND s.n > 0 AND ($tool IS NULL OR r.tool = $tool)
  AND ($recipe IS NULL OR r.recipe = $recipe) AND ($step IS NULL OR s.step = $step)
GROUP BY r.run, s.chamber, s.step, u.unit
ORDER BY began DESC
