"""Fabs for tests: the empty one is made once and copied, and what takes long to load is loaded once for all workers."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from filelock import FileLock

from fabwatch.fab import Fab
from fabwatch.terms.clock import Clock, utc_now

_ROOT: list[Path] = []


def keep_under(factory: pytest.TempPathFactory) -> None:
    """What is made once lies in the temporary folder that all workers of this run share."""
    base = factory.getbasetemp()
    _ROOT[:] = [base.parent if os.environ.get("PYTEST_XDIST_WORKER") else base]


def made_once(name: str, make: Callable[[Path], object]) -> Path:
    """The folder that `make` fills, once in a run; whoever comes second waits for it. Nobody writes to it afterwards."""
    (root,) = _ROOT
    folder = root / "made-once" / name
    folder.parent.mkdir(exist_ok=True)
    with FileLock(f"{folder}.lock"):
        if not folder.exists():
            # Under its last name only when it is whole: what failed half-way is made again.
            half = folder.with_name(f"{name}.half")
            shutil.rmtree(half, ignore_errors=True)
            half.mkdir()
            make(half)
            half.rename(folder)
    return folder


def new_fab(folder: Path, clock: Clock = utc_now) -> Fab:
    """A new, empty fab in that folder, which may hold a fab.toml already."""
    shutil.copytree(made_once("empty", lambda place: Fab(place, create=True).close()), folder, dirs_exist_ok=True)
    return Fab(folder, clock=clock)
