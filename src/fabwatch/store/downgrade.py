"""The way back from an upgrade: the catalog as it was before stays beside the new one, and can be put in its place again."""

import contextlib
import shutil
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from fabwatch.store.catalogs import catalog_of
from fabwatch.store.catalogs.file import MARK, FileCatalog, mark_in, put_in_place, write_mark
from fabwatch.store.data_place import DataPlace, data_place
from fabwatch.terms.errors import BadQuestion, NoFab, StoreBroken, StoreBusy
from fabwatch.terms.settings.place import FabSettings

BEFORE, AFTER = "before", "after"
"""Folders in that of the fab: the catalog before the last upgrade, and the one that a downgrade has put aside."""
PRIVATE = 0o700
WAIT_S = 10.0
_FILES = """
SELECT path FROM ducklake_data_file WHERE end_snapshot IS NULL
UNION ALL SELECT path FROM ducklake_delete_file WHERE end_snapshot IS NULL
"""


@dataclass(frozen=True)
class Downgraded:
    """What a downgrade has done."""

    format: int
    """The format that the fab has now; the fabwatch that made it opens it again."""
    from_format: int
    kept: str
    """Where the catalog of the newer format is."""


def keep_before(catalog: FileCatalog, folder: Path, mark: dict[str, object]) -> None:
    """Keep the catalog as it is before an upgrade; the mark comes last, so that a copy that was stopped is none."""
    place = folder / BEFORE
    if mark_in(place).get("format") == mark["format"]:
        return
    shutil.rmtree(place, ignore_errors=True)
    place.mkdir(PRIVATE)
    catalog.copy(place / catalog.label)
    write_mark(place, mark)


def downgrade(folder: Path, settings: FabSettings) -> Downgraded:
    """Put the catalog in its place again that the fab had before the last upgrade.

    What was loaded since is unknown then, and can be loaded again. Raises NoFab, StoreBusy while others use the fab,
    BadQuestion where nothing was kept, and StoreBroken where data files of then are gone.
    """
    catalog = catalog_of(folder, settings)
    if not (folder / MARK).exists():
        raise NoFab(f"There is no fab in {folder}.")
    if not isinstance(catalog, FileCatalog):
        hint = "restore a backup that was made before the upgrade: fabwatch restore"
        raise BadQuestion("The catalog is in PostgreSQL, of which none is kept at an upgrade.", hint)
    before, now = mark_in(folder / BEFORE), catalog.mark()
    old, new = before.get("format"), now.get("format")
    if not isinstance(old, int) or not isinstance(new, int) or old >= new:
        hint = "a fab that was never upgraded has none; else restore a backup from before: fabwatch restore"
        raise BadQuestion(f"No catalog of an earlier format is kept in {folder / BEFORE}.", hint)
    with catalog.writer(WAIT_S), catalog.readers.exclusive() as alone:
        if not alone:
            raise StoreBusy(f"Somebody is reading {folder}.", "stop the services and programs that use it, and try again")
        kept = folder / BEFORE / catalog.label
        _check_files(kept, data_place(folder, settings))
        aside = _put_aside(catalog, folder, now)
        # The mark first: stopped between the two, the newer fabwatch brings up what is there, and nothing is lost.
        write_mark(folder, before)
        put_in_place(kept, catalog.path)
    return Downgraded(old, new, str(aside))


def _check_files(kept: Path, data: DataPlace) -> None:
    """Raises StoreBroken where data files that the kept catalog names were deleted since."""
    with contextlib.closing(sqlite3.connect(kept)) as reading:
        wanted = [Path(row[0]).name for row in reading.execute(_FILES)]
    there = {Path(name).name for name in data.sizes()}
    gone = [name for name in wanted if name not in there]
    if gone:
        what = f"{len(gone)} data files of before the upgrade are gone: they were merged into others since."
        raise StoreBroken(what, "restore a backup from before the upgrade: fabwatch restore")


def _put_aside(catalog: FileCatalog, folder: Path, mark: Mapping[str, object]) -> Path:
    """Keep the newer catalog with its mark."""
    aside = folder / AFTER
    shutil.rmtree(aside, ignore_errors=True)
    aside.mkdir(PRIVATE)
    catalog.copy(aside / catalog.label)
    write_mark(aside, mark)
    return aside
