"""Special commands about what came out: what the bad wafers of a file share."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from fabwatch.cli.options import HERE, AsOf, CsvOption, FabOption, JsonOption, KnownAt, Lang, opened


def add_to(app: typer.Typer) -> None:
    """Add these commands to the command line."""
    app.command()(commonality)


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
    fab: FabOption = HERE,
    as_json: JsonOption = False,
    as_csv: CsvOption = False,
    lang: Lang = "en",
) -> None:
    """What bad wafers share that others do not, or what shifts a number of them: tool, chamber, recipe …, and since when."""
    from fabwatch.cli import output, tables
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
    with opened(fab) as door, output.working("comparing wafers …"):
        answer = door.ask(question)
    output.note_end_of_record(answer, lang)
    if not output.data(answer, as_json, as_csv):
        tables.show(question, answer, lang)


def _names(path: Path) -> tuple[str, ...]:
    from fabwatch.fab.results import names_in
    from fabwatch.terms.errors import NoSuchPath

    try:
        raw = path.read_bytes()
    except OSError as fault:
        raise NoSuchPath(f"{path} cannot be read: {fault.strerror}.", "name a file of wafers or lots, one a line") from fault
    try:
        return names_in(raw.decode("utf-8-sig"), str(path))
    except UnicodeDecodeError:
        return names_in(raw.decode("cp1252", errors="replace"), str(path))
