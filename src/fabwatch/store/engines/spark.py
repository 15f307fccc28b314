"""Spark over the lake's own Parquet files: nothing is copied, and nothing is written."""

import logging
import os
import shutil
import socket
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

import pyarrow as pa

from fabwatch.store.engines import SPARK, Tables
from fabwatch.store.engines.bounds import Places
from fabwatch.store.engines.live_files import SNAPSHOT, Live, LiveFile
from fabwatch.store.engines.pruning import Part
from fabwatch.store.engines.spark_filters import skipping
from fabwatch.store.engines.statements import Statement
from fabwatch.store.lake import Parameters
from fabwatch.terms.errors import EngineFailed, ExtraMissing, NotOnEngine

SAID = 300
REACHED_WITHIN = 5.0
"""Seconds in which a master has to answer: Spark by itself tries for a minute, and then says nothing of use."""
SETTINGS = {
    "spark.ui.enabled": "false",
    "spark.log.level": "OFF",
    "spark.sql.session.timeZone": "UTC",
    # A time of the lake has no zone: with one it would be moved on its way.
    "spark.sql.timestampType": "TIMESTAMP_NTZ",
    "spark.sql.execution.arrow.pyspark.enabled": "true",
    "spark.sql.shuffle.partitions": "16",
    "spark.sql.sources.useV1SourceList": "parquet",
    "spark.port.maxRetries": "64",
}
LOCAL = {"spark.driver.bindAddress": "127.0.0.1", "spark.driver.host": "127.0.0.1"}
TYPES = {
    "VARCHAR": "string", "BIGINT": "bigint", "INTEGER": "int", "SMALLINT": "smallint", "DOUBLE": "double", "FLOAT": "float",
    "BOOLEAN": "boolean", "TIMESTAMP": "timestamp_ntz", "DATE": "date",
}  # fmt: skip


class Spark:
    """A session of Spark: on the cores of this machine, or on a cluster by its master."""

    name = SPARK
    reads_files = True

    def __init__(self, master: str, memory: str = "2g"):
        """Start it. Raises ExtraMissing without pyspark, EngineFailed without Java or where the master is not there."""
        try:
            from pyspark.sql import SparkSession
        except ImportError:
            raise ExtraMissing("pyspark is not installed.", "pip install 'fabwatch[spark]'") from None
        if not shutil.which("java") and not os.environ.get("JAVA_HOME"):
            raise EngineFailed("Spark needs Java, which is not here.", "install Java 17 or 21, or state JAVA_HOME")
        _check_reached(master)
        own = LOCAL if master.startswith("local") else {}
        builder: Any = SparkSession.builder.master(master).appName("fabwatch").config("spark.driver.memory", memory)
        for key, value in (SETTINGS | own).items():
            builder = builder.config(key, value)
        # It writes a page for each statement that Spark refuses, which is said in one line below.
        for name in ("DataFrameQueryContextLogger", "SQLQueryContextLogger"):
            logging.getLogger(name).setLevel(logging.CRITICAL + 1)
        with _quiet(), _translated():
            self._session: Any = builder.getOrCreate()
        self._views: dict[str, tuple[int, str, Places]] = {}

    def run(self, statement: Statement, parameters: Parameters, tables: Tables) -> pa.Table:
        """The rows of a statement. Raises EngineFailed, NotOnEngine."""
        text = statement.carried("spark", [name for name, value in parameters.items() if isinstance(value, datetime)])
        with _translated():
            for part in tables.stored.values():
                self._show(part)
            for name, rows in tables.handed.items():
                self._views.pop(name, None)
                self._of_rows(rows).createOrReplaceTempView(name)
            used = {name: _value(value) for name, value in parameters.items() if f":{name}" in text}
            answer: pa.Table = self._session.sql(text, args=used).toArrow()
        return answer

    def close(self) -> None:
        """Let go of it."""
        self._session.stop()

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


def _check_reached(master: str) -> None:
    """Raises EngineFailed where nothing listens at the address of a master."""
    if master.startswith("local"):
        return
    for address in master.removeprefix("spark://").split(","):
        parts = urlsplit(f"//{address}")
        try:
            socket.create_connection((parts.hostname or "", parts.port or 7077), REACHED_WITHIN).close()
        except (OSError, ValueError):
            continue
        return
    raise EngineFailed(f"Spark cannot be reached at {master}.")


@contextmanager
def _translated() -> Iterator[None]:
    """The errors of Spark as those of fabwatch."""
    from py4j.protocol import Py4JError, Py4JNetworkError
    from pyspark.errors import PySparkException

    try:
        yield
    except (Py4JNetworkError, ConnectionError, EOFError) as fault:
        raise EngineFailed(f"Spark was lost while it worked: {_first_line(fault)}") from fault
    except (PySparkException, Py4JError, RuntimeError) as fault:
        raise _meaning(_first_line(fault)) from fault


def _meaning(text: str) -> NotOnEngine | EngineFailed:
    cannot = ("PARSE_SYNTAX_ERROR", "UNRESOLVED", "DATATYPE_MISMATCH", "UNSUPPORTED", "INVALID_", "WRONG_NUM_ARGS")
    if any(word in text for word in cannot):
        return NotOnEngine(f"This question does not run on Spark: {text}")
    return EngineFailed(f"Spark could not run it: {text}")


def _first_line(fault: BaseException) -> str:
    """The first line that says something; what Java raised stands behind where it was called from."""
    lines = [line.strip().removeprefix(": ") for line in str(fault).splitlines() if line.strip()]
    said = [line for line in lines if not line.startswith("An error occurred while calling")]
    return (said or [type(fault).__name__])[0][:SAID]


@contextmanager
def _quiet() -> Iterator[None]:
    """What the Java of Spark says goes into a file that nobody reads: it is a page of warnings at each start."""
    stderr = os.dup(2)
    with tempfile.TemporaryFile() as elsewhere:
        os.dup2(elsewhere.fileno(), 2)
        try:
            yield
        finally:
            os.dup2(stderr, 2)
            os.close(stderr)
