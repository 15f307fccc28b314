"""Which pictures are learned from, which choose, which report: groups, copies and near twins stay on one side."""

from collections import Counter, defaultdict
from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fabwatch.models.images.collection import Collection
from fabwatch.models.images.reading import Pixels
from fabwatch.terms.errors import BadQuestion

SHARES = (0.6, 0.2, 0.2)
"""Learned from, chosen by, held out."""
Places = NDArray[np.int64]
HASH = 8
MOST_TWINS = 0.1
"""Share of all pictures from which on a mean hash tells nothing: they show one plain scene."""


@dataclass(frozen=True)
class Parts:
    """Places of pictures."""

    learn: Places
    choose: Places
    held: Places
    kind: str
    """by group or random."""
    copies: int
    """Pictures of which there is another, the same."""
    twins: int
    """Pictures that look nearly like another one, which are on its side."""
    plain: bool
    """Near twins could not be told from pictures of the same plain scene."""


def parts_of(pictures: Collection, seed: int, by_group: bool = True) -> Parts:
    """The three parts. Raises BadQuestion where a class cannot be in all of them."""
    copies, looks = pictures.marks, mean_hashes(pictures.pixels)
    largest = max(Counter(looks).values())
    plain = largest > max(10, MOST_TWINS * len(pictures))
    keys: list[Sequence[Hashable | None]] = [copies, pictures.sha256]
    if not plain:
        keys.append(looks)
    grouped = by_group and any(group is not None for group in pictures.groups)
    if grouped:
        keys.append(pictures.groups)
    unit = units(len(pictures), keys)
    part = _dealt(unit, pictures.label, len(pictures.classes), seed)
    _check(part, pictures, grouped)
    learn, choose, held = (np.flatnonzero(part == n).astype(np.int64) for n in range(3))
    twice = len(pictures) - len(set(copies))
    twins = 0 if plain else len(pictures) - len(set(looks)) - twice
    return Parts(learn, choose, held, "by group" if grouped else "random", twice, max(twins, 0), plain)


def mean_hashes(pixels: Pixels) -> list[bytes]:
    """Which of 8 by 8 parts of a square (n, size, size, 3) are lighter than its mean."""
    n, size = pixels.shape[:2]
    grey = pixels.astype(np.float32).mean(3)
    cells = grey.reshape(n, HASH, size // HASH, HASH, size // HASH).mean((2, 4)).reshape(n, -1)
    bits = np.packbits(cells > cells.mean(1, keepdims=True), axis=1)
    return [row.tobytes() for row in bits]


def units(count: int, keys: Sequence[Sequence[Hashable | None]]) -> Places:
    """The unit of each picture (n): those that share a value of any key are in one; None is shared with nobody."""
    parent = list(range(count))

    def root(place: int) -> int:
        while parent[place] != place:
            parent[place] = parent[parent[place]]
            place = parent[place]
        return place

    for values in keys:
        first: dict[Hashable, int] = {}
        for place, value in enumerate(values):
            if value is not None:
                a, b = root(first.setdefault(value, place)), root(place)
                parent[max(a, b)] = min(a, b)
    return np.array([root(place) for place in range(count)], np.int64)


def _dealt(unit: Places, label: Places, classes: int, seed: int) -> Places:
    """The part of each picture: the largest units first, each to the part that lacks its classes most."""
    members: dict[int, list[int]] = defaultdict(list)
    for place, own in enumerate(unit.tolist()):
        members[own].append(place)
    names = list(members)
    mixed = [names[n] for n in np.random.default_rng(seed).permutation(len(names)).tolist()]
    mixed.sort(key=lambda name: -len(members[name]))
    wanted = np.outer(SHARES, np.bincount(label, minlength=classes))
    lacking = wanted.copy()
    part = np.zeros(len(unit), np.int64)
    for name in mixed:
        own = np.bincount(label[members[name]], minlength=classes)
        best = int(np.argmax((lacking / wanted * own).sum(1)))
        part[members[name]] = best
        lacking[best] -= own
    return part


def _check(part: Places, pictures: Collection, grouped: bool) -> None:
    for n, name in enumerate(pictures.classes):
        own = {int(value) for value in part[pictures.label == n]}
        if len(own) < len(SHARES):
            why = "its pictures lie in too few groups" if grouped else "too many of its pictures are the same or nearly so"
            raise BadQuestion(
                f"{name!r} cannot be both learned from and held out: {why}.",
                "bring pictures of other lots, or put them straight into the folder of the class",
            )
