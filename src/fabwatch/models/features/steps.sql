-- What the columns of a step are called: its name, with its number where a route passes that name several times; the number,
-- or the tool, where it has no name.
WITH combinations AS (
    SELECT step, step_no, coalesce(route, product) AS route,
           CASE WHEN step IS NULL AND step_no IS NULL THEN tool END AS tool
    FROM moves WHERE end_at <= $as_of AND coalesce(kind, 'production') <> 'test'
    GROUP BY ALL
), repeated AS (
    SELECT DISTINCT step FROM (
        SELECT step FROM combinations WHERE step IS NOT NULL GROUP BY step, route HAVING count(DISTINCT step_no) > 1
    ) AS names
), labelled AS (
    SELECT DISTINCT c.step, c.step_no, c.tool,
           CASE WHEN c.step IS NULL THEN coalesce('step ' || c.step_no, c.tool)
                WHEN r.step IS NOT NULL AND c.step_no IS NOT NULL THEN c.step || ' ' || c.step_no
                ELSE c.step END AS label
    FROM combinations AS c LEFT JOIN repeated AS r ON r.step = c.step
)
SELECT dense_rank() OVER (ORDER BY label)::INTEGER AS id, label, step, step_no, tool FROM labelled
