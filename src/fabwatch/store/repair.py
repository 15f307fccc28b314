"""Repair: damaged data files come back from a backup, or are taken out so that their loads can be read again."""

import contextlib
import json
from collections.abc import Sequence
from pathlib import PurePosixPath

from fabwatch.store.data_place import DataPlace, place_at
from fabwatch.store.lake import CATALOG, Lake
from fabwatch.store.seals import DataFile
from fabwatch.terms.tables import LOADED, RESULTS

ASIDE = "damaged"
_REREAD = frozenset(
    {table.name for table in (*LOADED, *RESULTS)}
    | {"parts", "alarms", "step_summary", "problems", "streams", "copies", "clocks"}
)
"""Tables whose rows a load brings, besides the samples of logs: it brings them again when it is read again."""
_GATHERED = {"places": "moves", "sensors": "log"}
"""Tables that are gathered from all loads of a kind."""


def restored(lake: Lake, file: DataFile, backup: DataPlace) -> bool:
    """Copy one file from a backup of the fab, if it is there as it was committed."""
    data = backup.under("data")
    try:
        if file.sha256 is not None and data.sha256(file.name) != file.sha256:
            return False
        lake.data.take(file.name, data)
    except OSError:
        return False
    return True


def loads_of(lake: Lake, file: DataFile) -> list[str] | None:
    """The loads that bring back all rows of a file when they are read again; None where none do."""
    if file.table in _GATHERED:
        rows = lake.rows("SELECT load FROM lake.loads WHERE kind = $kind", {"kind": _GATHERED[file.table]})
        return [row["load"] for row in rows]
    brought = file.table in _REREAD or file.table.startswith("samples_")
    return json.loads(file.loads) if brought and file.loads is not None else None


def take_out(lake: Lake, files: Sequence[DataFile]) -> None:
    """Take damaged files out of the catalog, so that what is left can be read; they are kept in the folder `damaged`.

    Deleted rows are named in a file of their own; where that is damaged, the files that it is about go with it. The lake is
    to be opened again afterwards.
    """
    with lake.alone():
        lake.ask("BEGIN")
        for file in files:
            _forget(lake, file)
        lake.ask("COMMIT")
    aside = lake.folder / ASIDE
    aside.mkdir(mode=0o700, exist_ok=True)
    kept = place_at(str(aside.resolve()), aside, lake.settings.fab.s3)
    for file in files:
        with contextlib.suppress(OSError):
            kept.take(PurePosixPath(file.name).name, lake.data, file.name)
            lake.data.delete(file.name)


def _forget(lake: Lake, file: DataFile) -> None:
    number = {"id": file.file_id}
    if file.kind == "delete":
        lake.ask(f"DELETE FROM {CATALOG}.ducklake_delete_file WHERE delete_file_id = $id", number)
    else:
        lake.ask(
            f"UPDATE {CATALOG}.ducklake_table_stats SET record_count = ducklake_table_stats.record_count - f.record_count "
            f"FROM {CATALOG}.ducklake_data_file AS f "
            "WHERE f.data_file_id = $id AND ducklake_table_stats.table_id = f.table_id",
            number,
        )
        for table in ("ducklake_file_column_stats", "ducklake_delete_file", "ducklake_data_file"):
            lake.ask(f"DELETE FROM {CATALOG}.{table} WHERE data_file_id = $id", number)
    lake.ask(f"DELETE FROM {CATALOG}.fabwatch_seals WHERE kind = '{file.kind}' AND file_id = $id", number)


def of_deletions(lake: Lake, file: DataFile, known: Sequence[DataFile]) -> list[DataFile]:
    """The data files that a file of deleted rows is about."""
    rows = lake.ask(
        f"SELECT data_file_id FROM {CATALOG}.ducklake_delete_file WHERE delete_file_id = $id", {"id": file.file_id}
    ).fetchall()
    numbers = {row[0] for row in rows}
    return [other for other in known if other.kind == "data" and other.file_id in numbers]
