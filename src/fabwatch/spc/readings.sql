-- The readings of quals in a range of time, as known at the as-of time.
SELECT q.tool, coalesce(q.chamber, '*') AS chamber, q.qual_type, q.processed_at, q.reading, q.unit, q.lower, q.upper,
       q.passed, q.beyond, c.area, c.tool_type
FROM quals AS q
JOIN chosen AS c ON c.tool = q.tool
WHERE q.reading IS NOT NULL
  AND q.processed_at >= $since AND q.processed_at <= $until AND q.processed_at <= $as_of
  AND (q.resulted_at IS NULL OR q.resulted_at <= $as_of)
  AND ($qual_type IS NULL OR q.qual_type = $qual_type)
