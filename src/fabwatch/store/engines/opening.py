"""Opening an engine by its name, when the first question needs it."""

import re
from collections.abc import Iterator
from contextlib import contextmanager

from fabwatch.store.engines import DUCKDB, POSTGRES, SPARK, Engine
from fabwatch.store.engines.scans import Scans
from fabwatch.store.view import View
from fabwatch.terms.errors import BadQuestion, EngineLost, nearest
from fabwatch.terms.settings import Settings

_SPARK = re.compile(r"spark://.+|local(\[[0-9*]+\])?")
HINT = "engines are duckdb, spark (on this machine), spark://HOST:PORT, and postgres:NAME of [databases] in fab.toml"


class Opening:
    """The engine that was stated, opened once."""

    def __init__(self, stated: str, settings: Settings):
        """Raises BadQuestion for an engine that there is none of."""
        self._stated, self._settings = stated, settings
        self._open: Engine | None = None
        self.name = check_stated(stated, settings)
        """As answers name it."""

    @contextmanager
    def scanning(self, view: View) -> Iterator[None]:
        """Let the engine run what scans, until a question is answered. Raises ExtraMissing, EngineFailed.

        An engine that was lost meanwhile is let go, so that the next question starts another session.
        """
        if self.name == DUCKDB:
            yield
            return
        if self._open is not None and not self._open.is_there():
            self.close()
        if self._open is None:
            self._open = self._opened()
        try:
            with view.lake.scanning(Scans(view.lake, self._open, view.snapshot)):
                yield
        except EngineLost:
            self.close()
            raise

    def close(self) -> None:
        """Let go of it."""
        if self._open is not None:
            self._open.close()
            self._open = None

    def _opened(self) -> Engine:
        if self.name == SPARK:
            from fabwatch.store.engines.spark import Spark

            return Spark("local[*]" if self._stated == SPARK else self._stated, self._settings.spark.memory)
        from fabwatch.store.engines.postgres import Postgres

        name = self._stated.partition(":")[2]
        return Postgres(name, self._settings.databases[name])


def check_stated(stated: str, settings: Settings) -> str:
    """Which kind of engine is meant. Raises BadQuestion for an engine or a database that there is none of."""
    if stated == DUCKDB:
        return DUCKDB
    if stated == SPARK or _SPARK.fullmatch(stated):
        return SPARK
    kind, _, name = stated.partition(":")
    if kind != POSTGRES:
        raise BadQuestion(f"No engine {stated}.", HINT)
    if name not in settings.databases:
        near = nearest(name, settings.databases)
        raise BadQuestion(f"No database {name} in fab.toml." + (f" Did you mean {' or '.join(near)}?" if near else ""), HINT)
    return POSTGRES
