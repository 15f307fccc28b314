-- Wafers that have places on record, those that were tested last first; each insertion is a map of its own.
WITH placed AS (
    SELECT DISTINCT load, wafer_test FROM dies WHERE x IS NOT NULL AND y IS NOT NULL
), tested AS (
    SELECT w.load, w.wafer_test, w.lot, w.wafer, w.insertion, w.product, w.parts, coalesce(w.end_at, w.start_at) AS tested_at,
           CASE WHEN w.lot IS NULL AND w.wafer IS NULL THEN w.load END AS unnamed
    FROM wafer_tests AS w SEMI JOIN placed AS p ON p.load = w.load AND p.wafer_test = w.wafer_test
    WHERE ($lot IS NULL OR w.lot = $lot) AND ($wafer IS NULL OR w.wafer = $wafer)
      AND ($product IS NULL OR w.product = $product)
      AND (coalesce(w.end_at, w.start_at) IS NULL OR coalesce(w.end_at, w.start_at) <= $as_of)
), maps AS (
    SELECT lot, wafer, insertion, unnamed, arg_max(product, tested_at) AS product, max(tested_at) AS tested_at,
           list({'load': load, 'wafer_test': wafer_test, 'at': tested_at}) AS tests, sum(parts) AS results
    FROM tested GROUP BY lot, wafer, insertion, unnamed
)
SELECT * EXCLUDE (results), count(*) OVER () AS wafers, row_number() OVER latest_first AS map
FROM maps
WINDOW latest_first AS (ORDER BY tested_at DESC NULLS LAST, lot, wafer, insertion, unnamed)
QUALIFY map <= $most AND sum(results) OVER latest_first - results <= $results
ORDER BY map
