"""The removal rate of each run of a fab, in order of time, and how near that came."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

import numpy as np

from fabwatch.cmp.history import groups, measured_sql
from fabwatch.cmp.rate_replay import Walk
from fabwatch.cmp.runs import features_sql, log_runs
from fabwatch.store.lake import Lake
from fabwatch.store.view import View
from fabwatch.terms.errors import NothingRecorded, UnknownTool, unknown
from fabwatch.terms.polishing import PredictedRate, PredictedRates

METHOD = (
    "Level: EWMA of the measured rates of the same tool, stage and chambers with weights from 0.2 to 1, mixed by how each "
    "did lately (a result counts 0.9 times the next one); corrected by a ridge regression on how the log departs from the "
    "runs before, or by the last departure of the other groups, where that missed at least 5 % less in the last 80 "
    "results. A result is known when it arrived, else when the next run of its group ended. Interval: the quantile of "
    "what was missed in the group in the last 80 results, its level adapted to how the intervals before it held (adaptive "
    "conformal inference)."
)


def predict(view: View, tool: str | None, chosen: Sequence[str | None]) -> PredictedRates:
    """The removal rate of runs in order of time; `chosen` names the first and the last, None for no bound.

    Raises BadQuestion where there is no log with measured runs.
    """
    lake, as_of = view.lake, view.as_of
    walk = walked(lake, as_of, tool)
    told = list(walk)
    begin, end = _span(told, chosen)
    header = view.header(METHOD, statements())
    part = tuple(told[begin:end])
    return PredictedRates(*header, part, tuple(_scored(part, walk.coverage)))


def statements() -> str:
    """What the removal rates of runs rest on: what their logs say, and what was measured of their wafers."""
    return f"{features_sql()};\n{measured_sql()}"


def walked(lake: Lake, as_of: datetime, tool: str | None) -> Walk:
    """The runs with a log, to be gone through. Raises NothingRecorded where none of them was measured."""
    measured = {wafer.run: wafer for group in groups(lake, as_of, tool) for wafer in group.wafers if wafer.run}
    runs = log_runs(lake, as_of, tool)
    if not runs or not measured:
        raise NothingRecorded(
            "No run of a log has a measured removal rate.",
            "load the logs and a file with WAFER, STAGE, REMOVAL_RATE: fabwatch ingest FILES",
        )
    return Walk(runs, measured, lake.settings.cmp.coverage)


def _span(told: Sequence[PredictedRate], chosen: Sequence[str | None]) -> tuple[int, int]:
    names = [run.run for run in told]
    places = []
    for name, otherwise in zip(chosen, (0, len(names) - 1), strict=True):
        if name is not None and name.isdecimal() and name not in names:
            places.append(min(max(int(name) - 1, 0), len(names) - 1))
        elif name is not None and name not in names:
            raise unknown("run with a log", name, names)
        else:
            places.append(otherwise if name is None else names.index(name))
    if chosen[0] is not None and chosen[0].isdecimal() and chosen[0] not in names and int(chosen[0]) > len(names):
        raise UnknownTool(
            f"No run {chosen[0]}: there are {len(names):,} runs with a log.", "count them from 1 in order of time"
        )
    return places[0], places[1] + 1


def _scored(told: Sequence[PredictedRate], coverage: float) -> Iterator[dict[str, Any]]:
    by_group: dict[tuple[str | None, str | None], list[PredictedRate]] = defaultdict(list)
    for one in told:
        if one.measured is not None and one.predicted is not None and one.last is not None:
            by_group[one.stage, one.chamber].append(one)
    for (stage, chamber), some in sorted(by_group.items(), key=str):
        actual = np.array([one.measured for one in some], float)
        guess = np.array([one.predicted for one in some], float)
        last = np.array([one.last for one in some], float)
        bounded = [one for one in some if one.low is not None and one.high is not None and one.measured is not None]
        held = [bool(one.low <= one.measured <= one.high) for one in bounded]  # type: ignore[operator]
        yield {
            "stage": stage,
            "chamber": chamber,
            "n": len(some),
            "mse": float(np.mean((guess - actual) ** 2)),
            "mse_last_value": float(np.mean((last - actual) ** 2)),
            "held": float(np.mean(held)) if held else None,
            "coverage": coverage,
        }
