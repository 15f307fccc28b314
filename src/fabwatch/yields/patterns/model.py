"""The trained network as it is served: an ONNX file in the package, with all it needs in its metadata."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields, replace
from functools import cached_property, lru_cache
from importlib import resources
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fabwatch.yields.patterns.classes import PATTERNS
from fabwatch.yields.patterns.preparing import Squares, cropped, squares, turned
from fabwatch.yields.patterns.unlike import Known, from_plain

FINE, FEW = "fine", "few"
FILES = {FINE: "patterns.onnx", FEW: "patterns_few_dies.onnx"}
"""The network for maps as they are, and the one for maps of few dies."""
FEWEST = 22
"""Maps with fewer dies across are of few dies: the public ones that the first network learned from have so many."""
BATCH = 64
"""Maps that are looked at together; bounds the memory whatever their number."""
FIRST_VIEWS = (0, 5)
MORE_VIEWS = (1, 2, 3, 4, 6, 7)
"""Of the eight views of a map (turned and mirrored) two are looked at, and all eight where these are not sure."""
Numbers = NDArray[np.float32]


@dataclass(frozen=True)
class Settings:
    """What the file says beside its weights."""

    size: int
    """Cells on a side of the square that a map is drawn into."""
    temperature: float
    prior: tuple[float, ...]
    """Added to the logits: training draws rare patterns more often than a fab makes them."""
    sure: float
    """From this probability on two views are enough."""
    known: dict[str, Any]
    """What is remembered of the maps that were trained on: see `unlike`."""
    farthest: float
    """A map that is more unlike all of them is of no known pattern."""
    several: float
    """From this probability on a pattern is one of several on a map."""
    version: str


@dataclass(frozen=True)
class Looks:
    """What the network makes of maps, one a row."""

    probability: Numbers
    """Shape (n, 9): calibrated, in the order of PATTERNS."""
    embedding: Numbers
    """Shape (n, 64): maps that look alike lie near each other."""
    distance: Numbers
    """Shape (n): how unlike all that was trained on it is, in standard deviations; 0 for a usual map."""
    unknown: NDArray[np.bool_]
    """Shape (n): more unlike than all but a few maps of known patterns."""
    present: Numbers
    """Shape (n, 9): the chance that each pattern is on the map, whatever else is."""


class Model:
    """The network and its settings."""

    def __init__(self, content: bytes) -> None:
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        options.log_severity_level = 3
        self._session = onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
        said = json.loads(self._session.get_modelmeta().custom_metadata_map["settings"])
        self.settings = Settings(**said)

    @cached_property
    def _known(self) -> Known:
        return from_plain(self.settings.known)

    def look(self, grids: Sequence[NDArray[Any]]) -> Looks:
        """What it makes of grids (0 no die, 1 pass, 2 fail), in batches."""
        return self._looks(list(self._batches(grids)))

    def looked(self, drawn: Squares) -> Looks:
        """The same of squares that are drawn already, shape (n, 2, size, size), 0 to 255."""
        starts = range(0, len(drawn), BATCH)
        return self._looks([self._looked((drawn[start : start + BATCH] / 255).astype(np.float32)) for start in starts])

    def _looks(self, parts: Sequence[tuple[Numbers, Numbers, Numbers]]) -> Looks:
        if not parts:
            none = np.zeros((0, len(PATTERNS)), np.float32)
            nowhere = np.zeros(0, np.float32)
            return Looks(none, np.zeros((0, self._known.means.shape[1]), np.float32), nowhere, nowhere > 0, none)
        logits, embedding, present = (np.concatenate(column) for column in zip(*parts, strict=True))
        probability = self.calibrated(logits)
        distance = self._known.unlike(embedding, probability)
        return Looks(probability, embedding, distance, distance > self.settings.farthest, _sigmoid(present))

    def _batches(self, grids: Sequence[NDArray[Any]]) -> Iterator[tuple[Numbers, Numbers, Numbers]]:
        for start in range(0, len(grids), BATCH):
            drawn = squares(grids[start : start + BATCH], self.settings.size)
            yield self._looked((drawn / 255).astype(np.float32))

    def _looked(self, batch: Numbers) -> tuple[Numbers, Numbers, Numbers]:
        """Means over two views of each map, over all eight where two are not sure."""
        sums = self._sums(batch, FIRST_VIEWS)
        means = [(total / len(FIRST_VIEWS)).astype(np.float32) for total in sums]
        unsure = self.calibrated(means[0]).max(axis=1) < self.settings.sure
        if unsure.any():
            more = self._sums(batch[unsure], MORE_VIEWS)
            for mean, first, rest in zip(means, sums, more, strict=True):
                mean[unsure] = (first[unsure] + rest) / (len(FIRST_VIEWS) + len(MORE_VIEWS))
        return means[0], means[1], means[2]

    def _sums(self, batch: Numbers, views: Sequence[int]) -> list[Numbers]:
        seen = [self.run(turned(batch, view)) for view in views]
        return [np.sum([one[place] for one in seen], axis=0, dtype=np.float32) for place in range(3)]

    def run(self, batch: Numbers) -> list[Numbers]:
        """Logits (n, 9), embedding (n, 64) and logits of presence (n, 9) of one view of squares from 0 to 1."""
        return list(self._session.run(None, {"maps": batch}))

    def calibrated(self, logits: Numbers) -> Numbers:
        """Probabilities (n, 9) of logits (n, 9)."""
        return softmax((logits + np.array(self.settings.prior, np.float32)) / self.settings.temperature)


def softmax(logits: Numbers) -> Numbers:
    """Probabilities of logits, along the last axis."""
    grown = np.exp(logits - logits.max(axis=-1, keepdims=True))
    shares: Numbers = grown / grown.sum(axis=-1, keepdims=True)
    return shares


def _sigmoid(logits: Numbers) -> Numbers:
    return (1 / (1 + np.exp(-np.clip(logits, -60, 60)))).astype(np.float32)


class Networks:
    """Both networks of the package: each map is shown to the one that learned from maps of so many dies."""

    def __init__(self, fine: Model, few: Model):
        self._fine, self._few = fine, few
        self.several = max(fine.settings.several, few.settings.several)

    def look(self, grids: Sequence[NDArray[Any]]) -> Looks:
        """What they make of grids (0 no die, 1 pass, 2 fail).

        Embeddings are (n, 128): those of either network stand in a half of their own, so that maps of few dies are like each
        other alone.
        """
        few = np.array([min(cropped(grid).shape) < FEWEST for grid in grids], bool)
        parts = [
            (np.flatnonzero(chosen), network.look([grids[place] for place in np.flatnonzero(chosen).tolist()]))
            for chosen, network in ((~few, self._fine), (few, self._few))
        ]
        width = parts[0][1].embedding.shape[1]
        beside = [replace(looks, embedding=_half(looks.embedding, n, width)) for n, (_, looks) in enumerate(parts)]
        order = np.argsort(np.concatenate([places for places, _ in parts]), kind="stable")
        names = [field.name for field in fields(Looks)]
        return Looks(**{name: np.concatenate([getattr(looks, name) for looks in beside])[order] for name in names})


def _half(embedding: Numbers, part: int, width: int) -> Numbers:
    whole = np.zeros((len(embedding), 2 * width), np.float32)
    whole[:, part * width : (part + 1) * width] = embedding
    return whole


@lru_cache(maxsize=1)
def packaged() -> Networks:
    """The networks of the package."""
    folder = resources.files("fabwatch.yields.patterns")
    return Networks(*(Model(folder.joinpath(FILES[name]).read_bytes()) for name in (FINE, FEW)))
