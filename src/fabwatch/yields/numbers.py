"""A number for each wafer: its yield, or its mean of a test or of an electrical parameter."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean, median
from typing import Any

import numpy as np

from fabwatch.equipment.part_tests import names_of_tests, numbers_of_test
from fabwatch.store.lake import Record
from fabwatch.store.questions import filled, question
from fabwatch.store.view import View
from fabwatch.terms.errors import BadQuestion, NothingRecorded, unknown
from fabwatch.yields.identity import wafer_key
from fabwatch.yields.population import Population, Wafer, worst_yields
from fabwatch.yields.shifts import LOW

YIELD = "yield"
KINDS = ("test", "wat")


@dataclass(frozen=True)
class Numbers:
    """Wafers with a number each, and what the number is."""

    population: Population
    value: str
    """`yield`, `test NAME` or `wat NAME`."""
    unit: str | None
    levels: int = 1
    """Products, insertions and so on whose levels were evened out."""


def numbers_of(view: View, name: str, direction: str | None) -> Numbers:
    """The wafers with their number of this name. Raises UnknownTool, BadQuestion and NothingRecorded."""
    if name == YIELD:
        names, shares = worst_yields(view)
        return Numbers(_population(names, list(shares.values()), direction or LOW), YIELD, None)
    kind, own = _kind(view, name)
    rows = _rows(view, kind, own)
    if not rows:
        raise NothingRecorded(f"No wafer has a value of {own} yet.", "state a later time, or load the files first")
    names, values, levels = _evened(rows)
    units = {row["unit"] for row in rows}
    return Numbers(_population(names, values, direction), f"{kind} {own}", units.pop() if len(units) == 1 else None, levels)


def _population(names: dict[Wafer, Wafer], values: Sequence[float], direction: str | None) -> Population:
    lots, wafers = ([name[n] for name in names.values()] for n in (0, 1))
    flags = np.zeros(len(names), bool)
    return Population(lots, wafers, [place[1] for place in names], flags, values=np.array(values), direction=direction)


def _kind(view: View, name: str) -> tuple[str, str]:
    """Whether a name is of a test or of an electrical parameter, and the name without a `test:` or `wat:` before it."""
    stated, colon, rest = name.partition(":")
    known = {
        "test": names_of_tests(view.lake),
        "wat": {str(row["parameter"]) for row in view.lake.rows("SELECT DISTINCT parameter FROM wat")},
    }
    if colon and stated in KINDS and rest in known[stated]:
        return stated, rest
    kinds = [kind for kind in KINDS if name in known[kind]]
    if len(kinds) > 1:
        raise BadQuestion(f"{name} is a test and a WAT parameter.", f"write test:{name} or wat:{name}")
    if not kinds:
        raise unknown("value", name, {YIELD, *known["test"], *known["wat"]}, "yield, or a test or WAT parameter by its name")
    return kinds[0], name


def _rows(view: View, kind: str, name: str) -> list[Record]:
    sql = filled(question("yields", f"{kind}_means"), key=wafer_key("w.lot", "w.wafer"))
    parameters: dict[str, Any] = {"name": name, "as_of": view.as_of}
    if kind == "test":
        parameters["numbers"] = numbers_of_test(view.lake, name)
    return view.lake.rows(sql, parameters)


def _evened(rows: Sequence[Record]) -> tuple[dict[Wafer, Wafer], list[float], int]:
    """The names and the number of each wafer: its mean, less the level of its product and insertion where these differ."""
    by_level: dict[str, list[float]] = {}
    for row in rows:
        by_level.setdefault(row["level"], []).append(row["mean"])
    overall = median(row["mean"] for row in rows)
    middles = {level: median(means) for level, means in by_level.items()} if len(by_level) > 1 else {}
    names: dict[Wafer, Wafer] = {}
    values: dict[Wafer, list[float]] = {}
    for row in rows:
        place = (row["lot"], row["key"])
        names.setdefault(place, (row["lot"], row["wafer"]))
        values.setdefault(place, []).append(row["mean"] - middles.get(row["level"], overall) + overall)
    return names, [fmean(values[place]) for place in names], len(by_level)
