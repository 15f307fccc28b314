-- The last move of each wanted lot, or of the lot of a wanted wafer where the move names no wafer (rule 11).
SELECT item, tool, route, step_no, step, end_at
FROM (
    SELECT w.item, m.tool, coalesce(m.route, m.product) AS route, m.step_no, m.step, m.end_at,
           row_number() OVER (PARTITION BY w.item ORDER BY m.end_at DESC, m.step_no DESC, m.tool) AS latest
    FROM moves AS m
    JOIN wanted AS w ON w.lot = m.lot AND (w.wafer IS NULL OR m.wafer IS NULL)
    WHERE m.end_at >= $begin AND m.end_at <= $as_of
) AS seen
WHERE latest = 1
