"""Tables of what came out, and of what bad wafers share."""

from rich.markup import escape

from fabwatch.cli.output import ROWS_SHOWN, out, table_of
from fabwatch.fab.answers import Commonality, Finding

SURE = ("p", "q", "effect")


def commonality(answer: Commonality, language: str) -> None:
    """What bad wafers share, the surest first."""
    console = out()
    if answer.findings:
        table = table_of(answer.demo, "what they share", ("axis", "value", "since (UTC)", "until (UTC)"))
        of_numbers = ("wafers with", "without", "median with", "without")
        for name in (*(("bad with", "without", "others with", "without") if answer.value is None else of_numbers), *SURE):
            table.add_column(name, justify="right")
        for row in answer.findings[:ROWS_SHOWN]:
            times = [f"{at:%Y-%m-%d %H:%M}" if at else "-" for at in (row.from_, row.to)]
            cells = [row.axis, row.value, *times, *_figures(row), f"{row.p:.1e}", f"{row.q:.1e}", _effect(row)]
            table.add_row(*(escape(cell) for cell in cells))
        console.print(table)
    console.print(escape(answer.sentence(language)))
    for row in answer.findings[1:ROWS_SHOWN]:
        console.print(escape(row.sentence(language)))


def _figures(row: Finding) -> list[str]:
    """Bad wafers and others with and without it, or how many wafers and their medians."""
    counts = (row.n_with, row.n_without) if row.bad_with is None else (row.bad_with, row.bad_without)
    others = (row.median_with, row.median_without) if row.bad_with is None else (row.good_with, row.good_without)
    return [
        *("-" if count is None else f"{count:,}" for count in counts),
        *("-" if value is None else (f"{value:,}" if isinstance(value, int) else f"{value:.5g}") for value in others),
    ]


def _effect(row: Finding) -> str:
    form = "+.3g" if row.bad_with is None else "+.0%"
    return f"{row.effect:{form}} ({row.low:{form}} to {row.high:{form}})"
