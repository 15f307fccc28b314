-- The mean of a test on each wafer, by product, insertion, number and unit, which have a level of their own.
WITH sums AS (
    SELECT t.load, t.wafer_test, t.test, l.unit, count(*) AS n, avg(t.value) AS mean
    FROM tests AS t LEFT JOIN limits AS l ON l.load = t.load AND l.test = t.test AND l.limit_set = t.limit_set
    WHERE list_contains($numbers, t.test) AND t.value IS NOT NULL AND coalesce(t.flags, 0) & 16 = 0
      AND (t.test::VARCHAR = $name OR l.name = $name)
    GROUP BY t.load, t.wafer_test, t.test, l.unit
)
SELECT w.lot, w.wafer, {key} AS key, concat_ws(' · ', s.test, s.unit, w.product, w.insertion) AS level, s.unit,
       sum(s.n * s.mean) / sum(s.n) AS mean
FROM sums AS s JOIN wafer_tests AS w ON w.load = s.load AND w.wafer_test = s.wafer_test
WHERE coalesce(w.end_at, w.start_at) IS NULL OR coalesce(w.end_at, w.start_at) <= $as_of
GROUP BY w.lot, w.wafer, level, s.unit
ORDER BY w.lot, w.wafer, level
