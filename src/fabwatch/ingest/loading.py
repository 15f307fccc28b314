"""Loading files: each is read, staged and committed by itself, so that a stop at any moment loses and doubles nothing."""

import hashlib
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from fabwatch.ingest.commit import Aside, Counts, Staging
from fabwatch.ingest.finding import find
from fabwatch.ingest.inbox import Inbox
from fabwatch.ingest.logs import forget, known_stream, store
from fabwatch.ingest.summary import FileResult, IngestSummary
from fabwatch.sources.header import KINDS, Mapping, recognise, suggest
from fabwatch.sources.opening import CannotRead, Document, Inspected, inspect
from fabwatch.sources.reading import TableFile, header_of, open_table
from fabwatch.sources.toollog.reader import LogFile, open_log
from fabwatch.store.compact import compact_when_needed
from fabwatch.store.lake import Lake
from fabwatch.terms.answers import plain
from fabwatch.terms.clock import SKEW, Clock, iso
from fabwatch.terms.errors import BadQuestion, nearest
from fabwatch.terms.problems import MissingColumns, Problem, RenamedColumn, TornLine, Undecided, UnknownColumns
from fabwatch.terms.settings import LOG
from fabwatch.terms.tables import BY_NAME
from fabwatch.terms.version import VERSION

Progress = Callable[[FileResult, int, int], None]
"""Called after each file with its result, how many are done, and how many there are."""
ID_LENGTH = 16
HEADER_SHOWN = 120


