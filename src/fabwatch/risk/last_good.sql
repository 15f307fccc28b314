-- The last good and the last failed qual of every tool, chamber and qual type.
-- Rule 2: the process time of the test wafer counts; a qual is known once its result has arrived.
SELECT tool,
       coalesce(chamber, '*') AS chamber,
       qual_type,
       max(CASE WHEN passed THEN processed_at END) AS last_good,
       max(CASE WHEN NOT passed THEN processed_at END) AS last_failed
FROM quals
WHERE processed_at <= $as_of
  AND (resulted_at IS NULL OR resulted_at <= $as_of)
GROUP BY tool, coalesce(chamber, '*'), qual_type
