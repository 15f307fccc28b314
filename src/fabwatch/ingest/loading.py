"""Loading files: each is read, staged and committed by itself, so that stopping at any moment loses or doubles nothing."""

import hashlib
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from fabwatch.ingest.commit import Aside, Counts, Staging
from fabwatch.ingest.finding import Candidate, find
from fabwatch.ingest.inbox import Inbox
from fabwatch.ingest.logs import forget, known_stream, store
from fabwatch.ingest.summary import FileResult, IngestSummary, Status
from fabwatch.ingest.understanding import Understanding, preview, understand
from fabwatch.sources.header import KINDS
from fabwatch.sources.opening import CannotRead, Document, Inspected, inspect
from fabwatch.sources.reading import TableFile
from fabwatch.sources.toollog.reader import LogFile
from fabwatch.store.compact import compact_when_needed
from fabwatch.store.lake import Lake, Record
from fabwatch.terms.clock import SKEW, Clock, iso
from fabwatch.terms.errors import BadQuestion, nearest
from fabwatch.terms.problems import TornLine
from fabwatch.terms.settings import LOG
from fabwatch.terms.tables import BY_NAME
from fabwatch.terms.version import VERSION

Progress = Callable[[FileResult, int, int], None]
"""Called after each file with its result, how many are done, and how many there are."""
ID_LENGTH = 16


@dataclass(frozen=True)
class Entry:
    """How a file was read, for the ledger."""

    kind: str | None = None
    header: tuple[str, ...] = ()


