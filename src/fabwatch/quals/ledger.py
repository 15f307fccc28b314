"""The ledger of forecasts: each is kept with what was known, and scored when the outcome has arrived."""

import json
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
import pyarrow as pa

from fabwatch.equipment.tools import Selection, ToolCard, tool_cards
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
from fabwatch.terms.errors import BadQuestion, TooFewFailures
from fabwatch.terms.forecasts import Forecasts
from fabwatch.terms.scores import Score, Tenth, Windows, Yardstick
from fabwatch.terms.tables import FORECASTS
from fabwatch.terms.version import VERSION

OURS = "fabwatch"
ORIGINS = 6
FIRST, LAST = 0.4, 0.9
"""The first and the last origin, as parts of the time from the first qual to the last."""
MANY_FAILURES = 4
Key = tuple[str, str, str]


@dataclass(frozen=True)
class Foretold:
    """What one way to forecast said of one stream: ages by chance, where it tells any, and the chance to fail next."""

    ages: tuple[float, ...] | None
    p_next: float | None


@dataclass(frozen=True)
class Said:
    """One forecast and what was known when it was made."""

    as_of: datetime
    key: Key
    area: str | None
    clock: str
    last_look_at: datetime | None
    good: float
    failures: int
    by: Mapping[str, Foretold]
    chances: tuple[float, ...] = CHANCES


@dataclass(frozen=True)
class Outcome:
    """What came of a forecast: the ages between which it failed (upper = inf: not yet), and how the next qual went."""

    lower: float
    upper: float
    next_failed: bool


def record(lake: Lake, forecasts: Forecasts) -> None:
    """Keep the forecasts, once a day for one state of knowledge. Raises StoreBusy and its kin."""
    rows = []
    for row in forecasts.tools:
        coming = row.next_quals[0] if row.next_quals else None
        window = row.window
        kept = {name: getattr(row, name) for name in FORECASTS.names if hasattr(row, name)}
        kept |= {"as_of": forecasts.as_of, "coverage": window.coverage, "version": VERSION}
        kept |= {"next_day": coming and coming.day, "p_next": coming and coming.p_fail}
        kept |= {name: getattr(window, name) for name in ("from_wafers", "to_wafers", "from_days", "to_days")}
        rows.append({**kept, "quantiles": json.dumps(row.quantiles)})
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
    wish: ForecastOptions,
    every_days: float | None = None,
) -> Score:
    """Roll through the history: forecast at each origin from what was known then, and compare with what came by `as_of`.

    Origins are ORIGINS even steps, or one every `every_days`. Raises TooFewFailures without quals, UnknownTool, and
    BadQuestion for days of zero or below.
    """
    lake, as_of = view.lake, view.as_of
    cards = tool_cards(lake)
    tools = selection.tools(cards)
    later = {(s.tool, s.chamber, s.qual_type): s for s in streams(lake, as_of, tools)}
    origins = _origins(list(later.values()), every_days)
    saids: list[Said] = []
    for origin in origins:
        for wear, members in chosen_wear(lake, cards, origin, selection, wish):
            saids += _saids(wear, members, cards, origin)
    kept = [said for said in _kept(lake, as_of) if said.key[0] in tools and selection.qual_type in (None, said.key[2])]
    pairs = _pairs(saids, later)
    kept_pairs = _pairs(kept, later)
    edges = ((1 - wish.coverage) / 2, (1 + wish.coverage) / 2)
    nexts, kept_next = _asked_next(pairs), _asked_next(kept_pairs)
    ours = _brier(nexts, OURS)
    return Score(
        *view.header(METHOD, question("quals", "events")),
        coverage=wish.coverage,
        origins=tuple(origins),
        forecasts=len(saids),
        quals=len(nexts),
        failed=sum(outcome.next_failed for _, outcome in nexts),
        total=_windows("all", pairs, OURS, edges),
        by_area=_grouped(pairs, edges, lambda said: said.area or "-"),
        by_failures=_grouped(pairs, edges, _count),
        brier=ours,
        yardsticks=tuple(_yardstick(name, pairs, nexts, edges, ours) for name in (FIXED, MTBF, ALIKE)) if ours else (),
        calibration=_calibration(nexts),
        kept=len(kept),
        kept_windows=_windows("kept", kept_pairs, OURS, edges),
        kept_brier=_brier(kept_next, OURS),
    )


