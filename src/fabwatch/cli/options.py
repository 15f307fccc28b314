"""Options that many commands share, and the fab they open."""

import getpass
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from fabwatch.fab import Fab

FabOption = Annotated[Path, typer.Option("--fab", envvar="FABWATCH_FAB", help="The fab folder.")]
JsonOption = Annotated[bool, typer.Option("--json", help="Print the answer as JSON.")]
CsvOption = Annotated[bool, typer.Option("--csv", help="Print the flat table as CSV.")]
AsOf = Annotated[str | None, typer.Option(help="Count what had happened by this time (ISO 8601, UTC if no zone).")]
KnownAt = Annotated[str | None, typer.Option(help="Count what had been loaded by this time.")]
Lang = Annotated[str, typer.Option("--lang", envvar="FABWATCH_LANG", help="Language of sentences: en or es.")]
ToolOption = Annotated[str | None, typer.Option(help="Only this tool.")]
AreaOption = Annotated[str | None, typer.Option(help="Only this area.")]
ClockOption = Annotated[str, typer.Option(help="What wear counts in: auto, wafers, days or the name of a counter.")]
Reason = Annotated[str, typer.Option(help="Why; it stands in the audit.")]
Who = Annotated[str | None, typer.Option("--by", help="Who decides; else the user of this machine.")]
TypeOption = Annotated[str | None, typer.Option(help="Only this qual type.")]
HERE = Path("fab")


def opened(path: Path, create: bool = False) -> "Fab":
    """The fab in a folder."""
    from fabwatch.fab import Fab

    return Fab(path, create=create)


def who_of(given: str | None) -> str:
    """Who decides: the name that is given, else the user of this machine."""
    return given or getpass.getuser()


def told(
    fab: Path,
    as_json: bool,
    as_csv: bool,
    lang: str,
    ask: Callable[["Fab"], Any],
    show: Callable[[Any, str], None] | None = None,
) -> None:
    """Ask the fab and print the answer: for machines, or as a table, or the way `show` does."""
    from fabwatch.cli import printing

    with opened(fab) as door, printing.working("working it out …"):
        answer = ask(door)
    if not printing.data(answer, as_json, as_csv):
        (show or printing.rows)(answer, lang)
