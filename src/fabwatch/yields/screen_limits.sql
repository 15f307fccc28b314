-- The limits of a screen: the median and so many robust standard deviations to either side (AEC-Q001), or why there are none.
WITH judged AS (
    SELECT *, (quartiles[3] - quartiles[1]) / {spread} AS sd,
           CASE WHEN least = most THEN 'constant' WHEN n < {fewest} THEN 'few' WHEN quartiles[1] = quartiles[3] THEN 'flat'
           END AS reason
    FROM figures
)
SELECT family, unit, key, pin, n, least, most, reason,
       CASE WHEN reason IS NULL THEN quartiles[2] - {width} * sd END AS lower,
       CASE WHEN reason IS NULL THEN quartiles[2] + {width} * sd END AS upper
FROM judged
