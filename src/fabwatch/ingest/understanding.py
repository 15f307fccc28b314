"""What kind of file a document is, decided once: a dry run shows it, and a load acts on it."""

import itertools
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from fabwatch.ingest.summary import Status
from fabwatch.sources.header import KINDS, READ_FIRST, source_lines, suggest
from fabwatch.sources.opening import PIECE, CannotRead, Document, Inspected
from fabwatch.sources.reading import Described, TableFile, open_table
from fabwatch.sources.result_file import ResultFile, shown
from fabwatch.sources.results import begins_results, open_results
from fabwatch.sources.toollog.explaining import explained
from fabwatch.sources.toollog.reader import LogFile
from fabwatch.sources.toollog.recognising import open_log
from fabwatch.terms.answers import Json, plain
from fabwatch.terms.problems import MissingColumns, Problem, RenamedColumn, Undecided, UnknownColumns, Unreadable
from fabwatch.terms.settings import Settings
from fabwatch.terms.settings.files import LOG, SourceSettings
from fabwatch.terms.toml import is_toml

HEADER_SHOWN = 120
ROWS_SHOWN = 5
LOG_COLUMNS = '# still open: which columns are what, as in columns = { time = "…", wafer = "…", step = "…" }'
ANY_KIND = f'# still open: what it is: "log" for values over time, or a table of {", ".join(KINDS)}'
WAITING = (UnknownColumns, RenamedColumn, Undecided)
"""Problems that a statement in fab.toml solves: such a file waits in the inbox."""


@dataclass(frozen=True)
class Candidate:
    """A document, and the table that its first bytes look like; None if they look like no table."""

    document: Document
    table: TableFile | None = None
    has_results: bool = False
    """Whether its first bytes are those of a file of results."""

    @property
    def rank(self) -> tuple[int, str]:
        """Its place in the order of reading: tools first, then other tables, and documents that are not tables last."""
        place = len(READ_FIRST) if self.table is None else READ_FIRST.index(self.table.mapping.kind.table.name)
        return place, self.document.name


def candidate(document: Document, settings: Settings, kind: str | None) -> Candidate:
    """A document with the table that its first bytes show. The header is recognised here, and not again when loading."""
    try:
        start = next(document.pieces(), b"")[:PIECE]
        if kind is None and begins_results(start):
            return Candidate(document, has_results=True)
        peek = Inspected("", "", "", len(start), start[: 1 << 16], utf8=True, quotes=b'"' in start, torn=None)
        return Candidate(document, open_table(document, peek, settings.source_of(document.file_name)[1], kind))
    except Exception:  # noqa: BLE001 - what is wrong shows once the file itself is read
        return Candidate(document)


