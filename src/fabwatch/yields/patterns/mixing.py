"""Maps with two patterns, made by laying two maps over each other, and the layer that learns to see both (needs torch)."""

from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn
from torch.nn import functional

from fabwatch.yields.patterns.classes import ALIKE, PATTERNS
from fabwatch.yields.patterns.network import EMBEDDING
from fabwatch.yields.patterns.preparing import Squares
from fabwatch.yields.patterns.several import second_presence

MIXABLE = tuple(PATTERNS.index(name) for name in ("Center", "Donut", "Edge-Loc", "Edge-Ring", "Loc", "Scratch"))
"""Patterns that leave room for another; a map full of fails shows one pattern."""
PAIRS = tuple(pair for pair in combinations(MIXABLE, 2) if frozenset(pair) not in ALIKE)
"""The thirteen pairs of MixedWM38 (Wang et al. 2020): of two that hide each other one is said."""
ROUNDS = 400
RIGHT = 0.98
"""Share of maps with one pattern that must not be said to show several."""


@dataclass(frozen=True)
class Mixture:
    """Maps with two patterns each: squares (n, 2, size, size), and which patterns they are of (n, 9)."""

    squares: Squares
    present: NDArray[np.float32]


def mixed(squares: Squares, label: NDArray[np.int64], count: int, seed: int) -> Mixture:
    """Pairs of maps of different patterns, one laid over the other: a cell fails as much as the worse of both."""
    chance = np.random.default_rng(seed)
    pools = {place: np.flatnonzero(label == place) for place in MIXABLE}
    present = np.zeros((count, len(PATTERNS)), np.float32)
    out = np.empty((count, *squares.shape[1:]), np.uint8)
    for row in range(count):
        one, other = PAIRS[int(chance.integers(len(PAIRS)))]
        first, second = squares[chance.choice(pools[one])], squares[chance.choice(pools[other])]
        second = np.rot90(second, int(chance.integers(4)), axes=(1, 2))
        out[row, 0] = np.minimum(np.maximum(first[0], second[0]), first[1])
        out[row, 1] = first[1]
        present[row, [one, other]] = 1
    return Mixture(out, present)


def fitted(embedding: NDArray[np.float32], present: NDArray[np.float32], seed: int) -> Any:
    """The linear layer from embeddings (n, 64) to the logits of each pattern being there."""
    torch.manual_seed(seed)
    layer = nn.Linear(EMBEDDING, len(PATTERNS))
    optimiser = torch.optim.LBFGS(layer.parameters(), max_iter=ROUNDS, line_search_fn="strong_wolfe")
    seen, goal = torch.from_numpy(embedding), torch.from_numpy(present)

    def closure() -> Any:
        optimiser.zero_grad()
        loss = functional.binary_cross_entropy_with_logits(layer(seen), goal) + 1e-4 * layer.weight.square().sum()
        loss.backward()
        return loss

    optimiser.step(closure)
    return layer.eval()


def threshold(single: NDArray[np.float32]) -> float:
    """The probability from which a second pattern is said: exceeded on 2 % of maps (n, 9) that show one."""
    return max(float(np.quantile([second_presence(row) for row in single], RIGHT)), 0.5)
