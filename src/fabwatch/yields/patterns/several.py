"""Several patterns on one map, by the chance that each is there."""

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fabwatch.yields.patterns.answers import FoundPattern
from fabwatch.yields.patterns.classes import ALIKE, NONE, PATTERNS


def ranked(present: NDArray[Any]) -> list[int]:
    """The patterns by their presence (9), the likeliest first; without none, and without what a likelier one hides."""
    kept: list[int] = []
    for place in np.argsort(-present, kind="stable").tolist():
        if place != NONE and not any(frozenset((place, other)) in ALIKE for other in kept):
            kept.append(place)
    return kept


def second_presence(present: NDArray[Any]) -> float:
    """The chance of the second pattern: two must be there for several to be said."""
    return float(present[ranked(present)[1]])


def found_patterns(probability: NDArray[Any], present: NDArray[Any], several: float) -> Iterator[FoundPattern]:
    """The patterns on a map: several where the network sees several, else the likeliest."""
    best = int(probability.argmax())
    both = [place for place in ranked(present) if present[place] >= several]
    if len(both) > 1 and best != NONE:
        yield from (FoundPattern(PATTERNS[place], round(float(present[place]), 4)) for place in both)
    else:
        yield FoundPattern(PATTERNS[best], round(float(probability[best]), 4))
