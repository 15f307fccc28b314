"""Which pattern wafer maps show, how sure that is, and which other maps look like them."""

import time
from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from fabwatch.yields.patterns.answers import FileRefused, MapAnswer, MapAnswers, MapScore, SimilarMap
from fabwatch.yields.patterns.classes import PATTERNS
from fabwatch.yields.patterns.collection import Collection
from fabwatch.yields.patterns.model import Looks, Networks, packaged
from fabwatch.yields.patterns.preparing import FAIL, NO_DIE
from fabwatch.yields.patterns.score import calibration_error, confusion, macro_f1, per_class
from fabwatch.yields.patterns.several import found_patterns
from fabwatch.yields.patterns.similar import nearest

METHOD = (
    "A network trained on WM-811K (see the card in the docs: maps) looks at each map as passed and failed dies, turned and "
    "mirrored; probabilities are calibrated. Unknown: Mahalanobis distance of the embedding from all patterns. "
    "Similar: cosine of the embeddings, among the maps given."
)
SCORED_TOGETHER = 512


class DieMap(Protocol):
    """A wafer map: who it is, and its grid (0 no die, 1 pass, 2 fail; rows from the top)."""

    @property
    def lot(self) -> str: ...  # noqa: D102
    @property
    def wafer(self) -> str: ...  # noqa: D102
    @property
    def origin(self) -> str: ...  # noqa: D102
    @property
    def notch(self) -> str: ...  # noqa: D102
    @property
    def doubts(self) -> tuple[Any, ...]: ...  # noqa: D102
    @property
    def grid(self) -> NDArray[np.uint8]: ...  # noqa: D102


def embed(grids: Sequence[NDArray[Any]], model: Networks | None = None) -> NDArray[np.float32]:
    """Embeddings (n, 128) of grids, by which maps that look alike are found (see `similar.nearest`)."""
    return (model or packaged()).look(grids).embedding


def classify(maps: Sequence[DieMap], refused: Sequence[FileRefused] = (), model: Networks | None = None) -> MapAnswers:
    """What each map shows; `similar` are the most similar of the other maps."""
    network = model or packaged()
    looks = network.look([one.grid for one in maps])
    places, likeness = nearest(looks.embedding, looks.embedding, same=True)
    said = [_answer(maps, place, looks, network, places[place], likeness[place]) for place in range(len(maps))]
    return MapAnswers(tuple(said), tuple(refused), METHOD)


def _answer(
    maps: Sequence[DieMap], place: int, looks: Looks, network: Networks, near: NDArray[Any], likeness: NDArray[Any]
) -> MapAnswer:
    one, probability = maps[place], looks.probability[place]
    best = int(probability.argmax())
    similar = [
        SimilarMap(maps[other].lot, maps[other].wafer, maps[other].origin, round(float(cosine), 4))
        for other, cosine in zip(near.tolist(), likeness, strict=True)
    ]
    grid = one.grid
    return MapAnswer(
        lot=one.lot,
        wafer=one.wafer,
        pattern=PATTERNS[best],
        probability=round(float(probability[best]), 4),
        unknown=bool(looks.unknown[place]),
        patterns=tuple(found_patterns(probability, looks.present[place], network.several)),
        similar=tuple(similar),
        distance=round(float(looks.distance[place]), 3),
        dies=int((grid != NO_DIE).sum()),
        failed=int((grid == FAIL).sum()),
        origin=one.origin,
        notch=one.notch,
        doubts=one.doubts,
    )


def score(labelled: Collection, model: Networks | None = None) -> MapScore:
    """How well labelled maps are told apart; a few hundred at a time, so that memory stays bounded."""
    network = model or packaged()
    probability, far = [], 0
    began = time.process_time()
    for places in labelled.batches(SCORED_TOGETHER):
        looks = network.look(labelled.grids(places))
        probability.append(looks.probability)
        far += int(looks.unknown.sum())
    spent = time.process_time() - began
    return scored(np.concatenate(probability), labelled.label, far, 1e3 * spent / len(labelled))


def scored(probability: NDArray[Any], label: NDArray[np.int64], unknown: int, ms_per_map: float) -> MapScore:
    """The score of probabilities (n, 9) against labels (n)."""
    counts = confusion(label, probability.argmax(axis=1))
    classes = per_class(counts)
    table = {
        PATTERNS[row]: {PATTERNS[column]: int(n) for column, n in enumerate(counts[row]) if n}
        for row in range(len(PATTERNS))
        if counts[row].any()
    }
    return MapScore(
        n=len(label),
        accuracy=float(np.trace(counts) / len(label)),
        macro_f1=macro_f1(classes) or 0.0,
        macro_f1_without_none=macro_f1(classes, without_none=True),
        per_class=classes,
        ece=calibration_error(probability, label),
        ms_per_map=round(ms_per_map, 3),
        confusion=table,
        unknown=unknown,
    )
