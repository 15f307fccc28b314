-- What has no place in the table: lots none of whose wafers is named, rows that were tested before any move, results without
-- a time.
SELECT (SELECT count(DISTINCT u.lot) FROM feature_units AS u LEFT JOIN feature_rows AS r ON r.unit = u.unit
        WHERE r.unit IS NULL AND u.lot IS NOT NULL) AS lots,
       (SELECT count(DISTINCT r.row) FROM feature_rows AS r LEFT JOIN feature_passes AS p ON p.row = r.row
        WHERE p.row IS NULL) AS early,
       (SELECT count(*) FROM metrology WHERE measured_at IS NULL)
           + (SELECT count(*) FROM inspections WHERE inspected_at IS NULL)
           + (SELECT count(*) FROM parts WHERE NOT dated) AS undated
