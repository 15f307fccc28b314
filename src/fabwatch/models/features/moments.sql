-- The rows of the table with the moment that each stands for: the end of its last move.
SELECT (row_number() OVER (ORDER BY max(p.end_at), r.lot, r.wafer) - 1)::INTEGER AS place, p.row, r.lot, r.wafer,
       arg_max(p.product, p.end_at) AS product, max(p.end_at) AS moment
FROM feature_passes AS p JOIN (SELECT DISTINCT row, lot, wafer FROM feature_rows) AS r ON r.row = p.row
GROUP BY p.row, r.lot, r.wafer
