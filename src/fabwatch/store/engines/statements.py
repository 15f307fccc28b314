"""Statements carried to another engine: what they read, and the same in its dialect.

sqlglot carries most of it. What it copies word for word though the other engine has no such thing, or has it with another
meaning, is rewritten here first, and stated by a test each.
"""

import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache, cached_property

import sqlglot
from sqlglot import exp

from fabwatch.store.engines.rewrites import RULES, postgres_try_cast, spark_order
from fabwatch.terms.errors import NotOnEngine

DUCKDB = "duckdb"


@dataclass(frozen=True)
class Statement:
    """One SELECT in the dialect of DuckDB."""

    text: str

    @cached_property
    def tree(self) -> exp.Expr:
        """The statement as a tree. Raises NotOnEngine where it cannot be read."""
        return _tree(self.text)

    @cached_property
    def reads(self) -> frozenset[str]:
        """The tables that it reads, without those that it makes itself."""
        tables = [table for table in self.tree.find_all(exp.Table) if isinstance(table.this, exp.Identifier)]
        return frozenset(table.name for table in tables if table.db or table.name not in self.own)

    @cached_property
    def own(self) -> frozenset[str]:
        """The names of the tables that it makes itself, for as long as it runs."""
        return frozenset(part.alias for part in self.tree.find_all(exp.CTE))

    def carried(self, dialect: str, times: Iterable[str] = ()) -> str:
        """The statement in another dialect; places for values as that one writes them. Raises NotOnEngine.

        `times` are the values that are times: they are bound as text and read as times there.
        """
        return _carried(self.text, dialect, frozenset(times))


@cache
def _tree(text: str) -> exp.Expr:
    try:
        return sqlglot.parse_one(text, dialect=DUCKDB)
    except sqlglot.errors.SqlglotError as fault:
        raise NotOnEngine(f"The statement cannot be carried to another engine: {str(fault).splitlines()[0]}") from fault


@cache
def _carried(text: str, dialect: str, times: frozenset[str]) -> str:
    tree = _tree(text).copy()
    if any(str(join.args.get("method", "")).upper() == "ASOF" for join in tree.find_all(exp.Join)):
        raise NotOnEngine(f"ASOF JOIN has no like in {dialect}.")
    for part in tree.find_all(exp.CTE):
        # A hint for DuckDB that Spark does not know, and PostgreSQL does not need.
        part.set("materialized", None)
    tree = tree.transform(_rewrite_for(dialect))
    tree = spark_order(tree) if dialect == "spark" else tree.transform(postgres_try_cast)
    for table in tree.find_all(exp.Table):
        # The lake has another place there.
        table.set("db", None)
        table.set("catalog", None)
    for place in [place for place in tree.find_all(exp.Placeholder) if place.name in times]:
        place.replace(exp.Cast(this=place.copy(), to=exp.DataType.build("TIMESTAMP_NTZ", dialect="spark")))
    logging.getLogger("sqlglot").setLevel(logging.ERROR)
    return tree.sql(dialect=dialect, comments=False)


def _rewrite_for(dialect: str) -> Callable[[exp.Expr], exp.Expr]:
    rules = RULES[dialect]

    def rewrite(node: exp.Expr) -> exp.Expr:
        for rule in rules:
            node = rule(node)
        return node

    return rewrite
