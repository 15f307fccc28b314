-- The wafers, and the lots none of whose wafers is named anywhere, which are one unit each: what moves through the fab.
-- Wafers count where moves name them or their lot.
WITH moved AS (
    SELECT DISTINCT lot FROM moves
    WHERE wafer IS NULL AND lot IS NOT NULL AND end_at <= $as_of AND coalesce(kind, 'production') <> 'test'
), wafers AS (
    SELECT n.lot, n.key, coalesce(min(n.name_wafer) FILTER (n.moved), min(n.name_wafer)) AS wafer
    FROM feature_names AS n LEFT JOIN moved AS m ON m.lot = n.lot
    GROUP BY n.lot, n.key HAVING bool_or(n.moved) OR count(m.lot) > 0
)
SELECT row_number() OVER (ORDER BY lot, key NULLS FIRST)::INTEGER AS unit, lot, key, wafer
FROM (
    SELECT lot, key, wafer FROM wafers
    UNION ALL SELECT lot, NULL, NULL FROM moved WHERE lot NOT IN (SELECT lot FROM wafers WHERE lot IS NOT NULL)
) AS units
