-- How many wafers went through each head of some tools, by when their pass ended; test wafers wear a pad as well.
SELECT tool, chamber, end_at, sum(wafers) AS wafers
FROM moves
WHERE list_contains($tools, tool) AND end_at >= $since AND end_at <= $as_of
GROUP BY tool, chamber, end_at
ORDER BY end_at
