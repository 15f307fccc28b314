-- The last pass of each row through each step that has columns; and the last of all, which the reading is of, as step 0.
SELECT row, unit, step, place, timed, moment, before_at, end_at
FROM (
    SELECT *, row_number() OVER (PARTITION BY unit, step ORDER BY end_at DESC, moment DESC, place) AS latest
    FROM feature_passes WHERE list_contains($steps, step)
) AS passes
WHERE latest = 1
UNION ALL
SELECT row, unit, 0, place, timed, moment, before_at, end_at
FROM (
    SELECT *, row_number() OVER (PARTITION BY unit ORDER BY end_at DESC, moment DESC, place) AS latest FROM feature_passes
) AS passes
WHERE latest = 1
