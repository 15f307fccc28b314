"""An explainable boosting machine (Lou et al. 2013; interpret): a curve for each number, a step for each level."""

import warnings
from typing import Any

import numpy as np

from fabwatch.models.additive import Additive, Lookup, Numbers
from fabwatch.models.learners.task import Task
from fabwatch.terms.errors import ExtraMissing

EXTRA = "pip install 'fabwatch[models]'"


def fit(task: Task, bins: int, bags: int, rate: float, rounds: int, workers: int = 1) -> Additive:
    """The model of rows: curves of up to `bins` steps, the mean over `bags` trainings."""
    try:
        from interpret.glassbox import ExplainableBoostingClassifier, ExplainableBoostingRegressor
    except ImportError:
        raise ExtraMissing("Training needs the package interpret-core, which is not installed.", EXTRA) from None
    kind = ExplainableBoostingRegressor if task.problem == "number" else ExplainableBoostingClassifier
    how: dict[str, Any] = {
        "interactions": 0,
        "max_bins": bins,
        "outer_bags": bags,
        "learning_rate": rate,
        "max_rounds": rounds,
        "n_jobs": workers,
        "random_state": task.seed,
        "feature_types": ["continuous" if number else "nominal" for number in task.numeric],
    }
    if task.monotone is not None and task.monotone.any():
        how["monotone_constraints"] = task.monotone.tolist()
    with warnings.catch_warnings():
        # Of columns with few values, and of rare classes: both are looked at elsewhere.
        warnings.simplefilter("ignore")
        model = kind(**how).fit(_frame(task), task.target if task.problem == "number" else task.target.astype(int))
    return _additive(model, task)


def _frame(task: Task) -> Any:
    """Numbers as they are, categories as text, which is how the library tells them apart."""
    import pandas as pd

    def of(place: int) -> Any:
        values = task.matrix[:, place]
        if task.numeric[place]:
            return values
        words = np.char.mod("%d", np.nan_to_num(values)).astype(object)
        words[np.isnan(values)] = None
        return words

    return pd.DataFrame({f"c{place}": of(place) for place in range(task.matrix.shape[1])})


def _additive(model: Any, task: Task) -> Additive:
    """The tables of the library as ours, with every class that there is."""
    seen = np.arange(1) if task.problem == "number" else np.asarray(model.classes_).astype(int)
    lookups = []
    for term, (place,) in enumerate(model.term_features_):
        scores = _spread(model.term_scores_[term], seen, task)
        weight = np.asarray(model.bin_weights_[term], float)
        weight = weight / max(weight.sum(), 1e-300)
        bins = model.bins_[place][0]
        if task.numeric[place]:
            center, scale = task.reference.center[place], task.reference.scale[place]
            cuts = np.asarray(bins, float) * scale + center
            lookups.append(Lookup(place, cuts, scores[1 : len(cuts) + 2], scores[0], weight[1 : len(cuts) + 2]))
            continue
        count = max((int(word) for word in bins), default=-1) + 1
        # A level that was never seen adds what the library calls unknown.
        own, density = np.tile(scores[-1], (count + 1, 1)), np.zeros(count + 1)
        for word, at in bins.items():
            own[int(word) + 1], density[int(word) + 1] = scores[at], weight[at]
        lookups.append(Lookup(place, np.arange(count, dtype=float) - 0.5, own, scores[0], density))
    intercept = _spread(np.atleast_2d(np.asarray(model.intercept_, float)), seen, task, -20.0)[0]
    return Additive(intercept, tuple(lookups), None, task.matrix.shape[1])


def _spread(scores: Any, seen: Any, task: Task, rest: float = 0.0) -> Numbers:
    """Scores (bins, k); a class that no training row had is as unlikely as can be."""
    values = np.asarray(scores, float)
    if values.ndim == 1:
        values = values[:, None]
    if task.problem != "classes":
        return values.reshape(len(values), -1)[:, :1]
    if values.shape[1] == 1:
        values = np.hstack([-values / 2, values / 2])
    made = np.full((len(values), task.classes), rest)
    made[:, seen] = values
    return made
