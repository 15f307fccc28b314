"""How answers are printed: JSON and CSV for machines on stdout, tables for people, talk on stderr."""

import json
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from fabwatch.ingest.loading import Progress as Step
from fabwatch.ingest.summary import FileResult, IngestSummary
from fabwatch.store.doctor import Finding
from fabwatch.terms.answers import Answer, Containment, Risk, plain
from fabwatch.terms.settings import LOG
from fabwatch.terms.tabular import csv_text
from fabwatch.terms.words import STATUS_SHAPE

ROWS_SHOWN = 40
FILES_SHOWN = 12
STYLES = {"act": "bold red", "watch": "yellow", "ok": "", "none": "dim"}


def out() -> Console:
    """The console that answers go to; wide enough for a table where it is none that a person looks at."""
    console = Console(highlight=False)
    return console if console.is_terminal else Console(highlight=False, width=150)


def _talk() -> Console:
    return Console(stderr=True, highlight=False, soft_wrap=True)


def json_out(value: Any) -> None:
    """JSON on stdout."""
    sys.stdout.write(json.dumps(plain(value), ensure_ascii=False, indent=1) + "\n")


def csv_out(rows: Sequence[dict[str, Any]]) -> None:
    """CSV on stdout."""
    sys.stdout.write(csv_text(rows))


def data(answer: Answer, as_json: bool, as_csv: bool) -> bool:
    """Print an answer for machines, when that is asked for; False when it is not."""
    if as_json:
        json_out(answer.to_dict())
    elif as_csv:
        csv_out(answer.rows())
    return as_json or as_csv


@contextmanager
def working(what: str) -> Iterator[None]:
    """A sign on stderr that something is being worked out, where a person looks on."""
    talk = _talk()
    if talk.is_terminal:
        with talk.status(what):
            yield
    else:
        yield


@contextmanager
def progress(quiet: bool) -> Iterator[Step]:
    """A progress bar on stderr that moves with each file."""
    talk = _talk()
    columns = (TextColumn("loading"), BarColumn(), MofNCompleteColumn(), TextColumn("files"), TimeRemainingColumn())
    with Progress(*columns, console=talk, transient=True, disable=quiet or not talk.is_terminal) as bar:
        task = bar.add_task("", total=None)

        def step(result: FileResult, done: int, total: int) -> None:
            bar.update(task, completed=done, total=total)

        yield step


def ingested(summary: IngestSummary, fab: Path, as_json: bool, dry_run: bool) -> None:
    """What an ingest did."""
    if as_json:
        json_out(summary.to_dict())
        return
    talk = _talk()
    notable = [f for f in summary.files if f.status in ("failed", "inbox") or f.rules or dry_run]
    # What was set aside of a file that loaded is nearer to an answer than a file that is something else altogether.
    notable.sort(key=lambda file: file.status != "loaded")
    for file in notable[:FILES_SHOWN]:
        talk.print(escape(f"{file.status}: {file.path}" + (f" ({file.kind})" if file.kind else "")))
        if file.message:
            talk.print(escape(f"  {file.message}"), style="dim")
        if file.guess:
            (_log_guess if file.kind == LOG else _guess)(talk, file.guess)
        if file.suggestion and "columns = " in file.suggestion:
            talk.print(escape("  suggested for fab.toml:\n    " + file.suggestion.replace("\n", "\n    ")))
    if len(notable) > FILES_SHOWN:
        talk.print(f"… and {len(notable) - FILES_SHOWN} more files (fabwatch loads lists all)")
    for note in sorted({n for f in summary.files if not f.rules for n in f.message.split("; ") if "UTC" in n} - {""}):
        if not dry_run and not note.startswith("already"):
            talk.print(escape(f"note: {note}"), style="dim")
    verb = "would load" if dry_run else "loaded"
    print_counts = (
        f"{summary.loaded} files {verb} ({summary.rows:,} rows), {summary.already} were there already, "
        f"{summary.failed} not loaded; {summary.set_aside:,} rows set aside, {summary.duplicates:,} duplicates"
    )
    talk.print(print_counts)
    if dry_run:
        return
    talk.print(f"next: fabwatch risk --fab {fab}" if summary.clean else f"next: fabwatch problems --fab {fab}")


