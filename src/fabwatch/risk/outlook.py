"""The outlook: wafers at risk by the next qual at the present pace, and which tools to check on which of the coming days."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np

from fabwatch.equipment.limits import Decided, decided
from fabwatch.equipment.tools import Selection, ToolCard, tool_cards
from fabwatch.quals.cadence import MIDDLE, Coming, coming
from fabwatch.quals.forecast import ForecastOptions, chosen_wear
from fabwatch.quals.interval import METHOD as INTERVAL_METHOD
from fabwatch.quals.interval import Curve, cost_curves, hours_today, price_per_hour
from fabwatch.quals.maintenance import Calendar, calendar
from fabwatch.quals.wear import Wear
from fabwatch.risk.answers import Exposure, Plan, Planned
from fabwatch.risk.exposure import risk
from fabwatch.risk.urgent import Key, urgent
from fabwatch.stats.renewal import Costs
from fabwatch.store.questions import question
from fabwatch.store.view import View
from fabwatch.terms.clock import iso
from fabwatch.terms.errors import TooFewFailures

POINTS = 9
"""The chance to be bad is looked at so often over the coming days."""
METHOD = (
    "A tool is due when the advised interval since its last qual has run, or when its wafers at risk reach the inhibit "
    "limit, and now when its status is act: failed, requal pending, limit reached, probably out of spec. The hours are "
    "shared by the whole fab, whatever is selected; without costs in fab.toml the hours that quals take today are kept and "
    "only shared out anew; the loss is that of leaving it unchecked until the last day. " + INTERVAL_METHOD
)


def plan(
    view: View,
    selection: Selection,
    costs: Costs,
    stated: bool,
    days: int,
) -> Plan:
    """What to check on each of the coming days, the largest expected loss first on each day.

    `stated` says that the costs are the user's own. Raises UnknownTool and TooFewFailures.
    """
    lake, as_of = view.lake, view.as_of
    cards = tool_cards(lake)
    tools = selection.tools(cards)
    # The hours of quals are shared by the whole fab: a part of it has the same plan alone as among the others.
    worn = chosen_wear(lake, cards, as_of, Selection(), ForecastOptions())
    known = {stream.qual_type for wear, _ in worn for stream in wear.streams if stream.tool in tools}
    kinds = selection.types(known) if known else known
    of_types = [(wear, cost_curves(wear, members, costs)) for wear, members in worn]
    today = sum(hours_today(curve) for _, curves in of_types for curve in curves)
    # What a qual costs beside a bad wafer is not known then; how much checking the fab can afford is.
    every = [curve for _, curves in of_types for curve in curves]
    price = 0.0 if stated or not today else price_per_hour(every, today)
    exposed = risk(view, Selection(), "tool").tools
    urgently = urgent(exposed, [wear for wear, _ in worn], lake.settings.fab)
    when = _When(as_of, days, price, decided(lake, as_of), urgently, calendar(lake, as_of))
    rows = {(row.tool or "", row.chamber, row.qual_type): row for row in exposed}
    items, checked = [], 0
    for wear, curves in of_types:
        chosen = [n for n, curve in enumerate(curves) if curve.stream.tool in tools and curve.stream.qual_type in kinds]
        checked += len(chosen)
        if chosen:
            dues = coming(wear.streams, 1, chosen)
            items += _planned(wear.only(chosen), [curves[n] for n in chosen], dues, cards, rows, costs, when)
    if not checked:
        raise TooFewFailures(f"No qual of the selected tools or of a sister tool is on record by {iso(as_of)}.")
    items.sort(key=lambda item: (item.day, -item.expected_loss))
    header = view.header(METHOD, question("quals", "events"))
    return Plan(*header, days, checked, stated, tuple(items))


@dataclass(frozen=True)
class _When:
    as_of: datetime
    days: int
    price: float
    """What an hour of quals costs on top."""
    decided: Decided
    urgent: Mapping[Key, str]
    """What is due now whatever its interval, and why."""
    calendar: Calendar

    @property
    def end(self) -> datetime:
        """The last moment of the plan."""
        return self.as_of + timedelta(days=self.days)


def _planned(
    wear: Wear,
    curves: list[Curve],
    dues: list[Coming | None],
    cards: dict[str, ToolCard],
    exposed: dict[Key, Exposure],
    costs: Costs,
    when: _When,
) -> list[Planned]:
    as_of, days = when.as_of, when.days
    now = np.array([stream.age.on(wear.clock) for stream in wear.streams])
    speed = np.array([curve.units_a_day for curve in curves])
    ahead = np.linspace(0.0, days, POINTS)
    bad = np.column_stack([wear.predictor.bad_by(now + speed * day) for day in ahead])
    items = []
    for n, (stream, curve) in enumerate(zip(wear.streams, curves, strict=True)):
        exposure = exposed.get((stream.tool, stream.chamber, stream.qual_type))
        at_risk = exposure.wafers if exposure else 0
        pace = curve.units_a_day * curve.wafers_a_unit
        day, reason = _due(curve, exposure, pace, when)
        if day > days:
            continue
        ran = pace * days
        worst = float(np.trapezoid(bad[n], ahead)) * pace
        loss = costs.scrap * worst + costs.contain * float(bad[n][-1]) * (at_risk + ran)
        usual = dues[n]
        card = cards[stream.tool]
        items.append(
            Planned(
                day=int(day),
                date=(as_of + timedelta(days=int(day))).date().isoformat(),
                reason=reason,
                area=card.area,
                tool_type=card.tool_type,
                tool=stream.tool,
                chamber=stream.chamber,
                qual_type=stream.qual_type,
                due_day=round(day, 2),
                usual_day=None if usual is None else round(float(usual.days[0, MIDDLE]), 2),
                p_bad_now=round(float(bad[n][0]), 4),
                p_bad_then=round(float(np.interp(day, ahead, bad[n])), 4),
                wafers_at_risk=at_risk,
                wafers_at_risk_then=round(at_risk + pace * day),
                expected_bad=round(worst, 1),
                expected_loss=round(loss, 3),
                hours=wear.stated.hours,
                maintenance_at=work if (work := when.calendar.coming(stream, wear.stated)) and work <= when.end else None,
            )
        )
    return items


def _due(curve: Curve, exposure: Exposure | None, pace: float, when: _When) -> tuple[float, str]:
    """In how many days a stream is due, and why."""
    stream, clock = curve.stream, curve.wear.clock
    looks = stream.running.quals
    place = (stream.tool, stream.chamber, stream.qual_type)
    if place in when.urgent:
        return 0.0, when.urgent[place]
    since = stream.age.on(clock) - (looks[-1].age.on(clock) if looks else 0.0)
    every, reason = float(curve.every[curve.best(when.price)]), "due"
    wafers, days = (when.decided.of(*place, name) for name in ("interval_wafers", "interval_days"))
    if wafers is not None or days is not None:
        by_wafers = wafers / curve.wafers_a_unit if wafers and curve.wafers_a_unit else float("inf")
        every = min(by_wafers, days * curve.units_a_day if days is not None else float("inf"))
        reason = "decided"
    left = every - since
    due = max(left, 0.0) / curve.units_a_day if curve.units_a_day > 0 else float("inf")
    reason = reason if looks or stream.quals else "never checked"
    inhibit = when.decided.limit(*place, "inhibit", curve.wear.stated.inhibit)
    if inhibit is not None and exposure is not None:
        room = inhibit - exposure.wafers
        by_limit = 0.0 if room <= 0 else (room / pace if pace > 0 else float("inf"))
        if by_limit < due:
            return by_limit, "limit"
    return due, reason
