-- What each screen would cost: the good parts that it rejects, and the wafers and lots that they are of. Of the limits of the
-- wafers the median is shown.
WITH screens AS (
    SELECT CASE WHEN unit IS NULL THEN 'static PAT' ELSE 'dynamic PAT' END AS screen, family, key, pin,
           median(lower) AS lower, median(upper) AS upper, sum(n)::BIGINT AS n
    FROM judged WHERE why IS NULL GROUP BY ALL
    UNION ALL SELECT 'bad neighbourhood', family, NULL, NULL, NULL, NULL, count(*) FROM good WHERE x IS NOT NULL GROUP BY family
), hits AS (
    SELECT screen, family, key, pin, count(DISTINCT id) AS parts, count(DISTINCT unit) AS wafers, count(DISTINCT lot_no) AS lots
    FROM rejected GROUP BY ALL
), families AS (
    SELECT family, any_value(product) AS product, any_value(insertion) AS insertion, count(*) AS good FROM good GROUP BY family
), names AS (
    SELECT key, any_value(test) AS test, any_value(name) AS name, any_value(unit) AS unit FROM test_keys GROUP BY key
)
SELECT s.screen, f.product, f.insertion, coalesce(m.test, -1 - s.key) AS test, nullif(s.pin, -1) AS pin, m.name, m.unit,
       s.lower, s.upper, s.n, coalesce(h.parts, 0) AS parts, coalesce(h.parts, 0) / f.good AS share,
       coalesce(h.wafers, 0) AS wafers, coalesce(h.lots, 0) AS lots
FROM screens AS s JOIN families AS f ON f.family = s.family LEFT JOIN names AS m ON m.key = s.key
LEFT JOIN hits AS h ON h.screen = s.screen AND h.family = s.family AND h.key IS NOT DISTINCT FROM s.key
  AND h.pin IS NOT DISTINCT FROM s.pin
ORDER BY parts DESC, screen DESC, product, insertion, test, pin
