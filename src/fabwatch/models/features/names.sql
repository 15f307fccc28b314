-- Every name that a wafer goes by in moves, tests, measurements, inspections and logs known by then. A name without a lot is
-- that of the wafer that another file names so with one lot.
WITH pairs AS (
    SELECT lot, wafer, bool_or(moved) AS moved FROM (
        SELECT lot, wafer, true AS moved FROM moves
        WHERE wafer IS NOT NULL AND end_at <= $as_of AND coalesce(kind, 'production') <> 'test'
        UNION ALL SELECT lot, wafer, false FROM wafer_tests
        WHERE wafer IS NOT NULL AND (coalesce(end_at, start_at) IS NULL OR coalesce(end_at, start_at) <= $as_of)
        UNION ALL SELECT lot, wafer, false FROM sort_summary
        WHERE wafer IS NOT NULL AND (tested_at IS NULL OR tested_at <= $as_of)
        UNION ALL SELECT lot, wafer, false FROM metrology
        WHERE wafer IS NOT NULL AND greatest(measured_at, polished_at) <= $as_of AND measured_at IS NOT NULL
        UNION ALL SELECT lot, wafer, false FROM inspections WHERE wafer IS NOT NULL AND inspected_at <= $as_of
        UNION ALL SELECT lot, coalesce(wafer, slot), false FROM parts
        WHERE coalesce(wafer, slot) IS NOT NULL AND dated AND end_s <= epoch($as_of)
    ) AS places
    GROUP BY lot, wafer
), keyed AS (
    SELECT *, {key} AS key FROM pairs
), homes AS (
    SELECT wafer, min(lot) AS lot, min(key) AS key FROM keyed
    WHERE lot IS NOT NULL AND length(wafer) > 2
    GROUP BY wafer HAVING count(DISTINCT key) = 1 AND count(DISTINCT lot) = 1
)
SELECT k.lot AS name_lot, k.wafer AS name_wafer, k.moved, coalesce(k.lot, h.lot) AS lot,
       CASE WHEN k.lot IS NULL AND h.key IS NOT NULL THEN h.key ELSE k.key END AS key
FROM keyed AS k LEFT JOIN homes AS h ON k.lot IS NULL AND h.wafer = k.wafer
