-- The mean of an electrical test on each wafer, by product and unit, which have a level of their own.
SELECT w.lot, w.wafer, {key} AS key, concat_ws(' · ', w.unit, w.product) AS level, w.unit, avg(w.value) AS mean
FROM wat AS w
WHERE w.parameter = $name AND (w.measured_at IS NULL OR w.measured_at <= $as_of)
GROUP BY w.lot, w.wafer, level, w.unit
ORDER BY w.lot, w.wafer, level
