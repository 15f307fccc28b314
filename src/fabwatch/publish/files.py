"""Tables published as files, CSV or Parquet, into a folder or object storage, for programs that read files."""

import io
import json
from collections.abc import Sequence
from typing import Any

import pyarrow.csv
import pyarrow.parquet as pq

from fabwatch.publish.flat import FlatTable
from fabwatch.store.data_place import DataPlace
from fabwatch.terms.errors import CannotPublish

NOTE = "published.json"


def write_files(place: DataPlace, form: str, tables: Sequence[FlatTable], about: dict[str, Any]) -> int:
    """Write a file for each table, each whole or as it was before; the note comes last. Returns the version.

    Raises CannotPublish.
    """
    try:
        place.make()
        version = _last(place) + 1
        for table in tables:
            sink = io.BytesIO()
            if form == "csv":
                pyarrow.csv.write_csv(table.rows, sink)
            else:
                pq.write_table(table.rows, sink, compression="zstd")
            place.write(f"{table.name}.{form}", sink.getvalue())
        rows = {table.name: {"rows": table.rows.num_rows, "why": table.why} for table in tables}
        place.write(NOTE, (json.dumps({"version": version, **about, "tables": rows}, indent=1, default=str) + "\n").encode())
    except OSError as fault:
        raise CannotPublish(f"{place.url} cannot be written: {fault.strerror or fault}") from fault
    return version


def _last(place: DataPlace) -> int:
    """The version that is there; 0 for none."""
    if NOTE not in place.sizes():
        return 0
    with place.system.open_input_stream(place.path(NOTE)) as stream:
        try:
            return int(json.loads(stream.read())["version"])
        except (ValueError, KeyError, TypeError):
            return 0
