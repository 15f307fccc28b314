-- Wafers through each head of these tools, by the end of their pass; test wafers wear a pad as well.
SELECT tool, chamber, end_at, sum(wafers) AS wafers
FROM moves
WHERE list_contains($tools, tool) AND end_at >= $since AND end_at <= $as_of
GROUP BY tool, chamber, end_at
ORDER BY end_at
