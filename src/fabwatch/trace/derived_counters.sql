-- Where each usage counter of a tool stood at the begin and the end of each step of a run, in however many files its log came.
WITH pieces AS (
    SELECT r.tool, s.sensor, min(s.load) AS load, arg_min(s.first, s.t_first) AS first, arg_max(s.last, s.t_last) AS last,
           min(s.t_first) AS t_first, max(s.t_last) AS t_last
    FROM summaries AS s JOIN runs AS r ON r.load = s.load AND r.part = s.part
    JOIN lake.sensors AS u ON u.shape = r.shape AND u.sensor = s.sensor AND u.role = 'usage'
    WHERE r.dated AND s.n > 0
    GROUP BY r.run, r.tool, s.chamber, s.step, s.sensor
)
SELECT DISTINCT tool, NULL::VARCHAR AS chamber, sensor AS counter, make_timestamp((t * 1000000)::BIGINT) AS read_at, value, load
FROM (SELECT tool, sensor, load, t_first AS t, first AS value FROM pieces
      UNION ALL SELECT tool, sensor, load, t_last, last FROM pieces)
WHERE load IN (SELECT load FROM touched)
