"""What the history teaches: sister tools together, the clock and the family of wear that foretell them best."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from fabwatch.equipment.tools import ToolCard
from fabwatch.quals.history import Cycle, Stream, streams
from fabwatch.quals.readings import ByFailures, Foretold, by_readings
from fabwatch.stats.cycles import Cycles, Running, pieces
from fabwatch.stats.distributions import LOGNORMAL, WEIBULL
from fabwatch.stats.pooling import Fitted, Sisters
from fabwatch.store.lake import Lake
from fabwatch.terms.settings import QualSettings

Clock = str
"""`auto`, `wafers`, `days`, or the name of a counter."""
TIE = 2.0
"""A clock or a family is only preferred when its log evidence is better by so much; wafers and Weibull win a tie."""
BEYOND = 1.5
"""A forecast that reaches so many times beyond the longest age seen says that it is extrapolated."""


@dataclass(frozen=True)
class Wear:
    """What is known of sister tools under one qual type: one row of `fitted` and of `running` for each stream."""

    streams: tuple[Stream, ...]
    clock: str
    fitted: Fitted
    running: Running
    stated: QualSettings
    clock_evidence: float
    """Log evidence of the chosen clock over the other one; 0 when only one was tried."""
    longest: float
    """The longest age seen, on the clock."""
    alike: Fitted
    """The same as if all sisters wore alike: a yardstick."""
    foretold: Foretold
    """What is foretold of each stream: by failures, or by readings where they drift and foretell better."""

    @property
    def failures(self) -> int:
        """Failures among all sisters."""
        return sum(stream.failures for stream in self.streams)

    def only(self, members: Sequence[int]) -> "Wear":
        """The same, with the rows of some streams alone; failures and sisters are to be asked of the whole."""
        chosen = tuple(self.streams[n] for n in members)
        fitted, running = self.fitted.only(members), self.running.only(members)
        alike = self.alike.only(members)
        told = self.foretold.only(members)
        return Wear(chosen, self.clock, fitted, running, self.stated, self.clock_evidence, self.longest, alike, told)


def learn(
    lake: Lake, cards: Mapping[str, ToolCard], as_of: datetime, clock: Clock = "auto", only: Collection[str] | None = None
) -> list[Wear]:
    """Read the history by what was known at `as_of` and fit each type; `only` names the tools whose types are wanted."""

    def make() -> list[Wear]:
        found = sister_streams(lake, cards, as_of, only)
        return [fit_sisters(group, clock, lake.settings.qual(group[0].qual_type)) for group in found]

    # A forecast, an interval and a plan of one moment rest on the same fit, which is most of their time.
    return lake.remember(("wear", as_of, clock, None if only is None else frozenset(only)), make)


def sister_streams(
    lake: Lake, cards: Mapping[str, ToolCard], as_of: datetime, only: Collection[str] | None = None
) -> list[list[Stream]]:
    """The history by what was known at `as_of`, sisters together: one type, one qual type, whole tools or chambers."""
    tools = None if only is None else _with_sisters(cards, only)
    found = [stream for stream in streams(lake, as_of, tools) if stream.tool in cards]
    bare = _unchecked(cards, found, tools)
    if bare:
        found = [s for s in streams(lake, as_of, tools, bare) if s.tool in cards]
    groups: dict[tuple[str, str, bool], list[Stream]] = defaultdict(list)
    for stream in found:
        groups[cards[stream.tool].tool_type or stream.tool, stream.qual_type, stream.chamber == "*"].append(stream)
    return list(groups.values())


def _with_sisters(cards: Mapping[str, ToolCard], tools: Collection[str]) -> set[str]:
    types = {cards[tool].tool_type for tool in tools} - {None}
    return {card.tool for card in cards.values() if card.tool in tools or card.tool_type in types}


def _unchecked(
    cards: Mapping[str, ToolCard], found: Sequence[Stream], tools: Collection[str] | None
) -> list[tuple[str, str]]:
    """Tools without any qual of a type under which a sister is checked as a whole: they borrow the history of all."""
    checked = {(stream.tool, stream.qual_type) for stream in found}
    kinds: dict[str, set[str]] = defaultdict(set)
    for stream in found:
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


def fit_sisters(sisters: Sequence[Stream], clock: Clock, stated: QualSettings) -> Wear:
    """Fit the streams of one type and qual type on the clock that is asked for, or on the one that foretells them better."""
    clocks = _clocks(sisters) if clock == "auto" or clock not in _clocks(sisters, always=True) else [clock]
    on = {name: cycles_on(name, sisters, stated) for name in clocks}
    tried = {name: Sisters(cycles, len(sisters), WEIBULL) for name, cycles in on.items()}
    chosen = max(clocks, key=lambda name: tried[name].evidence + (TIE if name == clocks[0] else 0.0))
    others = [tried[name].evidence for name in clocks if name != chosen]
    ahead = tried[chosen].evidence - max(others) if others else 0.0
    best, cycles = tried[chosen], on[chosen]
    other = Sisters(cycles, len(sisters), LOGNORMAL)
    if other.evidence > best.evidence + TIE:
        best = other
    running = Running([cycle_pieces(stream.running, chosen, stated) for stream in sisters])
    alike = tried[chosen].alike()
    fitted = best.fitted()
    failures = ByFailures(fitted, running)
    told = by_readings(sisters, chosen, failures, TIE) or failures
    return Wear(tuple(sisters), chosen, fitted, running, stated, ahead, cycles.longest, alike, told)


def _clocks(sisters: Sequence[Stream], always: bool = False) -> list[str]:
    """The clocks that all sisters have, the one that wins a tie first."""
    counted = set.intersection(*(set(stream.counters) for stream in sisters))
    # Where nothing ran, all ages in wafers are nothing, and that clock would seem to foretell everything.
    ran = always or any(stream.processed > 0 for stream in sisters)
    return [*(["wafers"] if ran else []), "days", *sorted(counted)]


def cycle_pieces(cycle: Cycle, clock: str, stated: QualSettings) -> list[tuple[float, ...]]:
    """Where the hidden failure of one cycle may lie, on one clock."""
    return pieces(*cycle.ages(clock), stated.sensitivity, stated.false_alarm)


def cycles_on(clock: str, sisters: Sequence[Stream], stated: QualSettings) -> Cycles:
    """All cycles of some streams on one clock."""
    rows: list[tuple[float, ...]] = []
    number = 0
    for tool, stream in enumerate(sisters):
        for cycle in stream.all_cycles:
            rows += [(tool, number, *piece) for piece in cycle_pieces(cycle, clock, stated)]
            number += 1
    tools, cycles, lower, upper, weight = zip(*rows, strict=True)
    return Cycles.of(tools, lower, upper, cycles, weight)
