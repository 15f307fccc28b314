-- Statistics of readings. Sample standard deviation; limits count only where all readings of a group share them.
-- A reading of which only the side is known is in no mean; it is outside its limits where its side says so.
SELECT CASE $by WHEN 'tool' THEN tool WHEN 'chamber' THEN tool || CASE chamber WHEN '*' THEN '' ELSE ' ' || chamber END
                WHEN 'area' THEN area WHEN 'tool_type' THEN tool_type WHEN 'qual_type' THEN qual_type
                WHEN 'day' THEN strftime(processed_at, '%Y-%m-%d') WHEN 'month' THEN strftime(processed_at, '%Y-%m')
                WHEN 'week' THEN strftime(processed_at, '%G-W%V') END AS label,
       qual_type, unit, count(*) FILTER (beyond IS NULL) AS n, count(beyond) AS beyond,
       avg(reading) FILTER (beyond IS NULL) AS mean, stddev_samp(reading) FILTER (beyond IS NULL) AS std,
       min(reading) FILTER (beyond IS NULL) AS least, max(reading) FILTER (beyond IS NULL) AS most,
       CASE WHEN count(DISTINCT lower) = 1 AND count(lower) = count(*) THEN min(lower) END AS lower,
       CASE WHEN count(DISTINCT upper) = 1 AND count(upper) = count(*) THEN min(upper) END AS upper,
       count(DISTINCT lower) > 1 OR count(DISTINCT upper) > 1
           OR count(lower) NOT IN (0, count(*)) OR count(upper) NOT IN (0, count(*)) AS mixed,
       count(CASE WHEN CASE beyond WHEN '<' THEN reading <= lower WHEN '>' THEN reading >= upper
                                   ELSE reading < lower OR reading > upper END THEN 1 END) AS outside,
       count(CASE WHEN NOT passed THEN 1 END) AS failed,
       count(DISTINCT (tool, chamber)) AS series
FROM readings
GROUP BY label, qual_type, unit
ORDER BY label, qual_type, unit
