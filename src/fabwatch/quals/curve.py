"""What if we check every N wafers: wafers at risk at the check, its chance to fail, and the cost."""

import numpy as np

from fabwatch.equipment.tools import Selection, tool_cards
from fabwatch.quals.answers import Curves, ToolCurve, Tried
from fabwatch.quals.forecast import ForecastOptions, chosen_wear
from fabwatch.quals.interval import METHOD as INTERVAL_METHOD
from fabwatch.quals.interval import WEEK, Curve, cost_curves
from fabwatch.quals.schedule import usual_round
from fabwatch.quals.wear import Wear
from fabwatch.stats.renewal import Costs
from fabwatch.store.questions import question
from fabwatch.store.view import View
from fabwatch.terms.errors import TooFewFailures

POINTS = 48
REACH = 6.0
"""The curve runs from the advised interval divided by this to the advised interval times this."""
METHOD = (
    "The chance to fail is that of the next check, if it comes this many wafers after the last one. The wafers at risk are "
    "those that run in between. " + INTERVAL_METHOD
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
        raise TooFewFailures("No qual of these tools or of any sister tool is on record at that time.")
    rows.sort(key=lambda row: (row.tool, row.chamber, row.qual_type))
    header = view.header(METHOD, question("quals", "events"))
    return Curves(*header, stated, tuple(rows))


def _curves(wear: Wear, curves: list[Curve]) -> list[ToolCurve]:
    """The curves of the streams of one type; the chance to fail is computed for all of them at once."""
    intervals = [_intervals(curve) for curve in curves]
    longest = max(len(row) for row in intervals)
    # Pad to one length, so that each step is one call for all tools.
    padded = np.array([[*row, *[row[-1]] * (longest - len(row))] for row in intervals])
    last_ages = np.array([_age_at_last_qual(curve) for curve in curves])
    fails = np.column_stack([wear.predictor.bad_by(last_ages + padded[:, n]) for n in range(longest)])
    return [
        _curve(curve, row, [float(p) for p in chances[: len(row)]])
        for curve, row, chances in zip(curves, intervals, fails, strict=True)
    ]


def _age_at_last_qual(curve: Curve) -> float:
    quals = curve.stream.running.quals
    return quals[-1].age.on(curve.wear.clock) if quals else 0.0


def _current_interval(curve: Curve) -> float | None:
    usual = usual_round(curve.stream)
    return usual.wafers if curve.wear.clock == "wafers" else usual.days and usual.days * curve.units_a_day


def _intervals(curve: Curve) -> list[float]:
    best, today = float(curve.every[curve.best(0.0)]), _current_interval(curve)
    ends = max(best / REACH, float(curve.every[0])), min(best * REACH, float(curve.every[-1]))
    intervals = {float(every) for every in np.geomspace(*ends, POINTS)} | {best} | ({float(today)} if today else set())
    return sorted(intervals)


def _curve(curve: Curve, intervals: list[float], fails: list[float]) -> ToolCurve:
    stream, today = curve.stream, _current_interval(curve)
    units_per_wafer = 1 / curve.wafers_a_unit if curve.wafers_a_unit else 1.0
    points = []
    for every, chance in zip(intervals, fails, strict=True):
        days = every / curve.units_a_day if curve.units_a_day > 0 else None
        cost = curve.at(every)
        points.append(
            Tried(
                wafers=round(every * curve.wafers_a_unit),
                days=None if days is None else round(days, 2),
                p_fail=round(chance, 4),
                cost_per_1000=round(1000 * cost * units_per_wafer, 4),
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
