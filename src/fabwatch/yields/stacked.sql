-- Parts on each place of the wafer, over all wafers that are stacked: how many were tested, how many are good, and how many
-- are in one hard bin.
SELECT x, y, count(*) AS parts, count(*) FILTER (passed) AS good, count(*) FILTER (hard_bin = $bin) AS in_bin,
       count(DISTINCT (lot, wafer)) AS wafers, min(product) AS product, max(product) AS last_product
FROM parts
WHERE x IS NOT NULL AND y IS NOT NULL AND ($product IS NULL OR product = $product)
GROUP BY x, y
ORDER BY y DESC, x
