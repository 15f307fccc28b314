"""How past forecasts are judged: their outcomes, how many windows held, and how often the stated chances came true."""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

import numpy as np

from fabwatch.quals.answers import Bin, Slope, Tenth, Windows, Yardstick
from fabwatch.quals.history import Stream
from fabwatch.quals.outlook import CHANCES
from fabwatch.quals.yardsticks import FIXED
from fabwatch.stats.scoring import Landed, brier, landed, positions, reliability_slope, tenths

OURS = "fabwatch"
MANY_FAILURES = 4
Key = tuple[str, str, str]
"""Tool, chamber and qual type."""


@dataclass(frozen=True)
class Prediction:
    """What one method predicts for one stream: ages per quantile, if any, and the chance that the next qual fails."""

    ages: tuple[float, ...] | None
    p_next: float | None


@dataclass(frozen=True)
class PastForecast:
    """One forecast and what was known when it was made."""

    as_of: datetime
    key: Key
    area: str | None
    clock: str
    last_qual_at: datetime | None
    good: float
    failures: int
    by: Mapping[str, Prediction]
    chances: tuple[float, ...] = CHANCES


@dataclass(frozen=True)
class Outcome:
    """What happened: the ages between which the tool failed (upper = inf: not yet), and the result of the next qual."""

    lower: float
    upper: float
    next_failed: bool
    cycle: str = field(default="", compare=False)
    """Names the hidden failure: forecasts of one are no independent evidence."""
    next_qual: str = field(default="", compare=False)
    """Names the next qual."""


Pair = tuple[PastForecast, Outcome]


def outcome_of(forecast: PastForecast, later: Stream) -> Outcome | None:
    """The outcome of a forecast in a later history; None when no qual has come since."""
    cycles = [c for c in later.all_cycles if c.began <= forecast.as_of and (c.ended is None or c.ended > forecast.as_of)]
    quals = cycles[-1].quals if cycles else []
    last_known = forecast.last_qual_at
    new = [n for n, qual in enumerate(quals) if last_known is None or qual.at > last_known]
    if not new:
        return None
    ages, _ = cycles[-1].ages(forecast.clock)
    good, upper = forecast.good, np.inf
    for n in new:
        if not quals[n].passed:
            upper = ages[n]
            break
        good = ages[n]
    stream = "/".join(forecast.key)
    cycle, next_qual = (f"{stream}/{at.isoformat()}" for at in (cycles[-1].began, quals[new[0]].at))
    return Outcome(good, upper, not quals[new[0]].passed, cycle, next_qual)


def pairs_of(forecasts: Sequence[PastForecast], later: Mapping[Key, Stream]) -> list[Pair]:
    """The forecasts that have an outcome, each with it."""
    pairs = [(forecast, outcome_of(forecast, later[forecast.key])) for forecast in forecasts if forecast.key in later]
    return [(forecast, outcome) for forecast, outcome in pairs if outcome is not None]


@dataclass(frozen=True)
class Judged:
    """What a set of forecasts with outcomes says of the method that made them."""

    quals: int
    failed: int
    total: Windows | None
    by_area: tuple[Windows, ...]
    by_failures: tuple[Windows, ...]
    positions: tuple[Bin, ...]
    brier: float | None
    yardsticks: tuple[Yardstick, ...]
    calibration: tuple[Tenth, ...]
    slope: Slope | None


def judged(pairs: Sequence[Pair], edges: tuple[float, float], simple: Sequence[str] = ()) -> Judged:
    """Judge forecasts by their outcomes, beside the methods named by `simple`.

    `edges` are the chances at both ends of the windows.
    """
    scored = [(forecast, outcome) for forecast, outcome in pairs if forecast.by[OURS].p_next is not None]
    ours = _brier(scored, OURS)
    whole = _landed(pairs, OURS, edges) if pairs else None
    return Judged(
        quals=len(scored),
        failed=sum(outcome.next_failed for _, outcome in scored),
        total=None if whole is None else _windows("all", pairs, whole),
        by_area=_grouped(pairs, edges, whole, lambda forecast: forecast.area or "-"),
        by_failures=_grouped(pairs, edges, whole, _count),
        positions=_positions(pairs),
        brier=ours,
        yardsticks=tuple(_yardstick(name, pairs, scored, edges, ours) for name in simple) if ours else (),
        calibration=_calibration(scored),
        slope=_slope(scored),
    )


