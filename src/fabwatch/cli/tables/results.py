"""Tables of what came out, and of what bad wafers share."""

from rich.markup import escape

from fabwatch.cli.output import ROWS_SHOWN, out, table_of
from fabwatch.fab.answers import Commonality


def commonality(answer: Commonality, language: str) -> None:
    """What bad wafers share, the surest first."""
    console = out()
    if answer.findings:
        table = table_of(answer.demo, "what they share", ("axis", "value", "since (UTC)", "until (UTC)"))
        for name in ("bad with", "without", "others with", "without", "p", "q", "effect"):
            table.add_column(name, justify="right")
        for row in answer.findings[:ROWS_SHOWN]:
            times = [f"{at:%Y-%m-%d %H:%M}" if at else "-" for at in (row.from_, row.to)]
            counts = [f"{count:,}" for count in (row.bad_with, row.bad_without, row.good_with, row.good_without)]
            effect = f"{row.effect:+.0%} ({row.low:+.0%} to {row.high:+.0%})"
            cells = [row.axis, row.value, *times, *counts, f"{row.p:.1e}", f"{row.q:.1e}", effect]
            table.add_row(*(escape(cell) for cell in cells))
        console.print(table)
    console.print(escape(answer.sentence(language)))
    for row in answer.findings[1:ROWS_SHOWN]:
        console.print(escape(row.sentence(language)))
