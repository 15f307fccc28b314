"""What a learner is given."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fabwatch.models.learners.reference import Reference
from fabwatch.models.schema import Matrix
from fabwatch.models.target import Problem


@dataclass(frozen=True)
class Task:
    """Rows to learn from, in order of time where there is one."""

    matrix: Matrix
    """Shape (n, columns); departures from `reference` where that is not trivial."""
    target: NDArray[np.float64]
    numeric: NDArray[np.bool_]
    """Shape (columns): false for categories, which are places of levels."""
    problem: Problem
    classes: int
    reference: Reference
    seed: int
    monotone: NDArray[np.int64] | None = None
    """Shape (columns): 1 where the answer may only rise with a column, -1 fall, 0 either."""

    @property
    def scores(self) -> int:
        """Numbers that a row gets: one, or one a class."""
        return self.classes if self.problem == "classes" else 1
