-- A falling counter was reset: its part was changed. The restore is dated at the first reading after the change.
-- Only readings of tools of which one has changed are looked at, and only restores from that one on are derived.
WITH ordered AS (
    SELECT c.*, t.since, lag(value) OVER (PARTITION BY c.tool, counter ORDER BY read_at, value, load) AS before
    FROM lake.counters AS c JOIN changed AS t ON t.tool IS NOT DISTINCT FROM c.tool
    WHERE {of_logs}
)
SELECT tool, NULL::VARCHAR AS chamber, read_at AS done_at, 'part' AS kind, min(load) AS load
FROM ordered WHERE value < before AND read_at >= since
GROUP BY tool, read_at
