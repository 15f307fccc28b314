"""How well predictions turn out on rows that were held out, with intervals."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fabwatch.models.target import Problem
from fabwatch.stats.discrimination import auc, auc_interval, average_precision, bootstrapped
from fabwatch.stats.intervals import of_share

Numbers = NDArray[np.float64]
COVERAGE = 0.95
MANY = 20_000
"""Rows from which fewer draws of a bootstrap do."""


@dataclass(frozen=True)
class Truth:
    """What came out of rows."""

    problem: Problem
    classes: tuple[str, ...]
    values: Numbers


def goodness(truth: Truth, predicted: Numbers) -> float:
    """One number to choose by: the larger the better; NaN where rows cannot tell."""
    if truth.problem == "yes/no":
        return auc(truth.values > 0.5, predicted[:, 0])
    if truth.problem == "classes":
        own = predicted[np.arange(len(predicted)), truth.values.astype(int)]
        return float(np.log(np.clip(own, 1e-9, 1)).mean())
    return -float(np.sqrt(((predicted[:, 0] - truth.values) ** 2).mean()))


def figures(truth: Truth, predicted: Numbers, threshold: float | None = None) -> dict[str, Any]:
    """The figures of predictions (n, k): metric, value, low, high, and what else is asked of such a problem."""
    if truth.problem == "yes/no":
        return _yes_no(truth.values > 0.5, predicted[:, 0], threshold)
    return _classes(truth, predicted) if truth.problem == "classes" else _number(truth.values, predicted[:, 0])


def _yes_no(truth: NDArray[np.bool_], chance: Numbers, threshold: float | None) -> dict[str, Any]:
    area = auc_interval(truth, chance, COVERAGE)
    draws = 400 if len(truth) < MANY else 40
    low, high = bootstrapped(lambda rows: average_precision(truth[rows], chance[rows]), len(truth), COVERAGE, draws)
    limit = 0.5 if threshold is None else threshold
    said = chance >= limit
    hits, ups, alarms = int((said & truth).sum()), int(truth.sum()), int(said.sum())
    right = int((said == truth).sum())
    found = {
        "metric": "auc",
        "value": area.value,
        "low": area.low,
        "high": area.high,
        "rows": len(truth),
        "positives": ups,
        "auc": area.value,
        "pr_auc": average_precision(truth, chance),
        "pr_auc_low": low,
        "pr_auc_high": high,
        "threshold": limit,
        "recall": hits / ups if ups else None,
        **_share("recall", hits, ups),
        "precision": hits / alarms if alarms else None,
        **_share("precision", hits, alarms),
        "alarms": alarms,
        "accuracy": right / len(truth),
        **_share("accuracy", right, len(truth)),
        "brier": float(((chance - truth) ** 2).mean()),
        "calibration": calibration(truth, chance),
    }
    return plain_numbers(found)


def _classes(truth: Truth, predicted: Numbers) -> dict[str, Any]:
    said, values = predicted.argmax(axis=1), truth.values.astype(int)
    right = int((said == values).sum())
    low, high = of_share(right, len(values), COVERAGE)
    per_class = {}
    for place, name in enumerate(truth.classes):
        own, named = values == place, said == place
        hits = int((own & named).sum())
        precision, recall = hits / max(int(named.sum()), 1), hits / max(int(own.sum()), 1)
        f1 = 2 * hits / max(int(own.sum()) + int(named.sum()), 1)
        per_class[name] = {"rows": int(own.sum()), "precision": precision, "recall": recall, "f1": f1}
    present = [one["f1"] for one in per_class.values() if one["rows"]]
    own_chance = predicted[np.arange(len(values)), values]
    return plain_numbers(
        {
            "metric": "accuracy",
            "value": right / len(values),
            "low": low,
            "high": high,
            "rows": len(values),
            "accuracy": right / len(values),
            "macro_f1": float(np.mean(present)),
            "log_loss": float(-np.log(np.clip(own_chance, 1e-9, 1)).mean()),
            "per_class": per_class,
        }
    )


def _number(values: Numbers, predicted: Numbers) -> dict[str, Any]:
    error = predicted - values
    squares = error**2
    draws = 400 if len(values) < MANY else 40
    low, high = bootstrapped(lambda rows: float(np.sqrt(squares[rows].mean())), len(values), COVERAGE, draws)
    spread = float(((values - values.mean()) ** 2).mean())
    return plain_numbers(
        {
            "metric": "rmse",
            "value": float(np.sqrt(squares.mean())),
            "low": low,
            "high": high,
            "rows": len(values),
            "rmse": float(np.sqrt(squares.mean())),
            "mae": float(np.abs(error).mean()),
            "bias": float(error.mean()),
            "r2": 1 - float(squares.mean()) / spread if spread > 0 else None,
        }
    )


def calibration(truth: NDArray[np.bool_], chance: Numbers, bins: int = 10) -> float:
    """Expected calibration error over bins of equal count (Guo et al. 2017, bins by rank)."""
    order = np.argsort(chance, kind="stable")
    parts = [part for part in np.array_split(order, min(bins, len(order))) if len(part)]
    return float(sum(len(part) * abs(truth[part].mean() - chance[part].mean()) for part in parts) / max(len(order), 1))


def threshold_of(truth: NDArray[np.bool_], chance: Numbers, cost: float) -> float:
    """The chance from which an alarm pays, if a miss costs `cost` false alarms: the cheapest on unseen rows.

    With too few positives to tell, the chance at which a calibrated model breaks even: 1 / (1 + cost).
    """
    if truth.sum() < 10:
        return 1 / (1 + cost)
    order = np.argsort(-chance, kind="stable")
    ordered, own = chance[order], truth[order]
    misses, alarms = own.sum() - np.cumsum(own), np.cumsum(~own)
    last = np.append(np.diff(ordered) != 0, True)
    spent = np.where(last, cost * misses + alarms, np.inf)
    best = int(np.argmin(spent))
    if cost * own.sum() <= spent[best]:
        return float(np.nextafter(ordered[0], 2))
    below = ordered[best + 1] if best + 1 < len(ordered) else 0.0
    return float((ordered[best] + below) / 2)


def floor(truth: Truth, known: Truth, last: Numbers | None) -> dict[str, Any]:
    """What needs no model: the most frequent answer of training, or the last value (n) and the mean."""
    if truth.problem == "number":
        mean = figures(truth, np.full((len(truth.values), 1), known.values.mean()))
        if last is None:
            return {**mean, "by": "the mean of training"}
        of_last = figures(truth, last[:, None])
        return {
            **(of_last if of_last["value"] < mean["value"] else mean),
            "by": "the last value" if of_last["value"] < mean["value"] else "the mean of training",
        }
    counts = np.bincount(known.values.astype(int), minlength=len(truth.classes))
    share = np.tile(counts / counts.sum(), (len(truth.values), 1))
    said = figures(truth, share[:, 1:] if truth.problem == "yes/no" else share)
    return {**said, "by": f"always {truth.classes[int(counts.argmax())]!r}"}


def plain_numbers(found: dict[str, Any]) -> dict[str, Any]:
    """Figures as plain numbers; what could not be computed is None."""
    return {key: (None if isinstance(value, float) and not np.isfinite(value) else value) for key, value in found.items()}


def _share(name: str, hits: int, of: int) -> dict[str, float | None]:
    if not of:
        return {f"{name}_low": None, f"{name}_high": None}
    low, high = of_share(hits, of, COVERAGE)
    return {f"{name}_low": low, f"{name}_high": high}
