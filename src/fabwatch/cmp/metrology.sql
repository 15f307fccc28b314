-- The measurements of each wafer, sites averaged.
SELECT tool, head, product, stage, lot, wafer, any_value(run) AS run, polished_at, max(measured_at) AS measured_at,
       avg(incoming) AS incoming, avg(after) AS after, avg(seconds) AS seconds, avg(rate) AS rate, any_value(unit) AS unit,
       any_value(rate_unit) AS rate_unit, any_value(target) AS target, any_value(lower) AS lower, any_value(upper) AS upper,
       count(*) FILTER (site IS NULL) AS whole,
       coalesce(max(after) FILTER (site IS NULL) - min(after) FILTER (site IS NULL), 0)
           + coalesce(max(rate) FILTER (site IS NULL) - min(rate) FILTER (site IS NULL), 0) AS apart
FROM matched
GROUP BY tool, head, product, stage, lot, wafer, polished_at
