-- One row a run, the latest first; runs without a date in the order of their log, its last one first.
SELECT run, any_value(tool) AS tool, array_to_string(list_sort(list_distinct(flatten(list(string_split(chambers, ';'))))), ';') AS chamber,
       any_value(recipe) AS recipe, any_value(wafer) AS wafer, any_value(lot) AS lot, any_value(slot) AS slot,
       any_value(stage) AS stage,
       CASE WHEN bool_and(dated) THEN make_timestamp((min(begin_s) * 1000000)::BIGINT) END AS start,
       CASE WHEN bool_and(dated) THEN make_timestamp((max(end_s) * 1000000)::BIGINT) END AS "end",
       max(end_s) - min(begin_s) AS seconds, sum(rows)::BIGINT AS rows,
       coalesce(sum(heard.alarms), 0)::BIGINT AS alarms, any_value(labels) AS labels
FROM runs
LEFT JOIN (SELECT load, part, count(*) AS alarms FROM alarms WHERE kind = 'alarm' GROUP BY load, part) AS heard USING (load, part)
WHERE ($tool IS NULL OR tool = $tool) AND ($run IS NULL OR run = $run)
GROUP BY run
HAVING ($as_of IS NULL OR start IS NULL OR start <= $as_of)
ORDER BY start DESC NULLS LAST, min(load), min(first_offset) DESC
