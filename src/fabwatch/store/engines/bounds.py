"""Bounds: what a statement asks of the rows of a table that it reads, as least, largest or possible values of columns.

A row outside of them cannot change the answer. Only conditions that every row has to meet are taken, and what is not
understood here is no bound: a file too many costs time, one too few an answer.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import pyarrow as pa
from sqlglot import exp

from fabwatch.store.engines.statements import Statement
from fabwatch.store.lake import Parameters

VALUES = {"VARCHAR": str, "BIGINT": int, "INTEGER": int, "TIMESTAMP": datetime, "DATE": date}
"""The types that are compared, and what a value has to be for it: any other would be read as something else first."""
MANY = 1000
"""From so many possible values on, the least and the largest of them are the bounds."""
_TURNED = {exp.GT: exp.LT, exp.GTE: exp.LTE, exp.LT: exp.GT, exp.LTE: exp.GTE, exp.EQ: exp.EQ}


@dataclass(frozen=True)
class Bound:
    """A column lies between two values, both of them included; with `among` it is one of these. None: no such end."""

    column: str
    low: Any = None
    high: Any = None
    among: tuple[Any, ...] = ()


Places = tuple[tuple[Bound, ...], ...]
"""The bounds of each place where a statement reads a table; a place without any reads every row."""


@dataclass(frozen=True)
class _Source:
    """One place where a table is read, with what the conditions there are written in."""

    alias: str
    alone: bool
    types: Mapping[str, str]
    beside: Mapping[str, pa.Table]
    """Small tables that are read beside it, by alias."""
    parameters: Parameters


def places(
    statement: Statement, parameters: Parameters, table: str, types: Mapping[str, str], handed: Mapping[str, pa.Table]
) -> Places:
    """The bounds of a table, one tuple for each place that reads it; `handed` are the small tables of the question."""
    read = [node for node in statement.tree.find_all(exp.Table) if node.name == table]
    return tuple(tuple(_bounds(node, parameters, types, handed, statement.own)) for node in read)


def _bounds(
    node: exp.Table, parameters: Parameters, types: Mapping[str, str], handed: Mapping[str, pa.Table], own: frozenset[str]
) -> Iterator[Bound]:
    select = node.parent.parent if isinstance(node.parent, (exp.From, exp.Join)) else None
    if not isinstance(select, exp.Select) or (node.name in own and not node.db):
        return
    joins = select.args.get("joins") or []
    if any(join.args.get("method") for join in joins):
        # One of rows by their place, or of the nearest: rows that are left out would change it.
        return
    read = [table for table in (select.args["from_"].this, *(join.this for join in joins)) if isinstance(table, exp.Table)]
    beside = {table.alias_or_name: handed[table.name] for table in read if table.name in handed and table.name not in own}
    alone = not joins and not select.args.get("laterals")
    source = _Source(node.alias_or_name, alone, types, beside, parameters)
    for condition in _conditions(select, joins):
        yield from _stated(condition, source)


def _conditions(select: exp.Select, joins: list[exp.Join]) -> Iterator[exp.Expr]:
    """What holds for every row that is left: WHERE, and ON where rows without a partner fall away."""
    where = select.args.get("where")
    if where is not None:
        yield from _all(where.this)
    for join in joins:
        if join.args.get("on") is not None and not join.side and join.kind.upper() in ("", "INNER"):
            yield from _all(join.args["on"])


def _all(condition: exp.Expr) -> Iterator[exp.Expr]:
    if isinstance(condition, exp.Paren):
        yield from _all(condition.this)
    elif isinstance(condition, exp.And):
        yield from _all(condition.left)
        yield from _all(condition.right)
    else:
        yield condition


def _stated(condition: exp.Expr, source: _Source) -> Iterator[Bound]:
    """The bounds that one condition is: one at most, and more where all but one side of an OR does not hold."""
    if isinstance(condition, exp.Or):
        sides = [side for side in condition.flatten() if not _is_false(side, source.parameters)]
        if len(sides) == 1:
            for part in _all(sides[0]):
                yield from _stated(part, source)
        return
    bound = _compared(condition, source)
    if bound is not None:
        yield bound


def _is_false(side: exp.Expr, parameters: Parameters) -> bool:
    """`$tool IS NULL` where a tool is stated."""
    return (
        isinstance(side, exp.Is) and isinstance(side.expression, exp.Null) and isinstance(side.this, exp.Placeholder)
        and parameters.get(side.this.name) is not None
    )  # fmt: skip


def _compared(condition: exp.Expr, source: _Source) -> Bound | None:
    if isinstance(condition, exp.Between):
        low, high = (_constants(condition.args[end], source) for end in ("low", "high"))
        return _made(condition.this, source, low, min, high, max)
    if isinstance(condition, exp.ArrayContains):
        return _made(condition.expression, source, _constants(condition.this, source))
    if isinstance(condition, exp.In):
        listed = [_constants(value, source) for value in condition.expressions]
        return _made(condition.this, source, [v for values in listed for v in values]) if all(listed) else None
    kind = type(condition)
    if kind not in _TURNED:
        return None
    return _sided(kind, condition.this, condition.expression, source) or _sided(
        _TURNED[kind], condition.expression, condition.this, source
    )


def _sided(kind: type[exp.Expr], column: exp.Expr, value: exp.Expr, source: _Source) -> Bound | None:
    values = _constants(value, source)
    if kind is exp.EQ:
        return _made(column, source, values)
    return _made(column, source, values, min) if kind in (exp.GT, exp.GTE) else _made(column, source, high=values, most=max)


def _made(
    column: exp.Expr, source: _Source, low: list[Any] | None = None, least: Any = None, high: list[Any] | None = None,
    most: Any = None,
) -> Bound | None:  # fmt: skip
    """A bound of a column; without an end stated (`least`, `most`) it is one of the values. None for any other column."""
    if not _is_of(column, source) or not all(
        _fit(source.types[column.name], values) for values in (low, high) if values is not None
    ):
        return None
    if least is None and most is None:
        values = sorted(set(low or ()))
        return Bound(column.name, values[0], values[-1], tuple(values) if len(values) < MANY else ())
    return Bound(column.name, least(low) if least and low else None, most(high) if most and high else None)


def _is_of(column: exp.Expr, source: _Source) -> bool:
    """Whether it is a bare column of the table: a name without a table may be one of another."""
    if type(column) is not exp.Column or column.name not in source.types:
        return False
    return column.table == source.alias or (not column.table and source.alone)


def _fit(kind: str, values: list[Any]) -> bool:
    """Whether values are compared with a column as they are; none at all are no bound."""
    wanted = VALUES.get(kind)
    return bool(values) and all(type(value) is wanted and getattr(value, "tzinfo", None) is None for value in values)


def _constants(node: exp.Expr, source: _Source) -> list[Any]:
    """The values that something may have: a value, a list of them, a column of a small table; empty for anything else."""
    if isinstance(node, exp.Placeholder):
        value = source.parameters.get(node.name)
        return [v for v in value if v is not None] if isinstance(value, (list, tuple)) else [] if value is None else [value]
    if isinstance(node, exp.Literal):
        return [node.name] if node.is_string else [int(node.name)] if node.name.isdecimal() else []
    if type(node) is exp.Column and node.table in source.beside and node.name in source.beside[node.table].column_names:
        return _values(source.beside[node.table][node.name])
    return []


def _values(column: pa.ChunkedArray) -> list[Any]:
    try:
        return [value for value in column.unique().to_pylist() if value is not None]
    except (ValueError, OverflowError):
        # A time that Python has none for, such as infinity.
        return []
