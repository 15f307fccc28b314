"""Tables of forecasts, their score, intervals and the plan."""

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from fabwatch.cli.output import ROWS_SHOWN, first_of, out, table_of
from fabwatch.fab.answers import URGENT, Change, Forecasts, Intervals, Plan, Score, Value


def forecast(answer: Forecasts, language: str, why: bool = False) -> None:
    """Forecasts for people, the most urgent first; with `why` the full page of each."""
    if why:
        explained(answer, language)
        return
    console = out()
    title = f"next failed qual, {answer.coverage:.0%} windows"
    table = table_of(answer.demo, title, ("area", "tool", "chamber", "qual type"))
    for name in ("bad now", "from day", "to day", "next qual", "fails then", "failures", "sisters"):
        table.add_column(name, justify="right")
    table.add_column("doubts")
    for row in answer.tools[:ROWS_SHOWN]:
        window = row.window
        coming = row.next_quals[0] if row.next_quals else None
        cells = (row.area or "-", row.tool, row.chamber, row.qual_type, f"{row.p_bad_now:.0%}")
        days = tuple("-" if day is None else f"{day:.1f}" for day in (window.from_days, window.to_days))
        days = ("due", "now") if window.due else days
        soon = ("-", "-") if coming is None else (f"day {coming.day:.1f}", f"{coming.p_fail:.0%}")
        doubts = ", ".join(doubt.code for doubt in row.doubts)
        counts = (str(row.failures), str(row.sisters), doubts)
        table.add_row(
            *(escape(cell) for cell in (*cells, *days, *soon, *counts)), style="bold red" if row.p_bad_now == 1 else ""
        )
    console.print(table)
    if len(answer.tools) > ROWS_SHOWN:
        console.print(f"… and {len(answer.tools) - ROWS_SHOWN:,} more rows: --area, --tool, --csv or --json")
    if len({row.tool for row in answer.tools}) == 1:
        for tool in answer.combined:
            console.print(escape(tool.sentence(language)))
    _print_summary(console, answer, language)


def explained(answer: Forecasts, language: str) -> None:
    """The full page of each forecast."""
    console = out()
    for row in answer.tools[:ROWS_SHOWN]:
        first, *rest = row.page(language)
        console.print(escape(first))
        for line in rest:
            console.print(escape(f"  {line}"))
    if len(answer.tools) > ROWS_SHOWN:
        console.print(f"… and {len(answer.tools) - ROWS_SHOWN:,} more: --area, --tool or --json")


def score(answer: Score, language: str) -> None:
    """How accurate past forecasts were, for people."""
    console = out()
    for table in (_windows(answer), _methods(answer), _calibration(answer), _positions(answer)):
        if table is not None:
            console.print(table)
    if answer.slope is not None:
        console.print(escape(answer.slope.sentence(language)))
    if answer.value is not None:
        console.print(_value(answer.value, answer.demo))
        console.print(escape(answer.value.sentence(language)))
    console.print(escape(answer.sentence(language)))


def _windows(answer: Score) -> Table:
    origins = f"{len(answer.origins)} origins, {answer.origins[0]:%d %b} to {answer.origins[-1]:%d %b %Y}"
    until = f"outcomes until {answer.until:%d %b %Y %H:%M}"
    table = table_of(answer.demo, f"{answer.coverage:.0%} windows, {origins}, {until}", ("group",))
    for name in ("windows", "ended", "held", "early", "late"):
        table.add_column(name, justify="right")
    for group, rows in (("", (answer.total,)), ("area ", answer.by_area), ("failures ", answer.by_failures)):
        for row in rows:
            if row is not None:
                shares = (_ranged(row.held, row.held_low, row.held_high), f"{row.early:.1%}", f"{row.late:.1%}")
                table.add_row(escape(f"{group}{row.name}"), f"{row.windows:,}", f"{row.ended:,}", *shares)
    return table


def _methods(answer: Score) -> Table:
    table = table_of(answer.demo, f"fails the next qual: {answer.failed:,} of {answer.quals:,} did", ("by",))
    for name in ("Brier", "skill", "windows held", "width"):
        table.add_column(name, justify="right")
    if answer.brier is not None and answer.total is not None:
        table.add_row("fabwatch", f"{answer.brier:.4f}", "", f"{answer.total.held:.1%}", "1.00")
    for yardstick in answer.yardsticks:
        held = "-" if yardstick.held is None else f"{yardstick.held:.1%}"
        width = "-" if yardstick.width is None else f"{yardstick.width:.2f}"
        table.add_row(yardstick.name, f"{yardstick.brier:.4f}", f"{yardstick.skill:+.1%}", held, width)
    return table


def _calibration(answer: Score) -> Table:
    table = table_of(answer.demo, "forecast and actual", ("chance",))
    for name in ("quals", "forecast", "actual"):
        table.add_column(name, justify="right")
    for tenth in answer.calibration:
        actual = _ranged(tenth.came, tenth.came_low, tenth.came_high)
        table.add_row(f"{tenth.low:.0%}-{tenth.high:.0%}", f"{tenth.quals:,}", f"{tenth.said:.1%}", actual)
    return table


