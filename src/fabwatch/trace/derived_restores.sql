-- A falling counter was reset: its part was changed. The restore is dated at the first reading after the change.
WITH ordered AS (
    SELECT *, lag(value) OVER (PARTITION BY tool, counter ORDER BY read_at, value) AS before
    FROM lake.counters AS c SEMI JOIN touched AS t ON t.tool IS NOT DISTINCT FROM c.tool
    WHERE load IN (SELECT load FROM logs)
)
SELECT tool, NULL::VARCHAR AS chamber, read_at AS done_at, 'part' AS kind, min(load) AS load
FROM ordered WHERE value < before
GROUP BY tool, read_at
