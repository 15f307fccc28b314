"""The check: what is wrong with the folder of a fab, its catalog, its files, its tables and its ledger, and the way out.

It opens nothing before it knows that it can be opened, and changes nothing.
"""

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pyarrow as pa

from fabwatch.store.catalogs.file import MARK
from fabwatch.store.compact import MANY_FILES, file_counts
from fabwatch.store.data_place import DataPlace
from fabwatch.store.disk import days_left, disks_of, short_of
from fabwatch.store.engine import CATALOG_LOST
from fabwatch.store.lake import Lake
from fabwatch.store.receipts import faults
from fabwatch.store.seals import DataFile, data_files, unknown_files
from fabwatch.terms.clock import utc_now
from fabwatch.terms.errors import BadSettings, FabwatchError, StoreBroken
from fabwatch.terms.tables import LOADED, RECORDS, RESULT_FORMATS, TABLES


def _rows_by_load(tables: Iterable[str]) -> str:
    """How many rows each load has in some tables, together."""
    union = " UNION ALL ".join(f"SELECT load, count(*) AS stored FROM lake.{table} GROUP BY load" for table in tables)
    return f"SELECT load, sum(stored) AS stored FROM ({union}) GROUP BY load"


# Made from the declarations, so that a new table cannot be forgotten.
_KEPT = f"""
SELECT l.load, l.path, l.kind, l.rows
FROM lake.loads AS l
LEFT JOIN ({_rows_by_load(table.name for table in LOADED)}) AS s ON s.load = l.load
LEFT JOIN (SELECT load, sum(rows) AS samples FROM lake.parts GROUP BY load) AS p ON p.load = l.load
LEFT JOIN ({_rows_by_load(RECORDS)}) AS r ON r.load = l.load
WHERE l.rows <> coalesce(CASE WHEN l.kind = 'log' THEN p.samples
                              WHEN l.kind IN ({", ".join(f"'{name}'" for name in RESULT_FORMATS)}) THEN r.stored
                              ELSE s.stored END, 0)
"""
DISK_LOW = "fabwatch compact gives back what no kept state needs; keep_days and [retention] say how long data is kept"
REPAIR = "fabwatch repair reads the loads again from their files; with --backup FOLDER it takes the data files from there"


@dataclass(frozen=True)
class Finding:
    """One thing looked at: whether it is well, what was found, the way out when it is not, and the loads to read again."""

    check: str
    well: bool
    what: str
    hint: str = ""
    loads: tuple[str, ...] = field(default=())


def examine(path: Path, lake: Lake | None, fault: FabwatchError | None = None, *, deep: bool = False) -> list[Finding]:
    """Look at everything; `deep` compares every data file with its hash. Nothing is changed, and nothing is raised.

    Without a lake `fault` says why it could not be opened.
    """
    findings = [_mark(path)]
    if lake is None:
        what, hint = (fault.what, _way_out(fault)) if fault else ("it was not opened", CATALOG_LOST)
        name = "settings" if isinstance(fault, BadSettings) else "catalog"
        return [*findings, Finding(name, well=False, what=what, hint=hint)]
    ledger = _receipts if deep else _ledger
    looks = (
        _disks,
        _catalog,
        lambda lake: _files(lake, deep=deep),
        _tables,
        ledger,
        _orphans,
        _waiting,
        _clocks,
        _many_files,
    )
    for look in looks:
        findings += _guarded(look, lake)
    return findings


def damaged(lake: Lake, known: Sequence[DataFile], *, deep: bool) -> list[tuple[DataFile, str]]:
    """Those of the data files that are not as they were committed, each with what is wrong."""
    wrong = ((file, _fault(file, lake.data, deep)) for file in known)
    return [(file, fault) for file, fault in wrong if fault]


def _guarded(look: Callable[[Lake], Iterator[Finding]], lake: Lake) -> Iterator[Finding]:
    """What one look finds; where it cannot go on, that is what it found."""
    try:
        yield from look(lake)
    except FabwatchError as fault:
        yield Finding("catalog", False, fault.what, _way_out(fault))
    except Exception as fault:  # noqa: BLE001 - what cannot even be looked at is what was looked for
        yield Finding("catalog", False, f"{type(fault).__name__}: {fault}", f"{CATALOG_LOST}. {REPAIR}")


def _way_out(fault: FabwatchError) -> str:
    """The hint of a fault, unless it leads here."""
    return f"{CATALOG_LOST}. {REPAIR}" if fault.hint == StoreBroken.hint else fault.hint


def _mark(path: Path) -> Finding:
    try:
        well = isinstance(json.loads((path / MARK).read_text(encoding="utf-8")), dict)
        what = f"{MARK} is there" if well else f"{MARK} is not what it should be"
    except (OSError, ValueError) as fault:
        well, what = False, f"{MARK} cannot be read: {fault}"
    return Finding("mark", well, what, "" if well else "any command that opens the fab for writing makes it again")


def _disks(lake: Lake) -> Iterator[Finding]:
    """What is free where the fab lies, and how long that lasts."""
    stated = lake.settings.alerts
    for name, disk in disks_of(lake.folder, lake.settings.fab).items():
        days = days_left(lake.folder, name, disk, utc_now())
        well = short_of(disk, days, stated.disk_share, stated.disk_days) is None
        what = f"{name}: {disk.free / 1e9:,.1f} GB free, {disk.share:.1%} of bytes or files, whichever is less"
        lasts = "" if days is None else f"; full in {days:,.1f} days at the pace of the last week"
        yield Finding("disk", well, what + lasts, "" if well else DISK_LOW)