class Ingest:
    """Loads files into one lake."""

    def __init__(self, lake: Lake, clock: Clock):
        self._lake = lake
        self._clock = clock
        self._inbox = Inbox(lake.folder)

    def load(
        self,
        paths: Sequence[Path],
        kind: str | None = None,
        dry_run: bool = False,
        again: bool = False,
        progress: Progress | None = None,
    ) -> IngestSummary:
        """Load files, folders and patterns. `kind` says what they are; `dry_run` only shows how they would be read.

        `again` loads files again that are there already, after fab.toml was changed; the rows of the earlier load are
        deleted in the same transaction. Raises NoSuchPath if a path matches nothing and BadQuestion for an unknown kind.
        """
        kinds = [*KINDS, LOG]
        if kind is not None and kind not in kinds:
            near = nearest(kind, kinds) or kinds
            raise BadQuestion(f"{kind!r} is not a kind of file.", f"use one of {', '.join(near)}")
        candidates = find(paths, self._lake.settings, kind)
        results = [
            FileResult(str(path), None, None, 0, 0, "failed", f"{problem.why}. hint: {problem.way_out}")
            for path, problem in candidates.unreadable
        ]
        total = len(candidates.documents) + len(results)
        for candidate in candidates.documents:
            results.append(self._look(candidate, kind) if dry_run else self._load(candidate, kind, again))
            if progress:
                progress(results[-1], len(results), total)
        if any(file.status == "loaded" for file in results):
            compact_when_needed(self._lake)
        return IngestSummary(tuple(results))

    def retry(self, progress: Progress | None = None) -> IngestSummary:
        """Try every file of the inbox again, after fab.toml was changed."""
        return self.load(self._inbox.files(), progress=progress) if self._inbox.files() else IngestSummary(())

    def waiting(self) -> list[Record]:
        """The files of the inbox: path, why they wait, and what to write into fab.toml."""
        return self._lake.rows(
            "SELECT p.load, p.path, p.why, p.hint AS suggestion FROM lake.loads l JOIN lake.problems p USING (load) "
            "WHERE l.status = 'inbox' ORDER BY l.loaded_at, p.path"
        )

    def _load(self, candidate: Candidate, kind: str | None, again: bool) -> FileResult:
        document = candidate.document
        try:
            inspected = inspect(document)
        except CannotRead as stop:
            return self._set_aside_whole(Understanding(document, None, problem=stop.problem))
        load = inspected.content[:ID_LENGTH]
        before = None if again else self._already(load)
        if before:
            self._inbox.clear(load)
            return _was_there(document, inspected, before)
        seen = understand(self._lake, candidate, inspected, kind)
        try:
            if seen.problem is None and seen.log is not None:
                return self._commit_log(document, inspected, load, seen.log, again)
            if seen.problem is None and seen.table is not None:
                return self._commit(document, inspected, load, seen.table, again)
        except CannotRead as stop:
            seen = seen.refused(stop.problem)
        return self._set_aside_whole(seen)

    def _look(self, candidate: Candidate, kind: str | None) -> FileResult:
        """What a dry run shows of one file: what a load would do, and five rows as read."""
        document = candidate.document
        try:
            inspected = inspect(document)
        except CannotRead as stop:
            seen = Understanding(document, None, problem=stop.problem)
            return FileResult(document.name, None, None, 0, 0, "failed", seen.message)
        seen, guess = preview(understand(self._lake, candidate, inspected, kind), self._clock() + SKEW)
        before = self._already(inspected.content[:ID_LENGTH])
        notes = [*(seen.log.notes if seen.log else seen.table.notes if seen.table else [])]
        return FileResult(
            document.name,
            seen.kind,
            inspected.sha256,
            0,
            0,
            "already" if before else seen.status,
            seen.message or "; ".join(notes),
            suggestion=seen.suggestion,
            guess=guess,
        )

    def _commit_log(self, document: Document, inspected: Inspected, load: str, log: LogFile, again: bool) -> FileResult:
        """Load a log; a known one continues where it was left."""
        with self._lake.writing():
            raced = self._already(load)
            if raced is not None and not again:
                return _was_there(document, inspected, raced)
            self._forget(load)
            stream = None if again else known_stream(self._lake, document, inspected)
            stored = store(self._lake, load, log, self._clock() + SKEW, stream)
            rules = stored.rules
            if inspected.torn is not None:
                stored.problems.append(inspected.torn)
            aside = Aside(self._lake, load, document.name, LOG)
            aside.add(stored.problems)
            aside.commit()
            if stream is not None:
                # The line that was cut when the log was last read is complete now.
                self._lake.ask(
                    "DELETE FROM lake.problems WHERE load = $load AND rule = $rule",
                    {"load": stream.load, "rule": TornLine.code},
                )
            shorter = self._waited(document, inspected)
            for before in shorter:
                self._forget(before)
            counts = Counts(rows=stored.rows)
            grown = [f"continued from byte {stream.read_to:,}"] if stream else []
            runs = f"{len(log.parts):,} runs, {len(stored.messages):,} messages"
            message = "; ".join([runs, *grown, *log.notes, *_counted(rules, 0)])
            entry = Entry(LOG, log.layout.header)
            self._enter(document, inspected, load, entry, "loaded", counts, rules.total(), message)
        for done in (load, *shorter):
            self._inbox.clear(done)
        return FileResult(
            document.name, LOG, inspected.sha256, stored.rows, rules.total(), "loaded", message, rules=dict(rules)
        )

    def _waited(self, document: Document, inspected: Inspected) -> list[str]:
        """Loads of the same file that waited in the inbox while it was too short to be recognised."""
        rows = self._lake.rows(
            "SELECT load FROM lake.loads WHERE status = 'inbox' AND path = $path AND bytes < $size",
            {"path": document.name, "size": inspected.size},
        )
        return [row["load"] for row in rows]

    def _commit(self, document: Document, inspected: Inspected, load: str, file: TableFile, again: bool) -> FileResult:
        staging = Staging(self._lake, load, document.name, file.mapping.kind)
        rules: Counter[str] = Counter()
        torn = inspected.torn
        for rows in file.rows(self._clock() + SKEW):
            staging.add(rows.table)
            staging.aside.add(list(rows.problems))
            rules.update(problem.rule.code for problem in rows.problems)
        if torn is not None:
            staging.aside.add([torn])
            # A cut line is already set aside; a tear between two lines counts as a row of its own.
            rules[torn.rule.code] += 1
        set_aside = rules.total() - (1 if torn is not None and rules[TornLine.code] else 0)
        counts = Counts()
        with self._lake.writing():
            raced = self._already(load)
            if raced is None or again:
                self._forget(load)
                staging.commit(counts)
                message = "; ".join([*file.notes, *_counted(rules, counts.parked)])
                entry = Entry(file.mapping.kind.table.name, file.header)
                self._enter(document, inspected, load, entry, "loaded", counts, set_aside + counts.parked, message)
        if raced is not None and not again:
            return _was_there(document, inspected, raced)
        self._inbox.clear(load)
        if counts.parked:
            rules["unknown_tool"] = counts.parked
        return FileResult(
            document.name,
            file.mapping.kind.table.name,
            inspected.sha256,
            counts.rows,
            set_aside + counts.parked,
            "loaded",
            message,
            counts.duplicates,
            dict(rules),
        )

    def _set_aside_whole(self, seen: Understanding) -> FileResult:
        """Record a file that is not loaded; if a statement in fab.toml is all it needs, copy it to the inbox."""
        document, inspected, problem = seen.document, seen.inspected, seen.problem
        if problem is None:
            raise AssertionError(f"{document.name} has no problem, and was neither a table nor a log")
        content = inspected.content if inspected else hashlib.sha256(document.name.encode()).hexdigest()
        load = content[:ID_LENGTH]
        suggestion, kind = seen.suggestion, seen.kind
        count = 0
        if seen.waits and seen.table is not None:
            count = seen.table.count()
            self._inbox.keep(load, document)
        status: Status = "inbox" if seen.waits else "failed"
        with self._lake.writing():
            self._forget(load)
            aside = Aside(self._lake, load, document.name, kind)
            aside.add([replace(problem, hint=suggestion) if suggestion else problem])
            aside.commit()
            entry = Entry(kind, seen.table.header) if seen.table else Entry()
            self._enter(document, inspected, load, entry, status, Counts(), count, problem.why)
        return FileResult(
            document.name,
            kind,
            inspected.sha256 if inspected else None,
            0,
            count,
            status,
            seen.message,
            rules={problem.rule.code: 1},
            suggestion=suggestion,
        )

    def _already(self, load: str) -> Record | None:
        rows = self._lake.rows(
            "SELECT path, kind, loaded_at FROM lake.loads WHERE load = $load AND status = 'loaded'", {"load": load}
        )
        return rows[0] if rows else None

    def _forget(self, load: str) -> None:
        """Delete what an earlier load of this content stored: its rows, its problems and its line in the ledger."""
        earlier = self._lake.ask("SELECT kind, rows FROM lake.loads WHERE load = $load", {"load": load}).fetchall()
        for kind, rows in earlier:
            if rows and kind == LOG:
                forget(self._lake, load)
            elif rows:
                self._lake.ask(f"DELETE FROM lake.{BY_NAME[kind].name} WHERE load = $load", {"load": load})
        if earlier:
            self._lake.ask("DELETE FROM lake.loads WHERE load = $load", {"load": load})
            self._lake.ask("DELETE FROM lake.problems WHERE load = $load", {"load": load})

    def _enter(
        self,
        document: Document,
        inspected: Inspected | None,
        load: str,
        entry: Entry,
        status: str,
        counts: Counts,
        set_aside: int,
        message: str,
    ) -> None:
        row: dict[str, str | int | datetime | None] = {
            "load": load,
            "path": document.name,
            "sha256": inspected.sha256 if inspected else None,
            "content": inspected.content if inspected else "",
            "kind": entry.kind,
            "status": status,
            "bytes": inspected.size if inspected else None,
            "rows": counts.rows,
            "duplicates": counts.duplicates,
            "set_aside": set_aside,
            "header": "\t".join(entry.header) or None,
            "message": message,
            "loaded_at": self._clock(),
            "version": VERSION,
        }
        names = ", ".join(row)
        values = ", ".join(f"${name}" for name in row)
        self._lake.ask(f"INSERT INTO lake.loads ({names}) VALUES ({values})", row)


def _was_there(document: Document, inspected: Inspected, before: Record) -> FileResult:
    message = f"already loaded on {iso(before['loaded_at'])} as {before['path']}"
    return FileResult(document.name, before["kind"], inspected.sha256, 0, 0, "already", message)


def _counted(rules: Counter[str], parked: int) -> list[str]:
    counts = {**rules, **({"unknown_tool": parked} if parked else {})}
    return ["set aside: " + ", ".join(f"{count} {rule}" for rule, count in counts.items())] if counts else []
