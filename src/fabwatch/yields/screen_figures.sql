-- Quartiles and range of each test over the good parts: of a product at an insertion (there `unit` is empty), and of each of
-- its wafers. A test is a number with its name and unit, and each pin of it is a test of its own.
SELECT g.family, g.unit, coalesce(k.key, -1 - t.test) AS key, coalesce(t.pin, -1) AS pin, count(*) AS n,
       quantile_cont(t.value, [0.25, 0.5, 0.75]) AS quartiles, min(t.value) AS least, max(t.value) AS most
FROM tests AS t JOIN good AS g ON g.load = t.load AND g.wafer_test = t.wafer_test AND g.part = t.part
LEFT JOIN test_keys AS k ON k.load = t.load AND k.test = t.test AND k.limit_set = t.limit_set
WHERE t.test BETWEEN $first AND $last AND isfinite(t.value) AND coalesce(t.flags, 0) & 16 = 0
GROUP BY GROUPING SETS ((g.family, 3, 4), (g.family, g.unit, 3, 4))
