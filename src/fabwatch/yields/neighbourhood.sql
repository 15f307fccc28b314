-- Good parts in a bad neighbourhood: of the up to eight places around them that were tested at the same insertion, so large a
-- share failed; with fewer than {fewest} such places none is judged. Only places beside a failing one are looked at.
WITH places AS (
    SELECT unit, x, y, arg_max(passed, (coalesce(tested_at, TIMESTAMP '1970-01-01'), load, wafer_test, part)) AS passed
    FROM screened WHERE x IS NOT NULL AND y IS NOT NULL GROUP BY unit, x, y
), steps AS MATERIALIZED (
    SELECT dx, dy FROM (SELECT unnest([-1, 0, 1]) AS dx), (SELECT unnest([-1, 0, 1]) AS dy) WHERE dx <> 0 OR dy <> 0
), failing AS MATERIALIZED (
    SELECT p.unit, p.x + s.dx AS x, p.y + s.dy AS y, count(*) AS n
    FROM places AS p CROSS JOIN steps AS s WHERE NOT p.passed GROUP BY ALL
), around AS MATERIALIZED (
    SELECT f.unit, f.x, f.y, f.n, f.x + s.dx AS near_x, f.y + s.dy AS near_y FROM failing AS f CROSS JOIN steps AS s
    WHERE 8 * f.n >= $neighbours * {fewest}
), bad AS (
    SELECT a.unit, a.x, a.y FROM around AS a JOIN places AS p ON p.unit = a.unit AND p.x = a.near_x AND p.y = a.near_y
    GROUP BY a.unit, a.x, a.y
    HAVING count(*) >= {fewest} AND 8 * any_value(a.n) >= $neighbours * count(*)
)
SELECT g.id, g.unit, g.lot_no, g.family FROM good AS g JOIN bad AS b ON b.unit = g.unit AND b.x = g.x AND b.y = g.y
