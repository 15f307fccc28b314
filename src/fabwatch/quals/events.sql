-- What happened to every tool or chamber that is checked, in order, with the wafers it had processed by then.
-- Known quals have a result; a restore of the whole tool restores each of its chambers. A tool without quals whose sisters are
-- checked counts as a whole tool.
WITH known_quals AS (
    -- A reading of which only the side is known tells nothing of a drift.
    SELECT tool, chamber, qual_type, processed_at, passed, CASE WHEN beyond IS NULL THEN reading END AS reading, lower, upper,
           unit, reason
    FROM quals
    WHERE processed_at <= $as_of AND (resulted_at IS NULL OR resulted_at <= $as_of)
      AND tool BETWEEN $first AND $last AND ($tools IS NULL OR list_contains($tools, tool))
), streams AS (
    SELECT DISTINCT tool, coalesce(chamber, '*') AS chamber, qual_type FROM known_quals
    UNION
    SELECT tool, '*', qual_type FROM unchecked
), events AS (
    SELECT s.tool, s.chamber, s.qual_type, q.processed_at AS at_time,
           CASE WHEN q.passed THEN 'good' ELSE 'failed' END AS what, q.reading, q.lower, q.upper, q.unit, q.reason
    FROM streams AS s
    JOIN known_quals AS q ON q.tool = s.tool AND q.qual_type = s.qual_type AND (q.chamber IS NULL OR q.chamber = s.chamber)
    UNION ALL
    SELECT s.tool, s.chamber, s.qual_type, r.done_at, 'restored', NULL, NULL, NULL, NULL, r.kind
    FROM streams AS s
    JOIN restores AS r ON r.tool = s.tool AND (s.chamber = '*' OR r.chamber IS NULL OR r.chamber = s.chamber)
    WHERE r.done_at <= $as_of
    UNION ALL
    SELECT s.tool, s.chamber, s.qual_type, t.at_time, t.what, NULL, NULL, NULL, NULL, NULL
    FROM streams AS s
    CROSS JOIN (SELECT unnest($marks) AS at_time, 'mark' AS what UNION ALL SELECT $as_of, 'now') AS t
), watched AS (
    SELECT DISTINCT tool, chamber FROM streams
), moments AS (
    SELECT DISTINCT tool, chamber, at_time, at_time::DATE AS day FROM events
), ran AS (
    SELECT tool, chamber, day, sum(wafers) AS wafers, min(end_at) AS first_end
    FROM moves
    WHERE end_at <= $as_of AND kind <> 'test'
      AND tool BETWEEN $first AND $last AND ($tools IS NULL OR list_contains($tools, tool))
    GROUP BY ALL
), by_day AS (
    SELECT tool, chamber, day, sum(wafers) AS wafers, min(first_end) AS first_end
    FROM (
        SELECT w.tool, w.chamber, r.day, r.wafers, r.first_end
        FROM watched AS w
        JOIN ran AS r ON r.tool = w.tool AND (w.chamber = '*' OR r.chamber IS NULL OR r.chamber = w.chamber)
        UNION ALL
        SELECT tool, chamber, day, 0, NULL FROM moments
    ) AS days
    GROUP BY ALL
), before AS (
    -- Whole days are summed once; on the day of an event only the moves before it count.
    SELECT tool, chamber, day, min(first_end) OVER (PARTITION BY tool, chamber) AS first_move,
           sum(wafers) OVER (PARTITION BY tool, chamber ORDER BY day
                             ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS wafers
    FROM by_day
), that_day AS (
    SELECT e.tool, e.chamber, e.at_time, sum(m.wafers) AS wafers
    FROM moments AS e
    JOIN moves AS m ON m.tool = e.tool AND m.day = e.day AND m.end_at <= e.at_time
                   AND (e.chamber = '*' OR m.chamber IS NULL OR m.chamber = e.chamber)
    WHERE m.kind <> 'test' AND m.end_at <= $as_of
      AND m.tool BETWEEN $first AND $last AND ($tools IS NULL OR list_contains($tools, m.tool))
    GROUP BY ALL
)
SELECT e.tool, e.chamber, e.qual_type, e.at_time, e.what, e.reading, e.lower, e.upper, e.unit, e.reason,
       coalesce(b.wafers, 0) + coalesce(d.wafers, 0) AS processed, b.first_move
FROM events AS e
JOIN before AS b ON b.tool = e.tool AND b.chamber = e.chamber AND b.day = e.at_time::DATE
LEFT JOIN that_day AS d ON d.tool = e.tool AND d.chamber = e.chamber AND d.at_time = e.at_time
ORDER BY e.tool, e.chamber, e.qual_type, e.at_time,
         CASE e.what WHEN 'restored' THEN 1 WHEN 'mark' THEN 2 WHEN 'now' THEN 3 ELSE 0 END
