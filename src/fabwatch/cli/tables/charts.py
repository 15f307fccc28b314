"""Tables of control charts and of the limits that people froze."""

from rich.markup import escape

from fabwatch.cli.output import ROWS_SHOWN, first_of, out, table_of
from fabwatch.cli.tables.decisions import listed
from fabwatch.fab.answers import ChartLimits, ControlChart, ControlCharts

LIMITS = ("tool", "chamber", "name", "kind", "version", "center", "sigma", "points", "decided_at", "who", "reason")


def control_charts(answer: ControlCharts, language: str) -> None:
    """One row per chart, those out of control first; then what several say together."""
    console = out()
    table = table_of(answer.demo, "control charts", ("tool", "chamber", "name", "kind"))
    for name in ("points", "center", "lower", "upper", "Cpk", "Ppk"):
        table.add_column(name, justify="right")
    table.add_column("verdict")
    ordered = sorted(answer.charts, key=lambda chart: chart.stable)
    shown = first_of(ordered)
    for chart in shown:
        numbers = (chart.center, chart.lower, chart.upper, chart.capability.cpk, chart.capability.ppk)
        cells = (chart.tool or "-", chart.chamber, chart.name, chart.kind, f"{len(chart.points):,}", *map(_figure, numbers))
        table.add_row(*map(escape, (*cells, _verdict(chart))), style="" if chart.stable else "bold red")
    console.print(table)
    if len(ordered) > ROWS_SHOWN:
        console.print(f"… and {len(ordered) - len(shown):,} more charts: --tool, --csv or --json")
    for story in answer.stories:
        console.print(escape(story.sentence(language)))
    for chart in answer.charts if len(answer.charts) == 1 else ():
        if chart.capability.refused:
            console.print(escape(f"no capability: {chart.capability.refused}"))
        for doubt in chart.doubts:
            console.print(escape(f"{doubt.code}: {doubt.sentence(language)}"))
    for other in answer.not_charted[:ROWS_SHOWN]:
        console.print(escape(f"no chart of {other.tool} {other.chamber} {other.name}: {other.why}".replace("  ", " ")))
    console.print(escape(answer.sentence(language)))


def limits(answer: ChartLimits, language: str) -> None:
    """The versions of frozen limits."""
    del language
    listed("frozen limits", answer.limits, LIMITS)


def _verdict(chart: ControlChart) -> str:
    if chart.stable:
        return "in control"
    rules = sorted({rule for point in chart.points for rule in point.broken})
    return f"{chart.broken:,} points: {', '.join(rules)}"


def _figure(value: float | None) -> str:
    return "-" if value is None else f"{value:,.5g}"
