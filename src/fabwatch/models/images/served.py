"""The ONNX file of a version of pictures, run by onnxruntime: the one thing that predictions come from."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fabwatch.models.chances import chances
from fabwatch.models.images.reading import Pixels
from fabwatch.models.session import session_of

INPUT, OUTPUTS = "pictures", ("logits", "embedding", "heat")
OPERATORS = frozenset(
    (
        *("Add", "AveragePool", "Cast", "Concat", "Constant", "Conv", "Div", "Gather", "Gemm", "Mul", "Pow", "ReduceMean"),
        *("Relu", "Shape", "Sqrt", "Sub", "Unsqueeze"),
    )
)
"""What the export of the network writes."""
BATCH = 64
Numbers = NDArray[np.float32]


@dataclass(frozen=True)
class Seen:
    """What a file makes of pictures."""

    logits: Numbers
    """Shape (n, k): calibrated, so that their softmax are chances."""
    embedding: Numbers
    """Shape (n, d)."""
    heat: Numbers
    """Shape (n, k, h, w): with the base of its class it sums to the logit."""

    @property
    def chances(self) -> NDArray[np.float64]:
        """Shape (n, k)."""
        return chances(self.logits.astype(np.float64), "classes")


class ServedPictures:
    """A file that is ready to predict; safe to share between threads."""

    def __init__(self, content: bytes):
        self._session = session_of(content, OPERATORS)

    def look(self, pixels: Pixels) -> Seen:
        """What it makes of squares (n, size, size, 3), at least one, a few at a time."""
        parts = []
        for start in range(0, len(pixels), BATCH):
            own = np.ascontiguousarray(pixels[start : start + BATCH].transpose(0, 3, 1, 2))
            parts.append(self._session.run(list(OUTPUTS), {INPUT: own.astype(np.float32) / np.float32(255)}))
        return Seen(*(np.concatenate(column) for column in zip(*parts, strict=True)))
