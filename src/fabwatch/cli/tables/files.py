"""Tables about files: an ingest, the ledger, rows set aside, files not recognised yet, findings of a check."""

from collections.abc import Callable, Sequence
from pathlib import Path

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from fabwatch.cli.output import ROWS_SHOWN, json_out, out, table_of, talk
from fabwatch.fab.answers import Risk
from fabwatch.ingest.answers import InboxFile, Loads, Problems
from fabwatch.ingest.summary import IngestSummary
from fabwatch.store.check import Finding
from fabwatch.terms.answers import Json
from fabwatch.terms.settings.files import LOG
from fabwatch.terms.tables import RESULT_FORMATS

FILES_SHOWN = 12


def ingested(summary: IngestSummary, fab: Path, as_json: bool, dry_run: bool) -> None:
    """What an ingest did."""
    if as_json:
        json_out(summary.to_dict())
        return
    console = talk()
    notable = [f for f in summary.files if f.status in ("failed", "inbox") or f.rules or dry_run]
    # Rows set aside of a loaded file matter more than a file that could not be loaded.
    notable.sort(key=lambda file: file.status != "loaded")
    for file in notable[:FILES_SHOWN]:
        console.print(escape(f"{file.status}: {file.path}" + (f" ({file.kind})" if file.kind else "")))
        if file.message:
            console.print(escape(f"  {file.message}"), style="dim")
        if file.guess:
            _shown(file.kind)(console, file.guess)
        if file.suggestion and "columns = " in file.suggestion:
            console.print(escape("  suggested for fab.toml:\n    " + file.suggestion.replace("\n", "\n    ")))
    if len(notable) > FILES_SHOWN:
        console.print(f"… and {len(notable) - FILES_SHOWN} more files (fabwatch loads lists all)")
    for note in sorted({n for f in summary.files if not f.rules for n in f.message.split("; ") if "UTC" in n} - {""}):
        if not dry_run and not note.startswith("already"):
            console.print(escape(f"note: {note}"), style="dim")
    verb = "would load" if dry_run else "loaded"
    print_counts = (
        f"{summary.loaded} files {verb} ({summary.rows:,} rows), {summary.already} were there already, "
        f"{summary.failed} not loaded; {summary.set_aside:,} rows set aside, {summary.duplicates:,} duplicates"
    )
    console.print(print_counts)
    if dry_run:
        return
    console.print(f"next: fabwatch {_next(summary)} --fab {fab}")


def _next(summary: IngestSummary) -> str:
    """The command that shows what the files hold."""
    if not summary.clean:
        return "problems"
    kinds = {file.kind for file in summary.files if file.status == "loaded"}
    if kinds and kinds <= {"klarf"}:
        return "defects"
    return "yield" if kinds and kinds <= {*RESULT_FORMATS, "sort_summary"} else "risk"


def _shown(kind: str | None) -> Callable[[Console, Json], None]:
    """How a dry run shows a file of a kind."""
    if kind in RESULT_FORMATS:
        return _results_guess
    return _log_guess if kind == LOG else _guess


BY = {
    "stated": "stated in fab.toml",
    "name": "by its name",
    "alias": "by a name it often has",
    "parameter": "numbers that nothing else explains",
    "": "not used",
}


def explained(summary: IngestSummary) -> None:
    """How each file would be read, a line a column."""
    console = out()
    for file in summary.files:
        console.print(escape(f"{file.path}: {file.kind or 'not recognised'}, {file.status}"), style="bold")
        if file.message:
            console.print(escape(f"  {file.message}"), style="dim")
        if file.guess:
            if file.kind in RESULT_FORMATS:
                _results_guess(console, file.guess)
            else:
                console.print(_log_columns(file.guess) if file.kind == LOG else _columns(file.guess))
        if file.suggestion:
            console.print(escape("  for fab.toml:\n    " + file.suggestion.replace("\n", "\n    ")))


def _columns(guess: Json) -> Table:
    table = Table("header", "is", "type", "unit", "zone", "how sure", "values", box=None, pad_edge=True)
    for field in guess["fields"]:
        cells = [field["header"], field["column"] or "-", field["type"] or "-", field["unit"] or "-", field["zone"] or "-"]
        table.add_row(*(escape(cell) for cell in (*cells, BY[field["by"]], ", ".join(field["values"]))))
    for gap in guess["lacking"]:
        table.add_row("-", escape(gap), "-", "-", "-", "missing", "")
    return table


def _log_columns(guess: Json) -> Table:
    table = Table("header", "is", "unit", "setpoint of", "values", box=None, pad_edge=True)
    for column in guess["columns"]:
        cells = (column["name"], column["role"], column["unit"] or "-", column["setpoint_of"] or "-")
        table.add_row(*(escape(cell) for cell in (*cells, ", ".join(column["values"]))))
    return table


