"""Learned pictures that are remembered by their embedding: which are most like another, and what is like none of them."""

import io
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fabwatch.models.answers import SimilarPicture
from fabwatch.models.images.reading import Pixels, smaller
from fabwatch.yields.patterns.similar import nearest

FILE = "learned.npz"
MOST = 2_000
SIMILAR = 5
THUMB = 32
"""Pixels on a side of a small drawing."""
USUAL = 0.99
"""Share of known pictures that lie as near to a learned one as is usual; of few the farthest is never usual."""
MARGIN = 1.25
"""What is so many times as far is like none."""
Numbers = NDArray[np.float32]


@dataclass(frozen=True)
class Memory:
    """Embeddings of learned pictures (m, d), with names and classes; and how far from them is usual."""

    embedding: Numbers
    names: tuple[str, ...]
    label: NDArray[np.int64]
    place: NDArray[np.int64]
    """Rows of the table that was kept, rising."""
    farthest: float

    @cached_property
    def _spread(self) -> tuple[Numbers, Numbers]:
        center, scale = self.embedding.mean(0), self.embedding.std(0)
        return center, np.where(scale > 1e-6, scale, 1.0).astype(np.float32)

    @cached_property
    def _measured(self) -> Numbers:
        return self._standard(self.embedding)

    def _standard(self, embedding: Numbers) -> Numbers:
        center, scale = self._spread
        made: Numbers = (embedding - center) / scale
        return made

    def similar(self, embedding: Numbers, classes: list[str]) -> list[tuple[SimilarPicture, ...]]:
        """The learned pictures that are most like each of (n, d), by the cosine of standardised embeddings."""
        places, cosines = nearest(self._standard(embedding), self._measured, SIMILAR)
        return [
            tuple(
                SimilarPicture(self.names[at], classes[int(self.label[at])], round(float(cosine), 4), int(self.place[at]))
                for at, cosine in zip(row.tolist(), likeness.tolist(), strict=True)
            )
            for row, likeness in zip(places, cosines, strict=True)
        ]

    def distance(self, embedding: Numbers, same: bool = False) -> Numbers:
        """How far each of (n, d) is from the nearest learned picture, in standard deviations of a number of these.

        With `same` they are the learned ones, and none is near itself.
        """
        own, known = self._standard(embedding), self._measured
        squares = (own**2).sum(1)[:, None] + (known**2).sum(1)[None, :] - 2 * own @ known.T
        if same:
            np.fill_diagonal(squares, np.inf)
        found: Numbers = np.sqrt(np.maximum(squares.min(1), 0) / own.shape[1]).astype(np.float32)
        return found

    def packed(self, pixels: Pixels) -> bytes:
        """As a plain file of arrays, with small drawings; `pixels` are all that were kept (n, size, size, 3)."""
        buffer = io.BytesIO()
        names = np.array(self.names, np.str_)
        thumbs = np.stack([smaller(pixels[n], THUMB) for n in self.place.tolist()])
        own = {"names": names, "farthest": np.array(self.farthest), "thumbs": thumbs}
        arrays: dict[str, Any] = {"embedding": self.embedding, "label": self.label, "place": self.place, **own}
        np.savez(buffer, **arrays)
        return buffer.getvalue()


def unpacked(content: bytes) -> Memory:
    """What `Memory.packed` gave."""
    with np.load(io.BytesIO(content), allow_pickle=False) as arrays:
        names = tuple(str(name) for name in arrays["names"])
        return Memory(arrays["embedding"], names, arrays["label"], arrays["place"], float(arrays["farthest"]))


def remembered(
    embedding: Numbers,
    names: tuple[str, ...],
    label: NDArray[np.int64],
    place: NDArray[np.int64],
    choose: Numbers,
    seed: int,
) -> Memory:
    """Up to 2,000 learned pictures, of each class alike; `choose` are the embeddings that say what is usual."""
    chance = np.random.default_rng(seed)
    turn = np.zeros(len(label), np.int64)
    for n in np.unique(label):
        own = chance.permutation(np.flatnonzero(label == n))
        turn[own] = np.arange(len(own))
    kept = np.sort(np.argsort(turn, kind="stable")[:MOST])
    made = Memory(embedding[kept], tuple(names[n] for n in kept.tolist()), label[kept], place[kept], 0.0)
    usual = np.concatenate([made.distance(choose), made.distance(made.embedding, same=True)])
    farthest = MARGIN * float(np.quantile(usual, min(USUAL, 1 - 1.5 / len(usual))))
    return Memory(made.embedding, made.names, made.label, made.place, farthest)