@dataclass(frozen=True)
class Entry:
    """What the ledger says of how a file was understood."""

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
        """Load files, folders and patterns. `kind` says what they are; `dry_run` only shows what was understood.

        `again` reads files anew that are there already, after fab.toml was mended: what they brought before goes in the
        same transaction. Raises NoSuchPath for a path that leads nowhere and BadQuestion for an unknown kind.
        """
        kinds = [*KINDS, LOG]
        if kind is not None and kind not in kinds:
            near = nearest(kind, kinds) or kinds
            raise BadQuestion(f"No kind of file {kind!r}.", f"use one of {', '.join(near)}")
        found = find(paths, self._lake.settings, kind)
        results = [FileResult(str(p), None, None, 0, 0, "failed", problem.why) for p, problem in found.unreadable]
        total = len(found.documents) + len(results)
        for document in found.documents:
            results.append(self._look(document, kind) if dry_run else self._load(document, kind, again))
            if progress:
                progress(results[-1], len(results), total)
        if not dry_run:
            compact_when_needed(self._lake)
        return IngestSummary(tuple(results))

    def retry(self, progress: Progress | None = None) -> IngestSummary:
        """Try every file of the inbox again, after fab.toml was mended."""
        return self.load(self._inbox.files(), progress=progress) if self._inbox.files() else IngestSummary(())

    def waiting(self) -> list[dict[str, Any]]:
        """The files of the inbox: path, why they wait, and what to write into fab.toml."""
        return self._lake.rows(
            "SELECT p.load, p.path, p.why, p.hint AS suggestion FROM lake.loads l JOIN lake.problems p USING (load) "
            "WHERE l.status = 'inbox' ORDER BY l.loaded_at, p.path"
        )

    def _load(self, document: Document, kind: str | None, again: bool) -> FileResult:
        try:
            inspected = inspect(document)
        except CannotRead as stop:
            load = hashlib.sha256(document.name.encode()).hexdigest()[:ID_LENGTH]
            return self._set_aside_whole(document, None, load, None, stop.problem)
        load = inspected.content[:ID_LENGTH]
        before = None if again else self._already(load)
        if before:
            self._inbox.clear(load)
            return _was_there(document, inspected, before)
        file: TableFile | None = None
        try:
            log = self._log(document, inspected, kind)
            if log is not None:
                return self._commit_log(document, inspected, load, log, again)
            file = self._opened(document, inspected, kind)
            return self._commit(document, inspected, load, file, again)
        except CannotRead as stop:
            return self._set_aside_whole(document, inspected, load, file, stop.problem)

    def _log(self, document: Document, inspected: Inspected, kind: str | None) -> LogFile | None:
        """The file as a tool log, when it is stated to be one, or when it looks like one and like no table.

        Raises CannotRead for one that is stated to be a log and is none.
        """
        _, stated = self._lake.settings.source_of(document.file_name)
        wanted = kind or stated.kind
        if wanted not in (None, LOG):
            return None
        if wanted is None:
            mapping = header_of(document, inspected, stated)
            if mapping is not None and mapping.fits:
                return None
        log = open_log(document, inspected, stated)
        if log is None and wanted == LOG:
            raise CannotRead(Problem(UnknownColumns, "this reads as no tool log", hint="fabwatch log explain FILE says why"))
        if log is not None and (lacking := log.lacking()):
            raise CannotRead(Problem(MissingColumns, f"without {', '.join(lacking)}, which fab.toml expects"))
        if log is None or (wanted is None and not log.is_sure(len(mapping.columns) if mapping else 0)):
            return None
        return log

    def _commit_log(self, document: Document, inspected: Inspected, load: str, log: LogFile, again: bool) -> FileResult:
        """Take a log in; one that is known goes on where it was left."""
        with self._lake.writing():
            raced = self._already(load)
            if raced is not None and not again:
                return _was_there(document, inspected, raced)
            self._forget(load)
            stream = None if again else known_stream(self._lake, document, inspected)
            taken = store(self._lake, load, log, self._clock() + SKEW, stream)
            rules = taken.rules
            if inspected.torn is not None:
                taken.problems.append(inspected.torn)
            aside = Aside(self._lake, load, document.name, LOG)
            aside.add(taken.problems)
            aside.commit()
            if stream is not None:
                # The line that was cut when the log was last read has been read whole now.
                self._lake.ask(
                    "DELETE FROM lake.problems WHERE load = $load AND rule = $rule",
                    {"load": stream.load, "rule": TornLine.code},
                )
            shorter = self._waited(document, inspected)
            for before in shorter:
                self._forget(before)
            counts = Counts(rows=taken.rows)
            grown = [f"goes on from byte {stream.read_to:,}"] if stream else []
            runs = f"{len(log.parts):,} runs, {len(taken.said):,} messages"
            message = "; ".join([runs, *grown, *log.notes, *_counted(rules, 0)])
            entry = Entry(LOG, log.layout.header)
            self._enter(document, inspected, load, entry, "loaded", counts, rules.total(), message)
        for done in (load, *shorter):
            self._inbox.clear(done)
        return FileResult(
            document.name, LOG, inspected.sha256, taken.rows, rules.total(), "loaded", message, rules=dict(rules)
        )

    def _waited(self, document: Document, inspected: Inspected) -> list[str]:
        """Loads of the same file that waited while there was too little of it to be understood."""
        rows = self._lake.rows(
            "SELECT load FROM lake.loads WHERE status = 'inbox' AND path = $path AND bytes < $size",
            {"path": document.name, "size": inspected.size},
        )
        return [row["load"] for row in rows]

    def _opened(self, document: Document, inspected: Inspected, kind: str | None) -> TableFile:
        _, stated = self._lake.settings.source_of(document.file_name)
        file = open_table(document, inspected, stated, kind)
        if not file.mapping.fits:
            raise CannotRead(_unplaced(file))
        renamed = self._renamed(file)
        if renamed:
            raise CannotRead(renamed)
        if file.mapping.unused:
            file.notes.append(f"not used: {', '.join(file.mapping.unused[:8])}")
        if "qual_type" in file.mapping.kind.defaults and "qual_type" not in file.mapping.columns:
            file.notes.append('no column names the qual type: all are called "qual"')
        return file

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
            # The cut line is already set aside; a tear between two lines counts as one by itself.
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

    def _set_aside_whole(
        self, document: Document, inspected: Inspected | None, load: str, file: TableFile | None, problem: Problem
    ) -> FileResult:
        """Keep note of a file that is not loaded; one that only lacks a word of the user is kept in the inbox."""
        waits = problem.rule in (UnknownColumns, RenamedColumn, Undecided) and inspected is not None
        source, stated = self._lake.settings.source_of(document.file_name)
        suggestion = None
        count = 0
        if waits and inspected is not None and file is None:
            try:
                file = open_table(document, inspected, stated)
            except CannotRead as deeper:
                # What cannot even be read as a table cannot be helped by a word of the user.
                problem, waits = deeper.problem, False
        if waits and inspected is not None and file is not None:
            count = file.count()
            block = suggest(file.mapping).toml(source or _source_name(document), document.file_name)
            suggestion = "\n".join([block, problem.hint]) if problem.hint else block
            problem = replace(problem, hint=suggestion)
            self._inbox.keep(load, document)
        kind = file.mapping.kind if file else KINDS["moves"]
        with self._lake.writing():
            self._forget(load)
            aside = Aside(self._lake, load, document.name, kind.table.name)
            aside.add([problem])
            aside.commit()
            entry = Entry(kind.table.name, file.header) if file else Entry()
            self._enter(document, inspected, load, entry, "inbox" if waits else "failed", Counts(), count, problem.why)
        return FileResult(
            document.name,
            kind.table.name if file else None,
            inspected.sha256 if inspected else None,
            0,
            count,
            "inbox" if waits else "failed",
            f"{problem.why}. hint: {problem.rule.hint}",
            rules={problem.rule.code: 1},
            suggestion=suggestion,
        )

    def _look(self, document: Document, kind: str | None) -> FileResult:
        """What a dry run shows of one file: the mapping, how sure it is, and five rows as read."""
        try:
            inspected = inspect(document)
            _, stated = self._lake.settings.source_of(document.file_name)
            file = open_table(document, inspected, stated, kind)
            first = next(iter(file.rows(self._clock() + SKEW))) if file.mapping.fits else None
        except CannotRead as stop:
            message = f"{stop.problem.why}. hint: {stop.problem.way_out}"
            return FileResult(document.name, None, None, 0, 0, "failed", message)
        mapping = file.mapping
        names = [column.name for column in mapping.kind.columns]
        guess = {
            "sure": mapping.sure,
            "columns": {name: file.header[position] for name, position in mapping.columns.items()},
            "unused": list(mapping.unused),
            "lacking": [*mapping.lacking, *mapping.twice],
            "rows": plain(first.table.select(names).slice(0, 5).to_pylist()) if first else [],
        }
        source = self._lake.settings.source_of(document.file_name)[0] or _source_name(document)
        suggestion = None if mapping.fits else suggest(mapping).toml(source, document.file_name)
        status = "would load" if mapping.fits else "inbox"
        name = mapping.kind.table.name
        return FileResult(
            document.name,
            name,
            inspected.sha256,
            0,
            0,
            "already" if self._already(inspected.content[:ID_LENGTH]) else status,  # type: ignore[arg-type]
            "; ".join(file.notes),
            suggestion=suggestion,
            guess=guess,
        )

    def _already(self, load: str) -> dict[str, Any] | None:
        found = self._lake.rows(
            "SELECT path, kind, loaded_at FROM lake.loads WHERE load = $load AND status = 'loaded'", {"load": load}
        )
        return found[0] if found else None

    def _forget(self, load: str) -> None:
        """Take back what an earlier try at this content left: its rows, its problems and its line in the ledger."""
        kinds = self._lake.ask("SELECT kind FROM lake.loads WHERE load = $load AND rows > 0", {"load": load}).fetchall()
        for (kind,) in kinds:
            if kind == LOG:
                forget(self._lake, load)
                continue
            self._lake.ask(f"DELETE FROM lake.{BY_NAME[kind].name} WHERE load = $load", {"load": load})
        if self._lake.ask("SELECT 1 FROM lake.loads WHERE load = $load", {"load": load}).fetchall():
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

    def _renamed(self, file: TableFile) -> Problem | None:
        """A problem when a column that the last file of this header had is gone and an unknown one is there instead."""
        found = self._lake.rows(
            "SELECT header FROM lake.loads WHERE status = 'loaded' AND kind = $kind ORDER BY loaded_at DESC LIMIT 20",
            {"kind": file.mapping.kind.table.name},
        )
        for row in found:
            before = row["header"].split("\t")
            if len(set(before) & set(file.header)) >= 0.6 * len(set(before) | set(file.header)):
                return _replaced(recognise(before, file.stated, file.mapping.kind.table.name), before, file)
        return None