def _guess(console: Console, guess: Json) -> None:
    columns = ", ".join(f"{name} = {header!r}" for name, header in guess["columns"].items())
    console.print(escape(f"  sure: {guess['sure']:.0%}; {columns}"))
    for name in ("unused", "lacking"):
        if guess[name]:
            console.print(escape(f"  {name}: {', '.join(guess[name])}"))
    for own in guess.get("parameters", ()):
        limits = "".join(f"; {side} {own[side]}" for side in ("lower", "upper") if own[side])
        console.print(escape(f"  parameter {own['name']}{' in ' + own['unit'] if own['unit'] else ''}{limits}"))
    for row in guess["rows"]:
        console.print(escape(f"  {', '.join(f'{k}={v}' for k, v in row.items() if v is not None)}"), style="dim")


def _results_guess(console: Console, guess: Json) -> None:
    """What a dry run shows of a file of results: how many rows of each table, and the first of each."""
    counts = ", ".join(f"{count:,} {table}" for table, count in guess["tables"].items())
    console.print(escape(f"  {guess['format']}: {counts}; {guess['set_aside']:,} set aside"))
    for table, rows in guess["first"].items():
        for row in rows:
            cells = ", ".join(f"{name}={value}" for name, value in row.items() if value is not None)
            console.print(escape(f"  {table}: {cells}"), style="dim")


def _log_guess(console: Console, guess: Json) -> None:
    """What a dry run shows of a tool log."""
    console.print(escape(f"  {guess['dialect']}, {guess['encoding']}, separator {guess['delimiter']!r}"))
    columns = [f"{c['name']}{' [' + c['unit'] + ']' if c['unit'] else ''}: {c['role']}" for c in guess["columns"]]
    console.print(escape(f"  columns: {', '.join(columns)}"))
    counts = ("runs", "rows", "messages", "set_aside")
    console.print("  " + ", ".join(f"{guess[name]:,} {name.replace('_', ' ')}" for name in counts))
    for row in guess["sample"]:
        console.print(escape(f"  {', '.join(f'{k}={v}' for k, v in row.items() if v is not None)}"), style="dim")


def inbox(rows: Sequence[InboxFile], fab: Path, as_json: bool) -> None:
    """The files that are not recognised yet."""
    if as_json:
        json_out({"files": list(rows)})
        return
    console = out()
    for row in rows:
        console.print(escape(f"{row.path}  ({row.load})\n  {row.why}\n  write into {fab / 'fab.toml'}:"))
        console.print(escape("    " + (row.suggestion or "").replace("\n", "\n    ")))
    console.print(
        "every file was recognised" if not rows else f"then: fabwatch inbox --retry --fab {fab} (or --discard LOAD)"
    )


def problems(answer: Problems, language: str) -> None:
    """What was set aside."""
    console, rows = out(), answer.problems
    for row in rows[:ROWS_SHOWN]:
        console.print(escape(f"{row.path}:{row.line}:{row.byte_offset} {row.rule}: {row.why}"))
        if row.raw:
            console.print(escape(f"  {row.raw[:200]}"), style="dim")
    console.print(f"{len(rows):,} set aside" if rows else "nothing was set aside")
    for rule, hint in {row.rule: row.hint for row in rows}.items():
        console.print(escape(f"hint: {rule}: {hint}"))


def loads(answer: Loads, language: str) -> None:
    """The ledger."""
    table = table_of(False, "loads", ("loaded at (UTC)", "status", "kind"))
    for name in ("rows", "duplicates", "set aside"):
        table.add_column(name, justify="right")
    table.add_column("file")
    for row in answer.loads[:ROWS_SHOWN]:
        counts = (f"{count or 0:,}" for count in (row.rows, row.duplicates, row.set_aside))
        cells = (f"{row.loaded_at:%Y-%m-%d %H:%M:%S}", row.status, row.kind or "-", *counts, row.path)
        table.add_row(*(escape(str(cell)) for cell in cells))
    out().print(table)


def findings(results: Sequence[Finding], as_json: bool) -> None:
    """The findings of a check."""
    if as_json:
        json_out({"well": all(finding.well for finding in results), "findings": list(results)})
        return
    console = out()
    for finding in results:
        console.print(escape(f"{'ok   ' if finding.well else 'WRONG'} {finding.check}: {finding.what}"))
        if finding.hint:
            console.print(escape(f"      hint: {finding.hint}"))


def demo_next(answer: Risk, fab: Path) -> None:
    """What to try after the demo."""
    worst = next((row for row in answer.tools if row.failed_at), answer.tools[0])
    console, day = out(), f"{answer.as_of:%Y-%m-%d}"
    console.print("\nThis fab is made up. Try next:")
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
        f"features --by reading --fab {fab} -o readings.parquet",
        f"model train readings.parquet --target target.after --time at --group lot --fab {fab}",
        f"ingest YOUR_FILES --dry-run --fab {fab.parent / 'myfab'}",
    ):
        console.print(f"  .venv/bin/fabwatch {line}", markup=False)
