-- Every qual of one tool that is known at the as-of time, in order of process time (rule 2).
SELECT coalesce(chamber, '*') AS chamber, qual_type, processed_at, resulted_at, passed, reading, unit, reason, beyond
FROM quals
WHERE tool = $tool AND processed_at <= $as_of AND (resulted_at IS NULL OR resulted_at <= $as_of)
ORDER BY processed_at
