"""Wear learned from history: sister tools together, on the clock and distribution that predict them best."""

import math
from collections import defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property
from statistics import median

from fabwatch.equipment.tools import ToolCard
from fabwatch.quals.history import Age, Cycle, Stream, streams
from fabwatch.quals.markers import Marker, Worn, learn_markers
from fabwatch.quals.precursors import Precursors, by_precursors, learn_precursors
from fabwatch.quals.predictions import by_failures, by_marker
from fabwatch.quals.readings import ByFailures, Predictor, by_readings
from fabwatch.quals.schedule import usual_round
from fabwatch.quals.whole_fab import TypeRecord, judging_time, with_fab
from fabwatch.stats.cycles import Cycles, Running, pieces
from fabwatch.stats.distributions import LOGNORMAL, WEIBULL
from fabwatch.stats.pooling import Fitted, Sisters
from fabwatch.store.lake import Lake
from fabwatch.terms.settings.answering import QualSettings

Clock = str
"""`auto`, `wafers`, `days`, or the name of a counter."""
TIE = 2.0
"""A clock or distribution must win by this much log evidence; otherwise wafers and Weibull are used."""
LATE = 2.0
"""A cycle whose first qual came later than this many usual gaps began long before anybody looked."""
BEYOND = 1.5
"""A forecast that ends beyond this many times the longest age on record is marked as extrapolated."""


@dataclass(frozen=True)
class Wear:
    """The wear of sister tools under one qual type: one row of `fitted` and `running` per stream."""

    streams: tuple[Stream, ...]
    clock: str
    fitted: Fitted
    running: Running
    stated: QualSettings
    clock_evidence: float
    """Log evidence of the chosen clock over the next best; 0 when only one was tried."""
    longest: float
    """The longest age on record, on the clock."""
    alike: Fitted
    """The same fit with one wear for all sisters: a yardstick."""
    predictor: Predictor
    """Predicts each stream: by failures, or by readings where they drift and predict better."""

    @cached_property
    def failures(self) -> int:
        """Failures among all sisters."""
        return sum(stream.failures for stream in self.streams)

    def only(self, members: Sequence[int]) -> "Wear":
        """The same with the rows of these streams only; count failures and sisters on the whole."""
        streams = tuple(self.streams[n] for n in members)
        fitted, running = self.fitted.only(members), self.running.only(members)
        alike = self.alike.only(members)
        predictor = self.predictor.only(members)
        return Wear(streams, self.clock, fitted, running, self.stated, self.clock_evidence, self.longest, alike, predictor)


def learn(
    lake: Lake, cards: Mapping[str, ToolCard], as_of: datetime, clock: Clock = "auto", only: Collection[str] | None = None
) -> list[Wear]:
    """Read the history as known at `as_of` and fit each type; `only` limits it to the types of these tools."""

    tools = None if only is None else with_sisters(cards, only)

    def types() -> list[_Type]:
        return _types(sister_streams(lake, cards, as_of), clock, lake.settings.qual)

    def make() -> list[Wear]:
        # One tool gets the answer that it has among all others, so all types are looked at.
        every = lake.remember(("types", as_of, clock), types)
        return [one.wear() for one in every if tools is None or any(stream.tool in tools for stream in one.streams)]

    # A forecast, an interval and a plan of one moment share this fit, which takes most of their time.
    return lake.remember(("wear", as_of, clock, None if only is None else frozenset(only)), make)


def sister_streams(
    lake: Lake, cards: Mapping[str, ToolCard], as_of: datetime, only: Collection[str] | None = None
) -> list[list[Stream]]:
    """The history as known at `as_of`, grouped by tool type, qual type, and whole tool or chamber."""
    tools = None if only is None else with_sisters(cards, only)
    selected = [stream for stream in streams(lake, as_of, tools) if stream.tool in cards]
    unchecked = _unchecked(cards, selected, tools)
    if unchecked:
        selected = [s for s in streams(lake, as_of, tools, unchecked) if s.tool in cards]
    groups: dict[tuple[str, str, bool], list[Stream]] = defaultdict(list)
    for stream in selected:
        groups[cards[stream.tool].tool_type or stream.tool, stream.qual_type, stream.chamber == "*"].append(stream)
    return list(groups.values())


def with_sisters(cards: Mapping[str, ToolCard], tools: Collection[str]) -> frozenset[str]:
    """These tools and all others of their types."""
    types = {cards[tool].tool_type for tool in tools} - {None}
    return frozenset(card.tool for card in cards.values() if card.tool in tools or card.tool_type in types)


