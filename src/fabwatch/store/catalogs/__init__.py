"""Catalogs: what snapshots and files of the lake are noted in: a file in the fab folder, or a server for a team."""

from collections.abc import Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, Protocol

from fabwatch.store.readers import Readers
from fabwatch.terms.settings.place import POSTGRES, FabSettings


class Catalog(Protocol):
    """Where the lake notes what belongs to it, who writes to it, and whether it is whole."""

    label: str
    """What it is called in sentences."""

    @property
    def extensions(self) -> tuple[str, ...]:
        """What the engine needs for it."""

    @property
    def readers(self) -> Readers:
        """The lock of those who read."""

    def writer(self, wait: float) -> AbstractContextManager[None]:
        """The lock of the one who writes. Raises StoreBusy after that many seconds."""

    def is_there(self) -> bool:
        """Whether it has been made. Raises StoreBroken and its kin where that cannot be found out."""

    def mark(self) -> Mapping[str, object]:
        """What is noted of its format and tables; nothing where nothing is."""

    def write_mark(self, mark: Mapping[str, object]) -> None:
        """Note that."""

    def forget_mark(self) -> None:
        """Let it be no fab any more, until it is marked again."""

    def note_moved(self, where: str) -> tuple[str, ...]:
        """Let nobody use it any more: it is elsewhere now. Returns what is left of it."""

    def is_writable(self) -> bool:
        """Whether this process may write it, and into the folder of the fab."""

    def lacking(self) -> str | None:
        """What is wrong where a fab is known to be there and its catalog is not; None where nothing is."""

    def prepare(self, connection: Any) -> None:
        """What is said to a connection of the engine before the lake is attached."""

    def source(self) -> tuple[str, str]:
        """What the engine attaches, with options of its own."""

    def plain(self, name: str, read_only: bool) -> str:
        """The statement that attaches its tables as those of a plain database."""

    def files(self) -> list[Path]:
        """The files that the engine must reach for it."""

    def verdict(self) -> str:
        """`ok`, or what is wrong."""

    def close(self) -> None:
        """Let go of it."""


def catalog_of(folder: Path, settings: FabSettings) -> Catalog:
    """The catalog that is stated for a fab."""
    # Each kind when it is stated: what speaks to a server is imported for a server alone.
    if settings.catalog.startswith(f"{POSTGRES}:"):
        from fabwatch.store.catalogs.server import ServerCatalog

        return ServerCatalog(folder, settings)
    from fabwatch.store.catalogs.file import FileCatalog

    return FileCatalog(folder, settings.catalog.partition(":")[2])
