"""Fabs for tests: the empty one is made once and copied, and what takes long to load is loaded once for all workers."""

import os
import pickle
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from filelock import FileLock

from fabwatch.fab import Fab
from fabwatch.ingest.summary import IngestSummary
from fabwatch.store.lake import MARK
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
    done = folder.with_name(f"{name}.done")
    with FileLock(f"{folder}.lock"):
        if not done.exists():
            # What failed half-way is made again; it is not moved, because a fab knows where its files came from.
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir()
            make(folder)
            done.touch()
    return folder


def loaded_once(name: str, *files: str | Path, base: Path | None = None) -> Path:
    """A fab folder with these files, or with these besides those of another one, loaded once in a run. Not to be changed."""

    def make(place: Path) -> None:
        with new_fab(place / "fab") if base is None else copy_of(base, place / "fab") as fab:
            (place / "summary").write_bytes(pickle.dumps(fab.ingest(files)))

    return made_once(name, make) / "fab"


def copy_of(folder: Path, place: Path, clock: Clock = utc_now) -> Fab:
    """A copy of a fab that was loaded once, which may be changed."""
    shutil.copytree(folder, place)
    return Fab(place, clock=clock)


def summary_of(folder: Path) -> IngestSummary:
    """What the load of a fab that was loaded once said."""
    summary: IngestSummary = pickle.loads((folder.parent / "summary").read_bytes())
    return summary


def new_fab(folder: Path, clock: Clock = utc_now) -> Fab:
    """A new, empty fab in that folder, which may hold a fab.toml already; one that is there is opened."""
    if not (folder / MARK).exists():
        shutil.copytree(made_once("empty", lambda place: Fab(place, create=True).close()), folder, dirs_exist_ok=True)
    return Fab(folder, clock=clock)
