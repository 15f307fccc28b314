"""The search of what goes with being bad: every value that wafers passed, over the whole time and over stretches of it."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any, Protocol

import numpy as np

from fabwatch.stats.enrichment import Stretch, false_discoveries
from fabwatch.store.lake import Record
from fabwatch.store.questions import filled, question
from fabwatch.store.temporary import temp_table
from fabwatch.store.view import View
from fabwatch.yields.answers import Finding
from fabwatch.yields.compared import PERIODS, Flags, Floats, Passed, Wholes
from fabwatch.yields.events import events_of
from fabwatch.yields.identity import wafer_key
from fabwatch.yields.population import Population

FEWEST_LOTS = 3
MOST_FINDINGS = 10
LOOKED_AT = 12
"""So many of the strongest values are compared by their own stretches."""
SWEEPS = 2
"""How often findings are looked at again without what the others explain."""
FALSE_SHARE = 0.05
ALIKE = 0.9
"""Values that share so much of the wafers that passed them cannot be told apart."""
AXES = ("chamber", "tool", "step", "recipe", "product", "route")
"""From the nearest cause to the widest: of values that cannot be told apart the first is named."""


@dataclass(frozen=True)
class Window:
    """A run of periods, as bits."""

    begin: int
    end: int

    @property
    def bits(self) -> int:
        """The periods from `begin` on, without `end`."""
        return (1 << self.end) - (1 << self.begin)


WINDOWS = [Window(a, b) for a in range(PERIODS) for b in range(a + 1, PERIODS + 1) if (a, b) != (0, PERIODS)]


_OF_KNOWN = """
FROM moves AS m JOIN known AS k ON k.lot IS NOT DISTINCT FROM m.lot AND k.wafer IS NOT DISTINCT FROM m.wafer
WHERE m.end_at <= $as_of AND coalesce(m.kind, 'production') <> 'test'"""


def span_of(view: View) -> tuple[datetime, datetime] | None:
    """From when to when the wafers ran; None if they are in no move."""
    sql = filled(question("yields", "known"), key=wafer_key("lot", "wafer"))
    temp_table(view.lake, "known", sql, {"as_of": view.as_of})
    row = view.lake.rows(f"SELECT min(end_at) AS first, max(end_at) AS last {_OF_KNOWN}", {"as_of": view.as_of})[0]
    return None if row["first"] is None else (row["first"], row["last"])


class Comparison(Protocol):
    """A comparison of some wafers: by their counts of bad ones, or by their numbers."""

    def passed(self, value: Wholes, unit: Wholes, bits: Wholes, size: int) -> Passed:
        """What passed each value."""

    def counted(self, passed: Passed, periods: int = ...) -> Any:
        """What passed each value in some periods, as bits."""

    def chances(self, counts: Any, values: Wholes) -> Floats:
        """The chance of some values."""

    def strength(self, counts: Any, values: Wholes) -> Floats:
        """How strong they are."""


class Search:
    """The wafers in question, what each passed, and which of that goes with being bad, or with low or high numbers."""

    def __init__(self, view: View, population: Population, sql: str, span: tuple[datetime, datetime]):
        self._view, self._population = view, population
        self._first, self._last = span
        seconds = max((self._last - self._first).total_seconds(), 1.0) + 1
        parameters = {"as_of": view.as_of, "first": self._first, "seconds": seconds}
        temp_table(view.lake, "exposed", sql, parameters)
        columns = view.lake.ask("SELECT hash(axis, value) AS id, unit, bits FROM exposed").fetchnumpy()
        ids = np.asarray(columns["id"], np.uint64)
        self._ids, self._value = np.unique(ids, return_inverse=True)
        self._unit, self._bits = np.asarray(columns["unit"], np.int64), np.asarray(columns["bits"], np.int64)
        self._lot = population.lot_numbers
        there = self._wafers_in(np.ones(self._unit.size, bool))
        self.with_history = int(there.sum())
        self._there = there
        self._outcome = population.outcome(there)

    @property
    def tried(self) -> int:
        """How many values were tested."""
        return int(self._testable.size)

    @cached_property
    def _testable(self) -> Wholes:
        """Values that enough lots passed, and not all wafers did."""
        everything = self._outcome.compared(self._there)
        counts = everything.counted(self._passed(np.ones(self._value.size, bool), everything))
        return np.flatnonzero((counts.lots >= FEWEST_LOTS) & (counts.wafers < self.with_history))

    def findings(self) -> list[Finding]:
        """Values that go with being bad, the surest first; what cannot be told apart is one finding.

        After each finding the others are looked at again without the wafers that it explains, so that what only came along
        with it is no finding of its own.
        """
        values, left = self._testable, self._there
        drafts: list[_Draft] = []
        named: dict[int, Record] = {}
        q_first: dict[int, float] = {}
        while values.size and len(drafts) < MOST_FINDINGS:
            p, power, windows = self._chances(values, left)
            q = false_discoveries(p)
            sure = np.flatnonzero(q <= FALSE_SHARE)
            if not sure.size:
                break
            if not drafts:
                named = self._names([int(n) for n in values[sure]])
                q_first = dict(zip(values[sure].tolist(), q[sure].tolist(), strict=True))
            best, stretch_of = self._best([int(n) for n in sure[np.argsort(-power[sure])][:LOOKED_AT]], values, named, left)
            value = int(values[best])
            passed = self._wafers_of(value, windows[best])
            alike = [int(values[n]) for n in sure if n != best and self._is_alike(int(values[n]), windows[n], passed)]
            rest = [int(values[n]) for n in sure if n != best and int(values[n]) not in alike]
            mirrored = [n for n in rest if self._is_mirrored(n, passed)] if self._outcome.either else []
            place = named[value]["axis"], named[value]["value"]
            together = tuple(_shown(named[n]) for n in alike)
            others = tuple(_shown(named[n]) for n in mirrored)
            drafts.append(_Draft(place, float(p[best]), q_first[value], together, stretch_of, others))
            left = left & ~stretch_of.passed
            values = np.array([n for n in values[sure].tolist() if n != value and n not in (*alike, *mirrored)], np.int64)
        return [self._finding(draft) for draft in self._sharpened(drafts)]

    def _sharpened(self, drafts: "list[_Draft]") -> "list[_Draft]":
        """The findings, each with the stretch that shows once the wafers that the others explain are left out."""
        for _ in range(SWEEPS if len(drafts) > 1 else 0):
            for number, draft in enumerate(drafts):
                left = self._there.copy()
                for other in drafts:
                    left &= other is draft or ~other.stretch.passed
                if self._outcome.shows(left & draft.stretch.passed):
                    drafts[number] = replace(draft, stretch=self._stretch(*draft.place, left))
        return drafts

    def _best(self, numbers: list[int], values: Wholes, named: dict[int, Record], left: Flags) -> "tuple[int, _Stretch]":
        """Of the strongest values the one that is strongest in its own stretch, whose ends no grid of periods bounds."""
        compared: Comparison = self._outcome.compared(left)
        ranked = []
        for number in numbers:
            name = named[int(values[number])]
            found = self._stretch(name["axis"], name["value"], left)
            unit = np.flatnonzero(found.passed & left)
            only = compared.passed(np.zeros(unit.size, np.int64), unit, np.ones(unit.size, np.int64), 1)
            power = compared.strength(compared.counted(only), np.zeros(1, np.int64))[0]
            ranked.append((-round(float(power), 6), AXES.index(name["axis"]), name["value"], number, found))
        _, _, _, number, found = min(ranked, key=lambda entry: entry[:3])
        return number, found

    def _is_alike(self, value: int, window: Window | None, passed: Flags) -> bool:
        return _overlap(self._wafers_of(value, window), passed) >= ALIKE

    def _is_mirrored(self, value: int, passed: Flags) -> bool:
        """Whether a value was passed by the other wafers of the same lots: a shift of one is one of the other."""
        others = self._wafers_of(value, None) & self._there
        lots, other_lots = np.zeros((2, int(self._lot.max()) + 1), bool)
        lots[self._lot[passed]], other_lots[self._lot[others]] = True, True
        inside = others & lots[self._lot]
        return _overlap(inside, passed) <= 1 - ALIKE and _overlap(lots & other_lots, lots) >= ALIKE

    def _chances(self, values: Wholes, among: Flags) -> tuple[Floats, Floats, list[Window | None]]:
        """The chance of each value among some wafers, how strong it is, and the window in which it is strongest.

        The window is None for the whole time.
        """
        compared: Comparison = self._outcome.compared(among)
        asked = np.zeros(self._ids.size, bool)
        asked[values] = True
        # A row of a whole lot is compared by those of its wafers that are.
        passed = self._passed(asked[self._value] & (among[np.maximum(self._unit, 0)] | (self._unit < 0)), compared)
        counts = compared.counted(passed)
        whole, power = compared.chances(counts, values), compared.strength(counts, values)
        hopeful = counts.bad_lots[values] >= FEWEST_LOTS
        best, best_power, best_window = np.ones(values.size), np.full(values.size, -np.inf), np.full(values.size, -1)
        for number, window in enumerate(WINDOWS if hopeful.any() else []):
            part = compared.counted(passed, window.bits)
            enough = hopeful & (part.lots[values] >= FEWEST_LOTS) & (part.bad_lots[values] > 0)
            if enough.any():
                p, mine = np.ones(values.size), np.full(values.size, -np.inf)
                p[enough] = compared.chances(part, values[enough])
                mine[enough] = compared.strength(part, values[enough])
                better = (p < best) | ((p == best) & (p < 1) & (mine > best_power))
                best[better], best_power[better], best_window[better] = p[better], mine[better], number
        in_part, over_all = np.minimum(best * 2 * len(WINDOWS), 1.0), np.minimum(2 * whole, 1.0)
        part_power = best_power - np.log(len(WINDOWS))
        inside = (in_part < over_all) | ((in_part == over_all) & (in_part < 1) & (part_power > power))
        windows = [WINDOWS[n] if use else None for n, use in zip(best_window.tolist(), inside.tolist(), strict=True)]
        return np.minimum(in_part, over_all), np.where(inside, part_power, power), windows

    def _passed(self, rows: Flags, compared: Comparison) -> Passed:
        """What passed each value, over some of the rows."""
        return compared.passed(self._value[rows], self._unit[rows], self._bits[rows], self._ids.size)

    def _names(self, values: list[int]) -> dict[int, Record]:
        """Axis and value by number."""
        ids = [int(self._ids[value]) for value in values]
        rows = self._view.lake.rows(
            "SELECT DISTINCT hash(axis, value) AS id, axis, value FROM exposed WHERE list_contains($ids, hash(axis, value))",
            {"ids": ids},
        )
        by_id = {row["id"]: row for row in rows}
        return {value: by_id[name] for value, name in zip(values, ids, strict=True)}

    def _wafers_of(self, value: int, window: Window | None) -> Flags:
        rows = self._value == value
        if window is not None:
            rows &= (self._bits & window.bits) != 0
        return self._wafers_in(rows)

    def _wafers_in(self, rows: Flags) -> Flags:
        """The wafers of some rows; a row of a whole lot is of all of its wafers."""
        unit = self._unit[rows]
        passed = np.zeros(self._lot.size, bool)
        passed[unit[unit >= 0]] = True
        lots = np.zeros(int(self._lot.max()) + 1, bool)
        lots[-1 - unit[unit < 0]] = True
        return passed | lots[self._lot]

    def _finding(self, draft: "_Draft") -> Finding:
        """The finding with its counts among all wafers, and what happened to the tool."""
        begin, end = draft.stretch.begin, draft.stretch.end
        tool, chamber = _place(*draft.place)
        events = events_of(self._view, tool, chamber, begin or self._first, end or self._last) if tool else ()
        return Finding(
            axis=draft.place[0],
            value=draft.place[1].replace(chr(31), " "),
            from_=begin,
            to=end,
            p=draft.p,
            q=draft.q,
            tool=tool,
            chamber=chamber,
            together=draft.together,
            mirrored=draft.mirrored,
            events=events,
            **self._outcome.figures(draft.stretch.passed),
        )

    def _stretch(self, axis: str, text: str, among: Flags) -> "_Stretch":
        """Since when and until when, by the lots of some wafers that passed in order, and all wafers that passed then."""
        unit, at = self._passes(axis, text)
        order = np.lexsort((unit, at))
        unit, at = unit[order], at[order]
        some = among[unit]
        mine, times = unit[some], at[some]
        # Wafers of one lot that passed one after the other are one entry of the series.
        lot = self._lot[mine]
        new = np.ones(mine.size, bool)
        new[1:] = lot[1:] != lot[:-1]
        entry = np.cumsum(new) - 1
        found: Stretch = self._outcome.stretch(mine, entry, among)
        begin = times[np.searchsorted(entry, found.begin)] if found.begin > 0 else None
        last = int(entry[-1]) + 1
        until = times[np.searchsorted(entry, found.end - 1, "right") - 1] if found.end < last else None
        inside = (at >= (at[0] if begin is None else begin)) & (at <= (at[-1] if until is None else until))
        passed = np.zeros(len(self._population.lots), bool)
        passed[unit[inside]] = True
        return _Stretch(_time(begin), _time(until), passed & self._there)

    def _passes(self, axis: str, text: str) -> tuple[Wholes, Wholes]:
        """The wafers that passed a value, and when, in microseconds."""
        first, _, second = text.partition(chr(31))
        where = {"chamber": "tool = $first AND chamber = $second", "step": "step = $first AND tool = $second"}.get(
            axis, f"{axis} = $first"
        )
        names = {"first": first, **({"second": second} if second else {})}
        columns = self._view.lake.ask(
            f"SELECT k.unit, epoch_us(m.end_at) AS moment {_OF_KNOWN} AND {where}", {**names, "as_of": self._view.as_of}
        ).fetchnumpy()
        return np.asarray(columns["unit"], np.int64), np.asarray(columns["moment"], np.int64)


@dataclass(frozen=True)
class _Stretch:
    """Since when and until when a value was bad, and the wafers that passed it then."""

    begin: datetime | None
    end: datetime | None
    passed: Flags


@dataclass(frozen=True)
class _Draft:
    """A finding on its way: axis and value, how sure it is, what goes together with it, and its stretch."""

    place: tuple[str, str]
    p: float
    q: float
    together: tuple[str, ...]
    stretch: _Stretch
    mirrored: tuple[str, ...]


def _overlap(one: Flags, other: Flags) -> float:
    """The share of all wafers of two sets that are in both."""
    either = int((one | other).sum())
    return int((one & other).sum()) / either if either else 0.0


def _shown(name: Record) -> str:
    return f"{name['axis']} {name['value'].replace(chr(31), ' ')}"


def _place(axis: str, text: str) -> tuple[str | None, str | None]:
    first, _, second = text.partition(chr(31))
    if axis == "tool":
        return first, None
    if axis == "chamber":
        return first, second
    return (second, None) if axis == "step" else (None, None)


def _time(microseconds: Any) -> datetime | None:
    if microseconds is None:
        return None
    return datetime(1970, 1, 1) + timedelta(microseconds=int(microseconds))  # noqa: DTZ001 - naive UTC
