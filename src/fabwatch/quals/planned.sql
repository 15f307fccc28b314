-- Planned maintenance from a while before a moment on, in order. `planned` holds the rows of maintenance files whose kind is planned.
SELECT DISTINCT tool, coalesce(chamber, '*') AS chamber, done_at
FROM planned
WHERE done_at > $since
ORDER BY tool, done_at, chamber
