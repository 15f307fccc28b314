"""What the service was asked, counted by day: no row is kept, only how many values lay in which cell of which column.

models/NAME/V/asked/2026-11-27.json, one file a day for all processes of the service.
"""

import atexit
import json
import threading
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from fabwatch.models.cells import Counts
from fabwatch.models.registry import Version, written
from fabwatch.models.schema import ODD, Matrix
from fabwatch.terms.clock import Clock, utc_now

if TYPE_CHECKING:
    from fabwatch.models.usual import Usual

FOLDER, ROWS = "asked", "rows"
SOON_S = 1.0
"""Seconds after which what was asked is written down."""
HELD = 20_000
"""Rows that wait to be counted; from there on they are counted at once."""


@dataclass
class Waiting:
    """Rows of one version that wait to be counted."""

    version: Version
    matrices: list[Matrix] = field(default_factory=list)
    predicted: list[Matrix] = field(default_factory=list)
    odd: Counter[str] = field(default_factory=Counter)
    rows: int = 0


class Tally:
    """Counts what the service is asked; safe to share between threads."""

    def __init__(self, soon: float = SOON_S, clock: Clock = utc_now) -> None:
        self._soon, self._clock = soon, clock
        self._waiting: dict[Path, Waiting] = {}
        self._usual: dict[Path, Usual] = {}
        self._lock, self._writing = threading.Lock(), threading.Lock()
        self._timer: threading.Timer | None = None
        atexit.register(self.write)

    def add(self, version: Version, matrix: Matrix, predicted: Matrix, odd: Mapping[str, int]) -> None:
        """Note rows (n, columns) that were predicted (n, k), and how many of their values were odd."""
        with self._lock:
            own = self._waiting.setdefault(version.folder, Waiting(version))
            own.matrices.append(matrix)
            own.predicted.append(predicted)
            own.odd.update(odd)
            own.rows += len(matrix)
            many = own.rows >= HELD
            if self._timer is None and not many:
                self._timer = threading.Timer(self._soon, self.write)
                self._timer.daemon = True
                self._timer.start()
        if many:
            self.write()

    def write(self) -> None:
        """Count what waits, and add it to the files of the day."""
        with self._lock:
            waiting, self._waiting = self._waiting, {}
            if self._timer is not None:
                self._timer.cancel()
                self._timer = None
        with self._writing:
            for own in waiting.values():
                # A version that was taken away meanwhile, or a full disk, costs the counts alone.
                try:
                    self._written(own)
                except OSError:
                    continue

    def _written(self, own: Waiting) -> None:
        from filelock import FileLock

        from fabwatch.models.usual import said_of, usual_of

        if own.version.folder not in self._usual:
            self._usual[own.version.folder] = usual_of(own.version)
        usual = self._usual[own.version.folder]
        matrix, predicted = np.concatenate(own.matrices), np.concatenate(own.predicted)
        added = Asked(
            len(matrix),
            tuple(column.cells.counted(matrix[:, place]) for place, column in enumerate(usual.columns)),
            usual.prediction.cells.counted(said_of(predicted, own.version.card["kind"])),
            dict(own.odd),
        )
        folder = own.version.folder / FOLDER
        folder.mkdir(exist_ok=True)
        path = folder / f"{self._clock().date().isoformat()}.json"
        with FileLock(folder / ".lock", timeout=10):
            written(path, together([added, *([asked] if (asked := _read(path)) else [])]).to_bytes())


@dataclass(frozen=True)
class Asked:
    """What was asked in some days."""

    rows: int
    columns: tuple[Counts, ...]
    prediction: Counts
    odd: dict[str, int]

    def to_bytes(self) -> bytes:
        """As a file."""
        plain: dict[str, Any] = {"rows": self.rows, "odd": self.odd}
        plain["columns"] = [counts.astype(int).tolist() for counts in self.columns]
        plain["prediction"] = self.prediction.astype(int).tolist()
        return json.dumps(plain).encode()


def together(parts: Iterable[Asked]) -> Asked:
    """The sum of at least one."""
    every = list(parts)
    odd: Counter[str] = Counter()
    for one in every:
        odd.update(one.odd)
    columns = tuple(np.sum(counts, axis=0) for counts in zip(*(one.columns for one in every), strict=True))
    return Asked(sum(one.rows for one in every), columns, np.sum([one.prediction for one in every], axis=0), dict(odd))


def asked_of(version: Version, moment: datetime, days: int | None) -> Asked | None:
    """What a version was asked in the last days, today among them (all days where None); None where it was nothing."""
    since = "" if days is None else (moment.date() - timedelta(days=days - 1)).isoformat()
    until = moment.date().isoformat()
    found = [
        asked
        for path in sorted((version.folder / FOLDER).glob("*.json"))
        if since <= path.stem <= until and (asked := _read(path)) is not None
    ]
    return together(found) if found else None


def totals(version: Version) -> dict[str, int]:
    """How many rows were predicted and how many of their values were odd, since the version was made."""
    found: Counter[str] = Counter(dict.fromkeys((ROWS, *ODD), 0))
    for path in (version.folder / FOLDER).glob("*.json"):
        found.update(dict(_totals(path, path.stat().st_mtime_ns)))
    return dict(found)


@lru_cache(maxsize=10_000)
def _totals(path: Path, changed: int) -> tuple[tuple[str, int], ...]:
    """The sums of one day; kept as long as its file is the same."""
    del changed
    asked = _read(path)
    return () if asked is None else ((ROWS, asked.rows), *asked.odd.items())


def _read(path: Path) -> Asked | None:
    """The file of a day; None where it is missing or no such file."""
    try:
        plain = json.loads(path.read_text("utf-8"))
        columns = tuple(np.array(counts, float) for counts in plain["columns"])
        return Asked(plain["rows"], columns, np.array(plain["prediction"], float), defaultdict(int, plain["odd"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None
