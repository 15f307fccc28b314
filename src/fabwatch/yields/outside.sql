-- Good parts with a value outside the limits of their product (static) or of their wafer (dynamic), a row for each test.
WITH bounds AS (
    SELECT d.family, d.unit, d.key, d.pin, d.lower, d.upper, s.lower AS static_lower, s.upper AS static_upper
    FROM screen_limits AS d JOIN screen_limits AS s
      ON s.unit IS NULL AND s.family = d.family AND s.key = d.key AND s.pin = d.pin
    WHERE d.unit IS NOT NULL
      AND (d.least < d.lower OR d.most > d.upper OR d.least < s.lower OR d.most > s.upper)
)
SELECT DISTINCT g.id, g.unit, g.lot_no, g.family, b.key, b.pin,
       coalesce(t.value < b.static_lower OR t.value > b.static_upper, false) AS static,
       coalesce(t.value < b.lower OR t.value > b.upper, false) AS dynamic
FROM tests AS t JOIN good AS g ON g.load = t.load AND g.wafer_test = t.wafer_test AND g.part = t.part
LEFT JOIN test_keys AS k ON k.load = t.load AND k.test = t.test AND k.limit_set = t.limit_set
JOIN bounds AS b ON b.unit = g.unit AND b.key = coalesce(k.key, -1 - t.test) AND b.pin = coalesce(t.pin, -1)
WHERE isfinite(t.value) AND coalesce(t.flags, 0) & 16 = 0
  AND (t.value < b.static_lower OR t.value > b.static_upper OR t.value < b.lower OR t.value > b.upper)
