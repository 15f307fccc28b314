-- The parts as they count: one row each with its first and its last result, after retests are joined to the part that they
-- are of. $retests: `flagged` where the file says so, or where a later file tests the place again; `position`: any later
-- result of the same place; `part`: of the same name; `none`: every result is a part of its own.
WITH touches AS (
    SELECT d.load, d.wafer_test, d.part, d.lot, d.wafer, d.x, d.y, d.site, d.hard_bin, d.soft_bin, d.passed, d.again,
           w.insertion, w.product, coalesce(w.end_at, w.start_at) AS tested_at,
           CASE WHEN d.lot IS NULL AND d.wafer IS NULL THEN d.load END AS unnamed,
           CASE WHEN $retests = 'part' OR d.x IS NULL OR d.y IS NULL
                THEN coalesce(d.part_id, d.load || ' ' || d.part) END AS name,
           CASE WHEN $retests <> 'part' AND d.x IS NOT NULL AND d.y IS NOT NULL THEN d.x END AS at_x,
           CASE WHEN $retests <> 'part' AND d.x IS NOT NULL AND d.y IS NOT NULL THEN d.y END AS at_y
    FROM dies AS d JOIN wafer_tests AS w ON w.load = d.load AND w.wafer_test = d.wafer_test
    WHERE ($lot IS NULL OR d.lot = $lot) AND ($wafer IS NULL OR d.wafer = $wafer)
      AND ($product IS NULL OR w.product = $product)
      AND (coalesce(w.end_at, w.start_at) IS NULL OR coalesce(w.end_at, w.start_at) <= $as_of)
), begun AS (
    SELECT *, row_number() OVER place AS touch,
           CASE WHEN $retests = 'none' THEN 1
                WHEN $retests = 'flagged' AND again IS NULL AND lag(load) OVER place = load
                     AND lag(wafer_test) OVER place = wafer_test THEN 1
                WHEN lag(load) OVER place IS NULL THEN 1 ELSE 0 END AS begins
    FROM touches
    WINDOW place AS (PARTITION BY lot, wafer, unnamed, insertion, name, at_x, at_y
                     ORDER BY tested_at NULLS FIRST, load, wafer_test, part)
), numbered AS (
    SELECT *, sum(begins) OVER (PARTITION BY lot, wafer, unnamed, insertion, name, at_x, at_y
                                ORDER BY touch ROWS UNBOUNDED PRECEDING) AS die
    FROM begun
)
SELECT lot, wafer, insertion, name, at_x, at_y, die,
       arg_max(product, touch) AS product, max(tested_at) AS tested_at, arg_max(load, touch) AS load,
       arg_max(wafer_test, touch) AS wafer_test, arg_max(part, touch) AS part,
       arg_max(x, touch) AS x, arg_max(y, touch) AS y, arg_max(site, touch) AS site,
       arg_max(hard_bin, touch) AS hard_bin, arg_max(soft_bin, touch) AS soft_bin,
       coalesce(arg_max_null(passed, touch), false) AS passed, coalesce(arg_min_null(passed, touch), false) AS first_passed,
       count(*) AS touches, max(touch) AS last_touch
FROM numbered
GROUP BY lot, wafer, unnamed, insertion, name, at_x, at_y, die
