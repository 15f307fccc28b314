-- What happened to every tool or chamber that is checked, in order, with the wafers it had processed by then.
-- A look is a qual whose result is known; a restore of the whole tool restores each of its chambers. A tool of which no qual
-- is known, though its sisters are checked, is watched as a whole.
WITH looks AS (
    SELECT tool, chamber, qual_type, processed_at, passed, reading, lower, upper, reason
    FROM quals
    WHERE processed_at <= $as_of AND (resulted_at IS NULL OR resulted_at <= $as_of)
      AND ($tools IS NULL OR list_contains($tools, tool))
), streams AS (
    SELECT DISTINCT tool, coalesce(chamber, '*') AS chamber, qual_type FROM looks
    UNION
    SELECT tool, '*', qual_type FROM unchecked
), events AS (
    SELECT s.tool, s.chamber, s.qual_type, q.processed_at AS at_time, CASE WHEN q.passed THEN 'good' ELSE 'failed' END AS what,
           q.reading, q.lower, q.upper, q.reason
    FROM streams AS s
    JOIN looks AS q ON q.tool = s.tool AND q.qual_type = s.qual_type AND (q.chamber IS NULL OR q.chamber = s.chamber)
    UNION ALL
    SELECT s.tool, s.chamber, s.qual_type, r.done_at, 'restored', NULL, NULL, NULL, r.kind
    FROM streams AS s
    JOIN restores AS r ON r.tool = s.tool AND (s.chamber = '*' OR r.chamber IS NULL OR r.chamber = s.chamber)
    WHERE r.done_at <= $as_of
    UNION ALL
    SELECT s.tool, s.chamber, s.qual_type, t.at_time, t.what, NULL, NULL, NULL, NULL
    FROM streams AS s
    CROSS JOIN (SELECT unnest($marks) AS at_time, 'mark' AS what UNION ALL SELECT $as_of, 'now') AS t
), places_watched AS (
    SELECT DISTINCT tool, chamber FROM streams
), counted AS (
    SELECT tool, chamber, at_time, what, qual_type, reading, lower, upper, reason,
           sum(wafers) OVER (PARTITION BY tool, chamber ORDER BY at_time, is_event
                             ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS processed,
           min(CASE WHEN is_event = 0 THEN at_time END) OVER (PARTITION BY tool, chamber) AS first_move
    FROM (
        SELECT *, 0 AS wafers, 1 AS is_event FROM events
        UNION ALL
        SELECT p.tool, p.chamber, NULL, m.end_at, NULL, NULL, NULL, NULL, NULL, m.wafers, 0
        FROM moves AS m
        JOIN places_watched AS p ON p.tool = m.tool
        WHERE m.end_at <= $as_of AND m.kind <> 'test' AND ($tools IS NULL OR list_contains($tools, m.tool))
          AND (p.chamber = '*' OR m.chamber IS NULL OR m.chamber = p.chamber)
    ) AS timeline
)
SELECT tool, chamber, qual_type, at_time, what, reading, lower, upper, reason, processed, first_move
FROM counted
WHERE what IS NOT NULL
ORDER BY tool, chamber, qual_type, at_time, CASE what WHEN 'restored' THEN 1 WHEN 'mark' THEN 2 WHEN 'now' THEN 3 ELSE 0 END
