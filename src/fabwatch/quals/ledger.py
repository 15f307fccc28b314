"""The ledger of forecasts: each is recorded with what was known, and scored once its outcome is known."""

import json
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
import pyarrow as pa

from fabwatch.equipment.tools import Selection, ToolCard, tool_cards
from fabwatch.quals.answers import Forecasts, Score, Tenth, Windows, Yardstick
from fabwatch.quals.forecast import CHANCES, METHOD, ForecastOptions, chosen_wear
from fabwatch.quals.history import Stream, streams
from fabwatch.quals.schedule import due_days, pace
from fabwatch.quals.wear import Wear
from fabwatch.quals.yardsticks import ALIKE, FIXED, MTBF, exponential_age, yardsticks
from fabwatch.stats.scoring import brier, landed, tenths
from fabwatch.store.lake import Lake
from fabwatch.store.questions import question
from fabwatch.store.temporary import temp_table
from fabwatch.store.view import View
from fabwatch.terms.errors import TooFewFailures
from fabwatch.terms.tables import FORECASTS
from fabwatch.terms.version import VERSION

OURS = "fabwatch"
ORIGINS = 6
FIRST, LAST = 0.4, 0.9
"""The first and the last origin, as shares of the time from the first qual to the last."""
MANY_FAILURES = 4
Key = tuple[str, str, str]


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


def record(lake: Lake, forecasts: Forecasts) -> None:
    """Record the forecasts, once per day and state of knowledge. Raises StoreBusy and related errors."""
    rows = []
    for row in forecasts.tools:
        next_qual = row.next_quals[0] if row.next_quals else None
        window = row.window
        record = {name: getattr(row, name) for name in FORECASTS.names if hasattr(row, name)}
        record |= {"as_of": forecasts.as_of, "coverage": window.coverage, "version": VERSION}
        record |= {"next_day": next_qual and next_qual.day, "p_next": next_qual and next_qual.p_fail}
        record |= {name: getattr(window, name) for name in ("from_wafers", "to_wafers", "from_days", "to_days")}
        rows.append({**record, "quantiles": json.dumps(row.quantiles)})
    types = {"time": pa.timestamp("us"), "number": pa.float64(), "whole": pa.int64()}
    schema = pa.schema([pa.field(c.name, types.get(c.kind, pa.string())) for c in FORECASTS.columns])
    names = ", ".join(FORECASTS.names)
    same = ("tool", "chamber", "qual_type", "clock", "coverage", "age_at_last_good", "last_look_at")
    again = " AND ".join(f"k.{name} IS NOT DISTINCT FROM i.{name}" for name in same)
    with lake.writing(wait=1.0):
        temp_table(lake, "made", pa.Table.from_pylist(rows, schema=schema))
        lake.ask(
            f"INSERT INTO lake.forecasts SELECT {names}, as_of::DATE FROM made AS i WHERE NOT EXISTS "
            f"(SELECT 1 FROM lake.forecasts AS k WHERE k.day = i.as_of::DATE AND {again})"
        )


def score(
    view: View,
    selection: Selection,
    options: ForecastOptions,
    every_days: float | None = None,
) -> Score:
    """Replay the history: forecast at each origin from what was known then, and compare with the outcomes up to `as_of`.

    Origins are ORIGINS even steps, or one per `every_days`. Raises TooFewFailures without quals, and UnknownTool.
    """
    lake, as_of = view.lake, view.as_of
    cards = tool_cards(lake)
    tools = selection.tools(cards)
    later = {(s.tool, s.chamber, s.qual_type): s for s in streams(lake, as_of, tools)}
    if later:
        # Before anything is worked out; at an early origin a type may not have been known yet.
        selection.types({kind for _, _, kind in later})
    origins = _origins(list(later.values()), every_days)
    forecasts: list[PastForecast] = []
    for origin in origins:
        for wear, members in chosen_wear(lake, cards, origin, selection, options, checked=True):
            forecasts += _forecasts_at(wear, members, cards, origin)
    recorded = [
        forecast
        for forecast in _recorded(lake, as_of)
        if forecast.key[0] in tools and selection.qual_type in (None, forecast.key[2])
    ]
    pairs = _pairs(forecasts, later)
    recorded_pairs = _pairs(recorded, later)
    edges = ((1 - options.coverage) / 2, (1 + options.coverage) / 2)
    scored, recorded_scored = _with_next_qual(pairs), _with_next_qual(recorded_pairs)
    ours = _brier(scored, OURS)
    return Score(
        *view.header(METHOD, question("quals", "events")),
        coverage=options.coverage,
        origins=tuple(origins),
        forecasts=len(forecasts),
        quals=len(scored),
        failed=sum(outcome.next_failed for _, outcome in scored),
        total=_windows("all", pairs, OURS, edges),
        by_area=_grouped(pairs, edges, lambda forecast: forecast.area or "-"),
        by_failures=_grouped(pairs, edges, _count),
        brier=ours,
        yardsticks=tuple(_yardstick(name, pairs, scored, edges, ours) for name in (FIXED, MTBF, ALIKE)) if ours else (),
        calibration=_calibration(scored),
        kept=len(recorded),
        kept_windows=_windows("kept", recorded_pairs, OURS, edges),
        kept_brier=_brier(recorded_scored, OURS),
    )


