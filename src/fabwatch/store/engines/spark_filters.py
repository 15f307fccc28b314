"""What Spark skips within a file: the bounds of a statement as conditions by which it leaves whole row groups unread.

It skips by words, whole numbers and days, and not by times without a zone (4.3 plans such a condition and then reads every
row group, as was seen). So the bounds of a time are put into bounds of its day as well, and what a small table bounds by a
join, which Spark does not pass on, is put as a condition of its own.
"""

from datetime import date, datetime
from functools import reduce
from operator import and_, or_
from typing import Any

from fabwatch.store.engines.bounds import Bound
from fabwatch.store.engines.pruning import Part
from fabwatch.terms.tables import BY_NAME

DAY = "day"


def skipping(part: Part) -> Any:
    """The condition on the rows of a table, None without one: what any of the places that read it may need."""
    conditions = [_all_of(part, bounds) for bounds in part.places]
    if not conditions or any(condition is None for condition in conditions):
        return None
    return reduce(or_, conditions)


def _all_of(part: Part, bounds: tuple[Bound, ...]) -> Any:
    stated = [condition for bound in bounds if (condition := _condition(part, bound)) is not None]
    return reduce(and_, stated) if stated else None


def _condition(part: Part, bound: Bound) -> Any:
    from pyspark.sql import functions

    if any(isinstance(value, datetime) for value in (bound.low, bound.high)):
        return _by_day(part, bound)
    column = functions.col(bound.column)
    if bound.among:
        return column.isin([_literal(value) for value in bound.among])
    return _between(column, *(None if end is None else _literal(end) for end in (bound.low, bound.high)))


def _by_day(part: Part, bound: Bound) -> Any:
    """The days of a time by which rows have their day; a row without one is kept."""
    from pyspark.sql import functions

    table = BY_NAME.get(part.table.name)
    if table is None or table.at != bound.column or DAY not in dict(part.table.types):
        return None
    day = functions.col(DAY)
    within = _between(day, *(None if end is None else _literal(end.date()) for end in (bound.low, bound.high)))
    return None if within is None else within | day.isNull()


def _literal(value: Any) -> Any:
    """A value as Spark has it; days go as text, because Java's own have no year 1, where what nothing bounds begins."""
    from pyspark.sql import functions

    return functions.lit(value.isoformat()).cast("date") if isinstance(value, date) else functions.lit(value)


def _between(column: Any, low: Any, high: Any) -> Any:
    ends = [column >= low] if low is not None else []
    if high is not None:
        ends.append(column <= high)
    return reduce(and_, ends) if ends else None
