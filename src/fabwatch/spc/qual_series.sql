-- The readings of quals for charts, each with the number of its series: tool, chamber, qual type and unit.
SELECT dense_rank() OVER (ORDER BY tool, chamber, qual_type, unit) - 1 AS series, tool, chamber, qual_type AS name, NULL::VARCHAR AS family, unit,
       processed_at AS stamp, NULL::VARCHAR AS taken_with, NULL::VARCHAR AS lot, reading AS value, lower, upper, beyond
FROM readings
WHERE ($chamber IS NULL OR chamber = $chamber)
ORDER BY series, stamp
