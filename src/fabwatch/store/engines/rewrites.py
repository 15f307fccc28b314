"""What is rewritten in a statement before sqlglot carries it: one rule for each thing that another engine has otherwise."""

import re
from collections.abc import Callable
from copy import deepcopy
from typing import Any

import sqlglot
from sqlglot import exp


def _called(node: exp.Expr, name: str) -> bool:
    return isinstance(node, exp.Anonymous) and node.name.lower() == name


def _both(node: exp.Expr) -> tuple[exp.Expr, exp.Expr] | None:
    """The two arguments of arg_max and its kin, which take no row where one of them is empty."""
    if isinstance(node, (exp.ArgMax, exp.ArgMin)) and not node.args.get("count"):
        return node.this, node.expression
    return None


def _not_null(value: exp.Expr) -> exp.Expr:
    return exp.Not(this=exp.Is(this=value.copy(), expression=exp.Null()))


def _filtered(aggregate: exp.Expr, condition: exp.Expr) -> exp.Expr:
    return exp.Filter(this=aggregate, expression=exp.Where(this=condition))


def spark_arg_max(node: exp.Expr) -> exp.Expr:
    """arg_max(x, y) skips rows without x in DuckDB; max_by of Spark takes them."""
    both = _both(node)
    if both is None or isinstance(node.parent, exp.Filter):
        return node
    return _filtered(
        exp.Anonymous(this="max_by" if isinstance(node, exp.ArgMax) else "min_by", expressions=[*both]), _not_null(both[0])
    )


def spark_arg_max_null(node: exp.Expr) -> exp.Expr:
    """arg_max_null takes rows without x, as max_by of Spark does."""
    for name, other in (("arg_max_null", "max_by"), ("arg_min_null", "min_by")):
        if _called(node, name):
            return exp.Anonymous(this=other, expressions=node.expressions)
    return node


def finite(node: exp.Expr) -> exp.Expr:
    """isfinite, which neither has; both say that NaN is larger than infinity."""
    if not _called(node, "isfinite"):
        return node
    infinity = exp.Cast(this=exp.Literal.string("Infinity"), to=exp.DataType.build("DOUBLE"))
    return exp.Paren(this=exp.LT(this=exp.Abs(this=node.expressions[0]), expression=infinity))


def spark_micros(node: exp.Expr) -> exp.Expr:
    """epoch_us: Spark's own function wants a time with a zone, which is UTC."""
    if not _called(node, "epoch_us"):
        return node
    zoned = exp.Cast(this=node.expressions[0], to=exp.DataType.build("TIMESTAMP_LTZ", dialect="spark"))
    return exp.Anonymous(this="unix_micros", expressions=[zoned])


def spark_format(node: exp.Expr) -> exp.Expr:
    """strftime: letters of a form stand between quotes, and weeks of a year are made of their parts."""
    form = _form(node)
    if form == "%G-W%V":
        year = exp.Extract(this=exp.var("YEAROFWEEK"), expression=node.this.copy())
        week = exp.Anonymous(this="weekofyear", expressions=[node.this.copy()])
        return exp.Anonymous(this="format_string", expressions=[exp.Literal.string("%d-W%02d"), year, week])
    if form is None:
        return node
    return exp.Anonymous(this="date_format", expressions=[node.this, exp.Literal.string(_spelled(form, SPARK_FORMS, "'"))])


def postgres_format(node: exp.Expr) -> exp.Expr:
    """strftime, in the words of to_char."""
    form = _form(node)
    if form is None:
        return node
    return exp.Anonymous(this="to_char", expressions=[node.this, exp.Literal.string(_spelled(form, POSTGRES_FORMS, '"'))])


def postgres_micros(node: exp.Expr) -> exp.Expr:
    """epoch_us, from seconds that PostgreSQL gives exactly."""
    if not _called(node, "epoch_us"):
        return node
    seconds = exp.Extract(this=exp.var("EPOCH"), expression=node.expressions[0])
    return exp.Cast(this=exp.Mul(this=seconds, expression=exp.Literal.number(1_000_000)), to=exp.DataType.build("BIGINT"))


