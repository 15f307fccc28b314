-- What a row of the table is of: a wafer, or a lot with all of its wafers; and when it was first tested.
WITH tested AS (
    SELECT lot, wafer, min(began_at) AS began_at FROM (
        SELECT lot, wafer, coalesce(start_at, end_at) AS began_at FROM wafer_tests
        WHERE parts > 0 AND coalesce(end_at, start_at) <= $as_of
        UNION ALL SELECT lot, wafer, tested_at FROM sort_summary WHERE parts > 0 AND tested_at <= $as_of
    ) AS results
    GROUP BY lot, wafer
), firsts AS (
    SELECT unit, lot, min(began_at) AS began_at FROM (
        SELECT u.unit, u.lot, t.began_at FROM tested AS t
        JOIN feature_names AS n ON n.name_wafer = t.wafer AND n.name_lot IS NOT DISTINCT FROM t.lot
        JOIN feature_units AS u ON u.key = n.key AND u.lot IS NOT DISTINCT FROM n.lot
        UNION ALL SELECT NULL, lot, began_at FROM tested WHERE wafer IS NULL AND $by = 'lot'
    ) AS named
    GROUP BY unit, lot
)
SELECT u.unit, {row} AS row, u.lot, u.key, {wafer} AS wafer, {first} AS tested_at
FROM feature_units AS u
LEFT JOIN firsts AS f ON f.unit = u.unit
LEFT JOIN (SELECT lot, min(began_at) AS began_at FROM firsts GROUP BY lot) AS l ON l.lot = u.lot
WHERE {kept}