def _replaced(before: Mapping, header: list[str], file: TableFile) -> Problem | None:
    gone = [name for name in before.columns if name not in file.mapping.columns]
    new = [name for name in file.mapping.unused if name not in header]
    if gone and not new:
        file.notes.append(f"without {', '.join(gone)}, which earlier files of this header have")
    if not gone or not new:
        return None
    old = ", ".join(header[before.columns[name]] for name in gone)
    stated = ", ".join(f'{name} = "{new[0]}"' for name in gone[:1])
    hint = f"columns = {{ {stated} }}   # or, if {new[0]} is something else: ignore = {new}"
    return Problem(RenamedColumn, f"{old} is gone and {', '.join(new)} is new", hint=hint)


def _was_there(document: Document, inspected: Inspected, before: dict[str, Any]) -> FileResult:
    message = f"already loaded on {iso(before['loaded_at'])} as {before['path']}"
    return FileResult(document.name, before["kind"], inspected.sha256, 0, 0, "already", message)


def _unplaced(file: TableFile) -> Problem:
    mapping = file.mapping
    header = ", ".join(file.header)
    seen = header if len(header) <= HEADER_SHOWN else header[:HEADER_SHOWN] + " …"
    parts = [f"as {mapping.kind.table.name} it lacks {', '.join(mapping.lacking)}"] if mapping.lacking else []
    said = "; ".join([*parts, *mapping.twice]) if mapping.columns else f"none of its columns is one of {', '.join(KINDS)}"
    return Problem(UnknownColumns, f"header not recognised ({seen}): {said}")


def _source_name(document: Document) -> str:
    stem = document.file_name.split(".")[0]
    return "".join(sign if sign.isalnum() else "_" for sign in stem).rstrip("_0123456789") or "files"


def _counted(rules: Counter[str], parked: int) -> list[str]:
    counts = {**rules, **({"unknown_tool": parked} if parked else {})}
    return ["set aside: " + ", ".join(f"{count} {rule}" for rule, count in counts.items())] if counts else []