def _origins(found: Sequence[Stream], every_days: float | None) -> list[datetime]:
    if every_days is not None and not every_days > 0:
        raise BadQuestion(f"A step of {every_days} days is none.", "give days above zero")
    times = sorted(look.at for stream in found for look in stream.looks)
    if not times:
        raise TooFewFailures("No qual of this selection is on record by then.")
    begin, span = times[0], times[-1] - times[0]
    if every_days is None:
        return [(begin + span * part).replace(microsecond=0) for part in np.linspace(FIRST, LAST, ORIGINS)]
    steps = int(span * (1 - FIRST) / timedelta(days=every_days))
    return [begin + span * FIRST + timedelta(days=every_days * n) for n in range(steps + 1)]


def _saids(wear: Wear, members: Sequence[int], cards: Mapping[str, ToolCard], as_of: datetime) -> list[Said]:
    clock, simple = wear.clock, yardsticks(wear)
    ages = wear.foretold.ages(CHANCES)
    alike_ages = wear.alike.failure_ages(wear.running, CHANCES)
    now = np.array([stream.age.on(clock) for stream in wear.streams])
    speed = np.array([s.units_a_day(clock, pace(s).per_day) for s in wear.streams])
    dues = [due_days(stream, 1) for stream in wear.streams]
    then = now + speed * np.array([due[0] if due else 0.0 for due in dues])
    bad = {OURS: wear.foretold.bad_by(then), ALIKE: wear.alike.bad_by(then, wear.running)}
    sees, errs = wear.stated.sensitivity, wear.stated.false_alarm
    saids = []
    for n in members:
        stream = wear.streams[n]
        good, life = stream.running.last_good.on(clock), float(simple.lives[n])
        chance = {name: float(p[n]) * sees + (1 - float(p[n])) * errs for name, p in bad.items()}
        by = {
            OURS: Foretold(tuple(ages[n]), chance[OURS]),
            ALIKE: Foretold(tuple(alike_ages[n]), chance[ALIKE]),
            MTBF: Foretold(
                tuple(exponential_age(good, life, chance) for chance in CHANCES),
                1 - float(np.exp(-max(then[n] - good, 0.0) / life)),
            ),
            FIXED: Foretold(None, simple.share),
        }
        if not dues[n]:
            by = {name: Foretold(told.ages, None) for name, told in by.items()}
        area = cards[stream.tool].area
        key = (stream.tool, stream.chamber, stream.qual_type)
        if stream.looks and stream.running.failed is None:
            saids.append(Said(as_of, key, area, clock, stream.last_look_at, good, stream.failures, by))
    return saids


def _kept(lake: Lake, as_of: datetime) -> list[Said]:
    rows = lake.rows("SELECT * FROM lake.forecasts WHERE as_of <= $as_of ORDER BY as_of", {"as_of": as_of})
    saids = []
    for row in rows:
        told = {float(chance): age for chance, age in json.loads(row["quantiles"]).items()}
        by = {OURS: Foretold(tuple(told.values()), row["p_next"])}
        key = (row["tool"], row["chamber"], row["qual_type"])
        good, failures = row["age_at_last_good"], row["failures"]
        saids.append(
            Said(row["as_of"], key, row["area"], row["clock"], row["last_look_at"], good, failures, by, tuple(told))
        )
    return saids


def _pairs(saids: Sequence[Said], later: Mapping[Key, Stream]) -> list[tuple[Said, Outcome]]:
    found = [(said, outcome_of(said, later[said.key])) for said in saids if said.key in later]
    return [(said, outcome) for said, outcome in found if outcome is not None]


