-- Each row of metrology with its run in the logs if there is one.
-- A wafer without a tool or time takes those of its run: the last run of that wafer and stage before the measurement.
WITH ran AS (
    SELECT run, any_value(tool) AS tool, any_value(wafer) AS wafer, any_value(lot) AS lot, any_value(stage) AS stage,
           array_to_string(list_sort(list_distinct(flatten(list(string_split(chambers, ';'))))), ';') AS chamber,
           CASE WHEN bool_and(dated) THEN make_timestamp((max(end_s) * 1000000)::BIGINT) END AS end_at
    FROM runs GROUP BY run
), numbered AS (
    SELECT *, row_number() OVER () AS number FROM metrology
)
SELECT m.number, m.wafer, m.product, m.site, m.incoming, m.after, m.seconds, m.rate, m.unit, m.rate_unit, m.target, m.lower,
       m.upper, m.measured_at, r.run, coalesce(m.tool, r.tool) AS tool, coalesce(m.chamber, r.chamber) AS head,
       coalesce(m.stage, r.stage) AS stage, coalesce(m.lot, r.lot) AS lot,
       coalesce(m.polished_at, r.end_at, m.measured_at) AS polished_at
FROM numbered AS m
LEFT JOIN ran AS r ON r.wafer = m.wafer AND (m.stage IS NULL OR r.stage IS NULL OR r.stage = m.stage)
                  AND (m.tool IS NULL OR r.tool = m.tool) AND (m.measured_at IS NULL OR r.end_at <= m.measured_at)
QUALIFY row_number() OVER (PARTITION BY m.number ORDER BY r.end_at DESC NULLS LAST) = 1
