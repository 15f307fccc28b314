-- What each row of the table has of each step; a lot has the mean over its wafers, and the place that most of them used.
WITH visits AS (
    SELECT m.place AS row, v.step, v.unit, p.tool, p.chamber, a.hours AS age_h, a.wafers AS age_wafers,
           CASE WHEN a.failed IS NULL THEN 'none' WHEN a.failed THEN 'failed' ELSE 'good' END AS qual,
           CASE WHEN v.timed THEN date_diff('microsecond', v.before_at, v.moment) / 3.6e9 END AS queue_h,
           CASE WHEN v.timed THEN date_diff('microsecond', v.moment, v.end_at) / 6e7 END AS process_min
    FROM feature_visits AS v
    JOIN feature_moments AS m ON m.row = v.row
    JOIN feature_places AS p ON p.place = v.place
    JOIN feature_ages AS a ON a.place = v.place AND a.met_at = v.moment AND a.timed = v.timed
)
{reduced}
ORDER BY step, row
