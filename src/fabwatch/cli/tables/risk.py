"""Tables of wafers at risk and of containment."""

import re

from rich.markup import escape

from fabwatch.cli.output import ROWS_SHOWN, STYLES, first_of, out, table_of
from fabwatch.fab.answers import Containment, Exposure, Risk, Tools
from fabwatch.terms.clock import stated_time
from fabwatch.terms.words import STATUS_SHAPE

STAMP = re.compile(r"\d{4}-\d\d-\d\dT[\d:.]+Z")


def risk(answer: Risk, language: str) -> None:
    """Wafers at risk for people, worst first."""
    console = out()
    table = table_of(answer.demo, "wafers at risk", ("area", "tool", "chamber", "qual type", "wafers", "limit"))
    for name in ("passes", "lots", "since (UTC)", "on record"):
        table.add_column(name, justify="right" if name in ("passes", "lots") else "left")
    shown = first_of(answer.tools, lambda row: row.status == "act")
    for row in shown:
        name = row.tool or f"{row.tools} tools"
        status = _on_record(row, language)
        if row.suspect_quals:
            wafers = "" if row.suspect_wafers is None else f" ({row.suspect_wafers:,} wafers)"
            status += f", {row.suspect_quals} fails passed again without a restore{wafers}"
        since = f"{row.since:%Y-%m-%d %H:%M}" if row.since else ("some never" if row.tools > 1 else "no good qual")
        cells = (row.area or row.tool_type or "-", name, row.chamber, row.qual_type or "-", f"{row.wafers:,}")
        limit = f"{row.limit:,}" if row.limit is not None else "-"
        rest = (limit, f"{row.passes:,}", f"{row.lots:,}", since, status)
        table.add_row(*(escape(cell) for cell in (*cells, *rest)), style=STYLES[row.status])
    console.print(table)
    if len(answer.tools) > len(shown):
        console.print(f"… and {len(answer.tools) - len(shown):,} more rows: --area, --tool, --by area, --csv or --json")
    console.print(escape(answer.sentence(language)))


def _on_record(row: Exposure, language: str) -> str:
    """What is on record against a row; nothing is not called ok, which is a word for a tool and takes its chances in."""
    if row.status == "ok":
        return ""
    status = f"{STATUS_SHAPE[row.status]} {row.status}"
    if row.cause is None:
        return status
    why = row.cause.fault(language) if row.cause.chamber == row.chamber else row.cause.sentence(language)
    return f"{status}, {short_times(why)}"


def short_times(text: str) -> str:
    """A sentence with its times as in the table: day, month and minute."""
    return STAMP.sub(lambda found: f"{stated_time(found.group()):%d %b %H:%M}", text)


def tools(answer: Tools, language: str) -> None:
    """Every tool in one line, for people, with the cause of its status."""
    console = out()
    table = table_of(answer.demo, "tools", ("area", "tool", "status", "wafers", "limit"))
    for name in ("bad now", f"fails in {answer.horizon_days:g} d", "next check"):
        table.add_column(name, justify="right")
    table.add_column("why")
    shown = first_of(answer.tools, lambda row: row.status == "act")
    for row in shown:
        limit = "-" if row.limit is None else f"{row.limit:,}"
        chances = tuple("-" if chance is None else f"{chance:.0%}" for chance in (row.p_bad_now, row.p_fails))
        day = "-" if row.next_check_day is None else f"day {row.next_check_day:.1f}"
        wafers = "-" if row.since is None else f"{row.wafers:,}"
        cells = (row.area or "-", row.tool, f"{STATUS_SHAPE[row.status]} {row.status}", wafers, limit, *chances, day)
        table.add_row(
            *(escape(cell) for cell in (*cells, short_times(row.cause.sentence(language)))), style=STYLES[row.status]
        )
    console.print(table)
    if len(answer.tools) > len(shown):
        console.print(f"… and {len(answer.tools) - len(shown):,} more rows: --area, --csv or --json")
    console.print(escape(answer.sentence(language)))


def containment(answer: Containment, language: str) -> None:
    """A containment for people, the latest wafers first."""
    console = out()
    title = f"{answer.tool} {answer.qual_type}: to hold"
    table = table_of(answer.demo, title, ("wafer", "lot", "wafers", "passes"))
    table.add_column("after fault", justify="right")
    for name in ("ran (UTC)", "before/after fail", "now at", "area", "step", "next check"):
        table.add_column(name)
    items = answer.to_hold
    for item in items[:ROWS_SHOWN]:
        check = item.next_check
        ran = f"{item.first_end:%d %b %H:%M}" + (f" – {item.last_end:%d %b %H:%M}" if item.moves > 1 else "")
        chance = "-" if item.p_after_fault is None else f"{item.p_after_fault:.0%}"
        cells = (item.wafer or "-", item.lot or "-", f"{item.wafers:,}", f"{item.passes:,}", chance, ran, answer.ran(item))
        now = (item.now.tool or "-", item.now.area or "-", item.now.step or "-")
        next_check = "-" if check is None else f"{check.step} in {check.steps_away}"
        table.add_row(*(escape(cell) for cell in (*cells, *now, next_check)))
    console.print(table)
    if len(items) > ROWS_SHOWN:
        console.print(f"… and {len(items) - ROWS_SHOWN:,} more: --csv prints the whole hold list")
    for look in answer.looks if len(answer.looks) > 1 else ():
        start = f"{look.since:%d %b %H:%M}" if look.since else "the first move"
        console.print(f"{look.probability:6.1%} that it began {start} – {look.until:%d %b %H:%M} ({look.wafers:,} wafers)")
    console.print(escape(answer.sentence(language)))
