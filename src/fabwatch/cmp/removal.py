"""The predicted removal rate of each run of a fab, in order of time, and its errors."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import pairwise

import numpy as np

from fabwatch.cmp.answers import PredictedRate, PredictedRates
from fabwatch.cmp.history import groups, measured_sql
from fabwatch.cmp.rate_replay import RateReplay
from fabwatch.cmp.runs import features_sql, log_runs
from fabwatch.store.lake import Lake
from fabwatch.store.view import View
from fabwatch.terms.answers import Row
from fabwatch.terms.errors import NothingRecorded, UnknownTool, unknown

METHOD = (
    "Members: Gaussian processes over the measured rates of the tool: the level of a tool, stage and chambers by itself, or "
    "with a part it shares with those that use the same chambers; slow or fast; with slopes on how far the log departs "
    "from earlier runs, or without; and the last value. They are mixed by the likelihood of their past errors (one counts "
    "0.95 times the next). A result is known when it arrived, else when the next run of its group ended. Interval: a "
    "quantile of the last 160 errors of the group, each divided by the spread expected of it; its level adapts to the "
    "coverage of earlier intervals (adaptive conformal inference)."
)
KNOWN = (1, 8, 16, 32, 64, 128, None)
"""A learning curve has a point from each of these numbers of known results to the next."""


def predict(view: View, tool: str | None, chosen: Sequence[str | None]) -> PredictedRates:
    """The removal rate of runs in order of time; `chosen` names the first and the last, None for no bound.

    Raises BadQuestion where there is no log with measured runs.
    """
    lake, as_of = view.lake, view.as_of
    replay = replay_of(lake, as_of, tool)
    predictions = list(replay)
    begin, end = _span(predictions, chosen)
    header = view.header(METHOD, statements())
    part = tuple(predictions[begin:end])
    return PredictedRates(*header, part, tuple(_scored(part, replay.coverage)), tuple(_learning(part, replay.coverage)))


def statements() -> str:
    """SQL behind the predicted rates: the logs of the runs, and the metrology of their wafers."""
    return f"{features_sql()};\n{measured_sql()}"


def replay_of(lake: Lake, as_of: datetime, tool: str | None) -> RateReplay:
    """The replay of the runs with a log. Raises NothingRecorded where none of them was measured."""
    measured = {wafer.run: wafer for group in groups(lake, as_of, tool) for wafer in group.wafers if wafer.run}
    runs = log_runs(lake, as_of, tool)
    if not runs or not measured:
        raise NothingRecorded(
            "No run of a log has a measured removal rate.",
            "load the logs and a file with WAFER, STAGE, REMOVAL_RATE: fabwatch ingest FILES",
        )
    return RateReplay(runs, measured, lake.settings.cmp.coverage)


def _span(runs: Sequence[PredictedRate], chosen: Sequence[str | None]) -> tuple[int, int]:
    names = [run.run for run in runs]
    places = []
    for name, otherwise in zip(chosen, (0, len(names) - 1), strict=True):
        if name is not None and name.isdecimal() and name not in names:
            places.append(min(max(int(name) - 1, 0), len(names) - 1))
        elif name is not None and name not in names:
            raise unknown("run with a log", name, names, "fabwatch trace runs lists them")
        else:
            places.append(otherwise if name is None else names.index(name))
    if chosen[0] is not None and chosen[0].isdecimal() and chosen[0] not in names and int(chosen[0]) > len(names):
        raise UnknownTool(
            f"No run {chosen[0]}: there are {len(names):,} runs with a log.", "runs are numbered from 1 in order of time"
        )
    return places[0], places[1] + 1


def _by_group(runs: Sequence[PredictedRate]) -> list[tuple[Row, list[PredictedRate]]]:
    """The runs that can be scored, by stage and chambers."""
    by_group: dict[tuple[str | None, str | None], list[PredictedRate]] = defaultdict(list)
    for run in runs:
        if run.measured is not None and run.predicted is not None and run.last is not None:
            by_group[run.stage, run.chamber].append(run)
    return [
        ({"stage": stage, "chamber": chamber}, members)
        for (stage, chamber), members in sorted(by_group.items(), key=lambda item: str(item[0]))
    ]


def _scored(runs: Sequence[PredictedRate], coverage: float) -> Iterator[Row]:
    for name, members in _by_group(runs):
        yield {**name, **_score(members, coverage)}


def _learning(runs: Sequence[PredictedRate], coverage: float) -> Iterator[Row]:
    for name, members in _by_group(runs):
        for begin, end in pairwise(KNOWN):
            part = [run for run in members if (begin or 0) <= run.known and (end is None or run.known < end)]
            if part:
                yield {**name, "known": begin, "known_to": None if end is None else end - 1, **_score(part, coverage)}


def _score(runs: Sequence[PredictedRate], coverage: float) -> Row:
    actual = np.array([run.measured for run in runs], float)
    predicted = np.array([run.predicted for run in runs], float)
    last = np.array([run.last for run in runs], float)
    bounded = [run for run in runs if run.low is not None and run.high is not None and run.measured is not None]
    inside = [bool(run.low <= run.measured <= run.high) for run in bounded]  # type: ignore[operator]
    return {
        "n": len(runs),
        "mse": float(np.mean((predicted - actual) ** 2)),
        "mse_last_value": float(np.mean((last - actual) ** 2)),
        "held": float(np.mean(inside)) if inside else None,
        "coverage": coverage,
    }
