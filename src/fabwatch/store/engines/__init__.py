"""Engines: where the statements that scan are run when one process is not enough: Spark, or PostgreSQL."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

import pyarrow as pa

from fabwatch.store.engines.pruning import Part
from fabwatch.store.engines.statements import Statement
from fabwatch.store.lake import Parameters

DUCKDB = "duckdb"
SPARK = "spark"
POSTGRES = "postgres"


@dataclass(frozen=True)
class Tables:
    """What a statement reads."""

    stored: Mapping[str, Part]
    """Tables of the lake by name; all of their files where the engine does not read those."""
    handed: Mapping[str, pa.Table]
    """Small tables that are made for one question."""


class Engine(Protocol):
    """An engine that runs a statement over the tables of a fab."""

    name: str
    """As an answer names it: spark, postgres."""
    reads_files: bool
    """Whether it reads the files of the lake, so that it is handed those alone that a statement needs."""

    def run(self, statement: Statement, parameters: Parameters, tables: Tables) -> pa.Table:
        """The rows of a statement. Raises EngineFailed, EngineLost, NotOnEngine."""

    def is_there(self) -> bool:
        """Whether the next statement can be sent to it."""

    def close(self) -> None:
        """Let go of it."""
