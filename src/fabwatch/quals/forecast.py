"""The forecast of the next failed qual, for every tool or chamber and qual type, with its doubts."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import numpy as np

from fabwatch.equipment.tools import Selection, ToolCard, tool_cards
from fabwatch.quals import doubts
from fabwatch.quals.answers import (
    FEW_FAILURES,
    Forecast,
    Forecasts,
    NextQual,
    PlannedRestore,
    Signalled,
    Why,
    Window,
)
from fabwatch.quals.cadence import HIGH, LOW, MIDDLE, WEIGHTS, coming
from fabwatch.quals.combining import combined
from fabwatch.quals.history import Stream
from fabwatch.quals.maintenance import Calendar, calendar
from fabwatch.quals.outlook import QUALS_AHEAD, Outlook
from fabwatch.quals.predictions import ByCurve
from fabwatch.quals.schedule import Pace, usual_round
from fabwatch.quals.wear import BEYOND, Clock, Wear, learn
from fabwatch.quals.yardsticks import Yardsticks, yardsticks
from fabwatch.stats.cycles import Floats
from fabwatch.store.lake import Lake
from fabwatch.store.questions import question
from fabwatch.store.view import View
from fabwatch.terms.doubts import Doubt
from fabwatch.terms.errors import TooFewFailures, unknown

METHOD = (
    "Interval-censored Weibull (or lognormal, by evidence) per tool; sister tools pooled with the doubt of their type, "
    "types with those of the whole fab where that has paid; the running cycle is censored at its last good qual "
    "(docs/forecast.md)."
)


@dataclass(frozen=True)
class ForecastOptions:
    """Coverage of the windows, and the clock that wear is counted on."""

    coverage: float = 0.8
    clock: Clock = "auto"


def forecast(view: View, selection: Selection, options: ForecastOptions) -> Forecasts:
    """Forecast every stream of the selection from its and its sisters' history. Raises UnknownTool and TooFewFailures."""
    lake, as_of = view.lake, view.as_of
    cards, planned = tool_cards(lake), calendar(lake, as_of)
    rows: list[Forecast] = []
    for wear, members in chosen_wear(lake, cards, as_of, selection, options):
        rows += _rows(wear, members, cards, planned, options, as_of)
    if not rows:
        raise TooFewFailures(f"No qual of {_named(selection)} or of any sister tool is on record at that time.")
    rows.sort(key=lambda row: (-row.p_bad_now, row.window.from_days if row.window.from_days is not None else math.inf))
    if view.future:
        rows = [replace(row, doubts=(*row.doubts, doubts.FutureDate())) for row in rows]
    header = view.header(METHOD, question("quals", "events"))
    return Forecasts(*header, options.coverage, tuple(rows), combined(rows, options.coverage))


def chosen_wear(
    lake: Lake,
    cards: Mapping[str, ToolCard],
    as_of: datetime,
    selection: Selection,
    options: ForecastOptions,
    checked: bool = False,
) -> list[tuple[Wear, list[int]]]:
    """The wear of each type in a selection, and which of its streams are selected.

    `checked`: the selection is known to exist, though perhaps not yet at that time. Else raises UnknownTool.
    """
    clocks = {"auto", "wafers", "days"}
    if options.clock not in clocks:
        counted = lake.ask("SELECT DISTINCT counter, tool FROM counters").fetchall()
        clocks |= {counter for counter, tool in counted if tool in selection.tools(dict(cards))}
        if options.clock not in clocks:
            fault = unknown("clock", options.clock, clocks)
            fault.hint = f"--clock takes {', '.join(sorted(clocks))}"
            raise fault
    tools = selection.tools(dict(cards))
    whole = selection.tool is None and selection.area is None
    worn = learn(lake, cards, as_of, options.clock, None if whole else tools)
    known = {stream.qual_type for wear in worn for stream in wear.streams if stream.tool in tools}
    if checked and selection.qual_type is not None:
        known |= {selection.qual_type}
    kinds = selection.types(known) if known else known
    chosen = [(wear, [n for n, s in enumerate(wear.streams) if s.tool in tools and s.qual_type in kinds]) for wear in worn]
    return [(wear, members) for wear, members in chosen if members]


def _named(selection: Selection) -> str:
    return selection.tool or selection.area or "any tool"


def _rows(
    whole: Wear,
    members: Sequence[int],
    cards: Mapping[str, ToolCard],
    planned: Calendar,
    options: ForecastOptions,
    as_of: datetime,
) -> list[Forecast]:
    simple = yardsticks(whole)
    dues = coming(whole.streams, QUALS_AHEAD, members)
    outlook = Outlook(
        whole.only(members), dues, planned, Yardsticks(simple.share, simple.lives[list(members)]), options.coverage
    )
    lives = whole.fitted.typical
    rows = []
    for i, n in enumerate(members):
        others = np.delete(lives, n)
        why = _why(outlook, i, whole, float(lives[n]), float(np.median(others)) if others.size else None)
        rows.append(_row(outlook, i, whole, cards[whole.streams[n].tool], why, as_of))
    return rows


