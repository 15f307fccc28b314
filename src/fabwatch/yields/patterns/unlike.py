"""How unlike all that was trained on a map is: three signs of it, each as deviations from what is usual of known maps.

Alone each fails for some patterns: the nearest maps say little of a pattern between two others, the distance from the
centres little of a rare one, the probabilities nothing of what the network is sure of and wrong.
"""

import base64
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fabwatch.yields.patterns.similar import unit

NEAREST = 10
EACH = 200
"""Maps of each pattern whose embeddings are kept to compare others with."""
STEPS = 127
Numbers = NDArray[np.float32]


@dataclass(frozen=True)
class Known:
    """What is remembered of the maps that a network learned from."""

    means: Numbers
    """Where each pattern lies, shape (k, d)."""
    precision: Numbers
    """Inverse of the covariance around these, shape (d, d)."""
    bank: NDArray[np.int8]
    """Embeddings of some of them as directions of length 127, shape (m, d)."""
    usual: tuple[tuple[float, float], ...] = ((0.0, 1.0),) * 3
    """Mean and standard deviation of each sign on maps of known patterns."""

    def signs(self, embedding: Numbers, probability: Numbers) -> NDArray[np.float64]:
        """Shape (n, 3): distance from the nearest pattern, unlikeness of the tenth nearest map, entropy."""
        kept = self.bank.astype(np.float32) / STEPS
        cosine = unit(embedding) @ kept.T
        near = min(NEAREST, len(kept))
        tenth = np.partition(cosine, len(kept) - near, axis=1)[:, len(kept) - near]
        entropy = -(probability * np.log(np.maximum(probability, 1e-12))).sum(axis=1)
        return np.stack([mahalanobis(embedding, self.means, self.precision), 1 - tenth, entropy], axis=1).astype(float)

    def unlike(self, embedding: Numbers, probability: Numbers) -> Numbers:
        """Shape (n): the mean of the signs, in standard deviations from what is usual of known maps."""
        usual = np.array(self.usual)
        mean: Numbers = ((self.signs(embedding, probability) - usual[:, 0]) / usual[:, 1]).mean(axis=1).astype(np.float32)
        return mean

    def measured(self, embedding: Numbers, probability: Numbers) -> "Known":
        """The same, with what is usual of these maps of known patterns."""
        signs = self.signs(embedding, probability)
        spread = np.maximum(signs.std(axis=0), 1e-9)
        return replace(
            self, usual=tuple((float(mean), float(sd)) for mean, sd in zip(signs.mean(axis=0), spread, strict=True))
        )

    def plain(self) -> dict[str, Any]:
        """As plain data, for the settings of a file."""
        return {
            "means": [[round(float(value), 5) for value in row] for row in self.means],
            "precision": [[round(float(value), 6) for value in row] for row in self.precision],
            "bank": base64.b64encode(self.bank.tobytes()).decode("ascii"),
            "usual": [list(pair) for pair in self.usual],
        }


def from_plain(said: dict[str, Any]) -> Known:
    """What `Known.plain` wrote."""
    means = np.array(said["means"], np.float32)
    bank = np.frombuffer(base64.b64decode(said["bank"]), np.int8).reshape(-1, means.shape[1])
    usual: Sequence[Sequence[float]] = said["usual"]
    return Known(means, np.array(said["precision"], np.float32), bank, tuple((mean, sd) for mean, sd in usual))


def known(embedding: Numbers, label: NDArray[np.int64], seed: int = 0) -> Known:
    """What to remember of embeddings (n, d) with their patterns (n), of those that occur."""
    present = np.unique(label)
    means = np.stack([embedding[label == place].mean(axis=0) for place in present])
    away = embedding - means[np.searchsorted(present, label)]
    covariance = away.T @ away / len(away) + 1e-3 * np.eye(embedding.shape[1], dtype=np.float32)
    rng = np.random.default_rng(seed)
    kept = np.concatenate([rng.permutation(np.flatnonzero(label == place))[:EACH] for place in present])
    bank = np.rint(unit(embedding[kept]) * STEPS).astype(np.int8)
    return Known(means, np.linalg.inv(covariance).astype(np.float32), bank)


def mahalanobis(embedding: Numbers, means: Numbers, precision: Numbers) -> Numbers:
    """Distance (n) of embeddings (n, d) from the nearest of means (k, d) under one precision (d, d); Lee et al. 2018."""
    away = embedding[:, None, :] - means[None, :, :]
    squared: Numbers = np.einsum("nkd,de,nke->nk", away, precision, away, optimize=True).min(axis=1)
    return np.sqrt(np.maximum(squared, 0.0))
