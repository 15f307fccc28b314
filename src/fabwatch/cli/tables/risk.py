"""Tables of wafers at risk and of containment."""

from rich.markup import escape

from fabwatch.cli.output import ROWS_SHOWN, STYLES, out, table_of
from fabwatch.fab.answers import Containment, Risk
from fabwatch.terms.words import STATUS_SHAPE


def risk(answer: Risk, language: str) -> None:
    """Wafers at risk for people, worst first."""
    console = out()
    table = table_of(answer.demo, "wafers at risk", ("area", "tool", "chamber", "qual type", "wafers", "limit"))
    for name in ("passes", "lots", "since (UTC)", "status"):
        table.add_column(name, justify="right" if name in ("passes", "lots") else "left")
    for row in answer.tools[:ROWS_SHOWN]:
        name = row.tool or f"{row.tools} tools"
        status = f"{STATUS_SHAPE[row.status]} {row.status}"
        if row.failed_at:
            status += f", failed {row.failed_at:%d %b %H:%M}"
        if row.suspect_quals:
            wafers = "" if row.suspect_wafers is None else f" ({row.suspect_wafers:,} wafers)"
            status += f", {row.suspect_quals} fails passed again without a restore{wafers}"
        since = f"{row.since:%Y-%m-%d %H:%M}" if row.since else ("some never" if row.tools > 1 else "no good qual")
        cells = (row.area or row.tool_type or "-", name, row.chamber, row.qual_type or "-", f"{row.wafers:,}")
        limit = f"{row.limit:,}" if row.limit is not None else "-"
        rest = (limit, f"{row.passes:,}", f"{row.lots:,}", since, status)
        table.add_row(*(escape(cell) for cell in (*cells, *rest)), style=STYLES[row.status])
    console.print(table)
    if len(answer.tools) > ROWS_SHOWN:
        console.print(f"… and {len(answer.tools) - ROWS_SHOWN:,} more rows: --area, --tool, --by area, --csv or --json")
    console.print(escape(answer.sentence(language)))


def containment(answer: Containment, language: str) -> None:
    """A containment for people, the latest wafers first."""
    console = out()
    title = f"{answer.tool} {answer.qual_type}: to hold"
    table = table_of(answer.demo, title, ("wafer", "lot", "wafers", "passes"))
    table.add_column("after fault", justify="right")
    for name in ("ran (UTC)", "now at", "area", "step", "next check"):
        table.add_column(name)
    for item in answer.items[:ROWS_SHOWN]:
        check = item.next_check
        ran = f"{item.first_end:%d %b %H:%M}" + (f" – {item.last_end:%d %b %H:%M}" if item.moves > 1 else "")
        chance = "-" if item.p_after_fault is None else f"{item.p_after_fault:.0%}"
        cells = (item.wafer or "-", item.lot or "-", f"{item.wafers:,}", f"{item.passes:,}", chance, ran)
        now = (item.now.tool or "-", item.now.area or "-", item.now.step or "-")
        next_check = "-" if check is None else f"{check.step} in {check.steps_away}"
        table.add_row(*(escape(cell) for cell in (*cells, *now, next_check)))
    console.print(table)
    if len(answer.items) > ROWS_SHOWN:
        console.print(f"… and {len(answer.items) - ROWS_SHOWN:,} more: --csv prints the whole hold list")
    for look in answer.looks if len(answer.looks) > 1 else ():
        start = f"{look.since:%d %b %H:%M}" if look.since else "the first move"
        console.print(f"{look.probability:6.1%} that it began {start} – {look.until:%d %b %H:%M} ({look.wafers:,} wafers)")
    console.print(escape(answer.sentence(language)))
