-- The parts that screens look at, each with its last result. `unit` numbers the wafer (of packaged parts: the lot) at one
-- insertion, `family` the product at one insertion, for which a test has one pair of static limits.
SELECT row_number() OVER () AS id, load, wafer_test, part, lot, x, y, passed, product, insertion, tested_at,
       dense_rank() OVER (ORDER BY lot) AS lot_no, dense_rank() OVER (ORDER BY product, insertion) AS family,
       dense_rank() OVER (
           ORDER BY product, insertion, lot, wafer, CASE WHEN lot IS NULL AND wafer IS NULL THEN load END
       ) AS unit
FROM parts
WHERE $product IS NULL OR product = $product
