"""What would change the answer of a row: the nearest other value of one column, of those that the model has seen."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from fabwatch.models.answers import AnswerChange
from fabwatch.models.cells import Cells
from fabwatch.models.chances import chances
from fabwatch.models.schema import Matrix, Schema
from fabwatch.models.served import Served
from fabwatch.models.usual import Usual

SHOWN = 3
OF_A_LEVEL = 3.0
"""Another level is as far as so many tenths of a number."""


@dataclass(frozen=True)
class Levers:
    """A sum of parts, whose columns are turned one at a time: what one adds does not depend on the others."""

    card: dict[str, Any]
    schema: Schema
    usual: Usual
    served: Served

    @cached_property
    def tried(self) -> Matrix:
        """Values that are tried of each column (m, columns): those that part its tenths, or its levels; NaN for no more."""
        own = [_values(column.cells) for column in self.usual.columns]
        made = np.full((max((len(values) for values in own), default=1), len(own)), np.nan)
        for place, values in enumerate(own):
            made[: len(values), place] = values
        return made

    @cached_property
    def adds(self) -> Matrix:
        """What each of those adds, shape (m, columns, k)."""
        found = self.served.predict(self.tried).contributions
        assert found is not None  # noqa: S101 - asked of sums of parts alone
        return found

    def changes(self, row: Matrix, score: Matrix, parts: Matrix) -> tuple[AnswerChange, ...]:
        """The nearest changes of one column of a row (columns), with its score (k) and parts (columns, k)."""
        others = score - parts + self.adds
        answers = self._answers(others.reshape(-1, others.shape[-1])).reshape(others.shape[:2])
        now = self._answers(score[None])[0]
        turned = (answers != now) & ~np.isnan(self.tried)
        found = []
        for place in np.flatnonzero(turned.any(axis=0)).tolist():
            steps = np.flatnonzero(turned[:, place])
            far = self._far(place, row[place], steps)
            nearest = steps[int(np.argmin(far))]
            found.append((float(far.min()), place, self.tried[nearest, place], int(answers[nearest, place])))
        found.sort(key=lambda one: one[0])
        return tuple(self._said(place, value, answer) for _, place, value, answer in found[:SHOWN])

    def _answers(self, scores: Matrix) -> Any:
        said = chances(scores, self.card["kind"])
        return said.argmax(axis=1) if self.card["kind"] == "classes" else (said[:, 0] >= self.card["threshold"]).astype(int)

    def _far(self, place: int, value: float, steps: Any) -> Any:
        """How many tenths of the rows lie between a value and others; a level is as far as another."""
        column = self.schema.columns[place]
        if column.kind == "category" or np.isnan(value):
            return np.full(len(steps), OF_A_LEVEL)
        edges = np.array(self.usual.columns[place].cells.edges)
        spread = max((edges[-1] - edges[0]) / max(len(edges) - 1, 1), 1e-300)
        at = np.interp(value, edges, np.arange(len(edges)))
        beyond = max(edges[0] - value, value - edges[-1], 0.0) / spread
        return np.abs(np.interp(self.tried[steps, place], edges, np.arange(len(edges))) - at) + beyond

    def _said(self, place: int, value: float, answer: int) -> AnswerChange:
        column = self.schema.columns[place]
        to = column.levels[int(value)] if column.kind == "category" else float(value)
        return AnswerChange(column.name, to, self.card["classes"][answer])


def _values(cells: Cells) -> Matrix:
    if cells.kind == "category":
        return np.arange(min(cells.levels, cells.count - 2), dtype=float)
    return np.unique(cells.edges)
