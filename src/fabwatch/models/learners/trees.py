"""Boosted trees (LightGBM): the challenger that shows what is lost by being explainable, if anything."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from fabwatch.models.additive import Numbers
from fabwatch.models.learners.boosted import EXTRA
from fabwatch.models.learners.task import Task
from fabwatch.models.schema import Matrix
from fabwatch.terms.errors import ExtraMissing


@dataclass(frozen=True)
class Trees:
    """Trees and the text that they are kept as; what is served takes readings as they are."""

    text: str
    center: Numbers
    scale: Numbers
    scores_of_row: int

    @property
    def booster(self) -> Any:
        """The library's own object."""
        return installed().Booster(model_str=self.text)

    def away(self, matrix: Matrix) -> Matrix:
        """Rows as the departures that it learned from."""
        return (matrix - self.center) / self.scale

    def scores(self, matrix: Matrix) -> Numbers:
        """Shape (n, k): log-odds, or the number itself."""
        raw = np.asarray(self.booster.predict(self.away(matrix), raw_score=True), float)
        return raw.reshape(len(matrix), self.scores_of_row)

    def contributions(self, matrix: Matrix) -> tuple[Numbers, Numbers]:
        """Shapley values of the trees (n, columns, k), and what they add to (k); Lundberg et al. 2020."""
        width = matrix.shape[1] + 1
        raw = np.asarray(self.booster.predict(self.away(matrix), pred_contrib=True), float)
        cube = raw.reshape(len(matrix), self.scores_of_row, width)
        return cube[:, :, :-1].transpose(0, 2, 1), cube[0, :, -1] if len(cube) else np.zeros(self.scores_of_row)


def fit(task: Task, leaves: int, rate: float, rounds: int, workers: int = 1) -> Trees:
    """Trees of rows. Raises ExtraMissing."""
    library = installed()
    objective = {"number": "regression", "yes/no": "binary", "classes": "multiclass"}[task.problem]
    how = {
        "objective": objective,
        "num_leaves": leaves,
        "learning_rate": rate,
        "min_data_in_leaf": max(5, min(20, len(task.target) // 50)),
        "feature_fraction": 0.5,
        "bagging_fraction": 0.8,
        "bagging_freq": 1,
        "lambda_l2": 5.0,
        "verbosity": -1,
        "num_threads": workers,
        "seed": task.seed,
        "deterministic": True,
        "force_row_wise": True,
        **({"num_class": task.classes} if task.problem == "classes" else {}),
        **({"monotone_constraints": task.monotone.tolist()} if task.monotone is not None and task.monotone.any() else {}),
    }
    data = library.Dataset(np.ascontiguousarray(task.matrix), task.target, free_raw_data=True)
    booster = library.train(how, data, num_boost_round=rounds)
    return Trees(booster.model_to_string(), task.reference.center, task.reference.scale, task.scores)


def installed() -> Any:
    """The package lightgbm. Raises ExtraMissing."""
    try:
        import lightgbm
    except (ImportError, OSError):
        raise ExtraMissing("Trees need the package lightgbm, which is not installed or lacks libgomp.", EXTRA) from None
    return lightgbm
