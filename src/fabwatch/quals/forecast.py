"""The forecast of the next failed qual, for every tool or chamber and qual type, with its doubts."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import numpy as np

from fabwatch.equipment.tools import Selection, ToolCard, tool_cards
from fabwatch.quals.history import Stream
from fabwatch.quals.schedule import Pace, days_ahead, due_days, pace, usual_round
from fabwatch.quals.wear import BEYOND, Clock, Wear, learn
from fabwatch.quals.yardsticks import Yardsticks, yardsticks
from fabwatch.stats.cycles import Floats, Running
from fabwatch.store.lake import Lake
from fabwatch.store.questions import question
from fabwatch.store.view import View
from fabwatch.terms.errors import BadQuestion, TooFewFailures, unknown
from fabwatch.terms.forecasts import Combined, Forecast, Forecasts, NextQual, Why, Window

QUALS_AHEAD = 5
FEW_FAILURES = 3
"""Under so many failures among all sisters a forecast says TooFewFailures."""
CHANCES = (0.005, 0.025, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.975, 0.995)
"""The quantiles of the hidden failure that are worked out and kept."""
METHOD = (
    "Interval-censored Weibull (or lognormal, by evidence) of each tool, sister tools pooled by an empirical-Bayes normal "
    "on a grid; the running cycle is censored at its last good qual (docs/forecast.md)."
)


@dataclass(frozen=True)
class ForecastOptions:
    """What is asked of the forecast."""

    coverage: float = 0.8
    clock: Clock = "auto"

    def checked(self) -> "ForecastOptions":
        """Itself. Raises BadQuestion for a coverage outside (0, 1)."""
        if not 0 < self.coverage < 1:
            raise BadQuestion(f"A coverage of {self.coverage} is none.", "give one between 0 and 1, such as 0.8")
        return self


def forecast(view: View, selection: Selection, wish: ForecastOptions) -> Forecasts:
    """Forecast every stream of the selection; all sisters lend their history. Raises UnknownTool and TooFewFailures."""
    lake, as_of = view.lake, view.as_of
    cards = tool_cards(lake)
    rows: list[Forecast] = []
    for wear, members in chosen_wear(lake, cards, as_of, selection, wish):
        rows += _rows(wear, members, cards, wish, as_of)
    if not rows:
        raise TooFewFailures(f"No qual of {_named(selection)} or of any sister is on record by then.")
    rows.sort(key=lambda row: (-row.p_bad_now, row.window.from_days if row.window.from_days is not None else math.inf))
    if view.future:
        future = "FutureDate: that time has not come, and what happens until then is not known"
        rows = [replace(row, doubts=(*row.doubts, future)) for row in rows]
    header = view.header(METHOD, question("quals", "events"))
    return Forecasts(*header, wish.coverage, tuple(rows), combined(rows, wish))


def chosen_wear(
    lake: Lake, cards: Mapping[str, ToolCard], as_of: datetime, selection: Selection, wish: ForecastOptions
) -> list[tuple[Wear, list[int]]]:
    """What is known of the types of a selection, and which streams of each are asked for. Raises UnknownTool."""
    clocks = {"auto", "wafers", "days"}
    if wish.clock not in clocks:
        clocks |= {row[0] for row in lake.ask("SELECT DISTINCT counter FROM counters").fetchall()}
        if wish.clock not in clocks:
            fault = unknown("clock", wish.clock, clocks)
            fault.hint = f"--clock takes {', '.join(sorted(clocks))}"
            raise fault
    tools = selection.tools(dict(cards))
    whole = selection.tool is None and selection.area is None
    worn = learn(lake, cards, as_of, wish.clock, None if whole else tools)
    known = {stream.qual_type for wear in worn for stream in wear.streams}
    kinds = selection.types(known) if known else known
    chosen = [(wear, [n for n, s in enumerate(wear.streams) if s.tool in tools and s.qual_type in kinds]) for wear in worn]
    return [(wear, members) for wear, members in chosen if members]


def _named(selection: Selection) -> str:
    return selection.tool or selection.area or "any tool"


class _Ahead:
    """What lies ahead of some streams of one type, worked out for all at once."""

    def __init__(self, wear: Wear, simple: Yardsticks, wish: ForecastOptions):
        self.wear, self.coverage = wear, wish.coverage
        tail = round((1 - wish.coverage) / 2, 12)
        self.chances = tuple(sorted({*CHANCES, tail, round(1 - tail, 12)}))
        self.edges = [self.chances.index(tail), self.chances.index(round(1 - tail, 12))]
        self.ages = wear.foretold.ages(self.chances)
        self.now = np.array([stream.age.on(wear.clock) for stream in wear.streams])
        self.paces = [pace(stream) for stream in wear.streams]
        both = zip(wear.streams, self.paces, strict=True)
        self.speed = np.array([stream.units_a_day(wear.clock, p.per_day) for stream, p in both])
        self.bad_now = wear.foretold.bad_by(self.now)
        self.due = [due_days(stream, QUALS_AHEAD) for stream in wear.streams]
        filled = np.array([due or [0.0] * QUALS_AHEAD for due in self.due])
        ages = [self.now + self.speed * filled[:, m] for m in range(QUALS_AHEAD)]
        self.then, self.good = ages[0], np.array([s.running.last_good.on(wear.clock) for s in wear.streams])
        self.simple = simple
        self.bad_at_due = np.column_stack([wear.foretold.bad_by(age) for age in ages])
        self.first_over = wear.foretold.first_over(np.column_stack(ages))
        # What a pass at the next qual would say, and a restore now.
        passed = wear.fitted.failure_ages(Running.good_at(np.maximum(ages[0], wear.running.last_edge)), (0.1, 0.9))
        self.if_passed = np.maximum(passed - ages[0][:, None], 0.0)
        self.if_restored = wear.fitted.failure_ages(Running.good_at(np.zeros(len(wear.streams))), (0.1, 0.9))

    def left(self, n: int) -> Floats:
        """Units of the clock from now until the hidden failure, by chance."""
        left: Floats = np.maximum(self.ages[n] - self.now[n], 0.0)
        return left

    def days(self, n: int) -> Floats | None:
        """Days from now until the hidden failure, by chance; None where nothing runs."""
        if self.wear.clock == "days":
            return self.left(n)
        speed = replace(self.paces[n], per_day=float(self.speed[n]))
        return days_ahead(self.left(n), np.array(self.chances), speed) if speed.per_day > 0 else None


def _rows(
    whole: Wear, members: Sequence[int], cards: Mapping[str, ToolCard], wish: ForecastOptions, as_of: datetime
) -> list[Forecast]:
    simple = yardsticks(whole)
    ahead = _Ahead(whole.only(members), Yardsticks(simple.share, simple.lives[list(members)]), wish)
    lives = whole.fitted.typical
    rows = []
    for i, n in enumerate(members):
        others = np.delete(lives, n)
        why = _why(ahead, i, whole, float(lives[n]), float(np.median(others)) if others.size else None)
        rows.append(_row(ahead, i, whole, cards[whole.streams[n].tool], why, as_of))
    return rows


def _row(ahead: _Ahead, n: int, whole: Wear, card: ToolCard, why: Why, as_of: datetime) -> Forecast:
    stream, speed = ahead.wear.streams[n], ahead.paces[n]
    bad, clock = float(ahead.bad_now[n]), whole.clock
    window = _window(ahead, n, speed)
    open_fail = stream.running.stands_failed
    coming = () if open_fail and bad > 0.999 else _coming(ahead, n, as_of)
    since_good = max(stream.age.wafers - stream.running.last_good.wafers, 0.0)
    due = ahead.due[n]
    return Forecast(
        area=card.area,
        tool_type=card.tool_type,
        tool=stream.tool,
        chamber=stream.chamber,
        qual_type=stream.qual_type,
        clock=clock,
        age=round(float(ahead.now[n]), 3),
        age_at_last_good=round(stream.running.last_good.on(clock), 3),
        pace_per_day=round(speed.per_day, 2),
        p_bad_now=round(bad, 4),
        age_quantiles={
            name: round(float(ahead.ages[n][ahead.chances.index(float(name))]), 3) for name in ("0.1", "0.5", "0.9")
        },
        window=window,
        next_quals=coming,
        wafers_at_risk_at_next_qual=round(since_good + speed.per_day * due[0]) if due else None,
        failures=stream.failures,
        quals=len(stream.looks),
        sisters=len(whole.streams) - 1,
        doubts=_doubts(ahead, n, whole, open_fail),
        failed_open=open_fail,
        last_look_at=stream.last_look_at,
        p_fixed=round(ahead.simple.share, 4),
        p_mtbf=round(1 - math.exp(-max(float(ahead.then[n] - ahead.good[n]), 0.0) / float(ahead.simple.lives[n])), 4),
        why=why,
        quantiles={str(chance): round(float(age), 4) for chance, age in zip(ahead.chances, ahead.ages[n], strict=True)},
        days_quantiles={str(chance): round(float(day), 4) for chance, day in zip(ahead.chances, found, strict=True)}
        if (found := ahead.days(n)) is not None
        else {},
    )


def _window(ahead: _Ahead, n: int, speed: Pace) -> Window:
    low, high = (float(ahead.left(n)[edge]) for edge in ahead.edges)
    clock = float(ahead.speed[n])
    a_unit = 1.0 if ahead.wear.clock == "wafers" else (speed.per_day / clock if clock > 0 else 0.0)
    wafers = (low * a_unit, high * a_unit)
    days = ahead.days(n)
    in_days = (None, None) if days is None else tuple(round(float(days[edge]), 2) for edge in ahead.edges)
    return Window(ahead.coverage, round(wafers[0]), round(wafers[1]), *in_days)


def _coming(ahead: _Ahead, n: int, as_of: datetime) -> tuple[NextQual, ...]:
    """The chance that each coming qual is the first to fail: it sees the fault that is there, or cries wolf."""
    stated = ahead.wear.stated
    sees, errs = stated.sensitivity, stated.false_alarm
    came = np.diff(ahead.bad_at_due[n], prepend=0.0).clip(0.0)
    coming = []
    for m, due in enumerate(ahead.due[n]):
        seen = sum(came[j] * (1 - sees) ** (m - j) * sees * (1 - errs) ** j for j in range(m + 1))
        wolf = (1 - ahead.bad_at_due[n][m]) * (1 - errs) ** m * errs
        chance = float(seen + wolf) if ahead.first_over is None else float(ahead.first_over[n][m])
        at = as_of + timedelta(days=min(due, 36_500.0))
        coming.append(NextQual(round(due, 2), round(chance, 4), at.replace(microsecond=0)))
    return tuple(coming)


def _doubts(ahead: _Ahead, n: int, whole: Wear, open_fail: bool) -> tuple[str, ...]:
    stream = ahead.wear.streams[n]
    said = {
        "TooFewFailures": whole.failures < FEW_FAILURES
        and f"{whole.failures} among all sisters, need at least {FEW_FAILURES}",
        "NoQual": not stream.looks and "no qual of this tool is on record, its sisters lend all that is said",
        "OnlyFailed": len(stream.looks) > 1
        and not any(look.passed for look in stream.looks)
        and "it never passed a qual: when it was last good is not known",
        "NoRestore": not stream.running.known_start and "no restore on record, the age is counted from the first move",
        "NoPace": ahead.paces[n].per_day <= 0 and "nothing ran of late, the window cannot be told in days",
        "FailedNow": open_fail and "a failed qual stands open and no restore has come since",
        "Contradictory": stream.contradictions
        and f"{stream.contradictions} times a qual passed and failed at once; the failed one counts",
        "Extrapolated": whole.longest > 0
        and float(ahead.ages[n][ahead.edges[1]]) > BEYOND * whole.longest
        and f"the window ends beyond {BEYOND} times the longest age ever seen",
        "Overdue": _overdue(stream),
    }
    return tuple(f"{name}: {why}" for name, why in said.items() if why)


def _overdue(stream: Stream) -> str:
    usual = usual_round(stream).days
    since = stream.since_look_days
    late = usual is not None and since > 2 * usual + 1
    return f"the last qual is {since:.1f} days ago, usual are {usual:.1f}: is the data complete?" if late else ""


def _why(ahead: _Ahead, n: int, whole: Wear, life: float, sisters_life: float | None) -> Why:
    stream = ahead.wear.streams[n]
    usual = usual_round(stream)
    days = usual.days
    return Why(
        wafers=round(stream.processed),
        span_days=round(stream.span_days, 1),
        sister_failures=whole.failures - stream.failures,
        sister_quals=sum(len(s.looks) for s in whole.streams) - len(stream.looks),
        life=round(life, 2),
        sisters_life=None if sisters_life is None else round(sisters_life, 2),
        family=whole.fitted.grid.family.name,
        model=whole.foretold.name,
        clock_evidence=round(whole.clock_evidence, 1),
        restored_at=stream.running.began if stream.running.known_start else None,
        pace_spread=round(ahead.paces[n].spread, 3),
        checked_every_days=None if days is None else round(days, 2),
        checked_by=usual.by,
        if_passed=(round(float(ahead.if_passed[n][0]), 2), round(float(ahead.if_passed[n][1]), 2)),
        if_restored=(round(float(ahead.if_restored[n][0]), 2), round(float(ahead.if_restored[n][1]), 2)),
    )


def combined(rows: Sequence[Forecast], wish: ForecastOptions) -> tuple[Combined, ...]:
    """Tools under several checks, chambers and types: independent causes, so nothing has failed while none has."""
    by_tool: dict[str, list[Forecast]] = {}
    for row in rows:
        by_tool.setdefault(row.tool, []).append(row)
    return tuple(_any(tool, some, wish) for tool, some in by_tool.items() if len(some) > 1)


def _any(tool: str, rows: Sequence[Forecast], wish: ForecastOptions) -> Combined:
    good_now = math.prod(1 - row.p_bad_now for row in rows)
    low = high = None
    if all(row.days_quantiles for row in rows):
        days = np.unique(np.concatenate([list(row.days_quantiles.values()) for row in rows]))
        good = np.ones(days.size)
        for row in rows:
            chances = np.array([float(name) for name in row.days_quantiles])
            ahead = np.array(list(row.days_quantiles.values()))
            good *= 1 - np.interp(days, ahead, chances, left=0.0)
        tail = (1 - wish.coverage) / 2
        bad = np.maximum.accumulate(1 - good)
        low, high = (round(float(np.interp(chance, bad, days)), 2) for chance in (tail, 1 - tail))
    kinds = tuple(dict.fromkeys(row.qual_type for row in rows))
    return Combined(rows[0].area, tool, kinds, len(rows), round(1 - good_now, 4), wish.coverage, low, high)
