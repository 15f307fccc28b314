-- Statistics of each test over all of its results. Sums are taken for each load and set of limits first, because names and
-- limits belong to those, and put together afterwards (Chan, Golub and LeVeque, The American Statistician 37 (1983) 242).
WITH sums AS (
    SELECT t.load, t.test, t.limit_set, count(*) AS results, count(t.value) AS n, count(*) FILTER (NOT t.passed) AS failed,
           avg(t.value) AS mean, var_pop(t.value) AS variance, min(t.value) AS least, max(t.value) AS most
    FROM tests AS t
    WHERE {selected} coalesce(t.flags, 0) & 16 = 0
    GROUP BY t.load, t.test, t.limit_set
), named AS (
    SELECT s.*, l.name, l.unit, l.lower, l.upper, l.kind
    FROM sums AS s LEFT JOIN limits AS l ON l.load = s.load AND l.test = s.test AND l.limit_set = s.limit_set
), means AS (
    SELECT *, sum(n * mean) OVER same / nullif(sum(n) OVER same, 0) AS middle FROM named
    WINDOW same AS (PARTITION BY test, name, unit)
)
SELECT test, name, unit, sum(results)::BIGINT AS results, sum(n)::BIGINT AS n, sum(failed)::BIGINT AS failed,
       any_value(middle) AS mean,
       CASE WHEN sum(n) > 1 THEN sqrt(sum(n * (variance + (mean - middle) ** 2)) / (sum(n) - 1)) END AS std,
       min(least) AS least, max(most) AS most,
       CASE WHEN count(DISTINCT lower) = 1 AND count(lower) = count(*) THEN min(lower) END AS lower,
       CASE WHEN count(DISTINCT upper) = 1 AND count(upper) = count(*) THEN min(upper) END AS upper,
       count(DISTINCT lower) > 1 OR count(DISTINCT upper) > 1 OR count(lower) NOT IN (0, count(*))
           OR count(upper) NOT IN (0, count(*)) AS mixed,
       count(DISTINCT kind) = 1 AND any_value(kind) = 'functional' AS functional
FROM means
GROUP BY test, name, unit
ORDER BY failed DESC, test, name, unit
