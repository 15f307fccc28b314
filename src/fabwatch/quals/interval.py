"""How often to check: the cheapest interval as a range, next to today's; scarce qual hours are shared between tools."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from fabwatch.equipment.tools import Selection, ToolCard, tool_cards
from fabwatch.quals.answers import Advice, CurvePoint, Intervals
from fabwatch.quals.forecast import METHOD as FORECAST_METHOD
from fabwatch.quals.forecast import ForecastOptions, chosen_wear
from fabwatch.quals.history import Stream
from fabwatch.quals.replay import replay
from fabwatch.quals.schedule import pace, usual_round
from fabwatch.quals.wear import Wear
from fabwatch.stats.cycles import Floats
from fabwatch.stats.renewal import Costs, cost_share, tabled_quals
from fabwatch.store.questions import question
from fabwatch.store.view import View
from fabwatch.terms.errors import BadQuestion, TooFewFailures
from fabwatch.terms.settings.answering import CostSettings

STEPS = 90
FLAT = 1.05
"""The advised range covers every interval whose cost is at most this times the lowest."""
WEEK = 7.0
METHOD = (
    "Renewal-reward cost per wafer of a check every T, averaged over the posterior of each tool's wear; the lowest cost "
    "and the range within 5 % of it (docs/interval.md). " + FORECAST_METHOD
)


@dataclass(frozen=True)
class Curve:
    """Cost of a check every T for one stream, per unit of its clock, at every T of the grid."""

    stream: Stream
    wear: Wear
    member: int
    every: Floats
    cost: Floats
    wafers_a_unit: float
    """1 on the clock of wafers, the pace on that of days."""
    units_a_day: float

    @property
    def hours_a_week(self) -> Floats:
        """Qual hours per week for each T."""
        hours: Floats = self.wear.stated.hours * WEEK * self.units_a_day / self.every
        return hours

    def best(self, price: float) -> int:
        """Index of the cheapest T when an hour of quals costs `price` on top."""
        return int(np.argmin(self.priced(price)))

    def priced(self, price: float) -> Floats:
        """Cost per day with an hour of quals at `price`; per unit of the clock where it stands still."""
        if not self.units_a_day > 0:
            return self.cost
        cost: Floats = self.cost * self.units_a_day + price * self.hours_a_week / WEEK
        return cost

    def at(self, every: float) -> float:
        """The cost of one interval, interpolated between the points of the grid."""
        return float(np.interp(np.log(every), np.log(self.every), self.cost))


def costs_of(stated: CostSettings, overrides: Mapping[str, float | None]) -> Costs:
    """The costs of fab.toml, replaced where stated otherwise. Raises BadQuestion for a cost of zero or below."""
    own = {name: value for name, value in overrides.items() if value is not None}
    for name, value in own.items():
        if not value > 0:
            raise BadQuestion(f"cost_{name} must be above 0 (got {value:g}).", "all costs are in one currency, above zero")
    values = {name: own.get(name, getattr(stated, name)) for name in ("qual", "contain", "scrap", "fail", "false")}
    return Costs(**values)


def interval(
    view: View,
    selection: Selection,
    options: ForecastOptions,
    costs: Costs,
    stated: bool,
    qual_hours: float | None = None,
) -> Intervals:
    """The advised qual interval of every stream of the selection; with `qual_hours` per week, they share those.

    `stated` says that the costs are the user's own. Raises UnknownTool, TooFewFailures, and BadQuestion for hours of zero
    or below.
    """
    lake, as_of = view.lake, view.as_of
    if qual_hours is not None and not qual_hours > 0:
        raise BadQuestion(f"qual_hours must be above 0 (got {qual_hours:g}).", "state hours per week")
    cards = tool_cards(lake)
    worn = chosen_wear(lake, cards, as_of, selection, options)
    curves = [curve for wear, members in worn for curve in cost_curves(wear, members, costs)]
    if not curves:
        raise TooFewFailures("No qual of these tools or of any sister tool is on record at that time.")
    price = 0.0 if qual_hours is None else price_per_hour(curves, qual_hours)
    rows = [_row(curve, cards[curve.stream.tool], price, costs) for curve in curves]
    rows.sort(key=lambda row: (row.area or "", row.tool, row.chamber, row.qual_type))
    header = view.header(METHOD, question("quals", "events"))
    shown = None if qual_hours is None else round(price, 6)
    return Intervals(*header, tuple(rows), stated, qual_hours, shown)


def cost_curves(wear: Wear, members: Sequence[int], costs: Costs) -> list[Curve]:
    """The cost of every interval of the grid, for the given streams of one type."""
    grid, stated = wear.fitted.grid, wear.stated
    weight = wear.fitted.weight[list(members)]
    # Of all sisters, so that a tool gets the same advice alone as with others.
    middle = np.exp(wear.fitted.weight @ grid.log_scale)
    every = np.geomspace(middle.min() / 60, middle.max() * 3, STEPS)
    scale, shape = np.exp(grid.log_scale)[:, None], np.exp(grid.log_shape)[:, None]
    expected_quals = tabled_quals(np.log(every)[None, :] - grid.log_scale[:, None], grid.log_shape[:, None], grid.family)
    qual_errors = stated.sensitivity, stated.false_alarm
    share = cost_share(every[None, :], scale, shape, costs, *qual_errors, grid.family, expected_quals)
    fixed, per_wafer = weight @ share.fixed, weight @ share.per_wafer
    curves = []
    for i, n in enumerate(members):
        stream = wear.streams[n]
        speed = pace(stream).per_day
        units = stream.units_a_day(wear.clock, speed)
        # A tool that is idle now is priced at its past pace.
        usual = speed or (stream.processed / stream.span_days if stream.span_days else 0.0)
        wafers = 1.0 if wear.clock == "wafers" else (usual / units if units > 0 else 0.0)
        curves.append(Curve(stream, wear, n, every, fixed[i] + wafers * per_wafer[i], wafers, units))
    return curves


def hours_today(curve: Curve) -> float:
    """Hours per week that the quals of a stream take at its usual interval; 0 when none is known."""
    days = usual_round(curve.stream).days
    return curve.wear.stated.hours * WEEK / days if days else 0.0


def price_per_hour(curves: Sequence[Curve], limit: float) -> float:
    """The price of a qual hour at which the cheapest intervals together take at most `limit` hours per week.

    One Lagrange multiplier, found by bisection; 0 when the limit does not bind. Source: H. Everett, Generalized Lagrange
    multiplier method, Oper. Res. 11 (1963).
    """

    def hours(price: float) -> float:
        return sum(float(curve.hours_a_week[curve.best(price)]) for curve in curves)

    if hours(0.0) <= limit:
        return 0.0
    low, high = 0.0, 1e-6
    while hours(high) > limit and high < 1e12:
        high *= 4
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if hours(middle) > limit else (low, middle)
    return high


def _row(curve: Curve, card: ToolCard, price: float, costs: Costs) -> Advice:
    stream, clock = curve.stream, curve.wear.clock
    best = curve.best(price)
    priced = curve.priced(price)
    flat = np.flatnonzero(priced <= FLAT * priced[best])
    usual = usual_round(stream)
    today = usual.wafers if clock == "wafers" else usual.days and usual.days * curve.units_a_day
    advised = float(curve.every[best])
    units_per_wafer = 1 / curve.wafers_a_unit if curve.wafers_a_unit else 1.0
    intervals = {advised / 2, advised, advised * 2, *([today] if today else [])}
    days = advised / curve.units_a_day if curve.units_a_day > 0 else None
    now = curve.at(today) if today else None
    hours = curve.wear.stated.hours * WEEK
    return Advice(
        area=card.area,
        tool_type=card.tool_type,
        tool=stream.tool,
        chamber=stream.chamber,
        qual_type=stream.qual_type,
        clock=clock,
        today_wafers=None if usual.wafers is None else round(usual.wafers),
        today_days=None if usual.days is None else round(usual.days, 2),
        advised_wafers=round(advised * curve.wafers_a_unit),
        advised_days=None if days is None else round(days, 2),
        low_wafers=round(float(curve.every[flat[0]]) * curve.wafers_a_unit),
        high_wafers=round(float(curve.every[flat[-1]]) * curve.wafers_a_unit),
        cost_today=None if now is None else round(now * units_per_wafer, 6),
        cost_advised=round(curve.at(advised) * units_per_wafer, 6),
        cost_per_day_today=None if now is None else round(now * curve.units_a_day, 4),
        cost_per_day_advised=round(curve.at(advised) * curve.units_a_day, 4) if curve.units_a_day else None,
        hours_per_week_today=round(hours_today(curve), 3) if usual.days else None,
        hours_per_week_advised=None if not days else round(hours / days, 3),
        curve=tuple(
            CurvePoint(round(at * curve.wafers_a_unit), round(curve.at(at) * units_per_wafer, 6)) for at in sorted(intervals)
        ),
        replay=replay(curve.wear, curve.member, advised, curve.wafers_a_unit, costs),
    )
