"""A session of Spark: what has to be there for one, how it is started, and how one that was lost is let go."""

import logging
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Any
from urllib.parse import urlsplit

from fabwatch.store.engines.spark_faults import SAID, text_of, translated
from fabwatch.terms.errors import EngineFailed, ExtraMissing

REACHED_WITHIN = 5.0
"""Seconds in which a master has to answer: Spark by itself tries for a minute, and then says nothing of use."""
WORKERS_WITHIN = 60.0
"""Seconds in which a cluster has to give a worker: Spark by itself waits for one for ever."""
OLDEST_JAVA = 17
JAVA = "install Java 17 or 21, or state JAVA_HOME"
LESS_OR_MORE = "state a memory that this machine has, 512MB or more: memory of [spark] in fab.toml"
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
_VERSION = re.compile(r'version "(?:1\.)?(\d+)')
_FAULT = re.compile(r"Error|Exception|[Ii]nvalid|Could not")


def started(master: str, memory: str) -> Any:
    """A session, with so much memory ("2GB"). Raises ExtraMissing, EngineFailed where something is not as it has to be."""
    try:
        from pyspark.sql import SparkSession
    except ImportError:
        raise ExtraMissing("pyspark is not installed.", "pip install 'fabwatch[spark]'") from None
    _check_java()
    _check_reached(master)
    own = LOCAL if master.startswith("local") else {}
    builder: Any = SparkSession.builder.master(master).appName("fabwatch")
    for key, value in (SETTINGS | own | {"spark.driver.memory": memory[:-1].lower()}).items():
        builder = builder.config(key, value)
    # They write a page for each statement that Spark refuses, and for each call to a Java that is gone.
    for name in ("DataFrameQueryContextLogger", "SQLQueryContextLogger", "py4j"):
        logging.getLogger(name).setLevel(logging.CRITICAL + 1)
    with _quiet() as said:
        try:
            session = builder.getOrCreate()
        except Exception as fault:
            text = f"{text_of(fault)}\n{said()}"
            forget()
            raise _not_started(text) from fault
    _check_workers(master, session)
    return session


def is_running(session: Any) -> bool:
    """Whether a session can be asked: its Java runs, and Spark has not stopped in it."""
    process = getattr(session.sparkContext._gateway, "proc", None)
    if process is not None and process.poll() is not None:
        return False
    try:
        with translated():
            return not session.sparkContext._jsc.sc().isStopped()
    except EngineFailed:
        return False


def stop(session: Any) -> None:
    """Let go of a session, also of one whose Java is gone."""
    runs = is_running(session)
    with warnings.catch_warnings(), suppress(Exception), _quiet():
        # That Java is gone is known, or said by the error that led here.
        warnings.simplefilter("ignore")
        session.stop()
    if not runs:
        forget()


def forget() -> None:
    """Let the next session start a Java of its own: pyspark holds on to the one that it has started, even if it is gone."""
    from pyspark import SparkContext
    from pyspark.sql import SparkSession

    gateway: Any = SparkContext._gateway
    if gateway is not None:
        with suppress(Exception):
            gateway.shutdown()
        process = getattr(gateway, "proc", None)
        if process is not None:
            process.stdin.close()
            process.kill()
            process.wait()
    for kind, names in (
        (SparkContext, ("_gateway", "_jvm", "_active_spark_context")),
        (SparkSession, ("_instantiatedSession", "_activeSession")),
    ):
        for name in names:
            setattr(kind, name, None)


def _check_java() -> None:
    """Raises EngineFailed where there is no Java that Spark runs on."""
    home = os.environ.get("JAVA_HOME")
    program = str(Path(home, "bin", "java")) if home else shutil.which("java")
    if program is None:
        raise EngineFailed("Spark needs Java, which is not here.", JAVA)
    try:
        done = subprocess.run(  # noqa: S603 - the Java that Spark itself would start
            [program, "-version"], capture_output=True, text=True, timeout=60, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        where = f"JAVA_HOME is {home}" if home else f"{program} is there"
        raise EngineFailed(f"Spark needs Java: {where}, but no Java runs there.", JAVA) from None
    version = _VERSION.search(done.stderr + done.stdout)
    if version is None or int(version[1]) < OLDEST_JAVA:
        what = f"Java {version[1]}" if version else "something else"
        raise EngineFailed(f"Spark needs Java {OLDEST_JAVA} or later; {program} is {what}.", JAVA)


def _check_reached(master: str) -> None:
    """Raises EngineFailed where nothing listens at the address of a master."""
    if master.startswith("local"):
        return
    for address in master.removeprefix("spark://").split(","):
        try:
            parts = urlsplit(f"//{address}")
            socket.create_connection((parts.hostname or "", parts.port or 7077), REACHED_WITHIN).close()
        except (OSError, ValueError):
            continue
        return
    raise EngineFailed(f"Spark cannot be reached at {master}.")


def _check_workers(master: str, session: Any) -> None:
    """Raises EngineFailed where a cluster gives no worker: a question would wait for one for ever."""
    if master.startswith("local"):
        return
    until = time.monotonic() + WORKERS_WITHIN
    with translated():
        # The first one is the driver itself.
        while session.sparkContext._jsc.sc().getExecutorMemoryStatus().size() < 2:
            if time.monotonic() > until:
                stop(session)
                hint = "see that workers run and have cores and memory to give (1 GB each, or spark.executor.memory)"
                raise EngineFailed(f"The cluster at {master} gives no worker.", hint)
            time.sleep(0.2)


def _not_started(said: str) -> EngineFailed:
    if "must be at least" in said or "INVALID_DRIVER_MEMORY" in said:
        return EngineFailed("Spark cannot start: it has too little memory.", LESS_OR_MORE)
    if "object heap" in said or "maximum heap size" in said:
        return EngineFailed("Spark cannot start: this machine has not so much memory.", LESS_OR_MORE)
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    why = next((line for line in lines if _FAULT.search(line)), lines[0])
    return EngineFailed(f"Spark cannot start: {why[:SAID]}")


@contextmanager
def _quiet() -> Iterator[Callable[[], str]]:
    """What the Java of Spark says at each start goes into a file, also what it says among the data. Yields what reads it."""
    sys.stdout.flush()
    kept = {stream: os.dup(stream) for stream in (1, 2)}
    with tempfile.TemporaryFile() as elsewhere:
        for stream in kept:
            os.dup2(elsewhere.fileno(), stream)
        try:
            yield lambda: _text(elsewhere)
        finally:
            for stream, before in kept.items():
                os.dup2(before, stream)
                os.close(before)


def _text(file: IO[bytes]) -> str:
    file.seek(0)
    return file.read().decode(errors="replace")
