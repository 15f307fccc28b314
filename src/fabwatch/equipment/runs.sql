-- The runs: a wafer (or lot, or slot) on a tool without a gap of more than an hour, across files.
-- Without a date, time starts again with each file, and each part is a run unless the same log continues.
WITH ordered AS (
    SELECT p.*, coalesce(wafer, lot, slot) IS NULL AS nameless,
           max(end_s) OVER before AS ended, lag(stream) OVER before AS previous
    FROM {parts} AS p
    WINDOW before AS (
        PARTITION BY tool, recipe, lot, wafer, slot, stage, dated,
                     CASE WHEN coalesce(wafer, lot, slot) IS NULL THEN chambers END
        ORDER BY begin_s NULLS LAST, load, part ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)
), numbered AS (
    SELECT *, sum(CASE WHEN dated THEN coalesce(begin_s - ended > {gap}, true)
                       ELSE coalesce(previous <> stream OR begin_s < ended, true) END::INTEGER) OVER (
        PARTITION BY tool, recipe, lot, wafer, slot, stage, dated, CASE WHEN nameless THEN chambers END
        ORDER BY begin_s NULLS LAST, load, part) AS number
    FROM ordered
), named AS (
    SELECT *, concat_ws('/', tool, CASE WHEN nameless THEN chambers END, lot, coalesce(wafer, slot), stage, recipe) AS key
    FROM numbered
)
SELECT key || CASE WHEN dated THEN '@' || strftime(make_timestamp((min(begin_s) OVER run * 1000000)::BIGINT), '%Y%m%dT%H%M%S')
                   WHEN max(number) OVER (PARTITION BY key) > 1 THEN '#' || number
                   ELSE '' END AS run,
       load, part, stream, shape, tool, chambers, recipe, lot, wafer, slot, stage, labels, dated, begin_s, end_s, rows,
       first_offset
FROM named
WINDOW run AS (PARTITION BY key, dated, number)
