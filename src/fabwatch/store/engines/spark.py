"""Spark over the lake's own Parquet files: nothing is copied, and nothing is written."""

from datetime import datetime
from typing import Any

import pyarrow as pa

from fabwatch.store.engines import SPARK, Tables
from fabwatch.store.engines.bounds import Places
from fabwatch.store.engines.live_files import SNAPSHOT, Live, LiveFile
from fabwatch.store.engines.pruning import Part
from fabwatch.store.engines.spark_faults import translated
from fabwatch.store.engines.spark_filters import skipping
from fabwatch.store.engines.spark_session import is_running, started, stop
from fabwatch.store.engines.statements import Statement
from fabwatch.store.lake import Parameters
from fabwatch.terms.errors import EngineFailed, EngineLost, NotOnEngine

TYPES = {
    "VARCHAR": "string", "BIGINT": "bigint", "INTEGER": "int", "SMALLINT": "smallint", "DOUBLE": "double", "FLOAT": "float",
    "BOOLEAN": "boolean", "TIMESTAMP": "timestamp_ntz", "DATE": "date",
}  # fmt: skip


class Spark:
    """A session of Spark: on the cores of this machine, or on a cluster by its master."""

    name = SPARK
    reads_files = True

    def __init__(self, master: str, memory: str = "2GB"):
        """Start it. Raises ExtraMissing without pyspark, EngineFailed without Java or where the master is not there."""
        self._session: Any = started(master, memory)
        self._views: dict[str, tuple[int, str, Places]] = {}

    def run(self, statement: Statement, parameters: Parameters, tables: Tables) -> pa.Table:
        """The rows of a statement. Raises EngineFailed, EngineLost, NotOnEngine."""
        try:
            with translated():
                return self._answer(statement, parameters, tables)
        except EngineFailed as fault:
            # What pyspark says when Java goes depends on what it was waiting for.
            if isinstance(fault, EngineLost) or self.is_there():
                raise
            raise EngineLost(f"Spark was lost while it worked: {fault.what}") from fault

    def _answer(self, statement: Statement, parameters: Parameters, tables: Tables) -> pa.Table:
        text = statement.carried("spark", [name for name, value in parameters.items() if isinstance(value, datetime)])
        for part in tables.stored.values():
            self._show(part)
        for name, rows in tables.handed.items():
            self._views.pop(name, None)
            self._of_rows(rows).createOrReplaceTempView(name)
        used = {name: _value(value) for name, value in parameters.items() if f":{name}" in text}
        try:
            answer: pa.Table = self._session.sql(text, args=used).toArrow()
        except pa.ArrowInvalid as fault:
            # What Java sent ends in the middle of it.
            raise EngineLost(f"Spark was lost while it worked: {fault}") from fault
        return answer

    def is_there(self) -> bool:
        """Whether its Java runs and Spark in it."""
        return is_running(self._session)

    def close(self) -> None:
        """Let go of it."""
        stop(self._session)

    def _show(self, part: Part) -> None:
        table = part.table
        shown = (table.snapshot, table.mark, part.places)
        if self._views.get(table.name) != shown:
            frame = self._frame(table)
            within = skipping(part)
            (frame if within is None else frame.where(within)).createOrReplaceTempView(table.name)
            self._views[table.name] = shown

    def _frame(self, table: Live) -> Any:
        """The rows of a table in its snapshot: those of its files without the deleted ones, and those in the catalog."""
        frames = []
        odd = [file for file in table.files if file.deletes or file.partial or file.gone]
        plain = [file for file in table.files if file not in odd]
        if plain:
            frames.append(self._read(table, plain))
        frames += [self._without_deleted(table, file) for file in odd]
        if table.inlined.num_rows or not frames:
            frames.append(self._of_rows(table.inlined))
        whole = frames[0]
        for frame in frames[1:]:
            whole = whole.unionByName(frame)
        return whole

    def _read(self, table: Live, files: list[LiveFile], *more: str) -> Any:
        # A column that came later is empty in files from before: Spark gives what a stated schema names and a file lacks.
        columns = ", ".join([*(f"`{name}` {_type(kind)}" for name, kind in table.types), *more])
        return self._session.read.schema(columns).parquet(*[_place(file.path) for file in files])

    def _without_deleted(self, table: Live, file: LiveFile) -> Any:
        names = [f"`{name}`" for name, _ in table.types]
        if file.partial:
            frame = self._read(table, [file], f"{SNAPSHOT} bigint").where(f"{SNAPSHOT} <= {table.snapshot}")
        else:
            frame = self._read(table, [file])
        frame = frame.selectExpr(*names, "_metadata.row_index AS row_index")
        if file.deletes:
            gone = self._session.read.schema("pos bigint").parquet(_place(file.deletes)).selectExpr("pos AS row_index")
            frame = frame.join(gone, "row_index", "left_anti")
        if file.gone:
            noted = self._of_rows(pa.table({"row_index": pa.array(file.gone, pa.int64())}))
            frame = frame.join(noted, "row_index", "left_anti")
        return frame.selectExpr(*names)

    def _of_rows(self, rows: pa.Table) -> Any:
        return self._session.createDataFrame(_plain(rows))


def _place(path: str) -> str:
    if "://" in path:
        raise NotOnEngine(
            "The data of this fab is on object storage, which Spark reads only with jars that fabwatch does not bring.",
            "mount the bucket as a folder, or ask without --engine spark",
        )
    return path


def _type(kind: str) -> str:
    if kind not in TYPES:
        raise NotOnEngine(f"Spark has no type for {kind}.")
    return TYPES[kind]


def _plain(rows: pa.Table) -> pa.Table:
    """Rows without the types that Spark does not take: words that are noted once, and whole numbers of 128 bits."""
    fields = []
    for field in rows.schema:
        kind = field.type.value_type if pa.types.is_dictionary(field.type) else field.type
        fields.append(pa.field(field.name, pa.int64() if pa.types.is_decimal(kind) and kind.scale == 0 else kind))
    return rows.cast(pa.schema(fields))


def _value(value: object) -> Any:
    from pyspark.sql.functions import lit

    if isinstance(value, datetime):
        # By itself it would be taken for one of the zone of this machine.
        return lit(value.isoformat(sep=" "))
    return lit(list(value)) if isinstance(value, (list, tuple)) else lit(value)