def outcome_of(said: Said, later: Stream) -> Outcome | None:
    """What came of a forecast by the time of a later history; None when no qual has come since."""
    cycles = [c for c in later.all_cycles if c.began <= said.as_of and (c.ended is None or c.ended > said.as_of)]
    looks = cycles[-1].looks if cycles else []
    known = said.last_look_at
    new = [n for n, look in enumerate(looks) if known is None or look.at > known]
    if not new:
        return None
    ages, _ = cycles[-1].ages(said.clock)
    good, upper = said.good, np.inf
    for n in new:
        if not looks[n].passed:
            upper = ages[n]
            break
        good = ages[n]
    return Outcome(good, upper, not looks[new[0]].passed)


def _asked_next(pairs: Sequence[tuple[Said, Outcome]]) -> list[tuple[Said, Outcome]]:
    """Those forecasts that told a chance for the next qual."""
    return [(said, outcome) for said, outcome in pairs if said.by[OURS].p_next is not None]


def _brier(pairs: Sequence[tuple[Said, Outcome]], name: str) -> float | None:
    if not pairs:
        return None
    return round(brier([said.by[name].p_next or 0.0 for said, _ in pairs], [o.next_failed for _, o in pairs]), 5)


def _given(said: Said, name: str, age: float) -> float:
    """The chance that a forecast had given to the failure to have come by an age."""
    ages = said.by[name].ages or ()
    if age <= said.good:
        return 0.0
    return float(np.interp(age, (said.good, *ages), (0.0, *said.chances))) if np.isfinite(age) else 1.0


def _windows(label: str, pairs: Sequence[tuple[Said, Outcome]], name: str, edges: tuple[float, float]) -> Windows | None:
    if not pairs:
        return None
    low = [_given(said, name, outcome.lower) for said, outcome in pairs]
    high = [_given(said, name, outcome.upper) for said, outcome in pairs]
    found = landed(low, high, edges, [said.key[0] for said, _ in pairs])
    ended = sum(bool(np.isfinite(outcome.upper)) for _, outcome in pairs)
    shares = (found.held, found.early, found.late, found.held_low, found.held_high)
    return Windows(label, len(pairs), ended, *(round(share, 4) for share in shares))


def _grouped(
    pairs: Sequence[tuple[Said, Outcome]], edges: tuple[float, float], label: Callable[[Said], str]
) -> tuple[Windows, ...]:
    groups: dict[str, list[tuple[Said, Outcome]]] = defaultdict(list)
    for said, outcome in pairs:
        groups[label(said)].append((said, outcome))
    found = (_windows(name, some, OURS, edges) for name, some in sorted(groups.items()))
    return tuple(row for row in found if row is not None)


def _count(said: Said) -> str:
    return str(said.failures) if said.failures < MANY_FAILURES else f"{MANY_FAILURES} or more"


def _yardstick(
    name: str,
    pairs: Sequence[tuple[Said, Outcome]],
    nexts: Sequence[tuple[Said, Outcome]],
    edges: tuple[float, float],
    ours: float,
) -> Yardstick:
    theirs = _brier(nexts, name) or 0.0
    skill = round(1 - ours / theirs, 4) if theirs else 0.0
    if name == FIXED:
        return Yardstick(name, None, None, theirs, skill)
    windows = _windows(name, pairs, name, edges)
    width = np.median([_width(said, name, edges) / max(_width(said, OURS, edges), 1e-9) for said, _ in pairs])
    return Yardstick(name, None if windows is None else windows.held, round(float(width), 2), theirs, skill)


def _width(said: Said, name: str, edges: tuple[float, float]) -> float:
    low, high = np.interp(edges, said.chances, said.by[name].ages or ())
    return float(high - low)


def _calibration(nexts: Sequence[tuple[Said, Outcome]]) -> tuple[Tenth, ...]:
    said = [one.by[OURS].p_next or 0.0 for one, _ in nexts]
    table = tenths(said, [outcome.next_failed for _, outcome in nexts]) if nexts else []
    return tuple(Tenth(low, high, n, round(mean, 4), round(came, 4)) for low, high, n, mean, came in table)