@dataclass(frozen=True)
class Understanding:
    """A document as a table or as a log, or the problem why it is neither."""

    document: Document
    inspected: Inspected | None
    """None if it cannot be opened."""
    source: str = ""
    """A name for a source of this file alone."""
    stated: SourceSettings = field(default_factory=SourceSettings)
    """What fab.toml states of it."""
    table: TableFile | None = None
    """The table that it is, or the nearest one."""
    log: LogFile | None = None
    results: ResultFile | None = None
    """The file of test results, of a map or of defects that it is."""
    problem: Problem | None = None
    stated_log: bool = False
    """True if the user states that it is a tool log, or if only its numbers are in doubt."""
    stated_kind: str | None = None
    """The kind that the user states."""

    @property
    def kind(self) -> str | None:
        """The kind of file; None if it is none that can be read."""
        if self.results is not None:
            return self.results.format
        if self.log is not None or (self.stated_log and self.table is not None):
            return LOG
        return None if self.table is None else self.table.mapping.kind.table.name

    @property
    def notes(self) -> list[str]:
        """What is to be said about how it is read."""
        file = self.results or self.log or self.table
        return [] if file is None else file.notes

    @property
    def waits(self) -> bool:
        """True for a file that a statement in fab.toml would make readable."""
        return self.problem is not None and self.problem.rule in WAITING and self.table is not None

    @property
    def status(self) -> Status:
        """What would become of the file, as a dry run says it."""
        return "would load" if self.problem is None else "inbox" if self.waits else "failed"

    @property
    def suggestion(self) -> str | None:
        """Lines for fab.toml, for a file that waits."""
        if not self.waits or self.table is None or self.problem is None:
            return None
        file_name, hint = self.document.file_name, self.problem.hint
        if self.stated_log:
            block = source_lines(self.source, file_name, {**self.stated.as_stated(), "kind": LOG})
            return f"{block}\n{hint if hint and is_toml(hint) else LOG_COLUMNS}"
        suggestion = suggest(self.table.mapping, self.table.header, self.table.first_rows())
        if not self.table.mapping.is_likely and not suggestion.columns and self.stated_kind is None:
            # Nothing of it is known: then a list of what a table would need leads nowhere.
            block = source_lines(self.source, file_name, {**self.stated.as_stated(), "kind": LOG})
            return f"{block}\n{ANY_KIND}\n{LOG_COLUMNS}"
        block = suggestion.toml(self.source, file_name, self.stated)
        if not hint:
            return block
        return f"{block}\n{hint}" if is_toml(f"{block}\n{hint}") else f"{block}\n# {hint}"

    @property
    def message(self) -> str:
        """Why it is not loaded, and the way out."""
        if self.problem is None:
            return ""
        # For a file that waits the suggestion is shown separately, so only the hint of the rule goes here.
        hint = self.problem.rule.hint if self.waits else self.problem.way_out
        return f"{self.problem.why}. hint: {hint}"

    def refused(self, problem: Problem) -> "Understanding":
        """The same file, refused with a problem that only its rows have shown."""
        return replace(self, log=None, results=None, problem=problem, stated_log=self.stated_log or self.log is not None)


def understand(candidate: Candidate, settings: Settings, inspected: Inspected, kind: str | None) -> Understanding:
    """Decide what a document is: results by their first bytes, a table if its header fits one, else a log."""
    document = candidate.document
    name, stated = settings.source_of(document.file_name)
    stated_kind = kind or stated.kind
    source = _free(name or _source_name(document), settings)
    seen = Understanding(document, inspected, source, stated, stated_log=stated_kind == LOG, stated_kind=stated_kind)
    if stated_kind is None and (results := open_results(document, inspected, stated)) is not None:
        return replace(seen, results=results)
    try:
        table = candidate.table and candidate.table.with_whole(inspected)
        seen = replace(seen, table=table or open_table(document, inspected, stated, kind))
    except CannotRead as stop:
        seen = replace(seen, problem=stop.problem)
    try:
        log = _log(seen, stated, stated_kind)
        if log is not None:
            return replace(seen, log=log, problem=None)
    except CannotRead as stop:
        # If it cannot even be read as a table, a statement in fab.toml does not help.
        deeper = seen.problem if stop.problem.rule in WAITING else None
        as_log = seen.stated_log or (deeper is None and stop.problem.rule is Undecided)
        return replace(seen, problem=deeper or stop.problem, stated_log=as_log)
    if seen.table is None:
        return seen
    return _as_table(seen, seen.table)


def _log(seen: Understanding, stated: SourceSettings, stated_kind: str | None) -> LogFile | None:
    """The file as a tool log, if it is stated to be one, or if it looks like a log and not like a table.

    Raises CannotRead for one that is stated to be a log and is not.
    """
    table, inspected = seen.table, seen.inspected
    if stated_kind not in (None, LOG) or inspected is None or (seen.problem and seen.problem.rule is Unreadable):
        return None
    if stated_kind is None and table is not None and table.mapping.fits:
        return None
    log = open_log(seen.document, inspected, stated)
    if log is None and stated_kind == LOG:
        raise CannotRead(Problem(UnknownColumns, "this is not a tool log", hint="fabwatch log explain FILE says why"))
    if log is not None and (lacking := log.lacking()):
        raise CannotRead(Problem(MissingColumns, f"{', '.join(lacking)} missing, which fab.toml expects"))
    if log is None or (stated_kind is None and not log.is_sure(len(table.mapping.columns) if table else 0)):
        return None
    return log


