-- What a lot passed, in order: one row for each step, tool, chamber and recipe, and how the next qual of each type went there.
WITH passes AS (
    SELECT row_number() OVER (ORDER BY max(end_at), step_no, tool, chamber) AS pass, step_no, step, tool, chamber, recipe,
           any_value(product) AS product, any_value(route) AS route, min(coalesce(start_at, end_at)) AS start_at,
           max(end_at) AS end_at, greatest(count(DISTINCT wafer), coalesce(max(wafers), 0), 1)::INTEGER AS wafers
    FROM moves
    WHERE lot = $lot AND end_at <= $as_of AND coalesce(kind, 'production') <> 'test'
    GROUP BY step_no, step, tool, chamber, recipe
), looks AS (
    SELECT p.pass, q.qual_type, min(q.processed_at) AS looked_at, arg_min(q.passed, q.processed_at) AS passed
    FROM passes AS p JOIN quals AS q ON q.tool = p.tool AND q.processed_at >= p.end_at
     AND (q.chamber IS NULL OR p.chamber IS NULL OR q.chamber = p.chamber)
    WHERE coalesce(q.resulted_at, q.processed_at) <= $as_of
    GROUP BY p.pass, q.qual_type
), checked AS (
    SELECT pass, bool_and(passed) AS passed, min(looked_at) FILTER (NOT passed) AS failed_at, max(looked_at) AS checked_at,
           string_agg(qual_type, ', ' ORDER BY qual_type) FILTER (NOT passed) AS failed
    FROM looks GROUP BY pass
)
SELECT p.step_no, p.step, p.tool, p.chamber, p.recipe, p.product, p.route, p.start_at, p.end_at, p.wafers, c.passed AS next_passed, coalesce(c.failed_at, c.checked_at) AS next_at, c.failed AS next_failed
FROM passes AS p LEFT JOIN checked AS c ON c.pass = p.pass
ORDER BY p.pass
