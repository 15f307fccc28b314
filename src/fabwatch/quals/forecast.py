"""The forecast of the next failed qual, for every tool or chamber and qual type, with its doubts."""

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

import numpy as np

from fabwatch.quals.history import Stream, streams
from fabwatch.stats.pooling import Cycles, Fitted, fit
from fabwatch.store.lake import Lake
from fabwatch.store.questions import question
from fabwatch.terms.answers import How
from fabwatch.terms.errors import BadQuestion
from fabwatch.terms.forecasts import Forecast, Forecasts, NextQual, Window
from fabwatch.terms.words import sentence

Clock = Literal["auto", "wafers", "days"]
QUALS_AHEAD = 5
FEW_FAILURES = 3
"""Under so many failures among all sisters a forecast says TooFewFailures."""
TIE = 2.0
"""A clock is only preferred when its log evidence is better by so much; wafers win a tie."""
METHOD = (
    "Interval-censored Weibull of each tool, sister tools pooled by an empirical-Bayes normal on a grid; "
    "the running cycle is censored at its last good qual (docs/forecast.md)."
)


@dataclass(frozen=True)
class Place:
    """Where a stream stands in the fab."""

    area: str | None
    tool_type: str | None


@dataclass(frozen=True)
class Wish:
    """What is asked of the forecast."""

    coverage: float = 0.8
    clock: Clock = "auto"

    def checked(self) -> "Wish":
        """Itself. Raises BadQuestion for a coverage outside (0, 1) or an unknown clock."""
        if not 0 < self.coverage < 1:
            raise BadQuestion(f"A coverage of {self.coverage} is none.", "give one between 0 and 1, such as 0.8")
        if self.clock not in ("auto", "wafers", "days"):
            raise BadQuestion(f"No clock {self.clock!r}.", "use --clock auto, wafers or days")
        return self


def forecast(
    lake: Lake,
    snapshot: int,
    as_of: datetime,
    known_at: datetime | None,
    places: dict[str, Place],
    chosen: set[tuple[str, str]],
    wish: Wish,
) -> Forecasts:
    """Forecast every stream whose (tool, qual type) is `chosen`; all others lend their history to their sisters."""
    ready = prepare(lake, as_of, places, wish)
    sisters, failures = Counter(ready.groups), Counter[int]()
    for stream, group in zip(ready.streams, ready.groups, strict=True):
        failures[group] += stream.failures
    wanted = [n for n, stream in enumerate(ready.streams) if (stream.tool, stream.qual_type) in chosen]
    by_number: dict[int, Forecast] = {}
    for clock, fitted in ready.fits.items():
        members = [n for n in wanted if ready.clock(n) == clock]
        ahead = _Ahead([ready.streams[n] for n in members], fitted.only(members), clock, wish)
        for i, n in enumerate(members):
            known = (sisters[ready.groups[n]], failures[ready.groups[n]])
            by_number[n] = _row(ready.streams[n], places[ready.streams[n].tool], ahead, i, known, as_of)
    rows = [by_number[n] for n in wanted]
    rows.sort(key=lambda row: (-row.p_bad_now, row.window.from_days if row.window.from_days is not None else math.inf))
    how = How(METHOD, question("quals", "events"), snapshot)
    return Forecasts(as_of, known_at, lake.settings.fab.demo, how, wish.coverage, tuple(rows))


@dataclass(frozen=True)
class Prepared:
    """The history of all streams and what was learned from it on each clock."""

    streams: list[Stream]
    groups: list[int]
    fits: dict[str, Fitted]
    wish: Wish

    def clock(self, number: int) -> str:
        """The clock of one stream: the one asked for, or the one that foretells its sisters better."""
        if self.wish.clock != "auto":
            return self.wish.clock
        group = self.groups[number]
        return "days" if self.fits["days"].evidence[group] > self.fits["wafers"].evidence[group] + TIE else "wafers"


def prepare(lake: Lake, as_of: datetime, places: dict[str, Place], wish: Wish) -> Prepared:
    """Read the history by what was known at `as_of`, and fit all tools on both clocks."""
    found = [stream for stream in streams(lake, as_of) if stream.tool in places]
    groups = _groups(found, places)
    fits = {clock: _fit(found, groups, clock) for clock in ("wafers", "days")} if found else {}
    return Prepared(found, groups, fits, wish)


def _groups(found: Sequence[Stream], places: dict[str, Place]) -> list[int]:
    """Sisters: tools of one type under one qual type, whole tools and chambers apart."""
    keys = [(places[s.tool].tool_type or s.tool, s.qual_type, s.chamber == "*") for s in found]
    numbers = {key: n for n, key in enumerate(dict.fromkeys(keys))}
    return [numbers[key] for key in keys]


def _fit(found: Sequence[Stream], groups: list[int], clock: str) -> Fitted:
    tool: list[int] = []
    lower: list[float] = []
    upper: list[float] = []
    for number, stream in enumerate(found):
        for cycle in stream.cycles:
            low = cycle.lower.on(clock)
            tool.append(number)
            lower.append(low)
            # A failure with no wafer since the last good qual still came after it: half a unit later at the least.
            upper.append(math.inf if cycle.upper is None else max(cycle.upper.on(clock), low + 0.5))
        if not stream.failed:
            tool.append(number)
            lower.append(stream.last_good.on(clock))
            upper.append(math.inf)
    return fit(Cycles.of(tool, lower, upper), groups)


