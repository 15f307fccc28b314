"""From rows to a model by one candidate, and which candidate does best on rows that came later."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from fabwatch.models.additive import Additive, Numbers, rounded
from fabwatch.models.chances import chances
from fabwatch.models.learners import boosted, linear, trees
from fabwatch.models.learners.reference import departures, none
from fabwatch.models.learners.task import Task
from fabwatch.models.learners.trees import Trees
from fabwatch.models.measures import Truth, goodness
from fabwatch.models.recipe import Candidate
from fabwatch.models.schema import Matrix, Schema
from fabwatch.models.splitting import Order, Places
from fabwatch.models.target import Target
from fabwatch.terms.errors import BadQuestion

LARGE = 4_000_000
"""Cells from which settings are chosen on a part of the rows."""
SEARCHED = 20_000
FEW_MINUTES = 2.0
"""Below so many minutes curves are learned as in a table four times the size."""
FINENESS = ((2e5, (4, 0.02, 2_000)), (1e6, (2, 0.04, 1_000)), (4e6, (2, 0.06, 600)), (np.inf, (1, 0.08, 400)))
"""By cells of the table: bags, learning rate and rounds of the curves."""
ENOUGH_FOR_RECENT = 400
"""Rows in order of time from which departures from the rows before are tried."""
Model = Additive | Trees
Say = Callable[[str, float], None]


@dataclass(frozen=True)
class Table:
    """A table that is ready to be learned from."""

    matrix: Matrix
    schema: Schema
    target: Target
    order: Order
    monotone: NDArray[np.int64]
    seed: int
    workers: int = 1

    @property
    def numeric(self) -> NDArray[np.bool_]:
        """Which columns are numbers."""
        return np.array([column.kind == "number" for column in self.schema.columns], bool)

    def truth(self, rows: Places) -> Truth:
        """What came out of rows."""
        return Truth(self.target.problem, self.target.classes, self.target.values[rows])

    def learned(self, candidate: Candidate, rows: Places, seed: int | None = None) -> Model:
        """The model of rows by one candidate. Raises ExtraMissing."""
        matrix = np.asfortranarray(self.matrix[rows])
        reference = none(matrix.shape[1])
        if candidate.recent:
            matrix, reference = departures(matrix, self.numeric)
        own = self.seed if seed is None else seed
        target = self.target.values[rows]
        task = Task(
            matrix, target, self.numeric, self.target.problem, len(self.target.classes), reference, own, self.monotone
        )
        how = dict(candidate.settings)
        if candidate.learner == "linear":
            return rounded(linear.fit(task, how["strength"]))
        if candidate.learner == "trees":
            return trees.fit(task, int(how["leaves"]), how["rate"], int(how["rounds"]), self.workers)
        made = boosted.fit(task, int(how["bins"]), int(how["bags"]), how["rate"], int(how["rounds"]), self.workers)
        return rounded(made)

    def predicted(self, model: Model, rows: Places) -> Numbers:
        """What a model predicts of rows, shape (n, k)."""
        return chances(model.scores(self.matrix[rows]), self.target.problem)


@dataclass(frozen=True)
class Tried:
    """How a candidate did in the inner trials."""

    candidate: Candidate
    score: float
    seconds: float
    rows: Places
    predicted: Numbers
    """What it predicted of the rows that its trials held out."""


def candidates(table: Table, rows: int, minutes: float) -> list[Candidate]:
    """What is tried, the quickest first; departures from the rows before only where there is an order in time.

    How finely curves are learned follows from the size of the table, and not from the machine: the same is made everywhere.
    """
    recents = (False, True) if table.order.time is not None and rows >= ENOUGH_FOR_RECENT else (False,)
    constrained = bool(table.monotone.any())
    cells = rows * table.matrix.shape[1] * (1 if minutes >= FEW_MINUTES else 4)
    found: list[Candidate] = []
    for recent in recents:
        if not constrained:
            # A slope could be held to one side only by leaving its column out.
            found += [Candidate("linear", (("strength", strength),), recent) for strength in (0.001, 0.01, 0.1, 1.0)]
        found.append(Candidate("trees", (("leaves", 8), ("rate", 0.03), ("rounds", 150)), recent))
        if rows >= 5_000:
            found.append(Candidate("trees", (("leaves", 31), ("rate", 0.05), ("rounds", 300)), recent))
    bins = 32 if rows < 5_000 else 64 if cells > LARGE else 128
    bags, rate, rounds = next(how for most, how in FINENESS if cells <= most)
    for recent in recents:
        settings = (("bins", bins), ("bags", bags), ("rate", rate), ("rounds", rounds))
        found.append(Candidate("boosted", settings, recent))
    return found


class Kept(Protocol):
    """Where trials are kept."""

    def of(self, candidate: Candidate) -> Tried | None:
        """A trial that was done before."""

    def keep(self, one: Tried) -> None:
        """Keep one."""


def searched(
    table: Table, rows: Places, seconds: float, known: Sequence[Candidate], say: Say, kept: Kept
) -> tuple[list[Tried], int]:
    """How candidates do on later parts of rows, within a time; and how many were left out for lack of it.

    One that was tried before costs nothing again.
    """
    cells = len(rows) * table.matrix.shape[1]
    inner = table.order.sorted(rows)
    if cells > LARGE:
        step = max(1, len(inner) // SEARCHED)
        inner = inner[::step]
    folds = [fold for fold in table.order.folds(inner, table.seed) if _tells(table, fold)]
    if not folds:
        raise BadQuestion(
            "There are too few rows of each answer to choose a model by.",
            "bring more rows; some 30 of the rarer answer at least",
        )
    done: list[Tried] = []
    began, left = time.monotonic(), 0
    for number, candidate in enumerate(known):
        before = kept.of(candidate)
        if before is not None:
            done.append(before)
            continue
        spent = time.monotonic() - began
        if spent > seconds and any(one.candidate.learner == candidate.learner for one in done):
            left += 1
            continue
        say(candidate.name, number / len(known))
        one = _tried(table, candidate, folds)
        if one is not None:
            done.append(one)
            kept.keep(one)
    return done, left


def _tried(table: Table, candidate: Candidate, folds: Sequence[tuple[Places, Places]]) -> Tried | None:
    began = time.monotonic()
    scores, predictions, places = [], [], []
    for train, test in folds:
        predicted = table.predicted(table.learned(candidate, train), test)
        scores.append(goodness(table.truth(test), predicted))
        predictions.append(predicted)
        places.append(test)
    score = float(np.nanmean(scores))
    if not np.isfinite(score):
        return None
    return Tried(candidate, score, time.monotonic() - began, np.concatenate(places), np.concatenate(predictions))


def _tells(table: Table, fold: tuple[Places, Places]) -> bool:
    """Whether a trial has something of both kinds on either side."""
    if table.target.problem == "number":
        return len(fold[0]) >= 10 and len(fold[1]) >= 3
    return all(len(np.unique(table.target.values[part])) > 1 for part in fold)
