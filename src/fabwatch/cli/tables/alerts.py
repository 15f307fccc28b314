"""Tables of alerts."""

from rich.markup import escape

from fabwatch.cli.output import out, table_of
from fabwatch.fab.answers import Alerts, AlertTrial
from fabwatch.terms.clock import iso


def cases(answer: Alerts, language: str) -> None:
    """One row a case."""
    if answer.cases:
        table = table_of(answer.demo, "alerts", ("case", "since", "of", "what", "sent", "seen by"))
        for one in answer.cases:
            text = one.text_es if language == "es" else one.text
            text += f"\nnot sent: {one.failed}" if one.failed else ""
            state = "" if one.open else f" (until {iso(one.closed_at)})"
            cells = (one.case, f"{iso(one.opened_at)}{state}", one.subject, text, str(one.sent), one.acknowledged_by or "-")
            table.add_row(*map(escape, cells))
        out().print(table)
    out().print(escape(answer.sentence(language)))


def trial(answer: AlertTrial, language: str) -> None:
    """One row for each case that there would have been."""
    if answer.cases:
        table = table_of(answer.demo, "would have fired", ("from", "to", "of", "rule", "what"))
        for one in answer.cases:
            table.add_row(*map(escape, (iso(one.first) or "", iso(one.last) or "", one.subject, one.rule, one.text)))
        out().print(table)
    out().print(escape(answer.sentence(language)))
