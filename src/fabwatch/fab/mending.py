"""Mending a fab: what is wrong with its folder, and its data files from a backup or read again from what was loaded."""

from collections.abc import Collection, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

from fabwatch.ingest.summary import FileResult
from fabwatch.store.backup import backup_place, bring_back_catalog, restore
from fabwatch.store.catalogs import catalog_of
from fabwatch.store.catalogs.file import MARK, FileCatalog
from fabwatch.store.check import Finding, damaged, examine
from fabwatch.store.lake import Lake
from fabwatch.store.receipts import faults
from fabwatch.store.repair import loads_of, of_deletions, restored, take_out
from fabwatch.store.seals import DataFile, data_files
from fabwatch.terms.errors import FabwatchError, NoFab
from fabwatch.terms.paths import is_file
from fabwatch.terms.settings import read_settings

NO_ORIGINAL = "put it back where it was loaded from, or use --backup FOLDER; nothing was changed"
NO_BACKUP = "it is in no file that was loaded: bring it back from a backup: fabwatch repair --backup FOLDER"


def check_folder(path: Path, *, deep: bool = False) -> list[Finding]:
    """What is wrong with a fab folder, whether or not it can be opened. Raises NoFab."""
    try:
        lake = Lake(path, read_settings(path))
    except NoFab:
        raise
    except FabwatchError as fault:
        return examine(path, None, fault, deep=deep)
    with closing(lake):
        return examine(path, lake, deep=deep)


def mend_catalog(path: Path, backup: Path) -> Finding | None:
    """Bring the catalog back from a backup where it is gone, empty or damaged; None where it is well. Raises BadQuestion.

    What was loaded after the backup is in no ledger then, and is loaded again with its files.
    """
    settings = read_settings(path)
    catalog = catalog_of(path, settings.fab)
    if (
        not isinstance(catalog, FileCatalog)
        or not (path / MARK).exists()
        or (catalog.is_there() and catalog.verdict() == "ok")
    ):
        return None
    bring_back_catalog(path, catalog.label, backup)
    with closing(Lake(path, settings)) as lake:
        lake.note_restored()
    return Finding(
        "catalog", True, f"{catalog.label}: brought back from the backup; load the files again that came after it"
    )


def bring_back(source: str, path: Path) -> tuple[int, list[Finding]]:
    """Make a fab of a backup: how many data files came, and what a deep check says. Raises BadQuestion, StoreBroken."""
    count = restore(source, path, read_settings(path).fab)
    with closing(Lake(path, read_settings(path))) as lake:
        lake.note_restored()
    return count, check_folder(path, deep=True)


@dataclass
class Repairs:
    """What was mended or cannot be, and the files that are to be read again: (path, kind)."""

    findings: list[Finding] = field(default_factory=list)
    read_again: list[tuple[str, str]] = field(default_factory=list)


def begin_repair(lake: Lake, backup: Path | None) -> Repairs:
    """Bring damaged data files back from a backup; take out the others, where all their loads can be read again.

    The lake is to be opened again afterwards.
    """
    repairs = Repairs()
    known = data_files(lake.ask)
    left: list[DataFile] = []
    for file, _ in damaged(lake, known, deep=True):
        if backup is not None and restored(lake, file, backup_place(backup, lake.settings.fab)):
            repairs.findings.append(Finding(f"data {file.table}", True, f"{file.path}: brought back from the backup"))
        else:
            left += [file, *(of_deletions(lake, file, known) if file.kind == "delete" else [])]
    left = list({(file.kind, file.file_id): file for file in left}.values())
    loads = {(file.kind, file.file_id): loads_of(lake, file) for file in left if file.kind == "data"}
    lost = [file for file in left if file.kind == "data" and loads[file.kind, file.file_id] is None]
    repairs.findings += [Finding(f"data {file.table}", False, f"{file.path} is damaged", NO_BACKUP) for file in lost]
    again = [file for file in left if file not in lost]
    if not left:
        _of_changed_rows(lake, repairs)
    if again:
        _take_out(lake, again, {load for some in loads.values() for load in some or ()}, repairs)
    if not repairs.findings and not repairs.read_again:
        repairs.findings.append(Finding("data files", True, "nothing is damaged"))
    return repairs


def _of_changed_rows(lake: Lake, repairs: Repairs) -> None:
    """Loads whose rows are not those that they stored, though every file is whole: somebody has changed them."""
    for origin in _origins(lake, {load for load, _ in faults(lake) if load}):
        if origin.is_there:
            repairs.read_again.append((origin.path, origin.kind))
        else:
            what = f"the rows of {origin.load} were changed, and {origin.path} is gone, from which it was loaded"
            repairs.findings.append(Finding("receipts", False, what, NO_ORIGINAL))


def _take_out(lake: Lake, files: Sequence[DataFile], loads: Collection[str], repairs: Repairs) -> None:
    origins = _origins(lake, loads)
    gone = [origin for origin in origins if not origin.is_there]
    for origin in gone:
        what = f"{origin.name} is gone, from which {origin.load} was loaded"
        repairs.findings.append(Finding("original", False, what, NO_ORIGINAL))
    if not gone:
        take_out(lake, files)
        repairs.read_again += sorted({(origin.path, origin.kind) for origin in origins})


@dataclass(frozen=True)
class _Origin:
    """The file that a load came from; `name` also says which member of a zip file."""

    load: str
    name: str
    kind: str

    @property
    def path(self) -> str:
        """The file itself."""
        return self.name.partition("!")[0]

    @property
    def is_there(self) -> bool:
        """Whether it can be read again."""
        return is_file(Path(self.path))


def _origins(lake: Lake, loads: Collection[str]) -> list[_Origin]:
    sql = "SELECT load, path AS name, kind FROM lake.loads WHERE list_contains($loads, load)"
    return lake.records(_Origin, sql, {"loads": sorted(loads)})


def was_read_again(result: FileResult) -> Finding:
    """What became of a file that was read again."""
    well = result.status in ("loaded", "already")
    what = f"{result.path}: {'read again' if well else result.status}, {result.rows:,} rows"
    return Finding("load", well, what, "" if well else result.message)
