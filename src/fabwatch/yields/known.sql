-- The names under which the moves know the wafers in question. A lot whose wafers they do not name counts for each of them.
WITH names AS (
    SELECT DISTINCT lot, wafer FROM moves WHERE end_at <= $as_of
)
SELECT n.lot, n.wafer, u.unit, u.lot_number FROM (SELECT *, {key} AS key FROM names WHERE wafer IS NOT NULL) AS n
JOIN units AS u ON u.key = n.key
UNION ALL
SELECT n.lot, n.wafer, u.unit, u.lot_number FROM names AS n JOIN units AS u ON u.lot = n.lot WHERE n.wafer IS NULL
