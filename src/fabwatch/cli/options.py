"""What the commands share: their options, and opening the fab."""

import getpass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from fabwatch.fab import Fab

FabOption = Annotated[Path, typer.Option("--fab", envvar="FABWATCH_FAB", help="The fab folder.")]
JsonOption = Annotated[bool, typer.Option("--json", help="Print the answer as JSON.")]
CsvOption = Annotated[bool, typer.Option("--csv", help="Print the flat table as CSV.")]
Lang = Annotated[str, typer.Option("--lang", envvar="FABWATCH_LANG", help="Language of sentences: en or es.")]
EngineOption = Annotated[
    str, typer.Option("--engine", help="What runs the scans: duckdb, spark, spark://HOST:PORT or postgres:NAME.")
]
Reason = Annotated[str, typer.Option(help="Why; it is written to the audit.")]
Who = Annotated[str | None, typer.Option("--by", help="Who decides; else the user of this machine.")]
Yes = Annotated[bool, typer.Option("--yes", help="Confirm it: what is scrapped cannot be taken back.")]
AsOf = Annotated[str | None, typer.Option(help="Count what had happened by this time (ISO 8601); now for now.")]
KnownAt = Annotated[str | None, typer.Option(help="Count what had been loaded by this time.")]
HERE = Path("fab")
SET_ASIDE = 2
"""Exit code of a command that finished but set rows aside, or found something wrong."""


def opened(path: Path, create: bool = False, engine: str = "duckdb") -> "Fab":
    """The fab in a folder; `engine` runs the statements that scan."""
    from fabwatch.fab import Fab

    return Fab(path, create=create, engine=engine)


def who_of(name: str | None) -> str:
    """Who decides: the stated name, else the user of this machine."""
    return name or getpass.getuser()
