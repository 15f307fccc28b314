-- What was known of each polish when it ended, and what was measured later.
SELECT m.place AS row, r.stage, r.site, r.incoming, r.seconds, r.after, r.length_unit,
       CASE WHEN r.seconds > 0 THEN (r.incoming - r.after) / r.seconds END AS rate
FROM feature_rows AS r JOIN feature_moments AS m ON m.row = r.row
ORDER BY row
