-- The figures of the wafers that are compared: yield, the mean of each test, and the mean of each electrical test.
WITH wafers AS (
    SELECT w.load, w.wafer_test, u.unit
    FROM (SELECT *, {wafer} AS key FROM wafer_tests) AS w JOIN units AS u ON u.key = w.key AND u.lot IS NOT DISTINCT FROM w.lot
    WHERE coalesce(w.end_at, w.start_at) IS NULL OR coalesce(w.end_at, w.start_at) <= $as_of
), tested AS (
    SELECT w.unit, t.test, l.name, l.unit AS measured_in, avg(t.value) AS value
    FROM wafers AS w JOIN tests AS t ON t.load = w.load AND t.wafer_test = w.wafer_test
    LEFT JOIN limits AS l ON l.load = t.load AND l.test = t.test AND l.limit_set = t.limit_set
    WHERE t.value IS NOT NULL AND coalesce(t.flags, 0) & 16 = 0
    GROUP BY ALL
), electrical AS (
    SELECT u.unit, e.parameter, e.unit AS measured_in, avg(e.value) AS value
    FROM (SELECT *, {wafer} AS key FROM wat) AS e JOIN units AS u ON u.key = e.key AND u.lot IS NOT DISTINCT FROM e.lot
    WHERE e.measured_at IS NULL OR e.measured_at <= $as_of
    GROUP BY ALL
)
SELECT 'test' AS measure, test, name, measured_in, unit, value FROM tested
UNION ALL SELECT 'wat', NULL, parameter, measured_in, unit, value FROM electrical
ORDER BY measure, test, name, measured_in, unit
