"""Answers about files."""

from dataclasses import dataclass
from datetime import datetime

from fabwatch.terms.answers import Json, Listing, Row, plain


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


@dataclass(frozen=True)
class ExplainedColumn:
    """How one column of a file is read."""

    header: str
    column: str | None
    """The column of its table, or its role in a log; None if it is not used."""
    by: str
    """How that is known: stated (in fab.toml), name (the column's own), alias (another name of it); empty if unused."""
    type: str
    unit: str | None
    zone: str | None
    """Of times: the zone in which those without one are read, or `stated` where each says its own."""
    setpoint_of: str | None
    values: tuple[str, ...]


@dataclass(frozen=True)
class Explanation:
    """How a file that was sent or that waits is read, column by column, and what fab.toml states of it."""

    load: str
    path: str
    file: str
    """The name that patterns in fab.toml match."""
    place: str
    """Where it is kept in the fab folder."""
    status: str
    """`would load`, `inbox` or `failed`; `already` for a file that is loaded and would be read like this again."""
    kind: str | None
    message: str
    """Why it is not loaded, with the way out; else the notes about it."""
    columns: tuple[ExplainedColumn, ...]
    lacking: tuple[str, ...]
    """Columns that it needs and lacks; alternatives with `or` between them."""
    choices: tuple[str, ...]
    """What a column of such a file can be."""
    sample: tuple[Json, ...]
    """Its first rows as they are read."""
    source: str
    """The name of its source in fab.toml; one that is free where no source covers it."""
    covered: bool
    """Whether fab.toml has that source."""
    stated: Json
    """What fab.toml states of that source; in a trial what it would state."""
    lines: str
    """The same as fab.toml writes it."""
    asked: dict[str, tuple[str, ...]]
    """What is asked about the file: the key of fab.toml and its possible values."""
    units: dict[str, tuple[str, ...]]
    """The columns whose unit is that of the file: {column with the unit: columns that it is the unit of}."""
    unit: dict[str, str]
    """The units that are known: {column with the unit: unit}."""
    seen: str
    """What fab.toml states now, as one word: sent with a change, it is refused if somebody else was faster."""

    @property
    def fits(self) -> bool:
        """Whether the file is loaded if it is read like this."""
        return self.status in ("would load", "already")

    @property
    def waits(self) -> bool:
        """Whether it waits in the inbox."""
        return self.place.startswith("inbox/")

    def to_dict(self) -> Json:
        """The answer as plain data."""
        return dict(plain(self))

    def rows(self) -> list[Row]:
        """One row a column."""
        return [plain(column) | {"values": ", ".join(column.values)} for column in self.columns]