def _guess(talk: Console, guess: dict[str, Any]) -> None:
    columns = ", ".join(f"{name} = {header!r}" for name, header in guess["columns"].items())
    talk.print(escape(f"  sure: {guess['sure']:.0%}; {columns}"))
    for name in ("unused", "lacking"):
        if guess[name]:
            talk.print(escape(f"  {name}: {', '.join(guess[name])}"))
    for row in guess["rows"]:
        talk.print(escape(f"  {', '.join(f'{k}={v}' for k, v in row.items() if v is not None)}"), style="dim")


def _log_guess(talk: Console, guess: dict[str, Any]) -> None:
    """What a dry run shows of a tool log."""
    talk.print(escape(f"  {guess['dialect']}, {guess['encoding']}, separator {guess['delimiter']!r}"))
    columns = [f"{c['name']}{' [' + c['unit'] + ']' if c['unit'] else ''}: {c['role']}" for c in guess["columns"]]
    talk.print(escape(f"  columns: {', '.join(columns)}"))
    counts = ("runs", "rows", "messages", "set_aside")
    talk.print("  " + ", ".join(f"{guess[name]:,} {name.replace('_', ' ')}" for name in counts))
    for row in guess["sample"]:
        talk.print(escape(f"  {', '.join(f'{k}={v}' for k, v in row.items() if v is not None)}"), style="dim")


def risk(answer: Risk, language: str) -> None:
    """Wafers at risk for people, worst first."""
    console = out()
    table = table_of(answer.demo, "wafers at risk", ("area", "tool", "chamber", "qual type", "wafers", "limit"))
    for name in ("passes", "lots", "since (UTC)", "status"):
        table.add_column(name, justify="right" if name in ("passes", "lots") else "left")
    for row in answer.tools[:ROWS_SHOWN]:
        name = row.tool or f"{row.tools} tools"
        said = f"{STATUS_SHAPE[row.status]} {row.status}"
        if row.failed_at:
            said += f", failed {row.failed_at:%d %b %H:%M}"
        if row.suspect_quals:
            wafers = "" if row.suspect_wafers is None else f" ({row.suspect_wafers:,} wafers)"
            said += f", {row.suspect_quals} fails passed again without a restore{wafers}"
        since = f"{row.since:%Y-%m-%d %H:%M}" if row.since else ("some never" if row.tools > 1 else "no good qual")
        cells = (row.area or row.tool_type or "-", name, row.chamber, row.qual_type or "-", f"{row.wafers:,}")
        limit = f"{row.limit:,}" if row.limit is not None else "-"
        rest = (limit, f"{row.passes:,}", f"{row.lots:,}", since, said)
        table.add_row(*(escape(cell) for cell in (*cells, *rest)), style=STYLES[row.status])
    console.print(table)
    if len(answer.tools) > ROWS_SHOWN:
        console.print(f"… and {len(answer.tools) - ROWS_SHOWN:,} more rows: --area, --tool, --by area, --csv or --json")
    console.print(escape(answer.sentence(language)))


def rows(answer: Answer, language: str) -> None:
    """The flat table of an answer as it is, for people."""
    console, found = out(), answer.rows()
    columns = [name for name in (found[0] if found else {}) if any(row[name] not in (None, "") for row in found)]
    table = table_of(answer.demo, "", columns)
    for row in found[:ROWS_SHOWN]:
        table.add_row(*(escape(_cell(row[name])) for name in columns))
    if found:
        console.print(table)
    if len(found) > ROWS_SHOWN:
        console.print(f"… and {len(found) - ROWS_SHOWN:,} more rows: --csv or --json")
    console.print(escape(answer.sentence(language)))


def _cell(value: Any) -> str:
    if value is None:
        return "-"
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return str(value)
    return f"{value:,}" if isinstance(value, int) else f"{value:,.5g}"


def containment(answer: Containment, language: str) -> None:
    """A containment for people, the wafers that ran last first."""
    console = out()
    title = f"{answer.tool} {answer.qual_type}: to hold"
    table = table_of(answer.demo, title, ("wafer", "lot", "wafers", "passes"))
    table.add_column("after fault", justify="right")
    for name in ("ran (UTC)", "now at", "area", "step", "next check"):
        table.add_column(name)
    for item in answer.items[:ROWS_SHOWN]:
        check = item.next_check
        ran = f"{item.first_end:%d %b %H:%M}" + (f" – {item.last_end:%d %b %H:%M}" if item.passes > 1 else "")
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


