-- A run beside the good ones, step by step: each step begins at its first sample, time goes in stretches of $every seconds.
-- `chosen` holds the parts that are read (load, part, run, good, mine); `samples` their samples of one sensor as `x`.
WITH placed AS (
    SELECT c.run, c.good, c.mine, s.chamber, s.step, s.x, coalesce(s.t, s.byte_offset) AS clock,
           min(coalesce(s.t, s.byte_offset)) OVER (PARTITION BY c.run, s.chamber, s.step) AS began
    FROM chosen AS c JOIN samples AS s ON s.load = c.load AND s.part = c.part
    WHERE ($step IS NULL OR s.step = $step) AND ($chamber IS NULL OR s.chamber = $chamber)
), stretched AS (
    SELECT run, any_value(good) AS good, any_value(mine) AS mine, chamber, step, floor((clock - began) / $every) AS stretch,
           avg(x) AS mean, min(x) AS least, max(x) AS most, min(began) AS began
    FROM placed GROUP BY run, chamber, step, stretch
)
SELECT chamber, step, stretch * $every AS t, min(began) FILTER (mine) AS began,
       quantile_cont(mean, 0.05) FILTER (good AND NOT mine) AS low, median(mean) FILTER (good AND NOT mine) AS middle,
       quantile_cont(mean, 0.95) FILTER (good AND NOT mine) AS high,
       min(least) FILTER (mine) AS least, max(most) FILTER (mine) AS most, max(mean) FILTER (mine) AS mean
FROM stretched GROUP BY chamber, step, stretch
HAVING count(*) FILTER (mine) > 0
ORDER BY min(began) FILTER (mine), chamber, step, t
