"""How answers are printed: JSON and CSV on stdout for machines, tables for people, messages on stderr."""

import json
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, TypeVar

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, Task, TextColumn
from rich.table import Table
from rich.text import Text

from fabwatch.ingest import progress as loads
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


class Figures(TextColumn):
    """What of how much is read, how fast, how long it still takes, and how many files are done."""

    def __init__(self) -> None:
        super().__init__("")

    def render(self, task: Task) -> Text:
        """The figures; no time left before it can be told."""
        files = f"{task.fields['done']}/{task.fields['files']} files"
        if not task.total:
            return Text(files)
        read, size, seconds = task.completed, task.total, task.elapsed or 0.0
        parts = [f"{read / 1e6:,.1f}/{size / 1e6:,.1f} MB", files, *(["storing"] if task.fields["storing"] else [])]
        if seconds >= 1 and read:
            parts += [f"{read / seconds / 1e6:,.1f} MB/s", f"{_clock(seconds * (size - read) / read)} left"]
        return Text(", ".join(parts))


def _clock(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes // 60}:{minutes % 60:02d}:{rest:02d}" if minutes >= 60 else f"{minutes}:{rest:02d}"


def load_bar(console: Console, quiet: bool, get_time: Callable[[], float] | None = None) -> Progress:
    """The bar of a load; nothing where the console is no terminal."""
    columns = (TextColumn("loading"), BarColumn(), Figures())
    off = quiet or not console.is_terminal
    return Progress(*columns, console=console, transient=True, disable=off, get_time=get_time)


@contextmanager
def progress(quiet: bool, console: Console | None = None) -> Iterator[loads.Progress]:
    """A bar on stderr in bytes of the files that are read, with MB/s and the time left; on a terminal alone."""
    with load_bar(console or talk(), quiet) as bar:
        task = bar.add_task("", total=None, done=0, files=0, storing=False)

        def step(at: loads.Step) -> None:
            bar.update(task, completed=at.read, total=at.size, done=at.done, files=at.total, storing=at.storing)

        yield step


@contextmanager
def steps(what: str) -> Iterator[Callable[[str, float], None]]:
    """A bar on stderr of what is being done and how far it is; on a terminal alone."""
    console = talk()
    with Progress(
        TextColumn("{task.description}"), BarColumn(), console=console, transient=True, disable=not console.is_terminal
    ) as bar:
        task = bar.add_task(escape(what), total=1.0)
        yield lambda text, part: bar.update(task, description=escape(text), completed=part)


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
