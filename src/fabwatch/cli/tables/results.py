"""Tables of what came out, and of what bad wafers share."""

from rich.markup import escape

from fabwatch.cli.output import ROWS_SHOWN, out, table_of
from fabwatch.fab.answers import Commonality, Finding, SplitLots

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


def split(answer: SplitLots, language: str) -> None:
    """The groups, the figures that differ most surely, and what else the groups passed."""
    console = out()
    groups = table_of(answer.demo, "groups", ("group",))
    for name in ("wafers", "lots", "parts", "yield"):
        groups.add_column(name, justify="right")
    for group in answer.groups:
        name = f"{group.group} (control)" if group.control else group.group
        cells = [name, f"{group.wafers:,}", f"{group.lots:,}", f"{group.parts:,}"]
        groups.add_row(*(escape(cell) for cell in cells), "-" if group.yield_ is None else f"{group.yield_:.1%}")
    console.print(groups)
    figures = table_of(answer.demo, "differences", ("group", "figure", "unit"))
    for name in ("wafers", "mean", "control", "difference", "95 %", "p", "q"):
        figures.add_column(name, justify="right")
    for row in answer.differences[:ROWS_SHOWN]:
        figure = "yield" if row.measure == "yield" else f"{row.test or ''} {row.name or ''}".strip()
        interval = "-" if row.low is None or row.high is None else f"{row.low:+.4g} to {row.high:+.4g}"
        chances = ["-" if value is None else f"{value:.2g}" for value in (row.p, row.q)]
        means = [f"{row.mean:.5g}", f"{row.control_mean:.5g}", f"{row.difference:+.4g}"]
        cells = [row.group, figure, row.unit or "-", f"{row.wafers:,} / {row.control_wafers:,}", *means, interval, *chances]
        figures.add_row(*(escape(cell) for cell in cells))
    console.print(figures)
    if answer.history:
        history = table_of(answer.demo, "what else they passed", ("group", "axis", "value"))
        for name in ("group's wafers", "control's wafers", "p"):
            history.add_column(name, justify="right")
        for passed in answer.history[:ROWS_SHOWN]:
            shares = [f"{passed.wafers:,} of {passed.of:,}", f"{passed.control_wafers:,} of {passed.control_of:,}"]
            history.add_row(*(escape(c) for c in (passed.group, passed.axis, passed.value, *shares, f"{passed.p:.1e}")))
        console.print(history)
    console.print(escape(answer.sentence(language)))