def _form(node: exp.Expr) -> str | None:
    form = node.args.get("format") if isinstance(node, exp.TimeToStr) else None
    return form.name if isinstance(form, exp.Literal) else None


def _spelled(form: str, words: dict[str, str], quote: str) -> str:
    return _FORM.sub(lambda part: words[part[0]] if part[0].startswith("%") else f"{quote}{part[0]}{quote}", form)


def spark_quantiles(node: exp.Expr) -> exp.Expr:
    """quantile_cont with a list of shares."""
    if isinstance(node, exp.PercentileCont) and isinstance(node.expression, exp.Array):
        return exp.Anonymous(this="percentile", expressions=[node.this, node.expression])
    return node


def spark_clock(node: exp.Expr) -> exp.Expr:
    """Microseconds as a time without a zone: Spark's own function gives one with a zone."""
    if isinstance(node, exp.UnixToTime) and str(node.args.get("scale")) == "6":
        micros = exp.Anonymous(this="timestamp_micros", expressions=[node.this])
        return exp.Cast(this=micros, to=exp.DataType.build("TIMESTAMP_NTZ", dialect="spark"))
    return node


def spark_row_number(node: exp.Expr) -> exp.Expr:
    """Rows numbered in any order: Spark wants to be told one."""
    if (
        isinstance(node, exp.Window)
        and isinstance(node.this, exp.RowNumber)
        and not node.args.get("order")
        and not node.alias
    ):
        node.set("order", exp.Order(expressions=[exp.Ordered(this=exp.Literal.number(1))]))
    return node


def spark_lag(node: exp.Expr) -> exp.Expr:
    """lag beside others in one window with a frame: it needs none, and Spark allows it none."""
    if not isinstance(node, exp.Select):
        return node
    framed = {window.name: window for window in node.args.get("windows") or () if window.args.get("spec")}
    for used in list(node.find_all(exp.Window)):
        if isinstance(used.this, (exp.Lag, exp.Lead)) and used.alias in framed:
            window = framed[used.alias]
            parts = {key: window.args[key] for key in ("partition_by", "order") if window.args.get(key)}
            used.replace(exp.Window(this=used.this.copy(), over="OVER", **deepcopy(parts)))
    return node


def spark_order(tree: exp.Expr) -> exp.Expr:
    """An order by what is no column of the result: Spark does not find the columns in it beside those of the result."""
    order = tree.args.get("order")
    if not isinstance(tree, exp.Select) or order is None or not any(term.find(exp.AggFunc) for term in order.expressions):
        return tree
    inner: Any = tree.copy()
    inner.set("order", None)
    terms, names = [], []
    for number, term in enumerate(order.expressions):
        names.append(f"order_{number}")
        inner = inner.select(exp.alias_(term.this.copy(), names[-1]))
        terms.append(
            exp.Ordered(this=exp.column(names[-1]), desc=term.args.get("desc"), nulls_first=term.args.get("nulls_first"))
        )
    whole = exp.select(exp.Star(except_=[exp.to_identifier(name) for name in names])).from_(inner.subquery("ordered"))
    whole.set("order", exp.Order(expressions=terms))
    return whole


def postgres_arg_max(node: exp.Expr) -> exp.Expr:
    """arg_max as the first of an ordered list."""
    both, ordered = _both(node), isinstance(node, exp.ArgMax)
    nulls = False
    for name, most in (("arg_max_null", True), ("arg_min_null", False)):
        if _called(node, name):
            both, ordered, nulls = (node.expressions[0], node.expressions[1]), most, True
    if both is None or isinstance(node.parent, exp.Filter):
        return node
    value, key = both
    condition = _not_null(key) if nulls else exp.and_(_not_null(value), _not_null(key))
    by = exp.Order(this=value.copy(), expressions=[exp.Ordered(this=key.copy(), desc=ordered)])
    return _first(_filtered(exp.ArrayAgg(this=by), condition))


def postgres_any_value(node: exp.Expr) -> exp.Expr:
    """any_value came with PostgreSQL 16: the first of those that are there."""
    if isinstance(node, exp.IgnoreNulls) and isinstance(node.this, exp.AnyValue):
        value = node.this.this
        return _first(_filtered(exp.ArrayAgg(this=value), _not_null(value)))
    return node