def _positions(answer: Score) -> Table | None:
    """Where outcomes landed in their forecasts, as one line with its ranges."""
    if not answer.positions:
        return None
    level = answer.positions[0].high
    table = table_of(answer.demo, f"where outcomes landed in their forecasts: {level:.0%} each if forecasts are right", ())
    for part in answer.positions:
        table.add_column(f"{part.low:.0%}-{part.high:.0%}", justify="right")
    table.add_row(*(f"{part.share:.1%}" for part in answer.positions))
    table.add_row(*(f"{part.share_low:.0%}-{part.share_high:.0%}" for part in answer.positions))
    return table


def _value(value: Value, demo: bool) -> Table:
    """What following the advice would have changed, for the fab and each area, with the ranges below."""
    table = table_of(demo, f"with quals at the intervals advised then, since {value.since:%d %b %Y}", ("group",))
    for name in ("advised", "failures", "quals", "wafers exposed", "bad wafers", "cost", "found earlier, days"):
        table.add_column(name, justify="right")
    for group, rows in (("", (value.total,)), ("area ", value.by_area)):
        for row in rows:
            changes = (*(_change(change) for change in (row.quals, row.exposed, row.bad)), _change(row.cost, ",.1f"))
            earlier = f"{row.earlier_days:+.2f}\n({row.earlier_low:+.2f} to {row.earlier_high:+.2f})"
            counts = (f"{row.advised:,} of {row.stretches:,}", f"{row.failures:,}")
            table.add_row(escape(f"{group}{row.name}"), *counts, *changes, earlier)
    return table


def _change(change: Change, form: str = ",.0f") -> str:
    return f"{change.today:{form}} -> {change.advised:{form}}\n({change.low:+{form}} to {change.high:+{form}})"


def _ranged(share: float, low: float, high: float) -> str:
    return f"{share:.1%} ({low:.0%}-{high:.0%})"


def plan(answer: Plan, language: str) -> None:
    """The checks of the next days, for people."""
    console = out()
    table = table_of(
        answer.demo, f"what to check, {answer.days} days", ("day", "date", "area", "tool", "chamber", "qual type")
    )
    for name in ("bad now", "at risk", "at risk then", "loss if left", "usual day"):
        table.add_column(name, justify="right")
    table.add_column("why")
    shown = first_of(answer.items, lambda item: item.reason in URGENT)
    for item in shown:
        day = "today" if item.day == 0 else f"+{item.day}"
        cells = (day, item.date, item.area or "-", item.tool, item.chamber, item.qual_type, f"{item.p_bad_now:.1%}")
        usual = "-" if item.usual_day is None else f"{item.usual_day:.1f}"
        wafers = (f"{item.wafers_at_risk:,}", f"{item.wafers_at_risk_then:,}", f"{item.expected_loss:,.4g}")
        style = "bold red" if item.reason in URGENT else ""
        why = item.reason.replace("_", " ")
        why += "" if item.maintenance_at is None else f" (maintenance planned {item.maintenance_at:%Y-%m-%d})"
        table.add_row(*(escape(cell) for cell in (*cells, *wafers, usual, why)), style=style)
    console.print(table)
    if len(answer.items) > len(shown):
        console.print(f"… and {len(answer.items) - len(shown):,} more rows: --area, --tool, --csv or --json")
    console.print(escape(answer.sentence(language)))


def _print_summary(console: Console, answer: Forecasts | Intervals, language: str) -> None:
    summary = answer.tools[0] if len(answer.tools) == 1 else answer
    console.print(escape(summary.sentence(language)))


def intervals(answer: Intervals, language: str) -> None:
    """Advised intervals for people."""
    console = out()
    table = table_of(answer.demo, "how often to check", ("area", "tool", "chamber", "qual type"))
    for name in ("today", "advised", "from", "to", "days", "cost today", "cost advised"):
        table.add_column(name, justify="right")
    for row in answer.tools[:ROWS_SHOWN]:
        today = "-" if row.today_wafers is None else f"{row.today_wafers:,}"
        wafers = (today, f"{row.advised_wafers:,}", f"{row.low_wafers:,}", f"{row.high_wafers:,}")
        days = "-" if row.advised_days is None else f"{row.advised_days:.1f}"
        price = "-" if row.cost_today is None else f"{row.cost_today:.4g}"
        cells = (
            row.area or "-",
            row.tool,
            row.chamber,
            row.qual_type,
            *wafers,
            days,
            price,
            f"{row.cost_advised:.4g}",
        )
        table.add_row(*(escape(cell) for cell in cells))
    console.print(table)
    if len(answer.tools) > ROWS_SHOWN:
        console.print(f"… and {len(answer.tools) - ROWS_SHOWN:,} more rows: --area, --tool, --csv or --json")
    _print_summary(console, answer, language)
