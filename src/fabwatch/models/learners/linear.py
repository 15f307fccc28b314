"""Ridge regression and ridge logistic regression: a slope for each number, a step for each level."""

from typing import Any

import numpy as np

from fabwatch.models.additive import FAR, Additive, Lookup, Numbers, Slopes
from fabwatch.models.learners.reference import Reference
from fabwatch.models.learners.task import Task

FEWEST_OF_LEVEL = 5
"""Training rows of a level below which it adds nothing."""


def fit(task: Task, strength: float) -> Additive:
    """The model of rows; `strength` is how freely it follows them (C of scikit-learn, 1/α)."""
    numbers = np.flatnonzero(task.numeric)
    center, scale = _scales(task.matrix[:, numbers])
    away = (task.matrix[:, numbers] - center) / scale
    away = np.clip(np.where(np.isnan(away), 0.0, away), -FAR, FAR)
    steps, places = _steps(task)
    design = np.hstack([away, *steps]) if steps else away
    coefficients, intercept = _solved(design, task, strength)
    slopes_of = coefficients[: len(numbers)]
    offset = away.mean(axis=0)[:, None] * slopes_of
    lookups, moved = _lookups(task, steps, places, coefficients[len(numbers) :])
    reference = task.reference
    slopes = None
    if len(numbers):
        # The departures that it learned from are folded in: what is served takes readings as they are.
        own = Reference(reference.center[numbers], reference.scale[numbers])
        slopes = Slopes(numbers, own.center + center * own.scale, scale * own.scale, slopes_of, offset)
    return Additive(intercept + offset.sum(axis=0) + moved, lookups, slopes, task.matrix.shape[1])


def _scales(values: Numbers) -> tuple[Numbers, Numbers]:
    """Median and spread of each column."""
    import warnings

    with warnings.catch_warnings():
        # A column may be empty in the rows of an inner trial.
        warnings.simplefilter("ignore", RuntimeWarning)
        center = np.nan_to_num(np.nanmedian(values, axis=0))
        low, high = np.nan_to_num(np.nanquantile(values, (0.1, 0.9), axis=0))
        spread = np.nan_to_num(np.nanstd(values, axis=0))
    scale = np.where(high > low, (high - low) / 2.563, spread)
    return center, np.where(scale > 0, scale, 1.0)


def _steps(task: Task) -> tuple[list[Numbers], list[tuple[int, Numbers]]]:
    """A column of 0 and 1 for each level that occurs often enough, by category; NaN stands for missing."""
    steps, places = [], []
    for column in np.flatnonzero(~task.numeric).tolist():
        values = np.nan_to_num(task.matrix[:, column], nan=-2.0)
        levels, counts = np.unique(values, return_counts=True)
        own = levels[counts >= FEWEST_OF_LEVEL]
        if own.size:
            steps.append((values[:, None] == own).astype(float))
            places.append((column, own))
    return steps, places


def _lookups(
    task: Task, steps: list[Numbers], places: list[tuple[int, Numbers]], coefficients: Numbers
) -> tuple[tuple[Lookup, ...], Numbers]:
    """The steps as tables, as departures from the mean; and what that moves the intercept by."""
    lookups, at, moved = [], 0, np.zeros(coefficients.shape[1])
    for design, (column, levels) in zip(steps, places, strict=True):
        own = coefficients[at : at + len(levels)]
        at += len(levels)
        mean = design.mean(axis=0) @ own
        moved += mean
        count = int(max(levels.max(), 0)) + 1
        # The first bin is for what was never seen.
        scores, density = np.tile(-mean, (count + 1, 1)), np.zeros(count + 1)
        missing = -mean.copy()
        for level, score, share in zip(levels.tolist(), own, design.mean(axis=0), strict=True):
            if level < 0:
                missing = score - mean
            else:
                scores[int(level) + 1], density[int(level) + 1] = score - mean, share
        lookups.append(Lookup(column, np.arange(count, dtype=float) - 0.5, scores, missing, density))
    return tuple(lookups), moved


def _solved(design: Numbers, task: Task, strength: float) -> tuple[Numbers, Numbers]:
    """Coefficients (m, k) and intercept (k)."""
    from sklearn.linear_model import LogisticRegression, Ridge

    if task.problem == "number":
        model: Any = Ridge(alpha=1 / strength).fit(design, task.target)
        return model.coef_.reshape(-1, 1), np.atleast_1d(model.intercept_)
    if len(np.unique(task.target)) < 2:
        return np.zeros((design.shape[1], task.scores)), np.zeros(task.scores)
    model = LogisticRegression(C=strength, max_iter=500).fit(design, task.target.astype(int))
    if task.problem == "yes/no":
        return model.coef_.T, model.intercept_
    coefficients, intercept = np.zeros((design.shape[1], task.scores)), np.full(task.scores, -20.0)
    shown = model.coef_ if len(model.classes_) > 2 else np.vstack([-model.coef_ / 2, model.coef_ / 2])
    lift = model.intercept_ if len(model.classes_) > 2 else np.array([-model.intercept_[0] / 2, model.intercept_[0] / 2])
    coefficients[:, model.classes_] = shown.T
    intercept[model.classes_] = lift
    return coefficients, intercept
