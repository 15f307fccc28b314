"""The ONNX file of a version, run by onnxruntime: the one thing that predictions come from."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from fabwatch.models.graph import CONTRIBUTIONS, INPUT, PREDICTION, SCORE
from fabwatch.models.schema import Matrix
from fabwatch.models.session import session_of

BATCH = 4_096


@dataclass(frozen=True)
class Predicted:
    """What a file says of rows."""

    prediction: Matrix
    """Shape (n, k)."""
    score: Matrix
    """Shape (n, k)."""
    contributions: Matrix | None
    """Shape (n, columns, k): with the intercept they sum to the score; None for trees."""


class Served:
    """A file that is ready to predict; safe to share between threads. Raises BadQuestion for one that is not ours."""

    def __init__(self, content: bytes):
        self._session = session_of(content)
        self._outputs = [output.name for output in self._session.get_outputs()]

    @cached_property
    def width(self) -> int:
        """Numbers of a row."""
        return int(self._session.get_inputs()[0].shape[1])

    def predict(self, matrix: Matrix) -> Predicted:
        """What it says of rows (n, width), a few thousand at a time."""
        names = [name for name in (PREDICTION, SCORE, CONTRIBUTIONS) if name in self._outputs]
        parts = [
            self._session.run(names, {INPUT: np.ascontiguousarray(matrix[start : start + BATCH])})
            for start in range(0, max(len(matrix), 1), BATCH)
        ]
        columns: list[Any] = [np.concatenate(column) for column in zip(*parts, strict=True)]
        return Predicted(columns[0], columns[1], columns[2] if len(columns) > 2 else None)