def _as_table(seen: Understanding, file: TableFile) -> Understanding:
    if not file.mapping.fits:
        return replace(seen, problem=file.shape_fault() or _unplaced(file))
    if file.mapping.unused:
        file.notes.append(f"not used: {', '.join(name or 'a column without a name' for name in file.mapping.unused[:8])}")
    if "qual_type" in file.mapping.kind.defaults and "qual_type" not in file.mapping.columns:
        file.notes.append('no column for the qual type: all quals get the type "qual"')
    return seen


def preview(seen: Understanding, latest: datetime, most: int | None = None) -> tuple[Understanding, Json | None]:
    """What a dry run shows: for a log its columns, runs and rows, for a table its mapping, and five rows as read.

    Problems that only the rows show, such as dates that can be read in two ways, appear here as they would in a load. Of a
    long log `most` batches are read.
    """
    try:
        if seen.results is not None:
            return seen, shown(seen.results)
        if seen.log is not None:
            return seen, explained(seen.log, latest, most)
        if seen.table is None:
            return seen, None
        first = next(iter(seen.table.rows(latest))) if seen.problem is None else None
        described = _described(seen)
    except CannotRead as stop:
        return seen.refused(stop.problem), None if seen.table is None else _mapped(seen.table, _as_it_stands(seen.table), [])
    return seen, _mapped(seen.table, described, [] if first is None else first.table)


def _described(seen: Understanding) -> list[Described]:
    """How each column is read. Raises CannotRead for what only the rows show, unless the file waits for another reason."""
    try:
        return seen.table.described() if seen.table else []
    except CannotRead:
        if seen.problem is None or seen.table is None:
            raise
        return _as_it_stands(seen.table)


def _as_it_stands(table: TableFile) -> list[Described]:
    try:
        return table.as_it_stands()
    except CannotRead:
        return []


def _mapped(file: TableFile, described: list[Described], rows: Any) -> Json:
    mapping = file.mapping
    names = [column.name for column in mapping.kind.columns]
    return {
        "sure": mapping.sure,
        "columns": {name: file.header[position] for name, position in mapping.columns.items()},
        "unused": list(mapping.unused),
        **({"parameters": [plain(own) for own in mapping.parameters]} if mapping.parameters else {}),
        "lacking": [*mapping.lacking, *mapping.twice],
        "fields": [plain(column) for column in described],
        "rows": plain(rows.select(names).slice(0, ROWS_SHOWN).to_pylist()) if rows else [],
    }


def _unplaced(file: TableFile) -> Problem:
    mapping = file.mapping
    header = ", ".join(file.header)
    header = header if len(header) <= HEADER_SHOWN else header[:HEADER_SHOWN] + " …"
    parts = [f"for {mapping.kind.table.name} it needs {', '.join(mapping.lacking)}"] if mapping.lacking else []
    why = "; ".join([*parts, *mapping.twice]) if mapping.columns else f"no column of {', '.join(KINDS)} is in it"
    may_be_wat = mapping.kind.table.name != "wat" and file.may_be_wide()
    hint = 'if its columns of numbers are electrical tests: kind = "wat"' if may_be_wat else ""
    return Problem(UnknownColumns, f"header not recognised ({header}): {why}", hint=hint)


def _free(name: str, settings: Settings) -> str:
    """The name, with a number if fab.toml has a source of that name: a table of it stands there once."""
    numbered = (f"{name}_{number}" for number in itertools.count(2))
    return name if name not in settings.sources else next(n for n in numbered if n not in settings.sources)


def _source_name(document: Document) -> str:
    stem = document.file_name.split(".")[0]
    return "".join(char if char.isalnum() else "_" for char in stem).rstrip("_0123456789") or "files"
