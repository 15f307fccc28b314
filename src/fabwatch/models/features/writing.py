"""A table of features as a file, with what is known of its columns: written whole or not at all."""

import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pyarrow.parquet

from fabwatch.terms.answers import Json
from fabwatch.terms.errors import BadQuestion, NoSuchPath

KEY = b"fabwatch.features"
"""Under which the description lies in the metadata of a Parquet file."""
BESIDE = ".columns.json"
_FORMULA = r"^[=+\-@\t\r]"
"""How a text begins that a spreadsheet would execute; `terms.tabular` has the same signs."""


def checked(path: Path) -> Path:
    """The path, if a table can be written there. Raises BadQuestion and NoSuchPath."""
    if path.is_dir():
        raise NoSuchPath(f"{path} is a folder.", "name a file in it, such as features.parquet")
    if path.suffix.lower() not in _WRITERS:
        raise BadQuestion(f"{path.name} is neither .csv nor .parquet.", "name the file features.parquet or features.csv")
    if not path.parent.is_dir():
        raise NoSuchPath(f"{path.parent} is not a folder.", "make the folder first, or name a file in an existing one")
    return path


def write(table: pa.Table, described: Json, path: Path) -> Path:
    """Write the table, and for CSV its description beside it. Raises BadQuestion and NoSuchPath."""
    try:
        _WRITERS[checked(path).suffix.lower()](table, described, path)
    except OSError as fault:
        raise NoSuchPath(
            f"{path} cannot be written: {fault.strerror}.", "give a file in a folder that you may write"
        ) from fault
    return path


def csv_bytes(table: pa.Table) -> bytes:
    """The table as CSV."""
    sink = pa.BufferOutputStream()
    pyarrow.csv.write_csv(_plain(table), sink)
    return bytes(sink.getvalue())


def _parquet(table: pa.Table, described: Json, path: Path) -> None:
    table = table.replace_schema_metadata({KEY: json.dumps(described, ensure_ascii=False).encode()})
    with _whole(path) as (temporary,):
        pyarrow.parquet.write_table(table, temporary, compression="zstd")


def _csv(table: pa.Table, described: Json, path: Path) -> None:
    beside = path.with_name(path.name + BESIDE)
    with _whole(beside, path) as (description, rows):
        description.write_text(json.dumps(described, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
        pyarrow.csv.write_csv(_plain(table), rows)


_WRITERS: dict[str, Callable[[pa.Table, Json, Path], None]] = {".parquet": _parquet, ".csv": _csv}


def _plain(table: pa.Table) -> pa.Table:
    """The table with times as ISO text, and without text that a spreadsheet would execute."""
    for place, column in enumerate(table.schema):
        values = table.column(place)
        if pa.types.is_timestamp(column.type):
            values = pc.strftime(values.cast(pa.timestamp("s"), safe=False), "%Y-%m-%dT%H:%M:%SZ")
        elif pa.types.is_string(column.type):
            values = pc.if_else(
                pc.match_substring_regex(values, _FORMULA), pc.binary_join_element_wise("'", values, ""), values
            )
        table = table.set_column(place, column.name, values)
    return table


@contextmanager
def _whole(*paths: Path) -> Iterator[list[Path]]:
    """Temporary files that take their places when all of them are written, and are gone if one is not."""
    temporary = [path.with_name(f".{path.name}.{os.getpid()}.part") for path in paths]
    try:
        yield temporary
        for part, path in zip(temporary, paths, strict=True):
            part.replace(path)
    finally:
        for part in temporary:
            part.unlink(missing_ok=True)
