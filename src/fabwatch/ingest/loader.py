"""The loader: takes one file after the other; small tables wait for each other, all others are loaded by themselves."""

import logging
from dataclasses import replace

from fabwatch.ingest.commit import Aside
from fabwatch.ingest.group import SMALL, Group, Overtaken
from fabwatch.ingest.job import Loading, was_there
from fabwatch.ingest.ledger import Entry, Identified, identified
from fabwatch.ingest.log_loading import load_log
from fabwatch.ingest.reading import Count
from fabwatch.ingest.results import ResultGroup, load_one
from fabwatch.ingest.summary import FileResult, Status
from fabwatch.ingest.understanding import Candidate, Understanding
from fabwatch.sources.opening import CannotRead
from fabwatch.sources.reading import TableFile
from fabwatch.terms.errors import DiskFull, FabwatchError, StoreBusy
from fabwatch.terms.problems import OverBudget, Problem, ReadingFailed

LOGGER = logging.getLogger("fabwatch")


class Loader:
    """Loads the files of one call."""

    def __init__(self, loading: Loading, kind: str | None):
        self._loading, self._kind = loading, kind
        self._group = Group(loading)
        self._results = ResultGroup(loading)

    def load(self, candidate: Candidate) -> list[FileResult]:
        """Load a document; returns what became of it and of those that waited, or nothing where it waits too.

        Raises StoreBusy and DiskFull.
        """
        try:
            joined = self._joins(candidate)
        except CannotRead as stop:
            return [*self.finish(), self._failed(Understanding(candidate.document, None, problem=stop.problem))]
        if not joined:
            return [*self.finish(), self._alone(candidate)]
        return self.finish() if self._group.is_full or self._results.is_full else []

    def finish(self) -> list[FileResult]:
        """Store the files that wait; returns what became of them. Raises StoreBusy and DiskFull."""
        tables, self._group = self._group, Group(self._loading)
        results, self._results = self._results, ResultGroup(self._loading)
        with tables:
            stored = self._committed(tables)
        return [*self._or_each(tables, stored), *self._or_each(results, self._committed(results))]

    def _committed(self, group: Group | ResultGroup) -> list[FileResult] | None:
        """What became of the files of a group; None where one of them is the reason that nothing of any is stored."""
        try:
            return group.commit()
        except (StoreBusy, DiskFull):
            raise
        except Exception as fault:
            if isinstance(fault, FabwatchError) and not self._loading.lake.is_well():
                raise
            LOGGER.debug("files together", exc_info=True)
        return None

    def _or_each(self, group: Group | ResultGroup, stored: list[FileResult] | None) -> list[FileResult]:
        """What became of the files of a group; where they could not be stored together, of each by itself."""
        if stored is not None:
            return stored
        self._loading.ledger.look_again()
        return [entry if isinstance(entry, FileResult) else self._alone(entry.candidate) for entry in group.entries]

    def _joins(self, candidate: Candidate) -> bool:
        """Read a small table or file of results, so that it waits with others; false for any other file, and for what cannot
        be read.

        Raises CannotRead for one that takes too long: it would take as long again.
        """
        if self._loading.again or not _is_small(candidate) or not (candidate.table or candidate.has_results):
            return False
        group, other = (self._results, self._group) if candidate.has_results else (self._group, self._results)
        if other.entries:
            # What became of files is said in their order.
            return False
        try:
            seen = self._loading.understood(candidate, self._kind)
            file = identified(seen)
            if seen.problem is not None or seen.log is not None or group.has(file):
                return False
            before = self._loading.ledger.already(file)
            if before is not None:
                self._loading.cleared(file, ())
                group.entries.append(was_there(file, before))
                return True
            return self._read(candidate, file, seen)
        except (StoreBusy, DiskFull):
            raise
        except Exception as fault:
            if isinstance(fault, CannotRead) and fault.problem.rule is OverBudget:
                raise
            # Loaded by itself it says what is wrong with it.
            return False

    def _read(self, candidate: Candidate, file: Identified, seen: Understanding) -> bool:
        """Read a file into its group; false for one that cannot wait there. Raises CannotRead."""
        if candidate.has_results:
            return seen.results is not None and self._results.add(candidate, file, seen.results)
        if seen.table is None:
            return False
        self._group.add(candidate, file, seen.table)
        self._loading.ledger.expect(seen.table.mapping.kind.table.name, seen.table.header)
        return True

    def _alone(self, candidate: Candidate) -> FileResult:
        """Load one document by itself: whatever is wrong with it is its own failure. Raises StoreBusy and DiskFull."""
        try:
            return self._loaded(candidate)
        except (StoreBusy, DiskFull):
            raise
        except CannotRead as stop:
            problem = stop.problem
        except Exception as fault:
            # A fault of the fab itself is everybody's; any other is this file's.
            if isinstance(fault, FabwatchError) and not self._loading.lake.is_well():
                raise
            LOGGER.debug("%s", candidate.document.name, exc_info=True)
            if isinstance(fault, FabwatchError):
                # Its own way out leads further than that of a file that nobody can read.
                problem = Problem(ReadingFailed, fault.what[:400], hint=fault.hint)
            else:
                problem = Problem(ReadingFailed, f"{type(fault).__name__}: {fault}"[:400])
        return self._failed(Understanding(candidate.document, None, problem=problem))

    def _failed(self, seen: Understanding) -> FileResult:
        """Record a file that failed; where even that fails, say so at least."""
        try:
            return self._set_aside_whole(seen)
        except (StoreBusy, DiskFull):
            raise
        except Exception:
            if not self._loading.lake.is_well():
                raise
            LOGGER.warning("%s could not be entered in the ledger", seen.document.name, exc_info=True)
            return FileResult(seen.document.name, None, None, 0, 0, "failed", seen.message)

    def _loaded(self, candidate: Candidate) -> FileResult:
        loading = self._loading
        seen = self._loading.understood(candidate, self._kind)
        file = identified(seen)
        before = loading.ledger.already(file)
        if before and not loading.again:
            loading.cleared(file, ())
            return was_there(file, before)
        try:
            if seen.problem is None and seen.log is not None:
                return load_log(loading, file, seen.log)
            if seen.problem is None and seen.results is not None:
                return load_one(loading, candidate, file, seen.results)
            if seen.problem is None and seen.table is not None:
                return self._table(candidate, file, seen.table)
        except CannotRead as stop:
            seen = seen.refused(stop.problem)
        if before:
            # What was loaded stays: it is worth more than a reading that failed.
            return replace(was_there(file, before), status="failed", message=f"kept as it was read before: {seen.message}")
        return self._set_aside_whole(seen)

    def _table(self, candidate: Candidate, file: Identified, table: TableFile) -> FileResult:
        with Group(self._loading) as group:
            group.add(candidate, file, table)
            try:
                (result,) = group.commit()
            except Overtaken as other:
                return was_there(file, other.before)
            return result

    def _set_aside_whole(self, seen: Understanding) -> FileResult:
        """Record a file that is not loaded; if a statement in fab.toml is all it needs, copy it to the inbox."""
        document, problem = seen.document, seen.problem
        if problem is None:
            raise AssertionError(f"{document.name} has no problem, and was neither a table nor a log")
        file = identified(seen)
        count = 0
        if seen.waits and seen.table is not None:
            count = self._counted()
            self._loading.inbox.keep(file.load, document)
        status: Status = "inbox" if seen.waits else "failed"
        with self._loading.lake.writing():
            self._loading.ledger.refresh()
            waiting = self._loading.ledger.forget(self._loading.ledger.lines_of(file))
            aside = Aside(self._loading.lake)
            aside.add(
                file.load, document.name, seen.kind, [replace(problem, hint=seen.suggestion) if seen.suggestion else problem]
            )
            aside.commit()
            header = seen.table.header if seen.table else ()
            self._loading.ledger.enter([(file, Entry(status, seen.kind, header, set_aside=count, message=problem.why))])
        for load in waiting:
            if load != file.load:
                self._loading.inbox.clear(load)
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

    def _counted(self) -> int:
        """How many records a file has that waits; 0 where they cannot even be counted."""
        try:
            return self._loading.reader.one(Count(), int)
        except CannotRead:
            return 0


def _is_small(candidate: Candidate) -> bool:
    try:
        return candidate.document.path.stat().st_size <= SMALL
    except OSError:
        return False
