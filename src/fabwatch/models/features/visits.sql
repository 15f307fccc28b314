-- The last pass of each unit through each step that has columns.
SELECT row, unit, step, place, timed, moment, before_at, end_at
FROM (
    SELECT *, row_number() OVER (PARTITION BY unit, step ORDER BY end_at DESC, moment DESC, place) AS latest
    FROM feature_passes WHERE list_contains($steps, step)
) AS passes
WHERE latest = 1
