-- What could be columns, and how many rows have a value of it.
SELECT {keys}, count(*) AS rows FROM {table} GROUP BY ALL ORDER BY rows DESC, {keys}