def _row(outlook: Outlook, n: int, sisters: Wear, card: ToolCard, why: Why, as_of: datetime) -> Forecast:
    stream, wafer_pace = outlook.wear.streams[n], outlook.paces[n]
    bad, clock = float(outlook.bad_now[n]), sisters.clock
    window = _window(outlook, n, wafer_pace)
    open_fail = stream.running.failed_open
    next_quals = () if open_fail and bad > 0.999 else _coming(outlook, n, as_of)
    since_good = max(stream.age.wafers - stream.running.last_good.wafers, 0.0)
    due, day = outlook.dues[n], outlook.planned_day(n)
    ahead = 0.0 if due is None else float(due.wafers[0, MIDDLE])
    # A restore before the next qual ends the exposure of this life.
    ahead = ahead if day is None else min(ahead, day * wafer_pace.per_day)
    return Forecast(
        area=card.area,
        tool_type=card.tool_type,
        tool=stream.tool,
        chamber=stream.chamber,
        qual_type=stream.qual_type,
        clock=clock,
        age=round(float(outlook.now[n]), 3),
        age_at_last_good=round(stream.running.last_good.on(clock), 3),
        pace_per_day=round(wafer_pace.per_day, 2),
        p_bad_now=round(bad, 4),
        age_quantiles={
            name: round(float(outlook.ages[n][outlook.chances.index(float(name))]), 3) for name in ("0.1", "0.5", "0.9")
        },
        window=window,
        next_quals=next_quals,
        wafers_at_risk_at_next_qual=None if due is None else round(since_good + ahead),
        failures=stream.failures,
        quals=len(stream.quals),
        sisters=len(sisters.streams) - 1,
        doubts=_doubts(outlook, n, sisters, open_fail),
        failed_open=open_fail,
        last_look_at=stream.last_qual_at,
        p_fixed=round(outlook.simple.share, 4),
        p_mtbf=round(1 - math.exp(-max(float(outlook.then[n] - outlook.good[n]), 0.0) / float(outlook.simple.lives[n])), 4),
        why=why,
        quantiles={str(chance): round(float(age), 4) for chance, age in zip(outlook.chances, outlook.ages[n], strict=True)},
        days_quantiles={str(chance): round(float(day), 4) for chance, day in zip(outlook.chances, days, strict=True)}
        if (days := outlook.days(n)) is not None
        else {},
        planned=_planned(outlook, n, window),
    )


def _planned(outlook: Outlook, n: int, window: Window) -> PlannedRestore | None:
    at, day = outlook.restored[n], outlook.planned_day(n)
    if at is None or day is None or (window.to_days is not None and day > window.to_days):
        return None
    age = float(outlook.now[n] + outlook.speed[n] * day)
    return PlannedRestore(at, round(day, 2), round(float(outlook.wear.predictor.only([n]).bad_by(np.array([age]))[0]), 4))


def _window(outlook: Outlook, n: int, speed: Pace) -> Window:
    low, high = (float(outlook.left(n)[edge]) for edge in outlook.edges)
    clock = float(outlook.speed[n])
    a_unit = 1.0 if outlook.wear.clock == "wafers" else (speed.per_day / clock if clock > 0 else 0.0)
    wafers = (low * a_unit, high * a_unit)
    days = outlook.days(n)
    in_days = (None, None) if days is None else tuple(round(float(days[edge]), 2) for edge in outlook.edges)
    return Window(outlook.coverage, round(wafers[0]), round(wafers[1]), *in_days)


def _coming(outlook: Outlook, n: int, as_of: datetime) -> tuple[NextQual, ...]:
    """The chance that each coming qual is the first to fail: it detects the fault, or raises a false alarm."""
    stated = outlook.wear.stated
    sensitivity, false_alarm = stated.sensitivity, stated.false_alarm
    due = outlook.dues[n]
    if due is None:
        return ()
    first_fails = _first_fails(outlook.bad_at_due[n], sensitivity, false_alarm)
    if outlook.first_over is not None:
        first_fails = outlook.first_over[n]
    planned, same_life = outlook.planned_day(n), len(due.days)
    if planned is not None:
        # What the quals after planned maintenance find is of a new life, if none before it has failed.
        same_life = int(np.searchsorted(due.days[:, MIDDLE], planned))
        new = _first_fails(outlook.new_life(n, due.days[same_life:] - planned), sensitivity, false_alarm)
        before = first_fails[:same_life]
        first_fails = np.concatenate([before, (1 - before.sum(axis=0)).clip(0.0) * new])
    quals = []
    for m, days in enumerate(due.days):
        chance = float(first_fails[m] @ WEIGHTS)
        at = (as_of + timedelta(days=float(days[MIDDLE]))).replace(microsecond=0)
        reading = (outlook.reading_at(n, m) if m < same_life else None) or (None, None)
        low, middle, high = (round(float(days[node]), 2) for node in (LOW, MIDDLE, HIGH))
        quals.append(NextQual(middle, low, high, round(chance, 4), at, *reading))
    return tuple(quals)


