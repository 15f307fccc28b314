"""The ledger of forecasts: each is recorded with what was known, and scored once its outcome is known."""

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from statistics import median

import numpy as np
import pyarrow as pa

from fabwatch.equipment.tools import Selection, ToolCard, tool_cards
from fabwatch.quals.answers import Forecasts, Score
from fabwatch.quals.cadence import MIDDLE, WEIGHTS, ages_at, coming
from fabwatch.quals.forecast import METHOD, ForecastOptions, chosen_wear
from fabwatch.quals.history import Stream, streams
from fabwatch.quals.interval import costs_of
from fabwatch.quals.judging import OURS, Key, PastForecast, Prediction, judged, pairs_of
from fabwatch.quals.outlook import CHANCES
from fabwatch.quals.schedule import pace
from fabwatch.quals.timeline import Plan
from fabwatch.quals.value import plans_at, value
from fabwatch.quals.wear import Wear
from fabwatch.quals.yardsticks import ALIKE, FIXED, MTBF, exponential_age, yardsticks
from fabwatch.store.lake import Lake
from fabwatch.store.questions import question
from fabwatch.store.temporary import temp_table
from fabwatch.store.view import View
from fabwatch.terms.errors import TooFewFailures
from fabwatch.terms.tables import FORECASTS
from fabwatch.terms.version import VERSION

ORIGINS = 6
FIRST, LAST = 0.4, 0.9
"""The first and the last origin, as shares of the time from the first qual to the last."""
BUSY, USUAL_DAYS = 0.5, 28
"""The moves have not stopped before a day with this share of the median number of them on the last days with any."""


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
    lake = view.lake
    cards, until = tool_cards(lake), _judged_until(lake, view.as_of)
    tools = selection.tools(cards)
    later = _histories(lake, until, tools)
    if not later:
        # The moves stopped before the first qual: a record of quals with hardly any moves is judged by its quals.
        until = view.as_of
        later = _histories(lake, until, tools)
    if later:
        # Before anything is worked out; at an early origin a type may not have been known yet.
        selection.types({kind for _, _, kind in later})
    origins = _origins(list(later.values()), every_days)
    forecasts: list[PastForecast] = []
    plans: list[dict[Key, Plan]] = []
    costs = costs_of(lake.settings.costs, {})
    for origin in origins:
        plans.append({})
        for wear, members in chosen_wear(lake, cards, origin, selection, options, checked=True):
            forecasts += forecasts_at(wear, members, cards, origin)
            plans[-1] |= plans_at(wear, members, costs)
    recorded = [
        forecast
        for forecast in _recorded(lake, until)
        if forecast.key[0] in tools and selection.qual_type in (None, forecast.key[2])
    ]
    edges = ((1 - options.coverage) / 2, (1 + options.coverage) / 2)
    result, live = judged(pairs_of(forecasts, later), edges, (FIXED, MTBF, ALIKE)), judged(pairs_of(recorded, later), edges)
    return Score(
        *view.header(METHOD, question("quals", "events")),
        coverage=options.coverage,
        origins=tuple(origins),
        until=until,
        forecasts=len(forecasts),
        **vars(result),
        kept=len(recorded),
        kept_windows=live.total and replace(live.total, name="kept"),
        kept_brier=live.brier,
        value=value(
            {key: stream for key, stream in later.items() if selection.qual_type in (None, key[2])},
            origins,
            plans,
            lambda tool: cards[tool].area,
            costs,
            "costs" in lake.settings.model_fields_set,
            lake.settings.qual,
        ),
    )


def _histories(lake: Lake, until: datetime, tools: Collection[str]) -> dict[Key, Stream]:
    return {(s.tool, s.chamber, s.qual_type): s for s in streams(lake, until, tools)}


def _judged_until(lake: Lake, as_of: datetime) -> datetime:
    """The moment up to which outcomes count: `as_of`, or the end of the moves where they stopped before.

    Quals that come after the moves have stopped find tools that ran longer than is on record. Not the last move counts but
    the last day with a usual number of them, so that one stray late row changes nothing.
    """
    counts = "SELECT day, count(*), max(end_at) FROM moves WHERE end_at <= $as_of GROUP BY day ORDER BY day"
    days = lake.ask(counts, {"as_of": as_of}).fetchall()
    if not days:
        return as_of
    least = BUSY * median(count for _, count, _ in days[-USUAL_DAYS:])
    last_day, _, last_end = next(day for day in reversed(days) if day[1] >= least)
    end: datetime = last_end
    return end if last_day < as_of.date() else as_of


def _origins(histories: Sequence[Stream], every_days: float | None) -> list[datetime]:
    times = sorted(qual.at for stream in histories for qual in stream.quals)
    if not times:
        raise TooFewFailures("No qual of these tools is on record at that time.")
    begin, span = times[0], times[-1] - times[0]
    if every_days is None:
        return [(begin + span * part).replace(microsecond=0) for part in np.linspace(FIRST, LAST, ORIGINS)]
    count = int(span * (1 - FIRST) / timedelta(days=every_days))
    return [begin + span * FIRST + timedelta(days=every_days * n) for n in range(count + 1)]


def forecasts_at(wear: Wear, members: Sequence[int], cards: Mapping[str, ToolCard], as_of: datetime) -> list[PastForecast]:
    """What was known at `as_of`, as forecasts of some streams of one type that outcomes can be compared with."""
    clock, simple = wear.clock, yardsticks(wear)
    ages = wear.predictor.ages(CHANCES)
    alike_ages = wear.alike.failure_ages(wear.running, CHANCES)
    now = np.array([stream.age.on(clock) for stream in wear.streams])
    speed = np.array([s.units_a_day(clock, pace(s).per_day) for s in wear.streams])
    dues = coming(wear.streams, 1)
    at_due = ages_at(dues, now, clock, speed, 1)[:, 0]
    bad = {
        OURS: wear.predictor.bad_by(at_due) @ WEIGHTS,
        ALIKE: wear.alike.bad_by(at_due, wear.running) @ WEIGHTS,
    }
    age_at_due = at_due[:, MIDDLE]
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
        if dues[n] is None:
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
