-- The values of an electrical test for charts, wafer by wafer: the sites of a wafer that were measured on one day are a subgroup.
WITH wafers AS (
    SELECT w.parameter, w.unit, w.product, w.lot, w.wafer, max(w.measured_at) AS stamp, count(*) AS n, avg(w.value) AS mean,
           stddev_samp(w.value) AS std, max(w.value) - min(w.value) AS spread,
           count(*) FILTER (w.value < w.lower OR w.value > w.upper) AS outside,
           arg_max(w.lower, coalesce(w.measured_at, '-infinity')) AS lower, arg_max(w.upper, coalesce(w.measured_at, '-infinity')) AS upper,
           min_by(w.value, hash(w.site, w.value), $shown) AS shown
    FROM wat AS w
    WHERE w.parameter = $parameter AND ($lot IS NULL OR w.lot = $lot)
      AND (w.measured_at IS NULL OR (w.measured_at >= $since AND w.measured_at <= $until AND w.measured_at <= $as_of))
    GROUP BY w.parameter, w.unit, w.product, w.lot, w.wafer, w.measured_at::DATE
)
SELECT dense_rank() OVER (ORDER BY parameter, unit, product) - 1 AS series, concat_ws(' · ', parameter, product) AS name, unit,
       lot, wafer, stamp, n, mean, std, spread, outside, lower, upper, shown
FROM wafers
ORDER BY series, stamp NULLS FIRST, lot, wafer