def _brier(pairs: Sequence[Pair], name: str) -> float | None:
    if not pairs:
        return None
    return round(brier([forecast.by[name].p_next or 0.0 for forecast, _ in pairs], [o.next_failed for _, o in pairs]), 5)


def _chance_by(forecast: PastForecast, name: str, age: float) -> float:
    """The chance that a forecast gave to a failure by an age."""
    ages = forecast.by[name].ages or ()
    if age <= forecast.good:
        return 0.0
    return float(np.interp(age, (forecast.good, *ages), (0.0, *forecast.chances))) if np.isfinite(age) else 1.0


def _bounds(pairs: Sequence[Pair], name: str) -> tuple[list[float], list[float], list[str]]:
    """The chances that forecasts gave to both bounds of their outcomes, and the cycle of each."""
    low = [_chance_by(forecast, name, outcome.lower) for forecast, outcome in pairs]
    high = [_chance_by(forecast, name, outcome.upper) for forecast, outcome in pairs]
    return low, high, [outcome.cycle for _, outcome in pairs]


def _landed(pairs: Sequence[Pair], name: str, edges: tuple[float, float], whole: Landed | None = None) -> Landed:
    low, high, cycles = _bounds(pairs, name)
    return landed(low, high, edges, cycles, whole)


def _windows(label: str, pairs: Sequence[Pair], placed: Landed) -> Windows:
    ended = sum(bool(np.isfinite(outcome.upper)) for _, outcome in pairs)
    shares = (placed.held, placed.early, placed.late, placed.held_low, placed.held_high)
    return Windows(label, len(pairs), ended, *(round(share, 4) for share in shares))


def _grouped(
    pairs: Sequence[Pair], edges: tuple[float, float], whole: Landed | None, label: Callable[[PastForecast], str]
) -> tuple[Windows, ...]:
    groups: dict[str, list[Pair]] = defaultdict(list)
    for forecast, outcome in pairs:
        groups[label(forecast)].append((forecast, outcome))
    return tuple(_windows(name, members, _landed(members, OURS, edges, whole)) for name, members in sorted(groups.items()))


def _positions(pairs: Sequence[Pair]) -> tuple[Bin, ...]:
    shares = positions(*_bounds(pairs, OURS)) if pairs else []
    return tuple(
        Bin(n / len(shares), (n + 1) / len(shares), round(one.share, 4), round(one.low, 4), round(one.high, 4))
        for n, one in enumerate(shares)
    )


def _count(forecast: PastForecast) -> str:
    return str(forecast.failures) if forecast.failures < MANY_FAILURES else f"{MANY_FAILURES} or more"


def _yardstick(
    name: str, pairs: Sequence[Pair], scored: Sequence[Pair], edges: tuple[float, float], ours: float
) -> Yardstick:
    theirs = _brier(scored, name) or 0.0
    skill = round(1 - ours / theirs, 4) if theirs else 0.0
    if name == FIXED:
        return Yardstick(name, None, None, theirs, skill)
    width = np.median([_width(forecast, name, edges) / max(_width(forecast, OURS, edges), 1e-9) for forecast, _ in pairs])
    return Yardstick(name, round(_landed(pairs, name, edges).held, 4), round(float(width), 2), theirs, skill)


def _width(forecast: PastForecast, name: str, edges: tuple[float, float]) -> float:
    low, high = np.interp(edges, forecast.chances, forecast.by[name].ages or ())
    return float(high - low)


def _told(scored: Sequence[Pair]) -> tuple[list[float], list[bool]]:
    return [forecast.by[OURS].p_next or 0.0 for forecast, _ in scored], [outcome.next_failed for _, outcome in scored]


def _calibration(scored: Sequence[Pair]) -> tuple[Tenth, ...]:
    rows = tenths(*_told(scored), [outcome.next_qual for _, outcome in scored]) if scored else []
    return tuple(
        Tenth(row.low, row.high, row.count, *(round(x, 4) for x in (row.said, row.came.share, row.came.low, row.came.high)))
        for row in rows
    )


def _slope(scored: Sequence[Pair]) -> Slope | None:
    slope = reliability_slope(*_told(scored), [outcome.cycle for _, outcome in scored]) if scored else None
    return None if slope is None else Slope(round(slope.share, 3), round(slope.low, 3), round(slope.high, 3))
