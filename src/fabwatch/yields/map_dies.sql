-- The places of the maps in the table `shown_maps`, each with its last result: 1 passed, 2 failed, 0 where none is known.
WITH tests AS (
    SELECT map, unnest(tests) AS test FROM shown_maps
)
SELECT t.map, d.x, d.y,
       coalesce(arg_max(CASE WHEN d.passed THEN 1 ELSE 2 END,
                        (coalesce(t.test.at, '-infinity'::TIMESTAMP), d.load, d.wafer_test, d.part))
                FILTER (d.passed IS NOT NULL), 0)::UTINYINT AS state
FROM tests AS t JOIN dies AS d ON d.load = t.test.load AND d.wafer_test = t.test.wafer_test
WHERE d.x IS NOT NULL AND d.y IS NOT NULL
GROUP BY t.map, d.x, d.y
ORDER BY t.map
