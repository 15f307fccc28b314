"""What an ingest did, file by file."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from fabwatch.sources.opening import visible
from fabwatch.terms.answers import Json, plain
from fabwatch.terms.problems import Problem, UnreadableCell
from fabwatch.terms.settings.files import LOG

Status = Literal["loaded", "already", "inbox", "failed", "would load"]


def counted(rules: Mapping[str, int]) -> list[str]:
    """How many rows were set aside by which rule, for the message; nothing where none was."""
    aside = [f"{count} {rule}" for rule, count in rules.items() if rule != UnreadableCell.code and count]
    cells = rules.get(UnreadableCell.code, 0)
    return [
        *(["set aside: " + ", ".join(aside)] if aside else []),
        *([f"left empty: {cells} cells that cannot be read"] if cells else []),
    ]


@dataclass(frozen=True)
class FileResult:
    """What became of one file."""

    path: str
    kind: str | None
    sha256: str | None
    rows: int
    set_aside: int
    status: Status
    message: str
    duplicates: int = 0
    rules: dict[str, int] = field(default_factory=dict)
    """How many problems there are per rule."""
    suggestion: str | None = None
    """Lines for fab.toml, for a file that waits in the inbox."""
    guess: Json | None = None
    """In a dry run: which column is which, how sure that is, and five rows as read."""


def not_opened(path: Path, problem: Problem) -> FileResult:
    """The result of a file that cannot be opened."""
    return FileResult(visible(str(path)), None, None, 0, 0, "failed", f"{problem.why}. hint: {problem.way_out}")


@dataclass(frozen=True)
class IngestSummary:
    """What became of the files of one call."""

    files: tuple[FileResult, ...]
    admitted: int = 0
    """Rows of logs that waited for their time, which has come."""

    @property
    def clean(self) -> bool:
        """True when nothing was set aside and no file was left out."""
        return not (self.failed or self.set_aside or any(file.rules for file in self.files))

    @property
    def has_logs(self) -> bool:
        """True if rows of tool logs are new, from which moves, counters and restores are derived."""
        return self.admitted > 0 or any(file.kind == LOG for file in self.files)

    @property
    def loaded(self) -> int:
        """Files loaded now."""
        return sum(file.status in ("loaded", "would load") for file in self.files)

    @property
    def already(self) -> int:
        """Files whose content was loaded before."""
        return sum(file.status == "already" for file in self.files)

    @property
    def failed(self) -> int:
        """Files not loaded: unreadable, or waiting in the inbox."""
        return sum(file.status in ("failed", "inbox") for file in self.files)

    @property
    def rows(self) -> int:
        """Rows stored now."""
        return sum(file.rows for file in self.files)

    @property
    def duplicates(self) -> int:
        """Rows that were there already."""
        return sum(file.duplicates for file in self.files)

    @property
    def set_aside(self) -> int:
        """Rows set aside now."""
        return sum(file.set_aside for file in self.files)

    def to_dict(self) -> Json:
        """The summary as plain data: what `--json` prints."""
        counts = ("loaded", "already", "failed", "rows", "set_aside", "duplicates")
        return {name: getattr(self, name) for name in counts} | {"files": [plain(file) for file in self.files]}
