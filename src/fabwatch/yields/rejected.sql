-- Good parts that a screen would reject, a row for each screen and test. Limits outside of which more of the values lie than
-- outliers would be tell groups apart: nothing is rejected by them.
SELECT o.id, o.unit, o.lot_no, o.family, 'static PAT' AS screen, o.key, o.pin
FROM outside AS o JOIN judged AS j ON j.unit IS NULL AND j.family = o.family AND j.key = o.key AND j.pin = o.pin
WHERE o.static AND j.why IS NULL
UNION ALL
SELECT o.id, o.unit, o.lot_no, o.family, 'dynamic PAT', o.key, o.pin
FROM outside AS o JOIN judged AS j ON j.unit = o.unit AND j.key = o.key AND j.pin = o.pin
WHERE o.dynamic AND j.why IS NULL
UNION ALL
SELECT id, unit, lot_no, family, 'bad neighbourhood', NULL, NULL FROM neighbourhood
