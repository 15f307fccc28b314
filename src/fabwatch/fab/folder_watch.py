"""Watching a folder: what is new or has grown is loaded, again and again."""

import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

from fabwatch.fab import Fab
from fabwatch.ingest.summary import IngestSummary
from fabwatch.store.lake import MARK
from fabwatch.terms.errors import NoSuchPath, StoreBusy

Sleep = Callable[[float], None]


def watch(
    fab: Fab, folder: str | Path, every: float = 10.0, seconds: float | None = None, sleep: Sleep = time.sleep
) -> Iterator[IngestSummary]:
    """Load what is new or has changed in a folder every so many seconds, for `seconds` or until it is stopped.

    Yields what each pass did, where there was something to do. Raises NoSuchPath.
    """
    place = Path(folder)
    if not place.exists():
        raise NoSuchPath(f"There is no folder {place}.")
    end = None if seconds is None else time.monotonic() + seconds
    known: dict[Path, tuple[int, int]] = {}
    while True:
        now = _states(place)
        fresh = sorted(path for path, state in now.items() if known.get(path) != state)
        if fresh:
            try:
                yield fab.ingest(list(fresh), within=place if place.is_dir() else None)
                known = now
            except (NoSuchPath, StoreBusy):
                # A log that was turned over at this very moment, or another loader: the next pass finds what there is.
                known = {path: state for path, state in known.items() if path not in fresh}
        else:
            with suppress(StoreBusy):
                fab.admit_due()
        if end is not None and time.monotonic() + every > end:
            return
        sleep(every)


def _states(place: Path) -> dict[Path, tuple[int, int]]:
    """Size and time of change of every file; hidden ones and the fab's own are none of them."""
    states = {}
    for path in [place] if place.is_file() else place.rglob("*"):
        if any(part.startswith(".") for part in path.relative_to(place).parts):
            continue
        try:
            state = path.stat()
        except OSError:
            continue
        if path.is_file() and not _of_a_fab(path, place):
            states[path] = (state.st_size, state.st_mtime_ns)
    return states


def _of_a_fab(path: Path, place: Path) -> bool:
    return any((parent / MARK).exists() for parent in path.parents if parent.is_relative_to(place))
