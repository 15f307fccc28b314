"""A fab that moves: its catalog from a file to a server or back, its data to another place, with nothing lost on the way.

The switch is one replaced file, fab.toml; what stops it before that leaves the fab where it was, and it can be done again.
"""

import secrets
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from fabwatch.store.catalogs import Catalog, catalog_of
from fabwatch.store.catalogs.copying import copy_catalog
from fabwatch.store.catalogs.file import FileCatalog
from fabwatch.store.data_place import DataPlace, data_place
from fabwatch.store.lake import Lake
from fabwatch.store.seals import data_files
from fabwatch.store.stated import with_catalog
from fabwatch.terms.errors import BadQuestion, StoreBroken
from fabwatch.terms.settings import FILE, Settings
from fabwatch.terms.settings.place import FabSettings

ARRIVING = ".arriving"


@dataclass(frozen=True)
class Moved:
    """Where the catalog and the data of a fab are now, and what was left where they were."""

    catalog: str
    data: str
    files: int
    copied: int
    """Data files that were copied to another place."""
    left: tuple[str, ...]
    """What is needed no more and was not deleted."""


def move_catalog(folder: Path, settings: Settings, catalog: str, data: str | None = None) -> Moved:
    """Move the catalog of a fab, and its data where a place is named for it. Raises BadQuestion, StoreBroken and their kin.

    Nobody writes meanwhile. Whatever has the fab open is told to open it again.
    """
    stated = _stated(settings.fab, catalog, data or settings.fab.data)
    if stated.catalog == settings.fab.catalog:
        raise BadQuestion(
            f"The catalog is at {catalog} already.", "name another one: 'postgres:host=… dbname=…' or 'sqlite:FILE'"
        )
    place = data_place(folder, stated)
    place.make()
    with closing(Lake(folder, settings)) as lake, closing(_free(folder, stated)) as target, lake.alone():
        with lake.writing():
            lake.ask("CALL ducklake_flush_inlined_data('lake')")
        copied, names = (0, len(data_files(lake.ask))) if data is None else _copy_data(lake, place)
        copy_catalog(lake.catalog, target, place, folder / "tmp")
        if isinstance(target, FileCatalog):
            target.path.replace(folder / target.path.name.removesuffix(ARRIVING))
        left: tuple[str, ...] = (str(lake.data.folder or lake.data.url),) if data is not None else ()
        _state(folder, stated)
        left += lake.catalog.note_moved(stated.catalog)
    with closing(Lake(folder, settings.model_copy(update={"fab": stated}))):
        # Opened once, so that it gets its mark.
        return Moved(stated.catalog, stated.data, names, copied, left)


def _stated(before: FabSettings, catalog: str, data: str) -> FabSettings:
    try:
        return FabSettings.model_validate(before.model_dump() | {"catalog": catalog, "data": data})
    except ValidationError as fault:
        what = str(fault.errors()[0]["msg"]).removeprefix("Value error, ")
        raise BadQuestion(f"{catalog}: {what}.", "such as 'postgres:host=db.fab.example dbname=fab user=fabwatch'") from None


def _free(folder: Path, stated: FabSettings) -> Catalog:
    """The catalog to move into; nothing is in it but what a move that was stopped has left. Raises BadQuestion."""
    target = catalog_of(folder, stated)
    if isinstance(target, FileCatalog):
        if target.is_there():
            raise BadQuestion(f"There is a catalog in {target.path} already.", "move it away first, or name another file")
        target = FileCatalog(folder, f"{target.label}{ARRIVING}")
        target.path.unlink(missing_ok=True)
        return target
    mark = target.mark()
    if mark and "moved" not in mark:
        target.close()
        what = f"There is a fab in {target.label} already."
        raise BadQuestion(what, "name a database of its own; to use that fab here, state it in fab.toml")
    target.forget_mark()
    return target


def _copy_data(lake: Lake, place: DataPlace) -> tuple[int, int]:
    """Copy the data files that are not there; each is compared with its seal. Returns how many were copied, and all."""
    there = place.sizes()
    files = data_files(lake.ask)
    lacking = [file for file in files if there.get(file.name) != file.bytes]
    for file in lacking:
        place.take(file.name, lake.data)
    for file in files:
        if file.sha256 is not None and place.sha256(file.name) != file.sha256:
            raise StoreBroken(f"{file.name} is another file after it was copied: the fab stays where it was.")
    return len(lacking), len(files)


def _state(folder: Path, stated: FabSettings) -> None:
    path = (folder / FILE).resolve()
    text = path.read_text(encoding="utf-8-sig") if path.exists() else ""
    try:
        made = with_catalog(text, stated.catalog, stated.data)
    except ValueError as fault:
        hint = f"write catalog = {stated.catalog!r} into [fab] by hand"
        raise BadQuestion(f"fab.toml cannot be changed: {fault}.", hint) from None
    beside = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    beside.write_text(made, "utf-8")
    beside.chmod(0o600)
    beside.replace(path)
