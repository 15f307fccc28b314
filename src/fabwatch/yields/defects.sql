-- Inspections of wafers, the latest first, with the share of dies that fail because of a defect: of the dies of the same
-- wafer that were tested, those with and without a defect are compared.
WITH hit AS (
    SELECT load, inspection, die_x, die_y FROM defects WHERE die_x IS NOT NULL GROUP BY ALL
), final AS (
    SELECT {key} AS key, x, y, passed FROM parts WHERE x IS NOT NULL
)
SELECT i.load, i.inspection, i.lot, i.wafer, i.layer, i.product, i.tool, i.inspected_at, i.area_mm2, i.dies, i.stated,
       i.doubts, (SELECT count(*) FROM defects AS d WHERE d.load = i.load AND d.inspection = i.inspection) AS defects,
       (SELECT count(*) FROM hit AS h WHERE h.load = i.load AND h.inspection = i.inspection) AS hit_dies,
       (SELECT count(*) FROM final AS f WHERE f.key = {inspected}) AS tested,
       (SELECT count(*) FROM final AS f WHERE f.key = {inspected} AND f.passed) AS good,
       (SELECT count(*) FROM final AS f JOIN hit AS h ON h.load = i.load AND h.inspection = i.inspection
        AND h.die_x = f.x AND h.die_y = f.y WHERE f.key = {inspected}) AS tested_hit,
       (SELECT count(*) FROM final AS f JOIN hit AS h ON h.load = i.load AND h.inspection = i.inspection
        AND h.die_x = f.x AND h.die_y = f.y WHERE f.key = {inspected} AND f.passed) AS good_hit
FROM inspections AS i
WHERE ($lot IS NULL OR i.lot = $lot) AND ($wafer IS NULL OR i.wafer = $wafer) AND ($layer IS NULL OR i.layer = $layer)
  AND (i.inspected_at IS NULL OR i.inspected_at <= $as_of)
ORDER BY i.inspected_at DESC NULLS LAST, i.lot, i.wafer, i.layer
