, places AS (
    SELECT row, step, tool, chamber, count(*) AS n FROM visits GROUP BY ALL
), used AS (
    SELECT row, step, first(tool ORDER BY n DESC, tool, chamber) AS tool, first(chamber ORDER BY n DESC, tool, chamber) AS chamber
    FROM places GROUP BY row, step
), means AS (
    SELECT row, step, avg(queue_h) AS queue_h, avg(process_min) AS process_min, avg(age_h) AS age_h,
           avg(age_wafers) AS age_wafers,
           CASE WHEN bool_or(qual = 'failed') THEN 'failed' WHEN bool_or(qual = 'good') THEN 'good' ELSE 'none' END AS qual
    FROM visits GROUP BY row, step
)
SELECT m.row AS row, m.step AS step, u.tool, u.chamber, m.queue_h, m.process_min, m.age_h, m.age_wafers, m.qual
FROM means AS m JOIN used AS u ON u.row = m.row AND u.step = m.step
