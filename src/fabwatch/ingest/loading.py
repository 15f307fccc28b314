"""Loading files: each is stored whole or not at all, so that stopping at any moment loses or doubles nothing."""

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

from fabwatch.ingest.dry_run import look
from fabwatch.ingest.due import admit_due
from fabwatch.ingest.finding import Candidates, find
from fabwatch.ingest.inbox import Inbox
from fabwatch.ingest.job import Loading
from fabwatch.ingest.ledger import Ledger
from fabwatch.ingest.loader import Loader
from fabwatch.ingest.progress import Meter, Progress
from fabwatch.ingest.reader import reader
from fabwatch.ingest.summary import FileResult, IngestSummary, not_opened
from fabwatch.ingest.understanding import Candidate
from fabwatch.sources.header import KINDS
from fabwatch.sources.opening import Document
from fabwatch.store.compact import compact_when_needed
from fabwatch.store.lake import Lake, Record
from fabwatch.terms.clock import SKEW, Clock
from fabwatch.terms.errors import BadQuestion, nearest
from fabwatch.terms.settings.files import LOG


class Ingest:
    """Loads files into one lake."""

    def __init__(self, lake: Lake, clock: Clock):
        self._lake = lake
        self._clock = clock
        self._inbox = Inbox(lake.folder)
        self._ledger = Ledger(lake, clock)

    def load(
        self,
        paths: Sequence[Path],
        kind: str | None = None,
        dry_run: bool = False,
        again: bool = False,
        progress: Progress | None = None,
        within: Path | None = None,
    ) -> IngestSummary:
        """Load files, folders and patterns. `kind` says what they are; `dry_run` only shows how they would be read.

        `again` loads files again that are there already, after fab.toml was changed; the rows of the earlier load are
        replaced in the same transaction. A link that leads out of the folder `within` is not followed. Raises NoSuchPath
        if a path matches nothing and BadQuestion for an unknown kind.
        """
        kinds = [*KINDS, LOG]
        if kind is not None and kind not in kinds:
            near = nearest(kind, kinds) or kinds
            raise BadQuestion(f"{kind!r} is not a kind of file.", f"use one of {', '.join(near)}")
        with reader() as reading:
            candidates = find(reading, paths, self._lake.settings, kind, within)
            loading = Loading(self._lake, self._ledger, self._inbox, reading, self._clock, again)
            return self._load_all(loading, candidates, kind, dry_run, progress)

    def retry(self, progress: Progress | None = None) -> IngestSummary:
        """Try every file of the inbox again, after fab.toml was changed."""
        return self.load(self._inbox.files(), progress=progress) if self._inbox.files() else IngestSummary(())

    def admit_due(self) -> int:
        """Store rows whose time has come; returns how many of logs there were."""
        return admit_due(self._lake, self._clock() + SKEW)

    def forget(self, load: str) -> None:
        """Take a file that waits out of the ledger. Call it inside `lake.writing()`, and `clear` once that is committed."""
        self._ledger.forget_load(load)

    def clear(self, load: str) -> None:
        """Delete the copy of a file that waited."""
        self._inbox.clear(load)

    def waiting(self) -> list[Record]:
        """The files of the inbox: path, why they wait, and what to write into fab.toml."""
        return self._lake.rows(
            "SELECT p.load, p.path, p.why, p.hint AS suggestion FROM lake.loads l JOIN lake.problems p USING (load) "
            "WHERE l.status = 'inbox' ORDER BY l.loaded_at, p.path"
        )

    def _load_all(
        self, loading: Loading, candidates: Candidates, kind: str | None, dry_run: bool, progress: Progress | None
    ) -> IngestSummary:
        results = [not_opened(path, problem) for path, problem in candidates.unreadable]
        meter = Meter(progress, [candidate.document for candidate in candidates.documents], len(results))
        begun: deque[Document] = deque()

        def tell(some: Iterable[FileResult]) -> None:
            for result in some:
                results.append(result)
                meter.done(begun.popleft(), result)

        admitted = 0 if dry_run else admit_due(self._lake, self._clock() + SKEW)
        loader = Loader(loading, kind)
        for candidate in map(self._with_origin, _taken(candidates.documents)):
            begun.append(candidate.document)
            loading.reader.told = partial(meter.part, candidate.document)
            tell([look(loading, candidate, kind)] if dry_run else loader.load(candidate))
        tell(loader.finish())
        if any(file.status == "loaded" for file in results):
            compact_when_needed(self._lake, self._clock())
        return IngestSummary(tuple(results), admitted)

    def _with_origin(self, candidate: Candidate) -> Candidate:
        """A file of the inbox under the name with which it came, by which it is known again when it grows."""
        load = self._inbox.load_of(candidate.document.path)
        if load is None:
            return candidate
        rows = self._lake.rows("SELECT path FROM lake.loads WHERE load = $load", {"load": load})
        origin = rows[0]["path"] if rows else ""
        return replace(candidate, document=replace(candidate.document, origin=origin))


def _taken(documents: list[Candidate]) -> Iterator[Candidate]:
    """The documents in order; each is let go of, because there may be a hundred thousand."""
    documents.reverse()
    while documents:
        yield documents.pop()
