"""The commands about models that take a table: train, predict, compare."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from fabwatch.cli.options import HERE, CsvOption, FabOption, JsonOption, Lang, opened
from fabwatch.store.skip_pandas import with_pandas

TableArgument = Annotated[Path, typer.Argument(help="The table: CSV, Parquet or .xlsx.", metavar="TABLE")]
ModelArgument = Annotated[str, typer.Argument(help="MODEL or MODEL@VERSION.", metavar="MODEL")]
Columns = list[str] | None


def add_to(model: typer.Typer) -> None:
    """Add these commands to the group of models."""
    model.command()(train)
    model.command("train-images")(train_images)
    model.command()(predict)
    model.command()(compare)
    model.command()(export)
    model.command()(watch)


def train(
    table: TableArgument,
    target: Annotated[str, typer.Option(help="Column that is to be predicted.")],
    time: Annotated[str | None, typer.Option(help="Column of times: later rows are held out.")] = None,
    group: Annotated[str | None, typer.Option(help="Column of lots or other groups, which stay together.")] = None,
    positive: Annotated[str | None, typer.Option(help="Value of the target that is looked for.")] = None,
    cost: Annotated[float | None, typer.Option(help="A missed positive costs so many false alarms.")] = None,
    name: Annotated[str | None, typer.Option(help="Name of the model; else that of the file.")] = None,
    minutes: Annotated[float, typer.Option(help="Time to choose settings and to prove the result.")] = 5.0,
    seed: Annotated[int, typer.Option(min=0, help="The same seed makes the same file.")] = 0,
    keep: Annotated[
        Columns, typer.Option("--keep", help="Keep this column although it leaks; may stand several times.")
    ] = None,
    leave: Annotated[Columns, typer.Option("--leave", help="Leave this column out; may stand several times.")] = None,
    rising: Annotated[Columns, typer.Option("--rising", help="The answer may only rise with this column.")] = None,
    falling: Annotated[Columns, typer.Option("--falling", help="The answer may only fall with this column.")] = None,
    learner: Annotated[
        Literal["linear", "boosted", "trees"] | None, typer.Option(help="What learns; else the best that explains itself.")
    ] = None,
    held_out: Annotated[float, typer.Option(help="Share of the rows that is held out.")] = 0.25,
    fab: FabOption = HERE,
    as_json: JsonOption = False,
    as_csv: CsvOption = False,
    lang: Lang = "en",
) -> None:
    """Make a version of a model from any table, and say how well it does on rows that came later."""
    import os

    from fabwatch.cli import output
    from fabwatch.cli.tables import models as tables

    with_pandas()
    with opened(fab, create=True) as door, output.steps("looking at the table") as say:
        answer = door.train_model(
            table,
            target,
            name=name,
            time=time,
            group=group,
            positive=positive,
            cost=cost,
            minutes=minutes,
            seed=seed,
            keep=keep or (),
            leave=leave or (),
            rising=rising or (),
            falling=falling or (),
            learner=learner,
            held_out=held_out,
            workers=os.cpu_count() or 1,
            say=say,
        )
    if not output.data(answer, as_json, as_csv):
        tables.trained(answer, lang)


def train_images(
    folder: Annotated[Path, typer.Argument(help="Sub-folders are classes; folders in these are lots.", metavar="FOLDER")],
    name: Annotated[str | None, typer.Option(help="Name of the model; else that of the folder.")] = None,
    minutes: Annotated[float, typer.Option(help="Time to learn, at most.")] = 5.0,
    seed: Annotated[int, typer.Option(min=0, help="The same seed makes the same file.")] = 0,
    size: Annotated[int, typer.Option(help="Side in pixels of what is looked at, 32 to 128.")] = 64,
    turns: Annotated[
        Literal["none", "mirror", "all"], typer.Option(help="What leaves a class the same: mirrored, or turned any way.")
    ] = "mirror",
    fab: FabOption = HERE,
    as_json: JsonOption = False,
    as_csv: CsvOption = False,
    lang: Lang = "en",
) -> None:
    """Make a version of a model of pictures, and say how well it does on pictures held out."""
    import os

    from fabwatch.cli import output
    from fabwatch.cli.tables import models as tables

    with_pandas()
    with opened(fab, create=True) as door, output.steps("looking at the pictures") as say:
        answer = door.train_images(
            folder,
            name=name,
            minutes=minutes,
            seed=seed,
            size=size,
            turns=turns,
            workers=os.cpu_count() or 1,
            say=say,
        )
    if not output.data(answer, as_json, as_csv):
        tables.trained_on_pictures(answer, lang)


def predict(
    model: ModelArgument,
    table: Annotated[
        Path, typer.Argument(help="Rows (CSV, Parquet, .xlsx); or a picture, a folder or .zip of them.", metavar="FILE")
    ],
    contributions: Annotated[
        bool, typer.Option("--contributions", help="What each column adds, or each place of a picture (--json).")
    ] = False,
    fab: FabOption = HERE,
    as_json: JsonOption = False,
    as_csv: CsvOption = False,
    lang: Lang = "en",
) -> None:
    """What a model says of rows, and what is odd about each: unseen, out of range, missing."""
    from fabwatch.cli import output
    from fabwatch.cli.tables import models as tables

    with_pandas()
    with opened(fab) as door, output.working("predicting …"):
        answer = door.predict(model, table, contributions=contributions, language=lang)
    if not output.data(answer, as_json, as_csv):
        tables.predicted(answer, lang)


def compare(
    a: Annotated[str, typer.Argument(help="MODEL@VERSION, or a CSV of predictions.", metavar="A")],
    b: Annotated[str, typer.Argument(help="MODEL@VERSION, or a CSV of predictions.", metavar="B")],
    on: Annotated[
        Path | None,
        typer.Option(
            help="Rows with what came out (CSV, Parquet, .xlsx), or a folder of pictures; else what B was tried on.",
            metavar="FILE",
        ),
    ] = None,
    fab: FabOption = HERE,
    as_json: JsonOption = False,
    as_csv: CsvOption = False,
    lang: Lang = "en",
) -> None:
    """What changed from A to B: on the same rows, with a test, and taken apart into its causes."""
    import os

    from fabwatch.cli import output
    from fabwatch.cli.tables import models as tables

    with_pandas()
    with opened(fab) as door, output.working("comparing …"):
        answer = door.compare_models(a, b, on, workers=os.cpu_count() or 1)
    if not output.data(answer, as_json, as_csv):
        tables.compared(answer, lang)


def watch(
    model: ModelArgument,
    on: Annotated[
        Path | None,
        typer.Option(
            help="Newer rows, with what came out where it is known; else what the service was asked.", metavar="FILE"
        ),
    ] = None,
    days: Annotated[int, typer.Option(min=1, max=400, help="Days of what the service was asked.")] = 7,
    retrain: Annotated[
        bool, typer.Option("--retrain", help="Make a version that learned from these rows as well, and compare it.")
    ] = False,
    minutes: Annotated[float, typer.Option(help="Time to choose settings with --retrain.")] = 5.0,
    fab: FabOption = HERE,
    as_json: JsonOption = False,
    as_csv: CsvOption = False,
    lang: Lang = "en",
) -> None:
    """How a model does since it was made: columns that drift, its score on newer rows, and whether to learn again."""
    import os

    from fabwatch.cli import output
    from fabwatch.cli.tables import models as tables

    with_pandas()
    with opened(fab) as door, output.steps("looking at the rows") as say:
        answer = door.watch_model(
            model, on, days=days, retrain=retrain, minutes=minutes, workers=os.cpu_count() or 1, say=say
        )
    if not output.data(answer, as_json, as_csv):
        tables.watched(answer, lang)


def export(
    model: ModelArgument,
    out: Annotated[Path, typer.Option("-o", "--out", help="The new folder.")],
    form: Annotated[
        Literal["onnx", "fastapi", "lambda"],
        typer.Option("--as", help="The file alone, a service, or a serverless function."),
    ] = "onnx",
    fab: FabOption = HERE,
) -> None:
    """Write a version into a folder that runs without fabwatch, by the same contract."""
    with opened(fab) as door:
        typer.echo(door.export_model(model, form, out))
