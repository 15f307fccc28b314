"""The job of loading one file: the lake, the ledger, the inbox and the reader that it takes."""

from collections.abc import Sequence
from dataclasses import dataclass

from fabwatch.ingest.inbox import Inbox
from fabwatch.ingest.ledger import Identified, Ledger, loaded_of
from fabwatch.ingest.reader import Reader
from fabwatch.ingest.reading import Understand
from fabwatch.ingest.renaming import compared
from fabwatch.ingest.summary import FileResult
from fabwatch.ingest.understanding import Candidate, Understanding
from fabwatch.store.lake import Lake, Record
from fabwatch.terms.clock import Clock, iso


@dataclass(frozen=True)
class Loading:
    """What loading one file takes."""

    lake: Lake
    ledger: Ledger
    inbox: Inbox
    reader: Reader
    clock: Clock
    again: bool

    def understood(self, candidate: Candidate, kind: str | None) -> Understanding:
        """What a document is, compared with what is loaded by now. Raises CannotRead."""
        self.ledger.refresh()
        return compared(self.ledger, self.reader.one(Understand(candidate, self.lake.settings, kind), Understanding))

    def overtaken(self, lines: Sequence[Record]) -> Record | None:
        """The line of a file that another process has loaded in the meantime; None if none has."""
        return None if self.again else loaded_of(lines)

    def cleared(self, file: Identified, waiting: Sequence[str]) -> None:
        """Remove from the inbox what has been loaded now."""
        own = self.inbox.load_of(file.document.path)
        for load in {*waiting, *([own] if own else [])}:
            self.inbox.clear(load)


def was_there(file: Identified, before: Record) -> FileResult:
    """What is said of a file that is loaded already."""
    message = f"already loaded on {iso(before['loaded_at'])} as {before['path']}"
    sha256 = file.inspected.sha256 if file.inspected else None
    return FileResult(file.document.name, before["kind"], sha256, 0, 0, "already", message)
