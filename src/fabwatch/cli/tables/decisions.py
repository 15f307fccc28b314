"""Tables of what people decided: hold lists, limits and intervals, the audit."""

from collections.abc import Sequence
from typing import Any

from rich.markup import escape

from fabwatch.cli.output import out, table_of
from fabwatch.fab.answers import Audit, Decisions, Entries, HoldLists
from fabwatch.terms.answers import plain

HOLD = ("hold", "tool", "qual_type", "failed_at", "wafers", "held", "released", "scrapped", "who", "reason")
DECISION = ("tool", "chamber", "qual_type", "name", "value", "decided_at", "who", "reason")
ENTRY = ("seq", "written_at", "who", "act", "about", "reason")


def listed(title: str, rows: Sequence[Any], columns: tuple[str, ...]) -> None:
    """Some columns of a plain list."""
    table = table_of(False, title, columns)
    for row in plain(list(rows)):
        table.add_row(*(escape("-" if row[name] is None else str(row[name])) for name in columns))
    out().print(table)


def holds(answer: HoldLists, language: str) -> None:
    """The hold lists; for a single list also its wafers."""
    listed("holds", answer.holds, HOLD)
    for item in answer.holds[0].items if len(answer.holds) == 1 else ():
        out().print(escape(f"  {item.wafer or item.lot}: {item.state}, {item.who}: {item.reason}"))


def decisions(answer: Decisions, language: str) -> None:
    """Limits and intervals that were set."""
    listed("decisions", answer.decisions, DECISION)


def entries(answer: Entries, language: str) -> None:
    """The audit."""
    listed("entries", answer.entries, ENTRY)


def audit(answer: Audit, language: str) -> None:
    """What a check of the audit found."""
    console = out()
    for fault in answer.faults:
        console.print(escape(f"WRONG {fault}"))
    verdict = "whole" if answer.whole else "not whole"
    console.print(escape(f"{answer.entries} entries, {verdict}; the last has the hash {answer.head or '-'}"))
