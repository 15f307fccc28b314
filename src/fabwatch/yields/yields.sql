-- Yield of groups of parts: how many there are, how many are good after all retests, and how many were at first.
SELECT {keys}, count(*) AS parts, count(*) FILTER (passed) AS good, count(*) FILTER (first_passed) AS first_good,
       count(*) FILTER (touches > 1) AS retested
FROM {source}
GROUP BY ALL
ORDER BY {order}
