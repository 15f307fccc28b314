"""The command that pulls rows from the fab's databases."""

from typing import Annotated

import typer

from fabwatch.cli.options import HERE, SET_ASIDE, CsvOption, FabOption, JsonOption, Lang, opened


def add_to(app: typer.Typer) -> None:
    """Add the command to the command line."""
    app.command()(pull)


def pull(
    name: Annotated[str | None, typer.Argument(help="Only this database of fab.toml.")] = None,
    fab: FabOption = HERE,
    as_json: JsonOption = False,
    as_csv: CsvOption = False,
    lang: Lang = "en",
) -> None:
    """Load what is new in the databases of fab.toml, each row once; it goes on where the last pull ended."""
    from fabwatch.cli import output

    with opened(fab, create=True) as door, output.working("pulling …"):
        answer = door.pull(name)
    if not output.data(answer, as_json, as_csv):
        output.rows(answer, lang)
    if answer.failed or any(one.set_aside for one in answer.tables):
        raise typer.Exit(SET_ASIDE)
