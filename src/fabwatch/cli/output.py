"""How answers are printed: JSON and CSV on stdout for machines, tables for people, messages on stderr."""

import json
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, TypeVar

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from fabwatch.ingest.loading import Progress as Step
from fabwatch.ingest.summary import FileResult
from fabwatch.terms.answers import Answer, Row, plain
from fabwatch.terms.clock import iso
from fabwatch.terms.tabular import csv_text
from fabwatch.terms.words import sentence

T = TypeVar("T")
ROWS_SHOWN = 40
FILES_SHOWN = 12
STYLES = {"act": "bold red", "watch": "yellow", "ok": "", "none": "dim"}


def out() -> Console:
    """The console for answers; wide enough for a table if the output does not go to a terminal."""
    # A lot may be called `:x:`, which is no picture.
    console = Console(highlight=False, emoji=False)
    return console if console.is_terminal else Console(highlight=False, emoji=False, width=150)


def talk() -> Console:
    """The console for notes."""
    return Console(stderr=True, highlight=False, emoji=False, soft_wrap=True)


def json_out(value: Any) -> None:
    """JSON on stdout."""
    sys.stdout.write(json.dumps(plain(value), ensure_ascii=False, indent=1) + "\n")


def note(text: str) -> None:
    """A note on stderr."""
    talk().print(escape(f"note: {text}"))


def note_end_of_record(answer: Any, language: str) -> None:
    """Say on stderr if an answer is as of the end of the record instead of now."""
    if getattr(answer, "as_of_reason", None):
        note(sentence(language, "end_of_record", at=iso(answer.as_of)))


def csv_out(rows: Sequence[Row]) -> None:
    """CSV on stdout."""
    sys.stdout.write(csv_text(rows))


def data(answer: Any, as_json: bool, as_csv: bool) -> bool:
    """Print an answer for machines, if requested; False if not."""
    if as_json:
        json_out(answer.to_dict())
    elif as_csv:
        csv_out(answer.rows())
    return as_json or as_csv


@contextmanager
def working(what: str) -> Iterator[None]:
    """A progress message on stderr while something is computed, if stderr is a terminal."""
    console = talk()
    if console.is_terminal:
        with console.status(what):
            yield
    else:
        yield


@contextmanager
def progress(quiet: bool) -> Iterator[Step]:
    """A progress bar on stderr, advanced by each file."""
    console = talk()
    columns = (TextColumn("loading"), BarColumn(), MofNCompleteColumn(), TextColumn("files"), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True, disable=quiet or not console.is_terminal) as bar:
        task = bar.add_task("", total=None)

        def step(result: FileResult, done: int, total: int) -> None:
            bar.update(task, completed=done, total=total)

        yield step


def first_of(items: Sequence[T], cannot_wait: Callable[[T], bool] = lambda item: False) -> list[T]:
    """The rows that a table shows: the first ones, and of the others those that cannot wait."""
    return [item for n, item in enumerate(items) if n < ROWS_SHOWN or cannot_wait(item)]


def rows(answer: Answer, language: str) -> None:
    """The flat table of an answer, for people."""
    console, flat = out(), answer.rows()
    columns = [name for name in (flat[0] if flat else {}) if any(row[name] not in (None, "") for row in flat)]
    table = table_of(answer.demo, "", columns)
    for row in flat[:ROWS_SHOWN]:
        table.add_row(*(escape(_cell(row[name])) for name in columns))
    if flat:
        console.print(table)
    if len(flat) > ROWS_SHOWN:
        console.print(f"… and {len(flat) - ROWS_SHOWN:,} more rows: --csv or --json")
    console.print(escape(answer.sentence(language)))


def _cell(value: Any) -> str:
    if value is None:
        return "-"
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return str(value)
    return f"{value:,}" if isinstance(value, int) else f"{value:,.5g}"


def table_of(demo: bool, title: str, columns: Sequence[str]) -> Table:
    """An empty table with its first columns; the title says DEMO if the data is made up."""
    table = Table(title=("DEMO · " if demo else "") + title, title_justify="left", box=None, pad_edge=False)
    for name in columns:
        table.add_column(name, justify="right" if name in ("wafers", "limit", "passes") else "left", no_wrap=True)
    return table