def _unchecked(
    cards: Mapping[str, ToolCard], known: Sequence[Stream], tools: Collection[str] | None
) -> list[tuple[str, str]]:
    """Tools without a qual of a type that a sister has as a whole tool: they use the history of their sisters."""
    checked = {(stream.tool, stream.qual_type) for stream in known}
    kinds: dict[str, set[str]] = defaultdict(set)
    for stream in known:
        tool_type = cards[stream.tool].tool_type
        if tool_type and stream.chamber == "*":
            kinds[tool_type].add(stream.qual_type)
    return [
        (card.tool, kind)
        for card in cards.values()
        if (tools is None or card.tool in tools)
        for kind in sorted(kinds.get(card.tool_type or "", ()))
        if (card.tool, kind) not in checked
    ]


@dataclass(frozen=True)
class _Type:
    """One type on the clock and distribution that predict it best."""

    streams: tuple[Stream, ...]
    stated: QualSettings
    clock: str
    clock_evidence: float
    best: Sisters
    weibull: Sisters
    cycles: Cycles
    marker: Marker | None = None
    precursors: Precursors | None = None

    def _running(self) -> list[list[tuple[float, ...]]]:
        entered = zip(self.streams, entries(self.streams, self.clock), strict=True)
        return [
            cycle_pieces(stream.running, self.clock, self.stated, age if stream.running.began == late else 0.0)
            for stream, (late, age) in entered
        ]

    @cached_property
    def worn(self) -> Worn:
        """The type as its failures alone tell it."""
        return Worn(self.streams, self.clock, self.best.fitted(), Running(self._running()))

    def known_at(self, moment: datetime | None) -> Fitted:
        """What failures told of the type at an earlier time, under the prior that it has now."""
        early = cycles_on(self.clock, self.streams, self.stated, moment)
        return self.best.as_known(early, self.best.prior).fitted()

    def wear(self, readings: bool = True) -> Wear:
        """The wear of the type."""
        worn = self.worn
        return Wear(
            self.streams,
            self.clock,
            worn.fitted,
            worn.running,
            self.stated,
            self.clock_evidence,
            self.cycles.longest,
            self.weibull.alike(),
            self._predictor() if readings else ByFailures(worn.fitted, worn.running),
        )

    def _predictor(self) -> Predictor:
        failures = ByFailures(self.worn.fitted, self.worn.running)
        if self.precursors is not None:
            alone = by_failures(self.worn) if self.marker is None else by_marker(self.worn, self.marker)
            return by_precursors(self.worn, alone, self.precursors)
        drift = by_readings(self.streams, self.clock, failures, TIE)
        if drift is not None and (self.marker is None or drift.gain > self.marker.gain):
            return drift
        return failures if self.marker is None else by_marker(self.worn, self.marker)


def fit_fab(groups: Sequence[Sequence[Stream]], clock: Clock, stated_of: Callable[[str], QualSettings]) -> list[Wear]:
    """Fit all types of a fab: each by itself, or, where that has paid, with what the others under its qual type say."""
    return [one.wear() for one in _types(groups, clock, stated_of)]


def _types(groups: Sequence[Sequence[Stream]], clock: Clock, stated_of: Callable[[str], QualSettings]) -> list[_Type]:
    types = [_chosen(group, clock, stated_of(group[0].qual_type)) for group in groups]
    moments: dict[str, datetime | None] = {}
    for kind in dict.fromkeys(one.streams[0].qual_type for one in types):
        moments[kind] = judging_time([s for one in types for s in one.streams if s.qual_type == kind])
    records = []
    for one in types:
        kind = one.streams[0].qual_type
        early = cycles_on(one.clock, one.streams, one.stated, moments[kind])
        records.append(TypeRecord(one.streams, kind, one.clock, one.best, early))
    known = [replace(one, best=best) for one, best in zip(types, with_fab(records), strict=True)]
    return [one for kind, moment in moments.items() for one in _marked(known, kind, moment)]


def _marked(types: Sequence[_Type], kind: str, judged_at: datetime | None) -> list[_Type]:
    """The types of one qual type, each with what readings tell of its life."""
    same = [one for one in types if one.streams[0].qual_type == kind]
    markers = learn_markers([one.worn for one in same], lambda: [one.known_at(judged_at) for one in same], judged_at, TIE)
    return [
        replace(one, marker=marker, precursors=learn_precursors(one.worn, judged_at, TIE))
        for one, marker in zip(same, markers, strict=True)
    ]