def table_of(demo: bool, title: str, columns: Sequence[str]) -> Table:
    """An empty table with its first columns; a make-believe fab says so in the title."""
    table = Table(title=("DEMO · " if demo else "") + title, title_justify="left", box=None, pad_edge=False)
    for name in columns:
        table.add_column(name, justify="right" if name in ("wafers", "limit", "passes") else "left", no_wrap=True)
    return table


def inbox(rows: list[dict[str, Any]], fab: Path, as_json: bool) -> None:
    """The files that wait."""
    if as_json:
        json_out({"files": rows})
        return
    console = out()
    for row in rows:
        console.print(escape(f"{row['path']}\n  {row['why']}\n  write into {fab / 'fab.toml'}:"))
        console.print(escape("    " + row["suggestion"].replace("\n", "\n    ")))
    console.print("nothing waits" if not rows else f"then: fabwatch inbox --retry --fab {fab}")


def problems(rows: list[dict[str, Any]], as_json: bool, as_csv: bool) -> None:
    """What was set aside."""
    if as_json:
        json_out({"problems": rows})
    elif as_csv:
        csv_out(rows)
    else:
        console = out()
        for row in rows[:ROWS_SHOWN]:
            console.print(escape(f"{row['path']}:{row['line']}:{row['byte_offset']} {row['rule']}: {row['why']}"))
            if row["raw"]:
                console.print(escape(f"  {row['raw'][:200]}"), style="dim")
        hints = {row["rule"]: row["hint"] for row in rows}
        console.print(f"{len(rows):,} set aside" if rows else "nothing was set aside")
        for rule, hint in hints.items():
            console.print(escape(f"hint: {rule}: {hint}"))


def loads(rows: list[dict[str, Any]], as_json: bool, as_csv: bool) -> None:
    """The ledger."""
    if as_json:
        json_out({"loads": rows})
    elif as_csv:
        csv_out(rows)
    else:
        table = table_of(False, "loads", ("loaded at (UTC)", "status", "kind"))
        for name in ("rows", "duplicates", "set aside"):
            table.add_column(name, justify="right")
        table.add_column("file")
        for row in rows[:ROWS_SHOWN]:
            counts = (f"{row[name] or 0:,}" for name in ("rows", "duplicates", "set_aside"))
            cells = (f"{row['loaded_at']:%Y-%m-%d %H:%M:%S}", row["status"], row["kind"] or "-", *counts, row["path"])
            table.add_row(*(escape(str(cell)) for cell in cells))
        out().print(table)


def findings(found: Sequence[Finding], as_json: bool) -> None:
    """What the doctor found."""
    if as_json:
        json_out({"well": all(f.well for f in found), "findings": list(found)})
        return
    console = out()
    for finding in found:
        console.print(escape(f"{'ok   ' if finding.well else 'WRONG'} {finding.check}: {finding.what}"))
        if finding.hint:
            console.print(escape(f"      hint: {finding.hint}"))


def demo_next(answer: Risk, fab: Path) -> None:
    """What to try after the demo."""
    worst = next((row for row in answer.tools if row.failed_at), answer.tools[0])
    console, day = out(), f"{answer.as_of:%Y-%m-%d}"
    console.print("\nThis is a make-believe fab. Try next:")
    for line in (
        f"risk --by tool_type --fab {fab}",
        f"risk --tool {worst.tool} --fab {fab}",
        f"contain {worst.tool} --fab {fab}",
        f"contain {worst.tool} --csv --fab {fab} > hold.csv",
        f"forecast --as-of {day} --fab {fab}",
        f"forecast --tool {worst.tool} --why --as-of {day} --fab {fab}",
        f"forecast score --as-of {day} --fab {fab}",
        f"plan --days 7 --as-of {day} --fab {fab}",
        f"cmp replay --fab {fab}",
        f"cmp polish-time --tool POLISHER-02 --product MCU8 --incoming 9000 --target 5000 --as-of {day} --fab {fab}",
        f"ingest YOUR_FILES --dry-run --fab {fab.parent / 'myfab'}",
    ):
        console.print(f"  .venv/bin/fabwatch {line}", markup=False)
