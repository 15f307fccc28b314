-- Parts in each bin, after retests; a bin has the name that the latest file gives it.
SELECT kind, bin, count(*) AS parts,
       (SELECT arg_max(b.name, b.load) FROM bins AS b WHERE b.kind = p.kind AND b.bin = p.bin) AS name
FROM (
    SELECT 'hard' AS kind, hard_bin AS bin FROM parts WHERE hard_bin IS NOT NULL
    UNION ALL SELECT 'soft', soft_bin FROM parts WHERE soft_bin IS NOT NULL
) AS p
GROUP BY kind, bin
ORDER BY kind, parts DESC, bin
