"""Columns that were renamed: a header that lacks what earlier files of its kind had, and has something unknown instead."""

from collections.abc import Sequence
from dataclasses import replace

from fabwatch.ingest.ledger import Ledger
from fabwatch.ingest.understanding import Understanding
from fabwatch.sources.header import Mapping, recognise
from fabwatch.sources.reading import TableFile
from fabwatch.terms.problems import Problem, RenamedColumn


def compared(ledger: Ledger, seen: Understanding) -> Understanding:
    """The understanding of a table, compared with the headers of the files of its kind that were loaded before."""
    if seen.problem is not None or seen.log is not None or seen.table is None:
        return seen
    renamed = _renamed(ledger.headers(seen.table.mapping.kind.table.name), seen.table)
    return seen if renamed is None else replace(seen, problem=renamed)


def _renamed(known: Sequence[str], file: TableFile) -> Problem | None:
    """A problem if a column of the last file with this header is gone and an unknown one is there instead."""
    for header in known:
        before = header.split("\t")
        if before == list(file.header):
            return None
        if len(set(before) & set(file.header)) >= 0.6 * len(set(before) | set(file.header)):
            return _replaced(recognise(before, file.stated, file.mapping.kind.table.name), before, file)
    return None


def _replaced(before: Mapping, header: list[str], file: TableFile) -> Problem | None:
    gone = [name for name in before.columns if name not in file.mapping.columns]
    # A wafer column under another name may look like a parameter: numbers that nothing else explains.
    unknown = [*file.mapping.unused, *(file.header[own.position] for own in file.mapping.parameters if not own.unit)]
    new = [name for name in unknown if name not in header]
    if gone and not new:
        file.notes.append(f"{', '.join(gone)} missing, which earlier files with this header have")
    if not gone or not new:
        return None
    old = ", ".join(header[before.columns[name]] for name in gone)
    stated = ", ".join(f'{name} = "{new[0]}"' for name in gone[:1])
    hint = f"columns = {{ {stated} }}   # or, if {new[0]} is something else: ignore = {new}"
    return Problem(RenamedColumn, f"{old} is gone and {', '.join(new)} is new", hint=hint)
