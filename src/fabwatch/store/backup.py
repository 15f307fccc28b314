"""Backups: a copy of a fab that is a fab itself, in a folder or in object storage, with the heads of audit and ledger."""

import json
import tempfile
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from pyarrow import fs

from fabwatch.store.catalogs.copying import copy_catalog
from fabwatch.store.catalogs.file import MARK, FileCatalog, put_in_place, write_mark
from fabwatch.store.data_place import DataPlace, place_at
from fabwatch.store.downgrade import AFTER, BEFORE
from fabwatch.store.lake import Lake
from fabwatch.store.receipts import CHAIN
from fabwatch.store.seals import data_files
from fabwatch.store.stated import with_catalog
from fabwatch.terms.clock import iso
from fabwatch.terms.errors import BadQuestion, DiskFull, StoreBroken
from fabwatch.terms.settings import FILE
from fabwatch.terms.settings.place import SQLITE, FabSettings
from fabwatch.terms.version import VERSION

NOTE = "backup.json"
CATALOG_FILE = "catalog.sqlite"
"""What the catalog of a backup is called, where that of the fab is no file."""
PRIVATE = 0o700
SKIPPED = (".writing.lock", ".reading.lock", "tmp", "connections", BEFORE, AFTER)


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


def back_up(lake: Lake, target: str | Path, now: datetime) -> Backup:
    """Copy the fab into a folder or to s3://…; what an earlier backup there holds already is not copied again.

    Nobody writes while the catalog is copied; whoever reads goes on. Raises BadQuestion for a place that is not a backup,
    and DiskFull.
    """
    place = backup_place(target, lake.settings.fab)
    if place.folder is not None:
        _check_elsewhere(place.folder, lake.folder)
    try:
        place.make()
        if _is_something_else(place):
            raise BadQuestion(
                f"{target} is neither empty nor a backup.", "name an empty folder, or the one of the last backup"
            )
        return _copied(lake, str(target), place, now)
    except OSError as fault:
        raise DiskFull(f"{target} cannot be written: {fault.strerror or fault}") from fault


def backup_place(target: str | Path, settings: FabSettings) -> DataPlace:
    """The place of a backup; object storage is reached by `[fab.s3]`. Raises StoreBroken."""
    return place_at(str(target).rstrip("/"), Path.cwd(), settings.s3)


def _check_elsewhere(target: Path, folder: Path) -> None:
    if target.resolve() == folder.resolve() or folder.resolve() in target.resolve().parents:
        raise BadQuestion("A backup inside the fab would be lost with it.", "name a folder elsewhere, best on another disk")


def _is_something_else(place: DataPlace) -> bool:
    found = place.system.get_file_info(fs.FileSelector(place.root, allow_not_found=True))
    return bool(found) and not any(info.base_name == NOTE for info in found)


def _copied(lake: Lake, target: str, place: DataPlace, now: datetime) -> Backup:
    data = place.under("data")
    with lake.catalog.readers.shared():
        # No file is deleted meanwhile, and whoever loads goes on.
        first, _ = _copy_data(lake, data)
    with lake.alone():
        # What was committed meanwhile is little; from here on files and catalog belong together.
        later, wanted = _copy_data(lake, data)
        _copy_catalog(lake, place)
        heads = lake.head("audit").hash, lake.head("receipts").hash
        for entry in sorted(lake.folder.iterdir()):
            if _belongs_beside(entry, lake):
                place.put(entry, entry.name)
    for name in set(data.names()) - set(wanted):
        data.delete(name)
    note = {"made_at": iso(now), "version": VERSION, "audit": heads[0], CHAIN: heads[1]}
    place.write(NOTE, (json.dumps(note, indent=1) + "\n").encode())
    return Backup(target, now, len(wanted), first + later, sum(wanted.values()), *heads)


def _copy_data(lake: Lake, data: DataPlace) -> tuple[int, dict[str, int]]:
    """Copy the data files that are not there yet; returns how many those were, and the bytes of all by name."""
    there = data.sizes()
    wanted = {file.name: file.bytes for file in data_files(lake.ask)}
    lacking = [name for name, size in wanted.items() if there.get(name) != size]
    for name in lacking:
        data.take(name, lake.data)
    return len(lacking), wanted


def _copy_catalog(lake: Lake, place: DataPlace) -> None:
    """The catalog as a file, and what makes the copy a fab: its mark, and a fab.toml with its own catalog and data."""
    name = lake.catalog.label if isinstance(lake.catalog, FileCatalog) else CATALOG_FILE
    with tempfile.TemporaryDirectory(prefix="fabwatch-") as text:
        folder = Path(text)
        if isinstance(lake.catalog, FileCatalog):
            lake.catalog.copy(folder / name)
        else:
            copy_catalog(lake.catalog, FileCatalog(folder, name), lake.data, folder / "tmp")
        place.put(folder / name, name)
        write_mark(folder, lake.catalog.mark())
        place.put(folder / MARK, MARK)
    stated = lake.folder / FILE
    if stated.exists():
        place.write(FILE, with_catalog(stated.read_text(encoding="utf-8-sig"), f"{SQLITE}:{name}", "data").encode())


def _belongs_beside(entry: Path, lake: Lake) -> bool:
    """Whether something in the fab folder is to be copied as it is."""
    known = (MARK, FILE) + ((lake.catalog.label,) if isinstance(lake.catalog, FileCatalog) else ())
    ours = lake.data.folder is not None and entry == lake.data.folder
    return not ours and entry.name not in SKIPPED and not entry.name.startswith(known)


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
    put_in_place(source, folder / catalog)


def restore(source: str, folder: Path, settings: FabSettings) -> int:
    """Make a fab of a backup, in a folder that is not there or empty; each data file is compared with its seal.

    Returns how many data files came. The mark comes last, so that a restore that was stopped is no fab. Raises BadQuestion,
    StoreBroken.
    """
    if folder.exists() and any(entry.name != FILE for entry in folder.iterdir()):
        raise BadQuestion(
            f"{folder} is not empty.", "name a folder that is not there yet; a restore never writes over a fab"
        )
    place = backup_place(source, settings)
    try:
        names = list(place.sizes())
        if NOTE not in names:
            raise BadQuestion(f"There is no backup in {source}.", "name what fabwatch backup has made")
        target = place_at(str(folder.resolve()), Path.cwd(), settings.s3)
        for name in sorted(names, key=lambda name: name == MARK):
            if name != NOTE:
                target.take(name, place)
    except OSError as fault:
        raise StoreBroken(f"The backup in {source} cannot be read: {fault.strerror or fault}", None) from fault
    folder.chmod(PRIVATE)
    return sum(name.startswith("data/") for name in names)
