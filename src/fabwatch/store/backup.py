"""Backups: a copy of a fab that is a fab itself, with the heads of its audit and its ledger."""

import json
import shutil
import subprocess
import sys
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from fabwatch.store.lake import Lake
from fabwatch.store.receipts import CHAIN
from fabwatch.store.seals import data_files
from fabwatch.terms.clock import iso
from fabwatch.terms.errors import BadQuestion, DiskFull, StoreBroken
from fabwatch.terms.version import VERSION

NOTE = "backup.json"
PRIVATE = 0o700
SKIPPED = (".writing.lock", ".reading.lock", "tmp", "data")
_COPY = """
import sqlite3, sys
source, target = sqlite3.connect(f"file:{sys.argv[1]}?mode=ro", uri=True), sqlite3.connect(sys.argv[2])
source.backup(target)
target.close()"""


@dataclass(frozen=True)
class Backup:
    """A backup: where it is, what it holds, and the last entries of audit and ledger, to be noted elsewhere."""

    folder: str
    made_at: datetime
    files: int
    copied: int
    bytes: int
    audit: str
    ledger: str


def back_up(lake: Lake, target: Path, now: datetime) -> Backup:
    """Copy the fab into a folder; what an earlier backup there holds already is not copied again.

    Nobody writes meanwhile; whoever reads goes on. Raises BadQuestion for a folder that is not a backup, and DiskFull.
    """
    if target.exists() and any(target.iterdir()) and not (target / NOTE).exists():
        raise BadQuestion(f"{target} is neither empty nor a backup.", "name an empty folder, or the one of the last backup")
    if target.resolve() == lake.folder.resolve() or lake.folder.resolve() in target.resolve().parents:
        raise BadQuestion("A backup inside the fab would be lost with it.", "name a folder elsewhere, best on another disk")
    try:
        target.mkdir(mode=PRIVATE, parents=True, exist_ok=True)
        with lake.alone():
            return _copied(lake, target, now)
    except OSError as fault:
        raise DiskFull(f"{target} cannot be written: {fault.strerror or fault}") from fault


def bring_back_catalog(folder: Path, catalog: str, backup: Path) -> None:
    """Put the catalog of a backup into a fab; the one that is there is kept in the folder `damaged`. Raises BadQuestion."""
    source = backup / catalog
    if not source.is_file() or not source.stat().st_size:
        raise BadQuestion(f"There is no {catalog} in {backup}.", "name a folder that fabwatch backup has made")
    aside = folder / "damaged"
    aside.mkdir(mode=PRIVATE, exist_ok=True)
    for part in ("", "-wal", "-shm"):
        own = folder / f"{catalog}{part}"
        if own.exists():
            own.replace(aside / own.name)
    beside = folder / f".{catalog}"
    shutil.copyfile(source, beside)
    beside.chmod(PRIVATE & 0o600)
    beside.replace(folder / catalog)


def _copied(lake: Lake, target: Path, now: datetime) -> Backup:
    files = data_files(lake.ask)
    copied = size = 0
    wanted = set()
    for file in files:
        source, place = file.place(lake.data), file.place(target / "data")
        wanted.add(place)
        size += file.bytes
        if place.is_file() and place.stat().st_size == file.bytes:
            continue
        place.parent.mkdir(mode=PRIVATE, parents=True, exist_ok=True)
        _put(source, place)
        copied += 1
    _catalog(lake.catalog, target / lake.catalog.name)
    for entry in lake.folder.iterdir():
        if entry.name not in SKIPPED and not entry.name.startswith(lake.catalog.name):
            _beside(entry, target / entry.name)
    for place in set((target / "data").rglob("*.parquet")) - wanted:
        place.unlink()
    backup = Backup(str(target), now, len(files), copied, size, lake.head("audit").hash, lake.head("receipts").hash)
    note = {"made_at": iso(now), "version": VERSION, "audit": backup.audit, CHAIN: backup.ledger}
    (target / NOTE).write_text(json.dumps(note, indent=1) + "\n", encoding="utf-8")
    return backup


def _catalog(source: Path, target: Path) -> None:
    """By another process: a second library on one file would let go of the locks that the first one holds on it."""
    beside = target.with_name(f".{target.name}")
    beside.unlink(missing_ok=True)
    done = subprocess.run(  # noqa: S603 - this program itself
        [sys.executable, "-I", "-c", _COPY, str(source), str(beside)], capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise StoreBroken(f"The catalog cannot be copied: {done.stderr.strip().rpartition(chr(10))[2]}")
    beside.chmod(PRIVATE & 0o600)
    beside.replace(target)


def _beside(source: Path, target: Path) -> None:
    if source.is_dir():
        shutil.copytree(source, target, dirs_exist_ok=True)
    else:
        _put(source, target)


def _put(source: Path, target: Path) -> None:
    beside = target.with_name(f".{target.name}")
    shutil.copy2(source, beside)
    beside.replace(target)