def _origins(histories: Sequence[Stream], every_days: float | None) -> list[datetime]:
    times = sorted(qual.at for stream in histories for qual in stream.quals)
    if not times:
        raise TooFewFailures("No qual of these tools is on record at that time.")
    begin, span = times[0], times[-1] - times[0]
    if every_days is None:
        return [(begin + span * part).replace(microsecond=0) for part in np.linspace(FIRST, LAST, ORIGINS)]
    count = int(span * (1 - FIRST) / timedelta(days=every_days))
    return [begin + span * FIRST + timedelta(days=every_days * n) for n in range(count + 1)]


def _forecasts_at(wear: Wear, members: Sequence[int], cards: Mapping[str, ToolCard], as_of: datetime) -> list[PastForecast]:
    clock, simple = wear.clock, yardsticks(wear)
    ages = wear.predictor.ages(CHANCES)
    alike_ages = wear.alike.failure_ages(wear.running, CHANCES)
    now = np.array([stream.age.on(clock) for stream in wear.streams])
    speed = np.array([s.units_a_day(clock, pace(s).per_day) for s in wear.streams])
    dues = [due_days(stream, 1) for stream in wear.streams]
    age_at_due = now + speed * np.array([due[0] if due else 0.0 for due in dues])
    bad = {OURS: wear.predictor.bad_by(age_at_due), ALIKE: wear.alike.bad_by(age_at_due, wear.running)}
    sensitivity, false_alarm = wear.stated.sensitivity, wear.stated.false_alarm
    forecasts = []
    for n in members:
        stream = wear.streams[n]
        good, life = stream.running.last_good.on(clock), float(simple.lives[n])
        p_fail = {name: float(p[n]) * sensitivity + (1 - float(p[n])) * false_alarm for name, p in bad.items()}
        by = {
            OURS: Prediction(tuple(ages[n]), p_fail[OURS]),
            ALIKE: Prediction(tuple(alike_ages[n]), p_fail[ALIKE]),
            MTBF: Prediction(
                tuple(exponential_age(good, life, chance) for chance in CHANCES),
                1 - float(np.exp(-max(age_at_due[n] - good, 0.0) / life)),
            ),
            FIXED: Prediction(None, simple.share),
        }
        if not dues[n]:
            by = {name: Prediction(prediction.ages, None) for name, prediction in by.items()}
        area = cards[stream.tool].area
        key = (stream.tool, stream.chamber, stream.qual_type)
        if stream.quals and stream.running.failed is None:
            forecasts.append(PastForecast(as_of, key, area, clock, stream.last_qual_at, good, stream.failures, by))
    return forecasts


def _recorded(lake: Lake, as_of: datetime) -> list[PastForecast]:
    rows = lake.rows("SELECT * FROM lake.forecasts WHERE as_of <= $as_of ORDER BY as_of", {"as_of": as_of})
    forecasts = []
    for row in rows:
        quantiles = {float(chance): age for chance, age in json.loads(row["quantiles"]).items()}
        by = {OURS: Prediction(tuple(quantiles.values()), row["p_next"])}
        key = (row["tool"], row["chamber"], row["qual_type"])
        good, failures = row["age_at_last_good"], row["failures"]
        forecasts.append(
            PastForecast(
                row["as_of"], key, row["area"], row["clock"], row["last_look_at"], good, failures, by, tuple(quantiles)
            )
        )
    return forecasts


