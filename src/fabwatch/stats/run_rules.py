"""Rules that tell a run of points from chance: Nelson 1 to 8, and Western Electric.

Points are in sigma from the center; every rule works along the last axis, so that many charts are judged at once. A point is
marked where it completes the pattern. NaN stands for no point: it breaks no rule, and no run goes over it.

Sources: L. S. Nelson, Journal of Quality Technology 16 (1984) 237; Western Electric, Statistical Quality Control Handbook
(1956) 25.
"""

from collections.abc import Callable, Collection, Mapping

import numpy as np

Marks = np.ndarray
"""True where a point breaks a rule, of the shape of the points."""


def beyond_three_sigma(z: np.ndarray) -> Marks:
    """One point beyond three sigma."""
    return np.asarray(np.abs(z) > 3)


def one_side(z: np.ndarray, run: int = 9) -> Marks:
    """`run` points in a row on one side of the center."""
    return np.asarray(_in_a_row(z > 0, run) | _in_a_row(z < 0, run))


def trend(z: np.ndarray, run: int = 6) -> Marks:
    """`run` points in a row that rise, or that fall."""
    steps = np.diff(z, axis=-1)
    return _after_steps(_in_a_row(steps > 0, run - 1) | _in_a_row(steps < 0, run - 1), z)


def alternating(z: np.ndarray, run: int = 14) -> Marks:
    """`run` points in a row that go up and down in turn."""
    steps = np.diff(z, axis=-1)
    turns = steps[..., 1:] * steps[..., :-1] < 0
    return _after_steps(_after_steps(_in_a_row(turns, run - 2), steps), z)


def most_beyond(z: np.ndarray, sigma: float, hits: int, of: int) -> Marks:
    """`hits` of `of` points in a row beyond `sigma` on the same side, the last among them."""
    return np.asarray(_most(z > sigma, hits, of) | _most(z < -sigma, hits, of))


def hugging(z: np.ndarray, run: int = 15) -> Marks:
    """`run` points in a row within one sigma of the center."""
    return _in_a_row(np.abs(z) < 1, run)


def avoiding(z: np.ndarray, run: int = 8) -> Marks:
    """`run` points in a row beyond one sigma, on both sides of the center."""
    high, low = _sum(z > 1, run), _sum(z < -1, run)
    return np.asarray((high + low == run) & (high > 0) & (low > 0))


NELSON: Mapping[str, Callable[[np.ndarray], Marks]] = {
    "nelson1": beyond_three_sigma,
    "nelson2": one_side,
    "nelson3": trend,
    "nelson4": alternating,
    "nelson5": lambda z: most_beyond(z, 2, 2, 3),
    "nelson6": lambda z: most_beyond(z, 1, 4, 5),
    "nelson7": hugging,
    "nelson8": avoiding,
}
WECO: Mapping[str, Callable[[np.ndarray], Marks]] = {
    "weco1": beyond_three_sigma,
    "weco2": lambda z: most_beyond(z, 2, 2, 3),
    "weco3": lambda z: most_beyond(z, 1, 4, 5),
    "weco4": lambda z: one_side(z, 8),
}
SETS: Mapping[str, Mapping[str, Callable[[np.ndarray], Marks]]] = {"nelson": NELSON, "weco": WECO}


def broken_rules(z: np.ndarray, rules: str = "nelson", only: Collection[str] | None = None) -> dict[str, Marks]:
    """Which points break which rules: {rule: marks}; `only` names some of the set. Raises KeyError for an unknown set."""
    points = np.asarray(z, float)
    return {name: rule(points) for name, rule in SETS[rules].items() if only is None or name in only}


def _sum(hit: np.ndarray, of: int) -> np.ndarray:
    """How many of the last `of` points are hits, at each point; 0 before there are so many."""
    sums = np.cumsum(hit, axis=-1, dtype=np.int32)
    counts = np.zeros_like(sums)
    if hit.shape[-1] >= of:
        counts[..., of - 1] = sums[..., of - 1]
        counts[..., of:] = sums[..., of:] - sums[..., :-of]
    return counts


def _in_a_row(hit: np.ndarray, run: int) -> Marks:
    return np.asarray(_sum(hit, run) == run)


def _most(hit: np.ndarray, hits: int, of: int) -> Marks:
    sums = np.cumsum(hit, axis=-1, dtype=np.int32)
    counts = sums.copy()
    counts[..., of:] -= sums[..., :-of]
    return np.asarray((counts >= hits) & hit)


def _after_steps(marks: Marks, points: np.ndarray) -> Marks:
    """Marks of steps between points as marks of the points that end them."""
    whole = np.zeros(points.shape, bool)
    whole[..., 1:] = marks
    return whole
