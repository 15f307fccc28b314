"""The commands about the fab's databases: rows are pulled from them, answers are published into them."""

from typing import Annotated

import typer

from fabwatch.cli.options import HERE, SET_ASIDE, CsvOption, FabOption, JsonOption, Lang, opened


def add_to(app: typer.Typer) -> None:
    """Add these commands to the command line."""
    app.command()(pull)
    app.command()(publish)


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


def publish(
    name: Annotated[str, typer.Argument(help="A [publish.NAME] of fab.toml.")],
    script: Annotated[
        bool, typer.Option("--script", help="Only print what makes tables and a package in Oracle; nothing is published.")
    ] = False,
    fab: FabOption = HERE,
    as_json: JsonOption = False,
    as_csv: CsvOption = False,
    lang: Lang = "en",
) -> None:
    """Put answers where people look already: as tables and functions in a database, or as files."""
    from fabwatch.cli import output

    with opened(fab) as door, output.working("publishing …"):
        if script:
            typer.echo(door.publish_script(name), nl=False)
            return
        answer = door.publish(name)
    if not output.data(answer, as_json, as_csv):
        output.rows(answer, lang)
