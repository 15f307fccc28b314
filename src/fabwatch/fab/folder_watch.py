"""Watching a folder: what is new or has grown is loaded, again and again, also from a share that goes and comes again."""

import os
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

from fabwatch.fab import Fab
from fabwatch.ingest.summary import IngestSummary
from fabwatch.store.lake import MARK
from fabwatch.terms.errors import NoSuchPath, StoreBusy

Sleep = Callable[[float], None]
States = dict[Path, tuple[int, int]]
TRIES = 5
"""How often a file is tried that is there and cannot be read."""


def watch(
    fab: Fab,
    folder: str | Path,
    every: float = 10.0,
    seconds: float | None = None,
    sleep: Sleep = time.sleep,
    say: Callable[[str], None] = lambda text: None,
) -> Iterator[IngestSummary]:
    """Load what is new or has changed in a folder every so many seconds, for `seconds` or until it is stopped.

    Yields what each pass did, where there was something to do. A folder that cannot be read for a while, such as a share of
    the network, is looked for in each pass; `say` is told when it goes and when it is back. Raises NoSuchPath where it is
    not there at the begin.
    """
    place = Path(folder)
    if not place.exists():
        raise NoSuchPath(f"There is no folder {place}.")
    end = None if seconds is None else time.monotonic() + seconds
    known: States = {}
    tries: Counter[Path] = Counter()
    away = False
    while True:
        try:
            now = _states(place)
            if away:
                say(f"{place} is there again")
            away = False
        except OSError as fault:
            if not away:
                say(f"{place} cannot be read ({fault.strerror or fault}); it is tried again")
            now, away = known, True
        fresh = sorted(path for path, state in now.items() if known.get(path) != state)
        if fresh:
            try:
                summary = fab.ingest(list(fresh), within=place if place.is_dir() else None)
                yield summary
                known = _without(now, summary, tries)
            except (NoSuchPath, StoreBusy, OSError):
                # A log that was turned over at this very moment, or another loader: the next pass finds what there is.
                known = {path: state for path, state in known.items() if path not in fresh}
        else:
            with suppress(StoreBusy):
                fab.admit_due()
        if end is not None and time.monotonic() + every > end:
            return
        sleep(every)


def _without(now: States, summary: IngestSummary, tries: Counter[Path]) -> States:
    """The files that are known now; those that could not be read are tried again in the next pass, some times."""
    again = set()
    for file in summary.files:
        path = Path(file.path)
        if file.status == "failed" and "cannot be read" in file.message and path in now and tries[path] < TRIES:
            tries[path] += 1
            again.add(path)
    return {path: state for path, state in now.items() if path not in again}


def _states(place: Path) -> States:
    """Size and time of change of every file; hidden ones and the fab's own are none. Raises OSError for the folder."""
    if place.is_file():
        return _of(place)
    with os.scandir(place):
        # Whether it can be read at all; what cannot be read inside is left out.
        pass
    states: States = {}
    for folder, inside, names in os.walk(place):
        if MARK in names:
            inside.clear()
            continue
        inside[:] = [name for name in inside if not name.startswith(".")]
        for name in names:
            if not name.startswith("."):
                states |= _of(Path(folder, name))
    return states


def _of(path: Path) -> States:
    try:
        state = path.stat()
        return {path: (state.st_size, state.st_mtime_ns)} if path.is_file() else {}
    except OSError:
        return {}
