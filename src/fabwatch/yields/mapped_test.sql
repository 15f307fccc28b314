-- Names and units under which the wafers that are mapped state a test.
SELECT DISTINCT l.name, l.unit FROM limits AS l WHERE l.test = $test AND l.load IN (
    SELECT load FROM wafer_tests
    WHERE ($lot IS NULL OR lot = $lot) AND ($wafer IS NULL OR wafer = $wafer) AND ($product IS NULL OR product = $product)
)
ORDER BY l.name NULLS LAST, l.unit NULLS LAST