def _first_fails(bad: Floats, sensitivity: float, false_alarm: float) -> Floats:
    """The chance of each coming qual to be the first to fail: quals x nodes, as are the chances to be bad by it."""
    onset = np.diff(bad, axis=0, prepend=0.0).clip(0.0)
    fails = np.empty_like(bad)
    for m in range(len(bad)):
        fault_seen = sum(
            onset[j] * (1 - sensitivity) ** (m - j) * sensitivity * (1 - false_alarm) ** j for j in range(m + 1)
        )
        fails[m] = fault_seen + (1 - bad[m]) * (1 - false_alarm) ** m * false_alarm
    return fails


def _doubts(outlook: Outlook, n: int, whole: Wear, open_fail: bool) -> tuple[Doubt, ...]:
    stream = outlook.wear.streams[n]
    never_passed = len(stream.quals) > 1 and not any(qual.passed for qual in stream.quals)
    far = whole.longest > 0 and float(outlook.ages[n][outlook.edges[1]]) > BEYOND * whole.longest
    usual, since = usual_round(stream).days, stream.since_qual_days
    possible = (
        (whole.failures < FEW_FAILURES, doubts.TooFewFailures(whole.failures, FEW_FAILURES)),
        (not stream.quals, doubts.NoQual()),
        (never_passed, doubts.OnlyFailed()),
        (not stream.running.known_start, doubts.NoRestore()),
        (outlook.paces[n].per_day <= 0, doubts.NoPace()),
        (open_fail, doubts.FailedNow()),
        (stream.contradictions > 0, doubts.Contradictory(stream.contradictions)),
        (far, doubts.Extrapolated(BEYOND)),
        (usual is not None and since > 2 * usual + 1, doubts.Overdue(since, usual or 0.0)),
    )
    contradictions = outlook.planned.doubts(stream, whole.stated)
    return (*(doubt for holds, doubt in possible if holds), *contradictions, *_reading_doubts(stream))


def _reading_doubts(stream: Stream) -> Iterator[Doubt]:
    read = [qual for qual in stream.quals if qual.reading is not None]
    units = {qual.unit or "-" for qual in read}
    if len(units) > 1:
        yield doubts.MixedUnits(", ".join(sorted(units)))
        return
    for side in ("upper", "lower"):
        limits = [limit for qual in read if (limit := getattr(qual, side)) is not None]
        if limits and (moved := [limit for limit in limits if limit != limits[-1]]):
            yield doubts.LimitMoved(moved[-1], limits[-1])


def _why(outlook: Outlook, n: int, whole: Wear, life: float, sisters_life: float | None) -> Why:
    stream = outlook.wear.streams[n]
    due = outlook.dues[n]
    usual = usual_round(stream) if due is None else due.rhythm
    days = usual.days
    return Why(
        wafers=round(stream.processed),
        span_days=round(stream.span_days, 1),
        sister_failures=whole.failures - stream.failures,
        sister_quals=sum(len(s.quals) for s in whole.streams) - len(stream.quals),
        life=round(life, 2),
        sisters_life=None if sisters_life is None else round(sisters_life, 2),
        family=whole.fitted.grid.family.name,
        model=whole.predictor.name,
        life_over=_life_over(outlook, n),
        signals=_signals(outlook, n),
        clock_evidence=round(whole.clock_evidence, 1),
        restored_at=stream.running.began if stream.running.known_start else None,
        pace_spread=round(outlook.paces[n].spread, 3),
        checked_every_days=None if days is None else round(days, 2),
        checked_by=usual.by,
        if_passed=(round(float(outlook.if_passed[n][0]), 2), round(float(outlook.if_passed[n][1]), 2)),
        if_restored=(round(float(outlook.if_restored[n][0]), 2), round(float(outlook.if_restored[n][1]), 2)),
    )


def _life_over(outlook: Outlook, n: int) -> tuple[float, float] | None:
    if outlook.wear.predictor.name != "marker":
        return None
    age, (late, early) = float(outlook.now[n]), np.interp((0.1, 0.9), outlook.chances, outlook.ages[n])
    low, high = (round(min(age / max(float(life), 1e-9), 1.0), 3) for life in (early, late))
    return low, high


def _signals(outlook: Outlook, n: int) -> tuple[Signalled, ...]:
    predictor = outlook.wear.predictor
    return tuple(Signalled(*one) for one in predictor.told[n]) if isinstance(predictor, ByCurve) else ()
