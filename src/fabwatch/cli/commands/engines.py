"""The command that copies the tables of the fab into a database, where questions can be run."""

from typing import Annotated

import typer

from fabwatch.cli.options import HERE, FabOption, opened


def add_to(app: typer.Typer) -> None:
    """Add the command to the command line."""
    group = typer.Typer(rich_markup_mode=None, help="Where the questions that scan are run.", no_args_is_help=True)
    group.command("copy")(copy)
    app.add_typer(group, name="engine")


def copy(
    name: Annotated[str, typer.Argument(help="The PostgreSQL database of [databases] in fab.toml.")],
    fab: FabOption = HERE,
) -> None:
    """Bring the tables in a PostgreSQL database up to date, in its schema fabwatch: only loads that are new are sent."""
    from fabwatch.cli import output

    with opened(fab) as door, output.working("copying …"):
        copied = door.copy_to_engine(name)
    sent, removed = sum(one.sent for one in copied), sum(one.removed for one in copied)
    typer.echo(f"{name}: {len(copied)} tables, {sent:,} rows sent, {removed:,} removed")