class _Ahead:
    """What lies ahead of some streams on one clock, worked out for all at once; `fitted` holds the same tools."""

    def __init__(self, found: Sequence[Stream], fitted: Fitted, clock: str, wish: Wish):
        self.clock = clock
        self.coverage = wish.coverage
        self.good = np.array([stream.last_good.on(clock) for stream in found])
        self.age = np.array([stream.age.on(clock) for stream in found])
        self.pace = np.array([stream.pace_per_day if clock == "wafers" else 1.0 for stream in found])
        self.gap = np.array([math.nan if s.gap_days is None else s.gap_days for s in found])
        tail = round((1 - wish.coverage) / 2, 12)
        # The window of the usual 80 % ends at quantiles that are wanted anyway.
        ages = {chance: fitted.failure_age(self.good, chance) for chance in {0.1, 0.5, 0.9, tail, round(1 - tail, 12)}}
        self.edges = [ages[tail], ages[round(1 - tail, 12)]]
        self.quantiles = [ages[chance] for chance in (0.1, 0.5, 0.9)]
        self.bad_now = fitted.bad_by(self.age, self.good)
        since = np.array([stream.since_look_days for stream in found])
        self.due = [np.maximum(self.gap * m - since, 0.0) for m in range(1, QUALS_AHEAD + 1)]
        self.bad_by = [fitted.bad_by(self.age + self.pace * due, self.good) for due in self.due]


def _row(stream: Stream, place: Place, ahead: _Ahead, number: int, known: tuple[int, int], as_of: datetime) -> Forecast:
    sisters, failures = known
    age, pace = float(ahead.age[number]), stream.pace_per_day
    low, high = (max(float(edge[number]) - age, 0.0) for edge in ahead.edges)
    per_day = float(ahead.pace[number])
    days = (low / per_day, high / per_day) if per_day > 0 else (None, None)
    wafers = (low, high) if ahead.clock == "wafers" else (low * pace, high * pace)
    doubts = _doubts(stream, failures, per_day)
    bad = 1.0 if stream.failed else float(ahead.bad_now[number])
    has_gap = not math.isnan(float(ahead.gap[number]))
    coming = _coming(ahead, number, as_of) if has_gap and not stream.failed else ()
    first_due = float(ahead.due[0][number]) if has_gap else None
    since_good = max(stream.age.wafers - stream.last_good.wafers, 0.0)
    window = Window(ahead.coverage, round(wafers[0]), round(wafers[1]), *(None if d is None else round(d, 2) for d in days))
    return Forecast(
        area=place.area,
        tool_type=place.tool_type,
        tool=stream.tool,
        chamber=stream.chamber,
        qual_type=stream.qual_type,
        clock=ahead.clock,
        age=round(age, 3),
        age_at_last_good=round(float(ahead.good[number]), 3),
        pace_per_day=round(pace, 2),
        p_bad_now=round(bad, 4),
        age_quantiles={
            name: round(float(q[number]), 3) for name, q in zip(("0.1", "0.5", "0.9"), ahead.quantiles, strict=True)
        },
        window=window,
        next_quals=coming,
        wafers_at_risk_at_next_qual=None if first_due is None else round(since_good + pace * first_due),
        failures=stream.failures,
        quals=len(stream.looks),
        sisters=sisters - 1,
        doubts=doubts,
        sentence=_sentence(stream, window, bad),
    )


def _coming(ahead: _Ahead, number: int, as_of: datetime) -> tuple[NextQual, ...]:
    coming, before = [], 0.0
    for due, bad_by in zip(ahead.due, ahead.bad_by, strict=True):
        chance = float(bad_by[number])
        at = as_of + timedelta(days=float(due[number]))
        coming.append(NextQual(round(float(due[number]), 2), round(max(chance - before, 0.0), 4), at.replace(microsecond=0)))
        before = chance
    return tuple(coming)


def _doubts(stream: Stream, failures: int, pace: float) -> tuple[str, ...]:
    doubts = []
    if failures < FEW_FAILURES:
        doubts.append(f"TooFewFailures: {failures} among all sisters, need at least {FEW_FAILURES}")
    if not stream.restored:
        doubts.append("NoRestore: no restore on record, the age is counted from the first move")
    if pace <= 0:
        doubts.append("NoPace: nothing ran of late, the window cannot be told in days")
    if stream.failed:
        doubts.append("FailedNow: a failed qual stands open and no restore has come since")
    return tuple(doubts)


def _sentence(stream: Stream, window: Window, bad: float) -> str:
    place = stream.tool if stream.chamber == "*" else f"{stream.tool} {stream.chamber}"
    if stream.failed:
        return sentence("en", "forecast_failed", place=place, qual_type=stream.qual_type)
    if window.from_days is None:
        key, low, high = "forecast_wafers", window.from_wafers, window.to_wafers
    else:
        key, low, high = "forecast_days", window.from_days, window.to_days or 0.0
    told: dict[str, object] = {"cover": window.coverage, "bad": bad, "low": low, "high": high}
    return sentence("en", key, place=place, qual_type=stream.qual_type, **told)
