"""The commands of the answers that pages are made of: tools, areas, overview, history, curve, stats, readings."""

from typing import Annotated, Any

import typer

from fabwatch.cli.options import HERE, AreaOption, AsOf, CsvOption, FabOption, JsonOption, KnownAt, Lang, TypeOption, told

ToolName = Annotated[str, typer.Argument(help="The tool.")]
Since = Annotated[str | None, typer.Option(help="From this process time on.")]
Until = Annotated[str | None, typer.Option(help="Until this process time.")]


def add_to(app: typer.Typer) -> None:
    """Hang these commands into the command line."""
    for command in (overview, areas, tools, history, curve, stats, readings):
        app.command()(command)


def overview(
    as_of: AsOf = None,
    known_at: KnownAt = None,
    fab: FabOption = HERE,
    as_json: JsonOption = False,
    as_csv: CsvOption = False,
    lang: Lang = "en",
) -> None:
    """The fab as a whole: what was loaded, until when it is known, how many wafers are at risk."""
    told(fab, as_json, as_csv, lang, lambda door: door.overview(as_of=as_of, known_at=known_at))


def areas(
    as_of: AsOf = None,
    known_at: KnownAt = None,
    fab: FabOption = HERE,
    as_json: JsonOption = False,
    as_csv: CsvOption = False,
    lang: Lang = "en",
) -> None:
    """Every area in one line; their wafers add up to those of the tools."""
    told(fab, as_json, as_csv, lang, lambda door: door.areas(as_of=as_of, known_at=known_at))


def tools(
    area: AreaOption = None,
    horizon: Annotated[float | None, typer.Option(help="Days ahead for the chance that it fails; else of fab.toml.")] = None,
    as_of: AsOf = None,
    known_at: KnownAt = None,
    fab: FabOption = HERE,
    as_json: JsonOption = False,
    as_csv: CsvOption = False,
    lang: Lang = "en",
) -> None:
    """Every tool in one line: wafers at risk, limit, chance that it fails soon, next check."""
    asked: dict[str, Any] = {"area": area, "horizon": horizon, "as_of": as_of, "known_at": known_at}
    told(fab, as_json, as_csv, lang, lambda door: door.tools(**asked))


def history(
    tool: ToolName,
    qual_type: TypeOption = None,
    chamber: Annotated[str | None, typer.Option(help="Only this chamber.")] = None,
    days: Annotated[float, typer.Option(help="How many days back.")] = 30.0,
    as_of: AsOf = None,
    known_at: KnownAt = None,
    fab: FabOption = HERE,
    as_json: JsonOption = False,
    as_csv: CsvOption = False,
    lang: Lang = "en",
) -> None:
    """Wafers at risk of a tool over time, with its quals and restores."""
    asked: dict[str, Any] = {"qual_type": qual_type, "chamber": chamber, "days": days, "as_of": as_of, "known_at": known_at}
    told(fab, as_json, as_csv, lang, lambda door: door.history(tool, **asked))


def curve(
    tool: ToolName,
    qual_type: TypeOption = None,
    as_of: AsOf = None,
    known_at: KnownAt = None,
    fab: FabOption = HERE,
    as_json: JsonOption = False,
    as_csv: CsvOption = False,
    lang: Lang = "en",
) -> None:
    """What if we checked every so many wafers: wafers at risk, chance to fail, cost."""
    asked: dict[str, Any] = {"qual_type": qual_type, "as_of": as_of, "known_at": known_at}
    told(fab, as_json, as_csv, lang, lambda door: door.curve(tool, **asked))


def stats(
    by: Annotated[
        str, typer.Option(help="One row a tool, chamber, area, tool_type, qual_type, day, week or month.")
    ] = "tool",
    area: AreaOption = None,
    tool: Annotated[str | None, typer.Option(help="Only this tool.")] = None,
    qual_type: TypeOption = None,
    since: Since = None,
    until: Until = None,
    as_of: AsOf = None,
    known_at: KnownAt = None,
    fab: FabOption = HERE,
    as_json: JsonOption = False,
    as_csv: CsvOption = False,
    lang: Lang = "en",
) -> None:
    """Readings in figures: n, mean, std, min, max, range, and Cpk where they have limits."""
    asked: dict[str, Any] = {"by": by, "area": area, "tool": tool, "qual_type": qual_type, "since": since, "until": until}
    told(fab, as_json, as_csv, lang, lambda door: door.stats(**asked, as_of=as_of, known_at=known_at))


def readings(
    tool: ToolName,
    qual_type: TypeOption = None,
    since: Since = None,
    until: Until = None,
    as_of: AsOf = None,
    known_at: KnownAt = None,
    fab: FabOption = HERE,
    as_json: JsonOption = False,
    as_csv: CsvOption = False,
    lang: Lang = "en",
) -> None:
    """The readings of one tool in order of time, with moving ranges."""
    asked: dict[str, Any] = {"qual_type": qual_type, "since": since, "until": until, "as_of": as_of, "known_at": known_at}
    told(fab, as_json, as_csv, lang, lambda door: door.readings(tool, **asked))
