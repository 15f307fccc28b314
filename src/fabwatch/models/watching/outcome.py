"""How a version does on rows whose outcome came after it was made: against what its card promises, and against no model."""

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from fabwatch.models.comparing import target_in
from fabwatch.models.measures import Numbers, Truth, figures, floor
from fabwatch.models.registry import Version
from fabwatch.models.watching.answers import BELOW, PROMISED, UNSURE, WORSE, Score
from fabwatch.terms.clock import iso

if TYPE_CHECKING:
    from datetime import datetime

    import pandas as pd

FEWEST = 20


def scored(
    version: Version, frame: "pd.DataFrame", predicted: Numbers, moment: "datetime", drifted: tuple[str, ...]
) -> Score | None:
    """The figure of rows (n) and their predictions (n, k); None where the frame does not hold what came out."""
    card = version.card
    if card["target"] not in frame.columns:
        return None
    target = target_in(frame, version)
    rows = np.flatnonzero(target.known)
    first, last = _period(frame, version, rows)
    at = iso(moment) or ""
    promised, metric = card["held_out"]["value"], card["held_out"]["metric"]
    if len(rows) < FEWEST:
        return Score(at, first, last, len(rows), metric, None, None, None, promised, None, UNSURE, drifted)
    truth = Truth(target.problem, target.classes, target.values[rows])
    own = figures(truth, predicted[rows], card["threshold"])
    base = floor(truth, learned_truth(version), None)["value"]
    said = verdict(own, card["held_out"], base)
    return Score(
        at,
        first,
        last,
        len(rows),
        metric,
        own["value"],
        own["low"],
        own["high"],
        promised,
        base,
        said,
        drifted,
    )


def verdict(own: Mapping[str, Any], promised: Mapping[str, Any], base: float | None) -> str:
    """What figures say beside those of the card; below the promise only where chance can hardly make it so.

    The promise is uncertain as well: the difference has the interval of two that are squared and added (R. G. Newcombe,
    Statistics in Medicine 17 (1998) 873, method 10).
    """
    numbers = [side[name] for side in (own, promised) for name in ("value", "low", "high")]
    if base is None or any(number is None for number in numbers):
        return UNSURE
    value, low, high, goal, least, most = numbers
    if own["metric"] == "rmse":
        # The smaller the better: turned round, so that one comparison does for all.
        value, low, high, goal, least, most, base = -value, -high, -low, -goal, -most, -least, -base
    if goal - value <= math.hypot(goal - least, high - value):
        return PROMISED
    return WORSE if low <= base else BELOW


def learned_truth(version: Version) -> Truth:
    """What came out of the rows that a version learned from."""
    target = target_in(version.table(), version)
    rows = np.flatnonzero(target.known)
    rows = rows[~np.isin(rows, version.held_out()["place"].to_numpy())]
    return Truth(target.problem, target.classes, target.values[rows])


def _period(frame: "pd.DataFrame", version: Version, rows: Any) -> tuple[str | None, str | None]:
    time = version.recipe.time
    if time is None or time not in frame.columns or not len(rows):
        return None, None
    from fabwatch.models.moments import ordered_by

    own = frame.iloc[rows]
    own = own[own[time].notna()]
    if not len(own):
        return None, None
    order = np.argsort(ordered_by(own, time), kind="stable")
    return str(own[time].iloc[order[0]]), str(own[time].iloc[order[-1]])
