"""Step summaries: what each sensor did in each step, kept per part when a log is loaded and put together per run."""

from typing import Any

from fabwatch.store.lake import Lake, samples_name
from fabwatch.store.questions import question
from fabwatch.terms.settings import LogSettings
from fabwatch.trace.runs import over_runs

SENSORS_AT_ONCE = 24
"""Sensors summed in one pass over the samples: the engine keeps their sums side by side."""


def bring_up(lake: Lake, stated: LogSettings) -> int:
    """Sum up the parts that are not summed up yet, one shape of log after the other; returns how many there were.

    To be called inside `lake.writing()`.
    """
    waiting = lake.rows(
        "SELECT p.shape, list(DISTINCT p.load) AS loads, count(*) AS parts FROM lake.parts AS p "
        "WHERE p.shape IS NOT NULL AND NOT EXISTS (SELECT 1 FROM lake.step_summary AS s WHERE s.load = p.load) "
        "GROUP BY p.shape ORDER BY p.shape"
    )
    for row in waiting:
        for sql in statements(lake, row["shape"], stated):
            lake.ask(sql, {"loads": row["loads"]})
    return sum(row["parts"] for row in waiting)


def statements(lake: Lake, shape: str, stated: LogSettings) -> list[str]:
    """What sums up the samples of one shape, some sensors at a time."""
    columns = lake.rows(
        "SELECT s.sensor, s.column_name, p.column_name AS setpoint FROM lake.sensors AS s "
        "LEFT JOIN lake.sensors AS p ON p.shape = s.shape AND p.setpoint_of = s.sensor "
        "WHERE s.shape = $shape AND s.number ORDER BY s.position",
        {"shape": shape},
    )
    some = [columns[n : n + SENSORS_AT_ONCE] for n in range(0, len(columns), SENSORS_AT_ONCE)]
    return [_statement(samples_name(shape), part, stated) for part in some]


def _statement(samples: str, columns: list[dict[str, Any]], stated: LogSettings) -> str:
    sums = ", ".join(_sums(column, stated) for column in columns)
    paired = [column for column in columns if column["setpoint"]]
    scales = "".join(f", max(abs({_name(c['setpoint'])})) AS {_name('scale ' + c['sensor'])}" for c in paired)
    return f"""
INSERT INTO lake.step_summary BY NAME
WITH scales AS (
    SELECT load, part{scales} FROM lake.{samples} WHERE list_contains($loads, load) GROUP BY load, part
), summed AS (
    SELECT load, part, chamber, step, [{sums}] AS every
    FROM lake.{samples} {"JOIN scales USING (load, part)" if paired else ""}
    WHERE list_contains($loads, load) GROUP BY load, part, chamber, step
)
SELECT load, part, chamber, step, unnest(every, recursive := true) FROM summed
"""


def _sums(column: dict[str, Any], stated: LogSettings) -> str:
    x, sensor = _name(column["column_name"]), column["sensor"].replace("'", "''")
    order = "coalesce(t, byte_offset)"
    if column["setpoint"]:
        sp = _name(column["setpoint"])
        fixed = stated.tolerances.get(column["sensor"])
        limit = str(float(fixed)) if fixed is not None else f"{stated.tolerance!r} * {_name('scale ' + column['sensor'])}"
        off = f"abs({x} - {sp}) > {limit}"
        set_part = (
            f"'setpoint': avg({sp}), 'outside': count_if({off}), 't_outside': max(t) FILTER ({off}), "
            f"'over': max({x} - {sp}), 'under': min({x} - {sp})"
        )
    else:
        set_part = (
            "'setpoint': NULL::DOUBLE, 'outside': NULL::BIGINT, 't_outside': NULL::DOUBLE, 'over': NULL::DOUBLE, "
            "'under': NULL::DOUBLE"
        )
    return (
        f"{{'sensor': '{sensor}', 'n': count({x}), 'mean': avg({x}), 'm2': var_pop({x}) * count({x}), 'min': min({x}), "
        f"'max': max({x}), 'first': arg_min({x}, {order}), 'last': arg_max({x}, {order}), "
        f"'t_first': min(t) FILTER ({x} IS NOT NULL), 't_last': max(t) FILTER ({x} IS NOT NULL), "
        f"'t_mean': regr_avgx({x}, t), 't_m2': regr_sxx({x}, t), 'tx': regr_sxy({x}, t), {set_part}}}"
    )


def _name(column: str) -> str:
    return '"' + column.replace('"', '""') + '"'


def summary_rows(lake: Lake, tool: str | None, run: str | None) -> list[dict[str, Any]]:
    """A row a run, chamber, step and sensor; see `summary.sql`."""
    return lake.rows(over_runs(question("trace", "summary")), {"tool": tool, "run": run})
