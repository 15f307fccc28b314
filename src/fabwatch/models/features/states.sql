-- How the quals of each place stood after each result arrived: of each qual type the one processed last among those whose
-- result was known. A qual of the tool is one of each chamber; where the chamber of a move is not known, all quals of the
-- tool count.
WITH results AS (
    SELECT p.place, q.qual_type, q.processed_at, q.passed,
           greatest(q.processed_at, coalesce(q.resulted_at, q.processed_at)) AS known_at
    FROM quals AS q JOIN feature_places AS p ON p.tool = q.tool
     AND (p.chamber IS NULL OR q.chamber IS NULL OR p.chamber = q.chamber)
    WHERE greatest(q.processed_at, coalesce(q.resulted_at, q.processed_at)) <= $as_of
), moments AS (
    SELECT place, qual_type, known_at, max(processed_at) AS processed_at FROM results GROUP BY ALL
), latest AS (
    SELECT place, qual_type, known_at, max(processed_at) OVER (
               PARTITION BY place, qual_type ORDER BY known_at ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS processed_at
    FROM moments
), judged AS (
    SELECT l.place, l.qual_type, l.known_at, (NOT bool_and(r.passed))::INTEGER AS failed
    FROM latest AS l JOIN results AS r ON r.place = l.place AND r.qual_type = l.qual_type
     AND r.processed_at = l.processed_at AND r.known_at <= l.known_at
    GROUP BY l.place, l.qual_type, l.known_at
), changes AS (
    SELECT place, known_at, failed - coalesce(lag(failed) OVER (PARTITION BY place, qual_type ORDER BY known_at), 0) AS change
    FROM judged
)
SELECT place, known_at, sum(sum(change)) OVER (
           PARTITION BY place ORDER BY known_at ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) > 0 AS failed
FROM changes GROUP BY place, known_at
