"""What if we check every so many wafers: what is at risk at the check, its chance to fail, and what it costs."""

import numpy as np

from fabwatch.equipment.tools import Selection, tool_cards
from fabwatch.quals.forecast import ForecastOptions, chosen_wear
from fabwatch.quals.interval import METHOD as INTERVAL_METHOD
from fabwatch.quals.interval import WEEK, Curve, cost_curves
from fabwatch.quals.schedule import usual_round
from fabwatch.quals.wear import Wear
from fabwatch.stats.renewal import Costs
from fabwatch.store.questions import question
from fabwatch.store.view import View
from fabwatch.terms.advice import Curves, ToolCurve, Tried
from fabwatch.terms.errors import TooFewFailures

POINTS = 48
REACH = 6.0
"""The curve goes from the advised interval over this to that many times it."""
METHOD = (
    "The chance to fail is that of the next check, if it comes that many wafers after the last one; at risk are the wafers "
    "that run in between. " + INTERVAL_METHOD
)


def curve(
    view: View,
    selection: Selection,
    costs: Costs,
    stated: bool,
) -> Curves:
    """The curve of every chamber and qual type of a selection. Raises UnknownTool and TooFewFailures."""
    lake, as_of = view.lake, view.as_of
    cards = tool_cards(lake)
    worn = chosen_wear(lake, cards, as_of, selection, ForecastOptions())
    rows = [row for wear, members in worn for row in _curves(wear.only(members), cost_curves(wear, members, costs))]
    if not rows:
        raise TooFewFailures("No qual of this selection or of any sister is on record by then.")
    rows.sort(key=lambda row: (row.tool, row.chamber, row.qual_type))
    header = view.header(METHOD, question("quals", "events"))
    return Curves(*header, stated, tuple(rows))


def _curves(wear: Wear, curves: list[Curve]) -> list[ToolCurve]:
    """The curves of some streams of one type; the chance to fail is worked out for all of them at once."""
    tried = [_tried(curve) for curve in curves]
    longest = max(len(some) for some in tried)
    # Filled up to one length, so that each step is one question for all tools.
    every = np.array([[*some, *[some[-1]] * (longest - len(some))] for some in tried])
    looked = np.array([_looked(curve) for curve in curves])
    fails = np.column_stack([wear.foretold.bad_by(looked + every[:, n]) for n in range(longest)])
    return [
        _curve(curve, some, [float(p) for p in chances[: len(some)]])
        for curve, some, chances in zip(curves, tried, fails, strict=True)
    ]


def _looked(curve: Curve) -> float:
    looks = curve.stream.running.looks
    return looks[-1].age.on(curve.wear.clock) if looks else 0.0


def _today(curve: Curve) -> float | None:
    usual = usual_round(curve.stream)
    return usual.wafers if curve.wear.clock == "wafers" else usual.days and usual.days * curve.units_a_day


def _tried(curve: Curve) -> list[float]:
    best, today = float(curve.every[curve.best(0.0)]), _today(curve)
    ends = max(best / REACH, float(curve.every[0])), min(best * REACH, float(curve.every[-1]))
    tried = {float(every) for every in np.geomspace(*ends, POINTS)} | {best} | ({float(today)} if today else set())
    return sorted(tried)


def _curve(curve: Curve, tried: list[float], fails: list[float]) -> ToolCurve:
    stream, today = curve.stream, _today(curve)
    a_wafer = 1 / curve.wafers_a_unit if curve.wafers_a_unit else 1.0
    points = []
    for every, chance in zip(tried, fails, strict=True):
        days = every / curve.units_a_day if curve.units_a_day > 0 else None
        cost = curve.at(every)
        points.append(
            Tried(
                wafers=round(every * curve.wafers_a_unit),
                days=None if days is None else round(days, 2),
                p_fail=round(chance, 4),
                cost_per_1000=round(1000 * cost * a_wafer, 4),
                cost_per_day=round(cost * curve.units_a_day, 4) if curve.units_a_day > 0 else None,
                quals_per_week=None if not days else round(WEEK / days, 2),
            )
        )
    return ToolCurve(
        tool=stream.tool,
        chamber=stream.chamber,
        qual_type=stream.qual_type,
        clock=curve.wear.clock,
        advised_wafers=round(float(curve.every[curve.best(0.0)]) * curve.wafers_a_unit),
        today_wafers=None if not today else round(today * curve.wafers_a_unit),
        points=tuple(points),
    )