def _catalog(lake: Lake) -> Iterator[Finding]:
    verdict = lake.catalog.verdict()
    well = verdict == "ok"
    yield Finding("catalog", well, f"{lake.catalog.label}: {verdict}", "" if well else CATALOG_LOST)


def _files(lake: Lake, *, deep: bool) -> Iterator[Finding]:
    known = data_files(lake.ask)
    wrong = damaged(lake, known, deep=deep)
    for file, fault in wrong:
        loads = _loads(file)
        which = f"; {len(loads)} loads to read again" if loads else ""
        yield Finding(f"data {file.table}", False, f"{file.path}: {fault}{which}", REPAIR, loads)
    unsealed = sum(file.sha256 is None for file in known)
    how = "have the hash with which they were committed" if deep else "are there, whole by their size and footer"
    note = f"; {unsealed} have no hash yet" if unsealed else ""
    yield Finding("data files", not wrong, f"{len(known) - len(wrong)} of {len(known)} {how}{note}", REPAIR if wrong else "")


def _fault(file: DataFile, data: DataPlace, deep: bool) -> str:
    try:
        size = data.size(file.name)
        if size != file.bytes:
            return f"{size:,} bytes instead of {file.bytes:,}"
        if deep and file.sha256 is not None:
            # Damaged bytes are not given to a reader of Parquet at all.
            return "" if data.sha256(file.name) == file.sha256 else "its bytes have changed since it was committed"
        data.parquet(file.name)
    except FileNotFoundError:
        return "it is gone"
    except (OSError, ValueError, MemoryError, pa.ArrowException) as fault:
        return f"it cannot be read: {str(fault).splitlines()[0]}"
    return ""


def _loads(file: DataFile) -> tuple[str, ...]:
    return tuple(json.loads(file.loads)) if file.loads else ()


def _tables(lake: Lake) -> Iterator[Finding]:
    names = [table.name for table in TABLES]
    shapes = lake.rows("SELECT DISTINCT shape FROM lake.sensors ORDER BY shape")
    for name in [*names, *(f"samples_{row['shape']}" for row in shapes)]:
        try:
            rows = lake.ask(f"SELECT count(*), sum(hash(COLUMNS(*)::VARCHAR)::HUGEINT) FROM lake.{name}").fetchall()[0][0]
            yield Finding(f"table {name}", True, f"{rows:,} rows read")
        except FabwatchError as fault:
            yield Finding(f"table {name}", False, fault.what, REPAIR)


def _ledger(lake: Lake) -> Iterator[Finding]:
    try:
        wrong = lake.rows(_KEPT)
    except FabwatchError as fault:
        yield Finding("ledger", False, f"cannot be compared: {fault.what}", "repair the tables first")
        return
    verdict = "every load has the rows it says" if not wrong else f"{len(wrong)} loads differ, first {wrong[0]['path']}"
    loads = tuple(row["load"] for row in wrong)
    yield Finding("ledger", not wrong, verdict, "" if not wrong else f"{REPAIR}; and please report it", loads)


def _receipts(lake: Lake) -> Iterator[Finding]:
    """The same, and row by row: what each load has stored, against what was noted of it when it did."""
    yield from _ledger(lake)
    wrong = faults(lake)
    for load, what in wrong:
        hint = REPAIR if load else "somebody has changed or cut the ledger: compare it with the heads in a backup"
        yield Finding("receipts", False, f"{load}: {what}" if load else what, hint, (load,) if load else ())
    if not wrong:
        yield Finding("receipts", True, "every load has the rows that it stored, and none was changed")


def _orphans(lake: Lake) -> Iterator[Finding]:
    orphans = unknown_files(lake.ask, lake.data)
    verdict = (
        f"{len(orphans)} data files belong to no load (an ingest was stopped)" if orphans else "every data file is known"
    )
    yield Finding("files", not orphans, verdict, "fabwatch check --sweep deletes them" if orphans else "")


def _waiting(lake: Lake) -> Iterator[Finding]:
    rows = lake.rows("SELECT count(*) AS n FROM lake.loads WHERE status = 'inbox'")
    aside = lake.rows("SELECT count(*) AS n, count(waiting) AS waiting FROM lake.problems")[0]
    count = rows[0]["n"]
    yield Finding(
        "inbox", not count, f"{count} files wait", "fabwatch inbox shows what to write into fab.toml" if count else ""
    )
    what = f"{aside['n']:,} set aside, {aside['waiting']:,} of them waiting (fabwatch problems lists them)"
    yield Finding("problems", True, what)


def _clocks(lake: Lake) -> Iterator[Finding]:
    """Tools whose clock is fast by what their latest files show."""
    rows = lake.rows(
        "SELECT tool, arg_max(ahead_s, seen_at) AS ahead, count(*) AS loads FROM lake.clocks GROUP BY tool ORDER BY 2 DESC"
    )
    for row in rows:
        what = f"the clock of {row['tool']} is at least {row['ahead'] / 60:.0f} min fast ({row['loads']} loads)"
        yield Finding("clock", False, what, "set it; or if the tool writes local time, state its zone in fab.toml")


def _many_files(lake: Lake) -> Iterator[Finding]:
    most = max(file_counts(lake).values(), default=0)
    well = most < MANY_FILES
    yield Finding("size", well, f"at most {most} data files a table", "" if well else "fabwatch compact merges them")
