-- The results of a test for charts, wafer by wafer: a testing of a wafer is a subgroup. Sums are taken for each set of limits
-- first, where the results are, and put together afterwards (Chan, Golub and LeVeque, The American Statistician 37 (1983) 242).
WITH sums AS (
    SELECT t.load, t.wafer_test, t.test, l.name, l.unit, l.lower, l.upper, t.limit_set, count(*) AS n, avg(t.value) AS mean,
           var_pop(t.value) AS variance, min(t.value) AS least, max(t.value) AS most,
           count(*) FILTER (t.value < l.lower OR t.value > l.upper) AS outside,
           min_by(t.value, hash(t.part, t.pin), $shown) AS shown
    FROM tests AS t
    LEFT JOIN limits AS l ON l.load = t.load AND l.test = t.test AND l.limit_set = t.limit_set
    WHERE list_contains($numbers, t.test) AND t.value IS NOT NULL AND coalesce(t.flags, 0) & 16 = 0
      AND (t.test::VARCHAR = $test OR l.name = $test)
    GROUP BY t.load, t.wafer_test, t.test, l.name, l.unit, l.lower, l.upper, t.limit_set
), middles AS (
    SELECT *, sum(n * mean) OVER same / sum(n) OVER same AS middle FROM sums
    WINDOW same AS (PARTITION BY load, wafer_test, test, name, unit)
), wafers AS (
    SELECT load, wafer_test, test, name, unit, sum(n)::BIGINT AS n, any_value(middle) AS mean,
           CASE WHEN sum(n) > 1 THEN sqrt(sum(n * (variance + (mean - middle) ** 2)) / (sum(n) - 1)) END AS std,
           max(most) - min(least) AS spread, sum(outside)::BIGINT AS outside,
           arg_max(lower, coalesce(limit_set, 0)) AS lower, arg_max(upper, coalesce(limit_set, 0)) AS upper, flatten(list(shown)) AS shown
    FROM middles GROUP BY load, wafer_test, test, name, unit
)
SELECT dense_rank() OVER (ORDER BY t.test, t.name, t.unit, w.product, w.insertion) - 1 AS series,
       concat_ws(' · ', t.test, t.name, w.product, w.insertion) AS name, t.unit, w.lot, w.wafer,
       coalesce(w.end_at, w.start_at) AS stamp, t.n, t.mean, t.std, t.spread, t.outside, t.lower, t.upper, t.shown
FROM wafers AS t JOIN wafer_tests AS w ON w.load = t.load AND w.wafer_test = t.wafer_test
WHERE ($lot IS NULL OR w.lot = $lot)
  AND (stamp IS NULL OR (stamp >= $since AND stamp <= $until AND stamp <= $as_of))
ORDER BY series, stamp NULLS FIRST, w.lot, w.wafer, t.load, t.wafer_test
