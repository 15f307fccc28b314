-- Runs in stretches of $every seconds, each step from its first sample on.
-- `chosen` holds the parts that are read (load, part, run, began); the columns are the sensors, the values avg, min, max of each.
WITH placed AS (
    SELECT c.run, s.chamber, s.step, coalesce(s.t, s.byte_offset) AS clock, c.began AS run_began, {columns}
    FROM chosen AS c JOIN {samples} AS s ON s.load = c.load AND s.part = c.part
    WHERE ($step IS NULL OR s.step = $step) AND ($chamber IS NULL OR s.chamber = $chamber) AND {span}
), begun AS (
    SELECT run, chamber, step, min(clock) AS began FROM placed GROUP BY run, chamber, step
)
SELECT p.run, p.chamber, p.step, floor((clock - b.began) / $every)::BIGINT AS stretch,
       min(b.began) - min(run_began) AS begin_s, {values}
FROM placed AS p
JOIN begun AS b ON b.run = p.run AND b.chamber IS NOT DISTINCT FROM p.chamber AND b.step IS NOT DISTINCT FROM p.step
GROUP BY p.run, p.chamber, p.step, stretch
ORDER BY begin_s, p.chamber, p.step, stretch
