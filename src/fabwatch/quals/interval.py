"""How often to check: the interval that costs least, as a range, beside today's."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import numpy as np

from fabwatch.quals.forecast import METHOD as FORECAST_METHOD
from fabwatch.quals.forecast import Place, Prepared, Wish, prepare
from fabwatch.quals.history import Stream
from fabwatch.stats.renewal import Costs, cost_per_wafer
from fabwatch.store.lake import Lake
from fabwatch.store.questions import question
from fabwatch.terms.answers import How
from fabwatch.terms.errors import BadQuestion
from fabwatch.terms.forecasts import Advice, CurvePoint, Intervals
from fabwatch.terms.settings import CostSettings, QualSettings
from fabwatch.terms.words import sentence

STEPS = 90
FLAT = 1.05
"""The advised range reaches as far as costs at most this times the least."""
METHOD = (
    "Renewal-reward cost per wafer of a check every T, averaged over what is known of each tool's wear; the least cost, and "
    "the range within 5 % of it (docs/interval.md). " + FORECAST_METHOD
)


@dataclass(frozen=True)
class _Curve:
    """Cost per unit of the clock of every tool at every interval tried: tools x intervals."""

    every: np.ndarray[Any, np.dtype[np.float64]]
    cost: np.ndarray[Any, np.dtype[np.float64]]

    def at(self, tool: int, every: float) -> float:
        """The cost at one interval, between the points tried."""
        return float(np.interp(np.log(every), np.log(self.every), self.cost[tool]))


def costs_of(stated: CostSettings, asked: Mapping[str, float | None]) -> Costs:
    """The costs of fab.toml, with what is asked otherwise in their place. Raises BadQuestion for one of zero or below."""
    given = {name: value for name, value in asked.items() if value is not None}
    for name, value in given.items():
        if not value > 0:
            raise BadQuestion(f"A cost of {value} for {name} is none.", "give a cost above zero")
    values = {name: given.get(name, getattr(stated, name)) for name in ("qual", "contain", "scrap", "fail", "false")}
    return Costs(**values)


def interval(
    lake: Lake,
    snapshot: int,
    as_of: datetime,
    known_at: datetime | None,
    places: dict[str, Place],
    chosen: set[tuple[str, str]],
    wish: Wish,
    costs: Costs,
) -> Intervals:
    """The advised qual interval of every stream whose (tool, qual type) is `chosen`."""
    ready = prepare(lake, as_of, places, wish)
    numbers = [n for n, s in enumerate(ready.streams) if (s.tool, s.qual_type) in chosen]
    rows = []
    for clock in ("wafers", "days"):
        for kind in dict.fromkeys(ready.streams[n].qual_type for n in numbers):
            members = [n for n in numbers if ready.streams[n].qual_type == kind and ready.clock(n) == clock]
            if members:
                rows += _advice(ready, members, clock, costs, lake.settings.qual(kind), places)
    order = {(s.tool, s.chamber, s.qual_type): n for n, s in enumerate(ready.streams)}
    rows.sort(key=lambda row: order[row.tool, row.chamber, row.qual_type])
    how = How(METHOD, question("quals", "events"), snapshot)
    return Intervals(as_of, known_at, lake.settings.fab.demo, how, tuple(rows))


def _advice(
    ready: Prepared, members: Sequence[int], clock: str, costs: Costs, stated: QualSettings, places: dict[str, Place]
) -> list[Advice]:
    grid = ready.fits[clock].grid
    scale, shape = np.exp(grid.log_scale), np.exp(grid.log_shape)
    weight = ready.fits[clock].weight[list(members)]
    middle = np.exp(weight @ grid.log_scale)
    every = np.geomspace(middle.min() / 60, middle.max() * 3, STEPS)
    if clock == "days":
        # Contained and bad wafers are counted by the day there, at the usual pace of these tools.
        pace = float(np.median([ready.streams[n].pace_per_day for n in members]))
        costs = replace(costs, contain=costs.contain * max(pace, 1e-9), scrap=costs.scrap * max(pace, 1e-9))
    unit = cost_per_wafer(every[None, :], scale[:, None], shape[:, None], costs, stated.sensitivity, stated.false_alarm)
    curve = _Curve(every, weight @ unit)
    return [_row(ready.streams[n], places[ready.streams[n].tool], curve, i, clock) for i, n in enumerate(members)]


def _row(stream: Stream, place: Place, curve: _Curve, i: int, clock: str) -> Advice:
    best = int(np.argmin(curve.cost[i]))
    flat = np.flatnonzero(curve.cost[i] <= FLAT * curve.cost[i, best])
    pace = stream.pace_per_day
    to_wafers = 1.0 if clock == "wafers" else pace
    per_wafer = 1.0 if clock == "wafers" else (1 / pace if pace > 0 else 0.0)
    gap = stream.gap_days
    today = None if gap is None else (gap * pace if clock == "wafers" else gap)
    advised = float(curve.every[best])
    days = advised if clock == "days" else (advised / pace if pace > 0 else None)
    cost = {
        name: curve.at(i, at) * per_wafer for name, at in (("half", advised / 2), ("best", advised), ("twice", advised * 2))
    }
    now = None if not today else curve.at(i, today) * per_wafer
    points = [(advised / 2, cost["half"]), (advised, cost["best"]), (advised * 2, cost["twice"])]
    points += [(today, now)] if today and now is not None else []
    place_name = stream.tool if stream.chamber == "*" else f"{stream.tool} {stream.chamber}"
    said = {"place": place_name, "qual_type": stream.qual_type, "advised": round(advised * to_wafers)}
    low, high = float(curve.every[flat[0]]) * to_wafers, float(curve.every[flat[-1]]) * to_wafers
    key = "interval" if gap is None else "interval_today"
    return Advice(
        area=place.area,
        tool_type=place.tool_type,
        tool=stream.tool,
        chamber=stream.chamber,
        qual_type=stream.qual_type,
        clock=clock,
        today_wafers=None if gap is None else round(gap * pace),
        today_days=None if gap is None else round(gap, 2),
        advised_wafers=round(advised * to_wafers),
        advised_days=None if days is None else round(days, 2),
        low_wafers=round(low),
        high_wafers=round(high),
        cost_today=None if now is None else round(now, 6),
        cost_advised=round(cost["best"], 6),
        curve=tuple(CurvePoint(round(at * to_wafers), round(price, 6)) for at, price in sorted(points)),
        sentence=sentence("en", key, low=round(low), high=round(high), today=round((gap or 0) * pace), gap=gap or 0, **said),
    )
