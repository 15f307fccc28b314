"""Split lots: groups of wafers that were treated differently, compared with a control."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pyarrow as pa
from scipy import stats

from fabwatch.stats.enrichment import false_discoveries
from fabwatch.stats.groups import difference
from fabwatch.store.questions import filled, question, reading
from fabwatch.store.temporary import temp_table
from fabwatch.store.view import View
from fabwatch.terms.doubts import Doubt
from fabwatch.terms.errors import BadQuestion, NothingRecorded, nearest
from fabwatch.yields.answers import SplitDifference, SplitGroup, SplitHistory, SplitLots, SplitPlace
from fabwatch.yields.compared import PERIODS
from fabwatch.yields.counting import Chosen, yields
from fabwatch.yields.doubts import LotsApart, NoHistory, OtherNames
from fabwatch.yields.identity import TESTED, wafer_key
from fabwatch.yields.population import SHOWN, Population, WaferNames
from fabwatch.yields.search import span_of

OTHERS = "others"
"""The control where a single group is stated: all other tested wafers of its lots, else all other tested wafers."""
NAMELESS = "wafers"
"""The group of wafers that are stated without one."""
MOST_HISTORY = 20
LEAST_DIFFERENCE = 0.2
"""A value that the shares of both groups pass almost alike explains nothing."""
METHOD = (
    "Each group against the control. A wafer is the unit. Where groups share lots, wafers are compared within them: least "
    "squares with an effect of each lot (Montgomery, Design and Analysis of Experiments); else the means of lots are "
    "compared with unequal variances (Welch, Biometrika 34 (1947) 28). Intervals hold 95 % of the time, if wafers of a lot "
    "(or lots) scatter alike and independently. q: Benjamini and Hochberg over all figures. History: what wafers of a group "
    "passed more often, with the exact chance of so uneven a split (Fisher)."
)


def split_lots(view: View, stated: Sequence[str], control: str | None) -> SplitLots:
    """The comparison of groups that are stated as GROUP=LOT,WAFER. Raises BadQuestion and NothingRecorded."""
    names = WaferNames(view.lake.rows(TESTED, {"as_of": view.as_of}))
    groups, unknown = _groups(names, _stated(stated))
    control = _control(groups, control)
    numbers = {row: place for place, row in enumerate(sorted(row for rows in groups.values() for row in rows))}
    rows = [names.rows[row] for row in numbers]
    group_of = np.array([next(name for name, own in groups.items() if row in own) for row in numbers])
    lots, wafers, keys = ([row[name] for row in rows] for name in ("lot", "wafer", "key"))
    population = Population(lots, wafers, keys, group_of != control)
    population.hand_over(view)
    temp_table(view.lake, "split_units", pa.table({"unit": range(len(rows)), "split_group": group_of.tolist()}))
    counts = _counts(view, population)
    differences = _differences(view, population, group_of, control, counts)
    history, without = _history(view, population, group_of, control)
    sql = reading(filled(question("yields", "split_places"), wafer=wafer_key("lot", "wafer")), _PARTS, materialized=True)
    places = view.lake.rows(sql, Chosen().parameters(view))
    doubts: list[Doubt] = [OtherNames(len(unknown), ", ".join(unknown[:SHOWN]))] if unknown else []
    doubts += [NoHistory(without)] if without else []
    doubts += [LotsApart(name) for name in _unjudged(differences)]
    order = sorted(groups, key=lambda name: (name != control, list(groups).index(name)))
    return SplitLots(
        *view.header(METHOD, sql),
        control=control,
        groups=tuple(_group(name, control, population, group_of, counts) for name in order),
        differences=tuple(differences),
        history=tuple(history),
        dies=tuple(_places(places, control)),
        doubts=tuple(doubts),
    )


_PARTS = {"parts": question("yields", "parts")}


def _stated(entries: Sequence[str]) -> dict[str, list[str]]:
    """The names of each group; a name without a group is of the one that has no name."""
    groups: dict[str, list[str]] = {}
    for entry in entries:
        group, _, name = (part.strip() for part in entry.partition("="))
        groups.setdefault(group if group and name else NAMELESS, []).append(name if group and name else entry)
    return groups


def _groups(names: WaferNames, stated: dict[str, list[str]]) -> tuple[dict[str, set[int]], list[str]]:
    """The wafers of each group, and the names that are of none. Raises BadQuestion and NothingRecorded."""
    groups: dict[str, set[int]] = {}
    taken: dict[int, str] = {}
    lost: list[str] = []
    for group, entries in stated.items():
        rows, unknown = names.find(entries)
        lost += unknown
        if not rows:
            near = nearest(entries[0].split(",")[0], names.names)
            hint = f"did you mean {', '.join(near)}?" if near else "load the results of its wafers first"
            raise NothingRecorded(f"No wafer of group {group} has results, such as {entries[0]!r}.", hint)
        twice = next((row for row in rows if row in taken), None)
        if twice is not None:
            wafer = names.rows[twice]
            where = " ".join(filter(None, (wafer["lot"], wafer["wafer"])))
            raise BadQuestion(f"{where} is in groups {taken[twice]} and {group}.", "state each wafer in one group")
        taken.update(dict.fromkeys(rows, group))
        groups[group] = rows
    if len(groups) == 1:
        groups[OTHERS] = _others(names, next(iter(groups.values())))
    return groups, lost


def _others(names: WaferNames, rows: set[int]) -> set[int]:
    lots = {names.rows[row]["lot"] for row in rows}
    rest = set(range(len(names.rows))) - rows
    chosen = {row for row in rest if names.rows[row]["lot"] in lots} or rest
    if not chosen:
        raise NothingRecorded("There is no other wafer to compare the group with.", "state a second group")
    return chosen


def _control(groups: dict[str, set[int]], control: str | None) -> str:
    if control is None:
        return OTHERS if OTHERS in groups else next(iter(groups))
    if control not in groups:
        raise BadQuestion(f"No group {control}.", f"the groups are {', '.join(groups)}")
    return control


def _counts(view: View, population: Population) -> np.ndarray[Any, Any]:
    """Parts and good parts of each wafer (n, 2), over all of its insertions."""
    keys = {(row["lot"], row["wafer"]): row["key"] for row in view.lake.rows(TESTED, {"as_of": view.as_of})}
    place = {pair: unit for unit, pair in enumerate(zip(population.lots, population.keys, strict=True))}
    counts = np.zeros((len(place), 2))
    for group in yields(view, "wafer", Chosen()).groups:
        unit = place.get((group.lot, keys.get((group.lot, group.wafer), group.wafer)))
        if unit is not None:
            counts[unit] += group.parts, group.good
    return counts


def _differences(
    view: View, population: Population, group_of: Any, control: str, counts: np.ndarray[Any, Any]
) -> list[SplitDifference]:
    shares = np.divide(counts[:, 1], counts[:, 0], out=np.full(len(counts), np.nan), where=counts[:, 0] > 0)
    figures: dict[tuple[Any, ...], np.ndarray[Any, Any]] = {("yield", None, None, None): shares}
    sql = filled(question("yields", "split_figures"), wafer=wafer_key("lot", "wafer"))
    for row in view.lake.rows(sql, {"as_of": view.as_of}):
        name = (row["measure"], row["test"], row["name"], row["measured_in"])
        figures.setdefault(name, np.full(len(counts), np.nan))[row["unit"]] = row["value"]
    compared = [
        _difference(group, control, name, values, group_of, population)
        for group in _against(control, group_of)
        for name, values in figures.items()
    ]
    return _with_q([row for row in compared if row is not None])


def _against(control: str, group_of: Any) -> list[str]:
    """The groups that are compared with the control."""
    return [group for group in dict.fromkeys(group_of.tolist()) if group != control]


def _difference(
    group: str, control: str, name: tuple[Any, ...], values: Any, group_of: Any, population: Population
) -> SplitDifference | None:
    chosen = (group_of == group) | (group_of == control)
    ours = group_of[chosen] == group
    value = values[chosen]
    gap = difference(value, ours, population.lot_numbers[chosen])
    if gap is None:
        return None
    there = np.isfinite(value)
    measure, test, title, unit = name
    return SplitDifference(
        group=group,
        measure=measure,
        test=test,
        name=title,
        unit=unit,
        wafers=int((ours & there).sum()),
        control_wafers=int((~ours & there).sum()),
        mean=float(value[ours & there].mean()),
        control_mean=float(value[~ours & there].mean()),
        difference=gap.value,
        low=gap.low,
        high=gap.high,
        p=gap.p,
        q=None,
        within_lots=gap.within,
    )


def _with_q(rows: list[SplitDifference]) -> list[SplitDifference]:
    """The same with the false discovery rate of each, yields first, then the surest."""
    judged = [row for row in rows if row.p is not None]
    q = false_discoveries(np.array([row.p for row in judged], float))
    marked = [replace(row, q=float(value)) for row, value in zip(judged, q, strict=True)]
    marked += [row for row in rows if row.p is None]
    return sorted(marked, key=lambda row: (row.measure != "yield", 1.0 if row.p is None else row.p))


def _unjudged(rows: list[SplitDifference]) -> list[str]:
    return [row.group for row in rows if row.measure == "yield" and row.p is None]


def _history(view: View, population: Population, group_of: Any, control: str) -> tuple[list[SplitHistory], int]:
    """What wafers of a group passed more or less often than those of the control, and wafers without any move."""
    span = span_of(view)
    if span is None:
        return [], len(population.lots)
    seconds = max((span[1] - span[0]).total_seconds(), 1.0)
    sql = filled(question("yields", "commonality"), periods=str(PERIODS))
    rows = view.lake.rows(sql, {"first": span[0], "seconds": seconds, "as_of": view.as_of})
    lots = population.lot_numbers
    passed: dict[tuple[str, str], np.ndarray[Any, Any]] = defaultdict(lambda: np.zeros(len(lots), bool))
    for row in rows:
        place = lots == -1 - row["unit"] if row["unit"] < 0 else row["unit"]
        passed[row["axis"], row["value"].replace(chr(31), " ")][place] = True
    moved = np.any([*passed.values()], axis=0)
    compared = [
        _uneven(group, axis, value, wafers, moved & (group_of == group), moved & (group_of == control))
        for group in _against(control, group_of)
        for (axis, value), wafers in passed.items()
    ]
    uneven = sorted((row for row in compared if row is not None), key=lambda row: (row.p, -abs(row.difference)))
    return uneven[:MOST_HISTORY], int((~moved).sum())


def _uneven(group: str, axis: str, value: str, wafers: Any, ours: Any, others: Any) -> SplitHistory | None:
    with_, of, control_with, control_of = (int(flags.sum()) for flags in (wafers & ours, ours, wafers & others, others))
    if not of or not control_of or abs(with_ / of - control_with / control_of) < LEAST_DIFFERENCE:
        return None
    table = [[with_, of - with_], [control_with, control_of - control_with]]
    p = float(stats.fisher_exact(table).pvalue)
    return SplitHistory(group, axis, value, with_, of, control_with, control_of, with_ / of - control_with / control_of, p)


def _group(name: str, control: str, population: Population, group_of: Any, counts: np.ndarray[Any, Any]) -> SplitGroup:
    own = group_of == name
    parts, good = (int(value) for value in counts[own].sum(axis=0))
    lots = len(set(population.lot_numbers[own].tolist()))
    return SplitGroup(name, name == control, int(own.sum()), lots, parts, good, good / parts if parts else None)


def _places(rows: list[dict[str, Any]], control: str) -> list[SplitPlace]:
    """Places that a group and the control both have."""
    known = {(row["x"], row["y"]): row for row in rows if row["split_group"] == control}
    places = []
    for row in rows:
        beside = known.get((row["x"], row["y"]))
        if row["split_group"] != control and beside is not None:
            share, base = row["good"] / row["parts"], beside["good"] / beside["parts"]
            places.append(
                SplitPlace(row["split_group"], row["x"], row["y"], row["parts"], share, beside["parts"], base, share - base)
            )
    return places
