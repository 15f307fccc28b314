-- The metrology of wafers for charts, site by site: readings of one wafer and time are a subgroup.
SELECT dense_rank() OVER (ORDER BY m.tool, coalesce(m.head, '*'), m.product, m.stage) - 1 AS series, m.tool,
       coalesce(m.head, '*') AS chamber, concat_ws(' · ', $what, m.product, m.stage) AS name,
       concat_ws(' · ', m.product, m.stage) AS family,
       CASE $what WHEN 'rate' THEN m.rate_unit ELSE m.unit END AS unit, m.polished_at AS stamp, m.wafer AS taken_with, m.lot,
       CASE $what WHEN 'rate' THEN coalesce(m.rate, (m.incoming - m.after) / nullif(m.seconds, 0)) WHEN 'after' THEN m.after
                  WHEN 'incoming' THEN m.incoming ELSE m.incoming - m.after END AS value,
       CASE $what WHEN 'after' THEN m.lower END AS lower, CASE $what WHEN 'after' THEN m.upper END AS upper,
       NULL::VARCHAR AS beyond
FROM matched AS m
WHERE value IS NOT NULL AND m.tool IS NOT NULL AND m.polished_at IS NOT NULL
  AND ($tools IS NULL OR m.tool IN (SELECT unnest($tools))) AND ($chamber IS NULL OR coalesce(m.head, '*') = $chamber)
  AND m.polished_at >= $since AND m.polished_at <= $until AND m.polished_at <= $as_of
  AND (m.measured_at IS NULL OR m.measured_at <= $as_of)
ORDER BY series, stamp, m.wafer, m.site