def fit_sisters(sisters: Sequence[Stream], clock: Clock, stated: QualSettings, *, readings: bool = True) -> Wear:
    """Fit the streams of one type and qual type on `clock`, or for `auto` on the clock that predicts them best.

    With `readings=False` the drift of readings, which takes as long again, is not tried as a predictor.
    """
    chosen = _chosen(sisters, clock, stated)
    return _marked([chosen], sisters[0].qual_type, judging_time(sisters))[0].wear() if readings else chosen.wear(False)


def _chosen(sisters: Sequence[Stream], clock: Clock, stated: QualSettings) -> _Type:
    clocks = _clocks(sisters) if clock == "auto" or clock not in _clocks(sisters, always=True) else [clock]
    cycles_by_clock = {name: cycles_on(name, sisters, stated) for name in clocks}
    fits = {name: Sisters(cycles, len(sisters), WEIBULL) for name, cycles in cycles_by_clock.items()}
    chosen = max(clocks, key=lambda name: fits[name].evidence + (TIE if name == clocks[0] else 0.0))
    others = [fits[name].evidence for name in clocks if name != chosen]
    lead = fits[chosen].evidence - max(others) if others else 0.0
    best, cycles = fits[chosen], cycles_by_clock[chosen]
    lognormal = Sisters(cycles, len(sisters), LOGNORMAL)
    if lognormal.evidence > best.evidence + TIE:
        best = lognormal
    return _Type(tuple(sisters), stated, chosen, lead, best, fits[chosen], cycles)


def _clocks(sisters: Sequence[Stream], always: bool = False) -> list[str]:
    """The clocks that all sisters have; the first one wins a tie."""
    shared_counters = set.intersection(*(set(stream.counters) for stream in sisters))
    # Where nothing ran, all ages in wafers are 0, and that clock would seem to predict everything.
    ran = always or any(stream.processed > 0 for stream in sisters)
    return [*(["wafers"] if ran else []), "days", *sorted(shared_counters)]


def cycle_pieces(cycle: Cycle, clock: str, stated: QualSettings, entry: float = 0.0) -> list[tuple[float, ...]]:
    """Where the hidden failure of one cycle may lie, on one clock: after `entry`, where it came under observation."""
    spans = pieces(*cycle.ages(clock), stated.sensitivity, stated.false_alarm)
    return [(max(low, entry), high, weight) for low, high, weight in spans if high > entry]


def entries(sisters: Sequence[Stream], clock: str) -> list[tuple[datetime, float]]:
    """Of each stream the cycle (when it began) that began long before anybody looked, and its age when looking began.

    The age is 0 where there is none. Cycles that had failed before the first qual of a tool are not on record, and those
    that lived on are: without this they would count as proof of a long life. Source: left truncation, J. P. Klein and M. L.
    Moeschberger, Survival Analysis (2003), chapter 3.4.
    """
    usual = [usual_round(stream).days or 0.0 for stream in sisters]
    known = [gap for gap in usual if gap > 0]
    gaps = [gap or (float(median(known)) if known else math.inf) for gap in usual]
    first = [next((c for c in stream.all_cycles if c.quals), stream.running) for stream in sisters]
    late = [c.known_start and bool(c.quals) and c.quals[0].age.days > LATE * gap for c, gap in zip(first, gaps, strict=True)]
    # Where a first qual failed, looking began before it, by a gap at most; where none ever did, with tools that were good.
    back = any(is_late and not cycle.quals[0].passed for cycle, is_late in zip(first, late, strict=True))
    ages = []
    for cycle, gap, is_late in zip(first, gaps, late, strict=True):
        age = cycle.quals[0].age if is_late else Age(0.0, 1.0)
        ages.append((cycle.began, age.on(clock) * (1 - back * gap / age.days) if is_late else 0.0))
    return ages


def cycles_on(clock: str, sisters: Sequence[Stream], stated: QualSettings, known_at: datetime | None = None) -> Cycles:
    """All cycles of the given streams on one clock, or as they were known at an earlier time."""
    rows: list[tuple[float, ...]] = []
    number = 0
    for tool, (stream, (late, age)) in enumerate(zip(sisters, entries(sisters, clock), strict=True)):
        for cycle in stream.all_cycles:
            then = cycle if known_at is None else cycle.until(known_at)
            if known_at is None or cycle.began <= known_at:
                entry = age if cycle.began == late and then.quals else 0.0
                rows += [(tool, number, *piece, entry) for piece in cycle_pieces(then, clock, stated, entry)]
                number += 1
    tools, cycles, lower, upper, weight, entered = zip(*rows, strict=True) if rows else ((),) * 6
    return Cycles.of(tools, lower, upper, cycles, weight, entered)
