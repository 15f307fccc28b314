-- How many rows passed each step, and how far along the route it lies.
SELECT s.id, s.label, count(DISTINCT p.row) AS rows, median(p.step_no) AS position, bool_and(p.timed) AS timed
FROM feature_passes AS p JOIN (SELECT DISTINCT id, label FROM feature_steps) AS s ON s.id = p.step
GROUP BY s.id, s.label
ORDER BY rows DESC, position, s.label
