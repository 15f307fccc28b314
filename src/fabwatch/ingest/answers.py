"""Answers about files."""

from dataclasses import dataclass
from datetime import datetime

from fabwatch.terms.answers import Listing


@dataclass(frozen=True)
class Load:
    """One row of the ledger (docs/tables.md)."""

    load: str
    path: str | None
    sha256: str | None
    content: str | None
    kind: str | None
    status: str | None
    bytes: int | None
    rows: int | None
    duplicates: int | None
    set_aside: int | None
    header: str | None
    message: str | None
    loaded_at: datetime | None
    version: str | None


@dataclass(frozen=True)
class Loads(Listing):
    """The ledger, newest first."""

    loads: tuple[Load, ...]


@dataclass(frozen=True)
class SetAside:
    """One row that was set aside (docs/problems.md)."""

    load: str
    path: str | None
    kind: str | None
    line: int | None
    byte_offset: int | None
    rule: str
    why: str | None
    hint: str | None
    raw: str | None
    waiting: str | None


@dataclass(frozen=True)
class Problems(Listing):
    """What was set aside, newest load first."""

    problems: tuple[SetAside, ...]


@dataclass(frozen=True)
class InboxFile:
    """One file that is not recognised yet."""

    load: str
    path: str | None
    why: str | None
    suggestion: str | None


@dataclass(frozen=True)
class InboxFiles(Listing):
    """The files that are not recognised yet."""

    files: tuple[InboxFile, ...]
