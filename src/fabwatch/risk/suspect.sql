-- Rule 8: failed quals that a good one followed without a restore between. The good one clears nothing before it.
-- A fail whose hold list was decided to the last wafer is in doubt no longer.
WITH settled AS (
    SELECT tool, chamber, qual_type, failed_at
    FROM (SELECT hold, tool, chamber, qual_type, failed_at, wafer, lot, arg_max(act, seq) AS latest
          FROM holds WHERE decided_at <= $as_of GROUP BY ALL) AS items
    GROUP BY tool, chamber, qual_type, failed_at
    HAVING count(CASE WHEN latest = 'hold' THEN 1 END) = 0)
SELECT tool, chamber, qual_type, good_before, processed_at AS failed_at, good_after
FROM (
    SELECT tool, coalesce(chamber, '*') AS chamber, qual_type, processed_at, passed,
           max(CASE WHEN passed THEN processed_at END) OVER (
               PARTITION BY tool, chamber, qual_type ORDER BY processed_at
               ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS good_before,
           min(CASE WHEN passed THEN processed_at END) OVER (
               PARTITION BY tool, chamber, qual_type ORDER BY processed_at
               ROWS BETWEEN 1 FOLLOWING AND UNBOUNDED FOLLOWING) AS good_after
    FROM quals
    WHERE processed_at > $from_time AND processed_at <= $as_of AND (resulted_at IS NULL OR resulted_at <= $as_of)
) AS looks
WHERE NOT passed AND good_after IS NOT NULL
  AND NOT EXISTS (
      SELECT 1 FROM restores AS r
      WHERE r.tool = looks.tool AND (looks.chamber = '*' OR r.chamber IS NULL OR r.chamber = looks.chamber)
        AND r.done_at > looks.processed_at AND r.done_at <= looks.good_after)
  AND NOT EXISTS (
      SELECT 1 FROM settled AS s
      WHERE s.tool = looks.tool AND s.chamber = looks.chamber AND s.qual_type = looks.qual_type
        AND s.failed_at = looks.processed_at)
