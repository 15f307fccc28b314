"""Inner trials that are done, so that a search that was stopped, or had too little time, goes on where it was.

models/trials/MARK/CANDIDATE.npz: the mark is that of the rows, the target, their order and the seed.
"""

import hashlib
import io
import json
import shutil
import time
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from fabwatch.models.learning import Table, Tried
from fabwatch.models.recipe import Candidate
from fabwatch.models.registry import written
from fabwatch.models.splitting import Places
from fabwatch.terms.version import VERSION

if TYPE_CHECKING:
    from numpy.typing import NDArray

KEPT_DAYS = 14


class Trials:
    """The trials of one table that are done."""

    def __init__(self, folder: Path, table: Table, rows: Places):
        self._folder = folder / _mark(table, rows)
        _sweep(folder)

    def of(self, candidate: Candidate) -> Tried | None:
        """The trial of a candidate; None where it has not been done, or its file is cut."""
        try:
            with np.load(self._path(candidate), allow_pickle=False) as kept:
                seconds, score = kept["figures"].tolist()
                return Tried(candidate, score, seconds, kept["rows"], kept["predicted"])
        except (OSError, ValueError, KeyError, EOFError):
            return None

    def keep(self, one: Tried) -> None:
        """Keep a trial. A full disk costs the trial alone."""
        buffer = io.BytesIO()
        np.savez(buffer, figures=np.array([one.seconds, one.score]), rows=one.rows, predicted=one.predicted)
        try:
            written(self._path(one.candidate), buffer.getvalue())
        except OSError:
            return

    def _path(self, candidate: Candidate) -> Path:
        return self._folder / f"{hashlib.sha256(json.dumps(asdict(candidate)).encode()).hexdigest()[:24]}.npz"


def _mark(table: Table, rows: Places) -> str:
    """What a trial depends on, beside its candidate."""
    own = hashlib.sha256(f"{VERSION} {table.seed} {table.target.problem} {table.target.classes}".encode())
    parts: Sequence[NDArray[Any] | None] = (
        rows,
        table.matrix,
        table.numeric,
        table.target.values,
        table.monotone,
        table.order.time,
        table.order.group,
    )
    for part in parts:
        own.update(b"-" if part is None else np.ascontiguousarray(part).tobytes())
    return own.hexdigest()[:32]


def _sweep(folder: Path) -> None:
    """Take away what nobody came back for."""
    if not folder.is_dir():
        return
    oldest = time.time() - KEPT_DAYS * 86_400
    for one in folder.iterdir():
        if one.is_dir() and one.stat().st_mtime < oldest:
            shutil.rmtree(one, ignore_errors=True)
