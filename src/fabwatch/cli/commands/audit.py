"""The command that writes the audit for other programs."""

from pathlib import Path
from typing import Annotated

import typer

from fabwatch.cli.options import HERE, FabOption, opened


def add_to(group: typer.Typer) -> None:
    """Add the command to the group of the audit."""
    group.command("export")(export)


def export(
    since: Annotated[int, typer.Option(min=0, help="Only entries after this number.")] = 0,
    form: Annotated[str, typer.Option("--format", help="json, cef or syslog (RFC 5424).")] = "json",
    to: Annotated[Path | None, typer.Option(help="Add the lines to this file; else they are printed.")] = None,
    fab: FabOption = HERE,
) -> None:
    """Write the audit for another program, one line an entry, the oldest first."""
    with opened(fab) as door:
        lines = door.export_audit(since, form)
    text = "".join(f"{line}\n" for line in lines)
    if to is None:
        typer.echo(text, nl=False)
        return
    with to.open("a", encoding="utf-8") as file:
        file.write(text)
    typer.echo(f"{len(lines)} entries are in {to}", err=True)
