"""Loading a table: its rows are staged as they are read, and stored in one transaction with what was set aside."""

from collections import Counter
from collections.abc import Mapping

from fabwatch.ingest.commit import Counts, Staging
from fabwatch.ingest.job import Loading
from fabwatch.ingest.ledger import Entry, Identified
from fabwatch.ingest.reading import ReadRows
from fabwatch.ingest.summary import FileResult
from fabwatch.sources.reading import Rows, TableFile
from fabwatch.terms.clock import SKEW
from fabwatch.terms.problems import FutureTime, Problem, TornLine, UnknownTool, UnreadableCell


def load_table(loading: Loading, file: Identified, table: TableFile) -> FileResult:
    """Load one table. Raises CannotRead, StoreBusy and DiskFull; then nothing of it is stored."""
    with Staging(loading.lake, file.load, file.document.name, table.mapping.kind, loading.clock()) as staging:
        return _stored(loading, file, table, staging)


def _stored(loading: Loading, file: Identified, table: TableFile, staging: Staging) -> FileResult:
    rules = _staged(loading, table, staging)
    torn = file.inspected.torn if file.inspected else None
    if torn is not None:
        staging.aside.add([torn])
        # A cut line is already set aside; a tear between two lines counts as a row of its own.
        rules[torn.rule.code] += 1
    counts = Counts(waiting=rules[FutureTime.code])
    cells = rules[UnreadableCell.code]
    rows_aside = rules.total() - cells - counts.waiting - (1 if torn is not None else 0)
    set_aside = rules.total() - cells - (1 if torn is not None and rules[TornLine.code] else 0)
    with loading.lake.writing():
        lines = loading.ledger.lines_of(file)
        raced = loading.was_there(file, lines)
        if raced is not None:
            return raced
        waiting = loading.ledger.forget(lines)
        staging.commit(counts, rows_aside)
        if counts.parked:
            rules[UnknownTool.code] = counts.parked
        message = "; ".join([*table.notes, *counted(rules)])
        entry = Entry(
            "loaded",
            table.mapping.kind.table.name,
            table.header,
            counts.rows,
            counts.duplicates,
            set_aside + counts.parked,
            message,
        )
        loading.ledger.enter(file, entry)
    loading.cleared(file, waiting)
    return FileResult(
        file.document.name,
        entry.kind,
        file.inspected.sha256 if file.inspected else None,
        counts.rows,
        entry.set_aside,
        "loaded",
        message,
        counts.duplicates,
        dict(rules),
    )


def _staged(loading: Loading, table: TableFile, staging: Staging) -> Counter[str]:
    """Take over the rows that the reader hands out; returns how many were set aside by which rule."""
    rules: Counter[str] = Counter()
    for piece in loading.reader.run(ReadRows(loading.clock() + SKEW)):
        if isinstance(piece, Rows):
            staging.add(piece.table, piece.records)
            problems: list[Problem] = list(piece.problems)
            staging.aside.add(problems)
            rules.update(problem.rule.code for problem in problems)
        elif isinstance(piece, list):
            # Those of the comparison with earlier files were made here, and are not among them.
            table.notes[:] = [*(note for note in table.notes if note not in piece), *piece]
    return rules


def counted(rules: Mapping[str, int]) -> list[str]:
    """How many rows were set aside by which rule, for the message; nothing where none was."""
    aside = [f"{count} {rule}" for rule, count in rules.items() if rule != UnreadableCell.code and count]
    cells = rules.get(UnreadableCell.code, 0)
    return [
        *(["set aside: " + ", ".join(aside)] if aside else []),
        *([f"left empty: {cells} cells that cannot be read"] if cells else []),
    ]
