-- What came out of each row: good parts over parts, each with its last result, and those that passed the last insertion.
-- Known after the moment of the row. A sort summary counts where no single results are of that wafer and insertion.
WITH results AS (
    SELECT lot, wafer, insertion, count(*) AS parts, count(*) FILTER (passed) AS good, max(tested_at) AS tested_at, 1 AS single
    FROM parts GROUP BY lot, wafer, insertion
    UNION ALL
    SELECT lot, wafer, insertion, sum(parts), sum(good), max(tested_at), 0
    FROM sort_summary WHERE parts > 0 AND (tested_at IS NULL OR tested_at <= $as_of)
    GROUP BY lot, wafer, insertion
), placed AS (
    SELECT r.row, r.unit, t.insertion, t.parts, t.good, t.tested_at, t.single
    FROM results AS t
    JOIN feature_names AS n ON n.name_wafer = t.wafer AND n.name_lot IS NOT DISTINCT FROM t.lot
    JOIN feature_rows AS r ON r.key = n.key AND r.lot IS NOT DISTINCT FROM n.lot
    UNION ALL
    SELECT r.row, NULL, t.insertion, t.parts, t.good, t.tested_at, t.single
    FROM results AS t JOIN (SELECT DISTINCT row, lot FROM feature_rows) AS r ON r.lot = t.lot
    WHERE t.wafer IS NULL AND $by = 'lot'
), single AS (
    SELECT row, unit, insertion FROM placed WHERE single = 1 GROUP BY ALL
), counted AS (
    SELECT p.row, p.insertion, sum(p.parts) AS parts, sum(p.good) AS good, max(p.tested_at) AS tested_at
    FROM placed AS p
    WHERE p.single = 1 OR NOT EXISTS (
        SELECT 1 FROM single AS s WHERE s.row = p.row AND s.unit IS NOT DISTINCT FROM p.unit
          AND (p.insertion IS NULL OR s.insertion IS NULL OR s.insertion = p.insertion))
    GROUP BY p.row, p.insertion
), ordered AS (
    SELECT *, row_number() OVER (PARTITION BY row ORDER BY tested_at DESC NULLS LAST, insertion DESC) AS latest FROM counted
)
SELECT m.place AS row, sum(o.good) / sum(o.parts) AS share, (max(o.good) FILTER (o.latest = 1))::DOUBLE AS passed
FROM ordered AS o JOIN feature_moments AS m ON m.row = o.row
GROUP BY m.place
ORDER BY row