def _pairs(forecasts: Sequence[PastForecast], later: Mapping[Key, Stream]) -> list[tuple[PastForecast, Outcome]]:
    pairs = [(forecast, outcome_of(forecast, later[forecast.key])) for forecast in forecasts if forecast.key in later]
    return [(forecast, outcome) for forecast, outcome in pairs if outcome is not None]


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
    return Outcome(good, upper, not quals[new[0]].passed)


def _with_next_qual(pairs: Sequence[tuple[PastForecast, Outcome]]) -> list[tuple[PastForecast, Outcome]]:
    """The forecasts that state a chance for the next qual."""
    return [(forecast, outcome) for forecast, outcome in pairs if forecast.by[OURS].p_next is not None]


def _brier(pairs: Sequence[tuple[PastForecast, Outcome]], name: str) -> float | None:
    if not pairs:
        return None
    return round(brier([forecast.by[name].p_next or 0.0 for forecast, _ in pairs], [o.next_failed for _, o in pairs]), 5)


def _chance_by(forecast: PastForecast, name: str, age: float) -> float:
    """The chance that a forecast gave to a failure by an age."""
    ages = forecast.by[name].ages or ()
    if age <= forecast.good:
        return 0.0
    return float(np.interp(age, (forecast.good, *ages), (0.0, *forecast.chances))) if np.isfinite(age) else 1.0


def _windows(
    label: str, pairs: Sequence[tuple[PastForecast, Outcome]], name: str, edges: tuple[float, float]
) -> Windows | None:
    if not pairs:
        return None
    low = [_chance_by(forecast, name, outcome.lower) for forecast, outcome in pairs]
    high = [_chance_by(forecast, name, outcome.upper) for forecast, outcome in pairs]
    placed = landed(low, high, edges, [forecast.key[0] for forecast, _ in pairs])
    ended = sum(bool(np.isfinite(outcome.upper)) for _, outcome in pairs)
    shares = (placed.held, placed.early, placed.late, placed.held_low, placed.held_high)
    return Windows(label, len(pairs), ended, *(round(share, 4) for share in shares))


def _grouped(
    pairs: Sequence[tuple[PastForecast, Outcome]], edges: tuple[float, float], label: Callable[[PastForecast], str]
) -> tuple[Windows, ...]:
    groups: dict[str, list[tuple[PastForecast, Outcome]]] = defaultdict(list)
    for forecast, outcome in pairs:
        groups[label(forecast)].append((forecast, outcome))
    windows = (_windows(name, members, OURS, edges) for name, members in sorted(groups.items()))
    return tuple(row for row in windows if row is not None)


def _count(forecast: PastForecast) -> str:
    return str(forecast.failures) if forecast.failures < MANY_FAILURES else f"{MANY_FAILURES} or more"


def _yardstick(
    name: str,
    pairs: Sequence[tuple[PastForecast, Outcome]],
    scored: Sequence[tuple[PastForecast, Outcome]],
    edges: tuple[float, float],
    ours: float,
) -> Yardstick:
    theirs = _brier(scored, name) or 0.0
    skill = round(1 - ours / theirs, 4) if theirs else 0.0
    if name == FIXED:
        return Yardstick(name, None, None, theirs, skill)
    windows = _windows(name, pairs, name, edges)
    width = np.median([_width(forecast, name, edges) / max(_width(forecast, OURS, edges), 1e-9) for forecast, _ in pairs])
    return Yardstick(name, None if windows is None else windows.held, round(float(width), 2), theirs, skill)


def _width(forecast: PastForecast, name: str, edges: tuple[float, float]) -> float:
    low, high = np.interp(edges, forecast.chances, forecast.by[name].ages or ())
    return float(high - low)


def _calibration(scored: Sequence[tuple[PastForecast, Outcome]]) -> tuple[Tenth, ...]:
    chances = [forecast.by[OURS].p_next or 0.0 for forecast, _ in scored]
    table = tenths(chances, [outcome.next_failed for _, outcome in scored]) if scored else []
    return tuple(Tenth(low, high, n, round(mean, 4), round(came, 4)) for low, high, n, mean, came in table)
