"""The commands about wafer maps in files, which need no fab."""

from pathlib import Path
from typing import Annotated

import typer

from fabwatch.cli.options import SET_ASIDE, CsvOption, JsonOption, Lang


def add_to(maps: typer.Typer) -> None:
    """Add these commands to the group."""
    maps.command()(classify)
    maps.command()(score)


def classify(
    files: Annotated[list[Path], typer.Argument(help="Files of wafer maps (G85, E142, rows, CSV), or folders of them.")],
    as_json: JsonOption = False,
    as_csv: CsvOption = False,
    lang: Lang = "en",
) -> None:
    """Which pattern each wafer map shows, how sure that is, and which of the others look like it; no fab is needed."""
    from fabwatch.cli import output
    from fabwatch.cli.tables import maps as tables
    from fabwatch.fab.maps import classify_files

    with output.working("looking at the maps …"):
        answer = classify_files(files)
    if as_json:
        output.json_out(answer.to_dict())
    elif as_csv:
        output.csv_out(answer.rows())
    else:
        tables.classified(answer, lang)
    tables.refused(answer)
    if answer.refused:
        raise typer.Exit(SET_ASIDE)


def score(
    file: Annotated[Path, typer.Argument(help="An .npz file with pixels, shape and label of maps.")],
    as_json: JsonOption = False,
    as_csv: CsvOption = False,
    lang: Lang = "en",
) -> None:
    """How well labelled wafer maps are told apart: F1 of each pattern, confusion, calibration, time; no fab is needed."""
    from fabwatch.cli import output
    from fabwatch.cli.tables import maps as tables
    from fabwatch.fab.maps import score_file

    with output.working("looking at the maps …"):
        answer = score_file(file)
    if as_json:
        output.json_out(answer.to_dict())
    elif as_csv:
        output.csv_out(answer.rows())
    else:
        tables.scored(answer, lang)
