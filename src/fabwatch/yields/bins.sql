-- Parts in each bin, after retests; a bin has the name that the latest file gives it.
WITH counted AS (
    SELECT 'hard' AS kind, hard_bin AS bin, count(*) AS parts FROM parts WHERE hard_bin IS NOT NULL GROUP BY hard_bin
    UNION ALL SELECT 'soft', soft_bin, count(*) FROM parts WHERE soft_bin IS NOT NULL GROUP BY soft_bin
), named AS (
    SELECT b.kind, b.bin, arg_max(b.name, l.loaded_at) AS name
    FROM bins AS b LEFT JOIN loads AS l ON l.load = b.load GROUP BY b.kind, b.bin
)
SELECT c.kind, c.bin, c.parts, n.name
FROM counted AS c LEFT JOIN named AS n ON n.kind = c.kind AND n.bin = c.bin
ORDER BY c.kind, c.parts DESC, c.bin
