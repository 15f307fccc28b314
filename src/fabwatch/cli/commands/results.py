"""Special commands about what came out: what the bad wafers of a file share, and how groups of wafers differ."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from fabwatch.cli.declared import answered
from fabwatch.cli.options import HERE, AsOf, CsvOption, EngineOption, FabOption, JsonOption, KnownAt, Lang


def add_to(app: typer.Typer, yields: typer.Typer) -> None:
    """Add these commands to the command line and to the group of yield."""
    app.command()(commonality)
    yields.command()(split)


def commonality(
    bad: Annotated[
        Path | None, typer.Option(help="File of bad wafers: one wafer or lot a line, or CSV with lot and wafer.")
    ] = None,
    below: Annotated[
        float | None,
        typer.Option(help="Wafers with a yield below this are bad: 0.85, or 85 for 85 %; else those far below."),
    ] = None,
    good: Annotated[
        Path | None, typer.Option(help="File of good wafers to compare them with; all others without it.")
    ] = None,
    value: Annotated[
        str | None,
        typer.Option(help="Instead of bad wafers a number of each: yield, or its mean of this test or WAT parameter."),
    ] = None,
    direction: Annotated[
        Literal["low", "high"] | None,
        typer.Option(help="low or high numbers are looked for; else low yields, and either of other numbers."),
    ] = None,
    as_of: AsOf = None,
    known_at: KnownAt = None,
    engine: EngineOption = "duckdb",
    fab: FabOption = HERE,
    as_json: JsonOption = False,
    as_csv: CsvOption = False,
    lang: Lang = "en",
) -> None:
    """What bad wafers share that others do not, or what shifts a number of them: tool, chamber, recipe …, and since when."""
    from fabwatch.fab.questions import CommonalityQuestion

    question = CommonalityQuestion(
        bad=None if bad is None else _names(bad),
        below=below,
        good=None if good is None else _names(good),
        value=value,
        direction=direction,
        as_of=as_of,
        known_at=known_at,
    )
    answered(question, fab, as_json, as_csv, lang, engine)


def split(
    file: Annotated[Path, typer.Argument(help="The groups: `GROUP LOT,WAFER` a line, or CSV with group, lot, wafer.")],
    control: Annotated[
        str | None,
        typer.Option(help="The group that others are compared with; else the first, or all others."),
    ] = None,
    as_of: AsOf = None,
    known_at: KnownAt = None,
    engine: EngineOption = "duckdb",
    fab: FabOption = HERE,
    as_json: JsonOption = False,
    as_csv: CsvOption = False,
    lang: Lang = "en",
) -> None:
    """Split lots: groups of wafers against a control, in yield, tests and electrical tests, and what else they passed."""
    from fabwatch.fab.questions import SplitQuestion
    from fabwatch.fab.results import groups_in

    question = SplitQuestion(wafers=groups_in(_text(file), str(file)), control=control, as_of=as_of, known_at=known_at)
    answered(question, fab, as_json, as_csv, lang, engine)


def _names(path: Path) -> tuple[str, ...]:
    from fabwatch.fab.results import names_in

    return names_in(_text(path), str(path))


def _text(path: Path) -> str:
    from fabwatch.terms.errors import NoSuchPath

    try:
        raw = path.read_bytes()
    except OSError as fault:
        raise NoSuchPath(f"{path} cannot be read: {fault.strerror}.", "name a file of wafers or lots, one a line") from fault
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        return raw.decode("cp1252", errors="replace")
