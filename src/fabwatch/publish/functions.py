"""Small applications in the fab's database: a function for each table, by fields of its question; and the time to polish.

In PostgreSQL they are functions of the schema, `fabwatch.at_risk('ETCH-07')`. For Oracle the same are written as a package,
`FABWATCH.AT_RISK('ETCH-07')`, which was never run on a server of Oracle.
"""

from collections.abc import Iterator, Sequence

from fabwatch.publish.flat import FlatTable

TYPES = {
    "text": "text",
    "whole": "bigint",
    "number": "double precision",
    "time": "timestamp",
    "flag": "boolean",
    "date": "date",
}
ORACLE = {
    "text": "VARCHAR2(4000)",
    "whole": "NUMBER(19)",
    "number": "BINARY_DOUBLE",
    "time": "TIMESTAMP",
    "flag": "NUMBER(1)",
    "date": "DATE",
}
RATES = "polish_rates"


def functions(schema: str, tables: Sequence[FlatTable]) -> Iterator[str]:
    """The statements that make the functions of PostgreSQL. They name no table in a way that would hold it up."""
    for table in tables:
        takes = ", ".join(f"p_{name} {TYPES[table.kinds[name]]} DEFAULT NULL" for name in table.parameters)
        types = ", ".join(TYPES[table.kinds[name]] for name in table.parameters)
        gives = ", ".join(f"{quoted(name)} {TYPES[kind]}" for name, kind in table.kinds.items())
        where = " AND ".join(f"(p_{name} IS NULL OR v.{quoted(name)} = p_{name})" for name in table.parameters) or "true"
        comment = table.comment.replace("'", "''")
        # What it gives may have changed, which no replacing of a function allows.
        yield f"DROP FUNCTION IF EXISTS {schema}.{table.name}({types})"
        yield (
            f"CREATE FUNCTION {schema}.{table.name}({takes}) RETURNS TABLE ({gives}) LANGUAGE plpgsql STABLE AS "
            f"$body$ #variable_conflict use_column\nBEGIN RETURN QUERY SELECT * FROM {schema}.{table.name} AS v "
            f"WHERE {where}; END $body$"
        )
        yield f"COMMENT ON FUNCTION {schema}.{table.name}({types}) IS '{comment}'"
    if any(table.name == RATES for table in tables):
        yield _polish_seconds(schema)


def _polish_seconds(schema: str) -> str:
    return (
        f"CREATE OR REPLACE FUNCTION {schema}.polish_seconds(p_tool text, p_incoming double precision, "
        "p_target double precision, p_head text DEFAULT NULL, p_product text DEFAULT NULL, p_stage text DEFAULT NULL) "
        "RETURNS double precision LANGUAGE plpgsql STABLE AS $body$\n"
        "DECLARE found_rate double precision; found_rows bigint;\n"
        "BEGIN\n"
        "  IF p_incoming IS NULL OR p_target IS NULL OR p_incoming <= p_target THEN\n"
        "    RAISE EXCEPTION 'incoming must be above target: % and %', p_incoming, p_target;\n"
        "  END IF;\n"
        f"  SELECT count(*), min(r.rate) INTO found_rows, found_rate FROM {schema}.{RATES} AS r WHERE r.tool = p_tool\n"
        "    AND (p_head IS NULL OR r.head = p_head) AND (p_product IS NULL OR r.product = p_product)\n"
        "    AND (p_stage IS NULL OR r.stage = p_stage);\n"
        "  IF found_rows <> 1 THEN\n"
        "    RAISE EXCEPTION '% rates for tool %: name head, product and stage so that one is left', found_rows, p_tool;\n"
        "  END IF;\n"
        "  RETURN (p_incoming - p_target) / found_rate;\n"
        "END $body$"
    )


def oracle_script(schema: str, tables: Sequence[FlatTable]) -> str:
    """Tables and a package for Oracle 12.2 or later, as a script for whoever looks after that database."""
    parts = [f"-- Made by fabwatch for schema {schema.upper()}; never run on a server of Oracle by its makers."]
    for table in tables:
        columns = ",\n".join(f"  {_oracle(name)} {ORACLE[kind]}" for name, kind in table.kinds.items())
        comment = table.comment.replace("'", "''")
        parts.append(f"CREATE TABLE {_oracle(table.name)} (\n{columns}\n);")
        parts.append(f"COMMENT ON TABLE {_oracle(table.name)} IS '{comment}';")
    parts.append(_oracle_package(tables))
    return "\n\n".join(parts) + "\n"


def _oracle_package(tables: Sequence[FlatTable]) -> str:
    head, body = ["CREATE OR REPLACE PACKAGE FABWATCH AS"], ["CREATE OR REPLACE PACKAGE BODY FABWATCH AS"]
    for table in tables:
        name = table.name.upper()
        fields = ",\n".join(f"    {_oracle(column)} {ORACLE[kind]}" for column, kind in table.kinds.items())
        takes = ", ".join(
            f"P_{column.upper()} {_bare(ORACLE[table.kinds[column]])} DEFAULT NULL" for column in table.parameters
        )
        declared = f"FUNCTION {name}{f'({takes})' if takes else ''} RETURN {name}_ROWS PIPELINED"
        head.append(f"  TYPE {name}_ROW IS RECORD (\n{fields});\n  TYPE {name}_ROWS IS TABLE OF {name}_ROW;\n  {declared};")
        tests = [f"(P_{column.upper()} IS NULL OR V.{_oracle(column)} = P_{column.upper()})" for column in table.parameters]
        columns = ", ".join(f"V.{_oracle(column)}" for column in table.kinds)
        where = f" WHERE {' AND '.join(tests)}" if tests else ""
        body.append(
            f"  {declared} IS\n    FOUND {name}_ROW;\n"
            f"    CURSOR ROWS_OF IS SELECT {columns} FROM {_oracle(table.name)} V{where};\n"
            "  BEGIN\n    OPEN ROWS_OF;\n    LOOP\n      FETCH ROWS_OF INTO FOUND;\n      EXIT WHEN ROWS_OF%NOTFOUND;\n"
            f"      PIPE ROW (FOUND);\n    END LOOP;\n    CLOSE ROWS_OF;\n    RETURN;\n  END {name};"
        )
    return "\n".join([*head, "END FABWATCH;\n/", "", *body, "END FABWATCH;\n/"])


def _bare(kind: str) -> str:
    """A type as a parameter has it, without its length."""
    return kind.partition("(")[0]


def _oracle(name: str) -> str:
    """A name in quotes where Oracle would not take it bare."""
    return f'"{name.upper()}"'


def quoted(name: str) -> str:
    """A name as a statement writes it, whatever signs are in it."""
    return '"' + name.replace('"', '""') + '"'
