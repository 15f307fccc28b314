"""The engine: DuckDB with its two extensions, taken from the installed packages, never from the network."""

import errno
import importlib.util
import os
import re
from collections.abc import Sequence
from pathlib import Path

import duckdb

from fabwatch.terms.errors import DiskFull, EngineMissing, FabwatchError, NoCatalog, StoreBroken, StoreBusy

CATALOG = "__ducklake_metadata_lake"
"""The tables of the catalog, as the engine calls their place."""
FOR_EXTENSION = {"postgres_scanner": "postgresql", "httpfs": "s3"}
"""The extra of the package that brings an extension which not everybody needs."""
THREADS = "FABWATCH_THREADS"
"""Environment: how many threads the engine takes; all cores without it. Where several processes share few cores, one
each does more in less time: its threads wait for each other awake."""
_CHECKED: set[tuple[str, int, int]] = set()
"""Files of extensions whose signature the engine has checked in this process, with size and time of their last change."""


def connect(memory: str, temporary: Path, extensions: Sequence[str]) -> duckdb.DuckDBPyConnection:
    """A private in-memory connection with some extensions loaded. Raises EngineMissing."""
    threads = os.environ.get(THREADS, "")
    connection = duckdb.connect(
        config={
            **({"threads": threads} if threads.isdecimal() and int(threads) else {}),
            "autoinstall_known_extensions": "false",
            "autoload_known_extensions": "false",
            # A signature covers the whole file: a third of a second for both. A library stays loaded as long as the process,
            # so it is checked once in it; `harden` forbids any other.
            "allow_unsigned_extensions": "true" if all(map(_is_checked, extensions)) else "false",
            "memory_limit": memory,
            "temp_directory": str(temporary),
        }
    )
    connection.execute("SET TimeZone = 'UTC'")
    # A bar of the engine would stand among the data on a terminal.
    connection.execute("SET enable_progress_bar = false")
    for name in extensions:
        _load(connection, name)
    return connection


def harden(connection: duckdb.DuckDBPyConnection, places: Sequence[Path | str], files: Sequence[Path]) -> None:
    """From here on the connection reaches these places and files and nothing else, and that cannot be changed again."""
    listed = ", ".join(f"'{quoted(place.resolve())}/'" if isinstance(place, Path) else f"'{place}'" for place in places)
    named = ", ".join(f"'{quoted(path.resolve())}'" for path in files)
    connection.execute(f"SET allowed_directories = [{listed}]")
    connection.execute(f"SET allowed_paths = [{named}]")
    connection.execute("SET enable_external_access = false")
    connection.execute("SET lock_configuration = true")


def quoted(path: Path) -> str:
    """A path as it stands between quotes in a statement."""
    return str(path).replace("'", "''")


def _load(connection: duckdb.DuckDBPyConnection, name: str) -> None:
    path = _packaged(name)
    state = path and _state(path)
    try:
        # Loaded by its path, the signature of the extension is still checked by the engine.
        connection.execute(f"LOAD '{quoted(path)}'" if path else f"LOAD {name}")
    except duckdb.Error as fault:
        extra = FOR_EXTENSION.get(name)
        hint = f"pip install 'fabwatch[{extra}]'" if extra and not path else None
        raise EngineMissing(f"The engine's extension {name} cannot be loaded: {fault}", hint) from fault
    if state:
        _CHECKED.add(state)


def _is_checked(name: str) -> bool:
    path = _packaged(name)
    return path is not None and _state(path) in _CHECKED


def _state(path: Path) -> tuple[str, int, int]:
    stat = path.stat()
    return str(path), stat.st_size, stat.st_mtime_ns


def _packaged(name: str) -> Path | None:
    spec = importlib.util.find_spec(f"duckdb_extension_{name}")
    places = (spec.submodule_search_locations or []) if spec else []
    for place in places:
        for path in Path(place).rglob(f"v{duckdb.__version__}/{name}.duckdb_extension"):
            return path
    return None


_UNREACHED = (
    "Unable to connect to Postgres", "server closed the connection", "terminating connection", "no connection to the server",
    "could not connect to server", "connection to server", "SSL connection has been closed", "Connection refused",
)  # fmt: skip
"""What the engine says where the server of the catalog is not there."""
KEYS = "see that the keys of [fab.s3] may read, write and delete in the bucket and that ca fits; nothing was lost"
MORE_MEMORY = 'state more in fab.toml, such as [fab] memory = "2GB", and do it again: nothing of it was stored'
CATALOG_LOST = (
    "fabwatch repair --backup FOLDER brings the catalog back from a backup; then load again what came since: "
    "each file is loaded once"
)
"""The way out where the catalog is gone or damaged: it is the one file that nothing else can bring back."""


def translated(fault: Exception) -> FabwatchError:
    """The error a person can act on, for one that came from the engine or the disk."""
    text = str(fault)
    first = text.splitlines()[0] if text else type(fault).__name__
    if any(words in text.lower() for words in ("no space left", "not enough space", "disk is full")):
        return DiskFull(f"The disk is full: {first}")
    if any(words in text for words in _UNREACHED):
        return NoCatalog(f"The catalog cannot be reached: {first}")
    if "HTTP" in first and any(words in text for words in ("403", "Forbidden", "AccessDenied")):
        return StoreBroken(f"The object storage does not let us in: {_without_query(first)}", KEYS)
    if "database is locked" in text or "conflict" in text.lower() or "maximum retry count" in text:
        return StoreBusy(f"The fab is being written by another process: {first}")
    if isinstance(fault, OSError) and fault.errno in (errno.EROFS, errno.EACCES, errno.EPERM):
        return StoreBroken(f"The fab cannot be written: {first}", "write to it as its owner, where its disk can be written")
    if isinstance(fault, duckdb.OutOfMemoryException):
        return StoreBroken(f"The engine may use too little memory for that: {first}", MORE_MEMORY)
    if "IO Error" in first and "://" in first:
        return StoreBroken(f"The object storage cannot be reached: {_without_query(first)}", KEYS)
    lost = any(words in text for words in ("malformed", "not a database"))
    return StoreBroken(f"The fab cannot be read or written: {first}", CATALOG_LOST if lost else None)


def _without_query(text: str) -> str:
    """Without what follows a question mark in an address: it may be a signature."""
    return re.sub(r"\?[^\s'\")]+", "", text)
