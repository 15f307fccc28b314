"""What the network made of maps that were seen before: a new load of a fab brings a few new maps, not all of them."""

import hashlib
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import fields
from functools import lru_cache
from threading import Lock
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fabwatch.yields.patterns.model import Looks, Networks, packaged

KEPT = 20_000
"""Maps that are remembered, about a kilobyte each."""


class LookCache:
    """Answers of a network by the content of the maps; those that were not asked for longest are forgotten."""

    def __init__(self, model: Networks, kept: int = KEPT):
        self.model = model
        self._kept = kept
        self._rows: OrderedDict[bytes, tuple[NDArray[Any], ...]] = OrderedDict()
        self._lock = Lock()

    def look(self, grids: Sequence[NDArray[np.uint8]]) -> Looks:
        """What the network makes of grids (0 no die, 1 pass, 2 fail); only those that are new are shown to it."""
        if not grids:
            return self.model.look([])
        with self._lock:
            marks = [_mark(grid) for grid in grids]
            new = {mark: grid for mark, grid in zip(marks, grids, strict=True) if mark not in self._rows}
            looks = self.model.look(list(new.values()))
            columns = [getattr(looks, field.name) for field in fields(Looks)]
            self._rows.update(zip(new, zip(*columns, strict=True), strict=True))
            rows = [self._rows[mark] for mark in marks]
            for mark in marks:
                self._rows.move_to_end(mark)
            while len(self._rows) > self._kept:
                self._rows.popitem(last=False)
        return Looks(*(np.stack(column) for column in zip(*rows, strict=True)))


@lru_cache(maxsize=1)
def packaged_looks() -> LookCache:
    """The answers of the network of the package, shared by all questions of a process."""
    return LookCache(packaged())


def _mark(grid: NDArray[np.uint8]) -> bytes:
    return hashlib.blake2b(grid.tobytes(), key=repr(grid.shape).encode(), digest_size=16).digest()
