-- The tools and chambers of the moves, numbered. Where the chamber is not known, the place is the whole tool.
SELECT row_number() OVER (ORDER BY tool, chamber NULLS FIRST)::INTEGER AS place, tool, chamber
FROM (
    SELECT DISTINCT tool, chamber FROM moves WHERE end_at <= $as_of AND coalesce(kind, 'production') <> 'test'
) AS names
