"""The rows of a query in the order of its watermark, some at a time, as Parquet files for the loader."""

import datetime as dt
import decimal
import math
import uuid
from collections.abc import Generator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from fabwatch.databases.connecting import Dialect, driver_of, told
from fabwatch.terms.errors import CannotPull
from fabwatch.terms.settings.outside import PullSettings

ROWS = 100_000
"""Rows of one file: what is lost at most where everything stops."""


@dataclass(frozen=True)
class Part:
    """Some rows that were written to a file, and how far they reach."""

    path: Path
    rows: int
    reached: str | None
    """The watermark of the last row; None for a query without one."""


def statement(pull: PullSettings, dialect: Dialect, since: Any) -> tuple[str, tuple[Any, ...]]:
    """The statement that is run, with its parameters."""
    query = pull.query.strip().rstrip(";")
    if pull.watermark is None:
        return query, ()
    named = _quoted(pull.watermark)
    condition = f" WHERE {named} >= {dialect.mark}" if since is not None else ""
    text = f"SELECT * FROM ({query}) pulled{condition} ORDER BY {named}"
    return text, (since,) if since is not None else ()


def parts(
    name: str, connection: Any, dialect: Dialect, pull: PullSettings, since: Any, folder: Path, rows: int = ROWS
) -> Generator[Part, None, None]:
    """The rows from a watermark on, as files in a folder. Raises CannotPull."""
    text, values = statement(pull, dialect, since)
    driver = driver_of(dialect)
    with told(name, driver), closing(connection.cursor("fabwatch") if dialect.batched else connection.cursor()) as cursor:
        cursor.execute(text, values)
        place: int | None = None
        taken = 0
        while found := cursor.fetchmany(min(rows, pull.most_rows + 1 - taken)):
            columns = [str(column[0]) for column in cursor.description]
            if pull.watermark is not None and place is None:
                place = _place(name, columns, pull.watermark)
            taken += len(found)
            if taken > pull.most_rows:
                raise CannotPull(
                    f"Database {name}: the query gives more than {pull.most_rows:,} rows at once.",
                    "state a watermark, narrow the query, or raise most_rows",
                )
            reached = None if place is None else _text(found[-1][place])
            if place is not None and reached is None:
                what = f"Database {name}: the watermark {pull.watermark} is empty in a row."
                raise CannotPull(what, "choose a column that each row has")
            path = folder / f".{uuid.uuid4()}.parquet"
            pq.write_table(_table(columns, found), path, compression="zstd")
            yield Part(path, len(found), reached)


def watermark(stored: str | None, overlap: float) -> Any:
    """From where to read: a stored watermark less the overlap, as the time or number that it is."""
    if stored is None:
        return None
    try:
        return dt.datetime.fromisoformat(stored) - dt.timedelta(seconds=overlap)
    except ValueError:
        return float(stored) - overlap if "." in stored or "e" in stored.lower() else int(stored) - math.ceil(overlap)


def _table(columns: list[str], rows: list[Any]) -> pa.Table:
    """Rows as a table: each column as the type that all of its values have, else as text."""
    arrays = []
    for values in zip(*rows, strict=True):
        plain = [_plain(value) for value in values]
        try:
            arrays.append(pa.array(plain))
        except (pa.ArrowInvalid, pa.ArrowTypeError):
            arrays.append(pa.array([None if value is None else str(value) for value in plain]))
    return pa.table(dict(zip(columns, arrays, strict=True)))


def _plain(value: Any) -> Any:
    if isinstance(value, decimal.Decimal):
        return int(value) if value == value.to_integral_value() and abs(value) < 2**53 else float(value)
    if isinstance(value, (uuid.UUID, dt.time)):
        return str(value)
    if isinstance(value, dt.datetime) and value.tzinfo is not None:
        return value.astimezone(dt.UTC).isoformat().replace("+00:00", "Z")
    return value


def _text(value: Any) -> str | None:
    if value is None:
        return None
    if isinstance(value, (dt.datetime, dt.date)):
        return value.isoformat()
    return str(value)


def _place(name: str, columns: list[str], wanted: str) -> int:
    folded = [column.casefold() for column in columns]
    if wanted.casefold() not in folded:
        raise CannotPull(f"Database {name}: the query has no column {wanted}.", f"it has {', '.join(columns[:20])}")
    return folded.index(wanted.casefold())


def _quoted(word: str) -> str:
    """The name of a column as it is; one that is no plain word is put into quotes."""
    return word if word.isidentifier() else '"' + word.replace('"', '""') + '"'
