-- Values of one test on each place of the wafer: how many, and their mean, over all parts with their last result.
SELECT p.x, p.y, count(*) AS n, avg(t.value) AS mean
FROM parts AS p JOIN tests AS t ON t.load = p.load AND t.wafer_test = p.wafer_test AND t.part = p.part
WHERE p.x IS NOT NULL AND p.y IS NOT NULL AND ($product IS NULL OR p.product = $product)
  AND t.test = $test AND isfinite(t.value) AND coalesce(t.flags, 0) & 16 = 0
GROUP BY p.x, p.y
