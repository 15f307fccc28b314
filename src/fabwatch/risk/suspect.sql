-- Rule 8: failed quals that a good one followed without a restore between. The good one clears nothing before it.
-- A fail whose hold list was decided to the last wafer is in doubt no longer.
WITH settled AS (
    SELECT tool, chamber, qual_type, failed_at
    FROM (SELECT hold, tool, chamber, qual_type, failed_at, wafer, lot, arg_max(act, seq) AS latest
          FROM holds WHERE decided_at <= $as_of GROUP BY ALL) AS items
    GROUP BY tool, chamber, qual_type, failed_at
    HAVING count(CASE WHEN latest = 'hold' THEN 1 END) = 0
), looks AS (
    SELECT tool, coalesce(chamber, '*') AS chamber, qual_type, processed_at, passed
    FROM quals
    WHERE processed_at > $from_time AND processed_at <= $as_of AND (resulted_at IS NULL OR resulted_at <= $as_of)
), fails AS (
    SELECT f.tool, f.chamber, f.qual_type, f.processed_at,
           max(CASE WHEN g.processed_at < f.processed_at THEN g.processed_at END) AS good_before,
           min(CASE WHEN g.processed_at > f.processed_at THEN g.processed_at END) AS good_after
    FROM looks AS f
    JOIN looks AS g ON g.tool = f.tool AND g.chamber = f.chamber AND g.qual_type = f.qual_type
    WHERE NOT f.passed AND g.passed
    GROUP BY f.tool, f.chamber, f.qual_type, f.processed_at
)
SELECT tool, chamber, qual_type, good_before, processed_at AS failed_at, good_after
FROM fails
WHERE good_after IS NOT NULL
  AND NOT EXISTS (
      SELECT 1 FROM restores AS r
      WHERE r.tool = fails.tool AND (fails.chamber = '*' OR r.chamber IS NULL OR r.chamber = fails.chamber)
        AND r.done_at > fails.processed_at AND r.done_at <= fails.good_after)
  AND NOT EXISTS (
      SELECT 1 FROM settled AS s
      WHERE s.tool = fails.tool AND s.chamber = fails.chamber AND s.qual_type = fails.qual_type
        AND s.failed_at = fails.processed_at)