def postgres_clock(node: exp.Expr) -> exp.Expr:
    """Microseconds as a time without a zone."""
    if isinstance(node, exp.UnixToTime) and str(node.args.get("scale")) == "6":
        epoch: exp.Expr = sqlglot.parse_one("TIMESTAMP '1970-01-01'", dialect="postgres")
        micros = exp.Mul(
            this=exp.Paren(this=node.this), expression=sqlglot.parse_one("INTERVAL '1 microsecond'", dialect="postgres")
        )
        return exp.Paren(this=exp.Add(this=epoch, expression=micros))
    return node


def postgres_group_all(node: exp.Expr) -> exp.Expr:
    """GROUP BY ALL as the places of the columns that are no aggregate."""
    group = node.args.get("group") if isinstance(node, exp.Select) else None
    if group is None or not group.args.get("all"):
        return node
    plain = [number for number, column in enumerate(node.expressions, 1) if not _aggregates(column)]
    node.set("group", exp.Group(expressions=[exp.Literal.number(number) for number in plain]) if plain else None)
    return node


def _aggregates(column: exp.Expr) -> bool:
    return any(not isinstance(found.parent, exp.Window) for found in column.find_all(exp.AggFunc))


def postgres_alias(node: exp.Expr) -> exp.Expr:
    """A table in brackets has to have a name."""
    if isinstance(node, exp.Subquery) and isinstance(node.parent, (exp.From, exp.Join)) and not node.alias:
        node.set("alias", exp.TableAlias(this=exp.to_identifier("nameless")))
    return node


def postgres_number_in(node: exp.Expr) -> exp.Expr:
    """regexp_extract: no match is NULL there, not the empty text; what is made of it here is a number or NULL."""
    if isinstance(node, exp.RegexpExtract) and node.args.get("group"):
        matched = exp.Anonymous(this="regexp_match", expressions=[node.this, node.expression])
        return exp.Bracket(this=exp.Paren(this=matched), expressions=[node.args["group"]], offset=1, safe=False)
    return node


def postgres_try_cast(node: exp.Expr) -> exp.Expr:
    """A number of up to nine digits, else nothing."""
    if isinstance(node, exp.TryCast) and node.to.is_type("int"):
        digits = exp.RegexpLike(this=node.this.copy(), expression=exp.Literal.string("^[0-9]{1,9}$"))
        return exp.Case(ifs=[exp.If(this=digits, true=exp.Cast(this=node.this, to=node.to))])
    return node


def postgres_contains(node: exp.Expr) -> exp.Expr:
    """list_contains($values, x) as x = ANY($values)."""
    if isinstance(node, exp.ArrayContains) and isinstance(node.this, exp.Placeholder):
        return exp.EQ(this=node.expression, expression=exp.Any(this=exp.Paren(this=node.this)))
    return node


def _first(values: exp.Expr) -> exp.Expr:
    return exp.Bracket(this=exp.Paren(this=values), expressions=[exp.Literal.number(1)], offset=1, safe=False)


_FORM = re.compile(r"%.|[A-Za-z]+")
SPARK_FORMS = {"%Y": "yyyy", "%m": "MM", "%d": "dd", "%H": "HH", "%M": "mm", "%S": "ss"}
POSTGRES_FORMS = {
    "%Y": "YYYY", "%m": "MM", "%d": "DD", "%H": "HH24", "%M": "MI", "%S": "SS", "%G": "IYYY", "%V": "IW",
}  # fmt: skip
RULES: dict[str, tuple[Callable[[exp.Expr], exp.Expr], ...]] = {
    "spark": (
        spark_arg_max,
        spark_arg_max_null,
        finite,
        spark_quantiles,
        spark_micros,
        spark_format,
        spark_clock,
        spark_row_number,
        spark_lag,
    ),
    "postgres": (
        postgres_arg_max,
        postgres_any_value,
        postgres_clock,
        finite,
        postgres_micros,
        postgres_format,
        postgres_contains,
        postgres_group_all,
        postgres_alias,
        postgres_number_in,
    ),
}
