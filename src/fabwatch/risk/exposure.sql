-- What went through each gate.  Rule 9: a wafer that came back is one wafer and two passes, and a move of a lot is a pass of each of its wafers; a short number is a slot,
-- which names a wafer only within its lot.
SELECT gate,
       sum(wafers) AS passes,
       count(*) AS moves,
       count(DISTINCT lot) AS lots,
       count(DISTINCT CASE WHEN length(wafer) <= 2 AND wafer < ':' THEN coalesce(lot, '') || '#' || wafer
                           ELSE wafer END) AS named,
       sum(CASE WHEN wafer IS NULL THEN 1 ELSE 0 END) AS lot_moves
FROM passes
GROUP BY gate
