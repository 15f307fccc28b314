"""Loading files: each is read, staged and committed by itself, so that stopping at any moment loses or doubles nothing."""

import logging
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from fabwatch.ingest.commit import Aside
from fabwatch.ingest.due import admit_due
from fabwatch.ingest.finding import Candidates, find
from fabwatch.ingest.inbox import Inbox
from fabwatch.ingest.job import Loading, was_there
from fabwatch.ingest.ledger import Entry, Ledger, identified
from fabwatch.ingest.log_loading import load_log
from fabwatch.ingest.reader import reader
from fabwatch.ingest.reading import Count, Preview, Understand
from fabwatch.ingest.renaming import compared
from fabwatch.ingest.summary import FileResult, IngestSummary, Status
from fabwatch.ingest.table_loading import load_table
from fabwatch.ingest.understanding import Candidate, Understanding
from fabwatch.sources.header import KINDS
from fabwatch.sources.opening import CannotRead, visible
from fabwatch.store.compact import compact_when_needed
from fabwatch.store.lake import Lake, Record
from fabwatch.terms.clock import SKEW, Clock
from fabwatch.terms.errors import BadQuestion, DiskFull, FabwatchError, StoreBusy, nearest
from fabwatch.terms.problems import Problem, ReadingFailed
from fabwatch.terms.settings import LOG

Progress = Callable[[FileResult, int, int], None]
"""Called after each file with its result, how many are done, and how many there are."""
LOGGER = logging.getLogger("fabwatch")


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
        results = [
            FileResult(visible(str(path)), None, None, 0, 0, "failed", f"{problem.why}. hint: {problem.way_out}")
            for path, problem in candidates.unreadable
        ]
        total = len(candidates.documents) + len(results)
        admitted = 0 if dry_run else admit_due(self._lake, self._clock() + SKEW)
        for candidate in map(self._with_origin, candidates.documents):
            look = self._look if dry_run else self._load
            results.append(look(loading, candidate, kind))
            if progress:
                progress(results[-1], len(results), total)
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

    def _load(self, loading: Loading, candidate: Candidate, kind: str | None) -> FileResult:
        """Load one document: whatever is wrong with it is its own failure. Raises StoreBusy and DiskFull."""
        try:
            return self._understood(loading, candidate, kind)
        except (StoreBusy, DiskFull):
            raise
        except CannotRead as stop:
            problem = stop.problem
        except Exception as fault:
            # A fault of the fab itself is everybody's; any other is this file's.
            if isinstance(fault, FabwatchError) and not self._lake.is_well():
                raise
            LOGGER.debug("%s", candidate.document.name, exc_info=True)
            what = fault.what if isinstance(fault, FabwatchError) else f"{type(fault).__name__}: {fault}"
            problem = Problem(ReadingFailed, what[:400])
        return self._failed(loading, Understanding(candidate.document, None, problem=problem))

    def _failed(self, loading: Loading, seen: Understanding) -> FileResult:
        """Record a file that failed; where even that fails, say so at least."""
        try:
            return self._set_aside_whole(loading, seen)
        except (StoreBusy, DiskFull):
            raise
        except Exception:
            if not self._lake.is_well():
                raise
            LOGGER.warning("%s could not be entered in the ledger", seen.document.name, exc_info=True)
            return FileResult(seen.document.name, None, None, 0, 0, "failed", seen.message)

    def _understood(self, loading: Loading, candidate: Candidate, kind: str | None) -> FileResult:
        seen = loading.reader.one(Understand(candidate, self._lake.settings, kind), Understanding)
        seen = compared(self._lake, seen)
        file = identified(seen)
        before = self._ledger.already(file)
        if before and not loading.again:
            loading.cleared(file, ())
            return was_there(file, before)
        try:
            if seen.problem is None and seen.log is not None:
                return load_log(loading, file, seen.log)
            if seen.problem is None and seen.table is not None:
                return load_table(loading, file, seen.table)
        except CannotRead as stop:
            seen = seen.refused(stop.problem)
        if before:
            # What was loaded stays: it is worth more than a reading that failed.
            return replace(was_there(file, before), status="failed", message=f"kept as it was read before: {seen.message}")
        return self._set_aside_whole(loading, seen)

    def _look(self, loading: Loading, candidate: Candidate, kind: str | None) -> FileResult:
        """What a dry run shows of one file: what a load would do, and five rows as read."""
        guess, before = None, None
        try:
            seen = loading.reader.one(Understand(candidate, self._lake.settings, kind), Understanding)
            seen = compared(self._lake, seen)
            before = self._ledger.already(identified(seen))
            if seen.problem is None or seen.waits:
                previewed, guess = loading.reader.one(Preview(self._clock() + SKEW), tuple)
                # What a comparison with earlier files has found is not known to the reader.
                seen = previewed if seen.problem is None else seen
        except CannotRead as stop:
            seen = Understanding(candidate.document, None, problem=stop.problem)
        notes = [*(seen.log.notes if seen.log else seen.table.notes if seen.table else [])]
        return FileResult(
            candidate.document.name,
            seen.kind,
            seen.inspected.sha256 if seen.inspected else None,
            0,
            0,
            "already" if before else seen.status,
            seen.message or "; ".join(notes),
            suggestion=seen.suggestion,
            guess=guess,
        )

    def _set_aside_whole(self, loading: Loading, seen: Understanding) -> FileResult:
        """Record a file that is not loaded; if a statement in fab.toml is all it needs, copy it to the inbox."""
        document, problem = seen.document, seen.problem
        if problem is None:
            raise AssertionError(f"{document.name} has no problem, and was neither a table nor a log")
        file = identified(seen)
        count = 0
        if seen.waits and seen.table is not None:
            count = self._counted(loading)
            self._inbox.keep(file.load, document)
        status: Status = "inbox" if seen.waits else "failed"
        with self._lake.writing():
            waiting = self._ledger.forget(self._ledger.lines_of(file))
            aside = Aside(self._lake, file.load, document.name, seen.kind)
            aside.add([replace(problem, hint=seen.suggestion) if seen.suggestion else problem])
            aside.commit()
            header = seen.table.header if seen.table else ()
            self._ledger.enter(file, Entry(status, seen.kind, header, set_aside=count, message=problem.why))
        for load in waiting:
            if load != file.load:
                self._inbox.clear(load)
        return FileResult(
            document.name,
            seen.kind,
            seen.inspected.sha256 if seen.inspected else None,
            0,
            count,
            status,
            seen.message,
            rules={problem.rule.code: 1},
            suggestion=seen.suggestion,
        )

    @staticmethod
    def _counted(loading: Loading) -> int:
        """How many records a file has that waits; 0 where they cannot even be counted."""
        try:
            return loading.reader.one(Count(), int)
        except CannotRead:
            return 0
