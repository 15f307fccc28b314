-- What was known of a place at each moment at which one of the visits began: the last restore, the wafers that had run by
-- then, and the last result of a qual. Events of a place stand in order of time, so that each is met once. At the same time
-- a move without a start comes first, because its moment is its own end; then moves that end, restores and results, and
-- last what begins.
WITH ran AS (
    SELECT tool, chamber, end_at, sum(wafers)::DOUBLE AS wafers FROM moves
    WHERE end_at <= $as_of AND coalesce(kind, 'production') <> 'test'
    GROUP BY tool, chamber, end_at
), events AS (
    SELECT DISTINCT place, moment AS met_at, CASE WHEN timed THEN 3 ELSE 0 END::TINYINT AS turn, 0::DOUBLE AS wafers, NULL::TIMESTAMP AS restored_at,
           NULL::TIMESTAMP AS known_at
    FROM feature_visits
    UNION ALL
    SELECT p.place, r.end_at, 1, r.wafers, NULL, NULL
    FROM ran AS r JOIN feature_places AS p ON p.tool = r.tool AND (p.chamber IS NULL OR p.chamber = r.chamber)
    UNION ALL
    SELECT DISTINCT p.place, r.done_at, 2, 0, r.done_at, NULL
    FROM restores AS r JOIN feature_places AS p ON p.tool = r.tool
     AND (p.chamber IS NULL OR r.chamber IS NULL OR p.chamber = r.chamber)
    WHERE r.done_at <= $as_of
    UNION ALL
    SELECT place, known_at, 2, 0, NULL, known_at FROM feature_states
), running AS (
    SELECT place, met_at, turn, restored_at AS restore,
           sum(wafers) OVER so_far AS ran, last_value(restored_at IGNORE NULLS) OVER so_far AS restored_at,
           last_value(known_at IGNORE NULLS) OVER so_far AS known_at
    FROM events
    WINDOW so_far AS (PARTITION BY place ORDER BY met_at, turn ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW)
), restored AS (
    SELECT place, restore, max(ran) AS ran FROM running WHERE restore IS NOT NULL GROUP BY place, restore
)
SELECT e.place, e.met_at, e.turn = 3 AS timed, date_diff('microsecond', e.restored_at, e.met_at) / 3.6e9 AS hours,
       e.ran - r.ran AS wafers, s.failed
FROM running AS e
LEFT JOIN restored AS r ON r.place = e.place AND r.restore = e.restored_at
LEFT JOIN feature_states AS s ON s.place = e.place AND s.known_at = e.known_at
WHERE e.turn IN (0, 3)
