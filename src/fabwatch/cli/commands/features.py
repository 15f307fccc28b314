"""The special command that writes a table to train models on."""

from pathlib import Path
from typing import Annotated

import typer

from fabwatch.cli.options import HERE, AsOf, FabOption, JsonOption, KnownAt, Lang, opened


def add_to(app: typer.Typer) -> None:
    """Add the command to the command line."""
    app.command()(features)


def features(
    out: Annotated[Path, typer.Option("--out", "-o", help="The file to write: features.parquet or features.csv.")],
    by: Annotated[
        str, typer.Option(help="One row per wafer, per lot, or per reading of a polish.", metavar="wafer|lot|reading")
    ] = "wafer",
    share: Annotated[
        float, typer.Option(help="Steps, sensors and measurements that at least this share of the rows have.")
    ] = 0.2,
    most: Annotated[int, typer.Option(help="At most so many columns of features, the most complete first.")] = 400,
    as_of: AsOf = None,
    known_at: KnownAt = None,
    fab: FabOption = HERE,
    as_json: JsonOption = False,
    lang: Lang = "en",
) -> None:
    """One wide table to train models on: a row per wafer or lot, with what was known of it before its first test."""
    from fabwatch.cli import output
    from fabwatch.cli.tables import features as tables
    from fabwatch.fab.features import checked
    from fabwatch.fab.questions import FeaturesQuestion

    # A name that cannot be written is refused before the table is built.
    checked(out)
    asked = {"by": by, "share": share, "most": most, "as_of": as_of, "known_at": known_at}
    question = FeaturesQuestion(**asked)  # type: ignore[arg-type]
    with opened(fab) as door, output.working(question.spec.working):
        answer = door.ask(question)
        answer.write(out)
    output.note_end_of_record(answer, lang)
    if as_json:
        output.json_out({"file": str(out), **answer.described()})
    else:
        tables.written(answer, out, lang)
