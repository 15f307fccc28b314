"""The commands about tool logs: what was understood of a file, runs, what sensors did, which runs left the path."""

from pathlib import Path
from typing import Annotated, Any

import typer

from fabwatch.cli.options import HERE, AsOf, CsvOption, FabOption, JsonOption, KnownAt, Lang, ToolOption, opened

trace = typer.Typer(rich_markup_mode=None, help="What a tool did, from its logs.", no_args_is_help=True)
log = typer.Typer(rich_markup_mode=None, help="How a log file is read.", no_args_is_help=True)
RunOption = Annotated[str | None, typer.Option(help="Only this run.")]


@log.command()
def explain(
    file: Annotated[Path, typer.Argument(help="A log file; it is only looked at.")],
    fab: FabOption = HERE,
    as_json: JsonOption = False,
) -> None:
    """What is understood of a log: dialect, columns with units and roles, runs, messages, what would be set aside."""
    from fabwatch.cli import logs
    from fabwatch.fab.explaining import explain as explained

    logs.explained(explained(file, fab), as_json)


@trace.command()
def runs(
    tool: ToolOption = None,
    as_of: AsOf = None,
    known_at: KnownAt = None,
    fab: FabOption = HERE,
    as_json: JsonOption = False,
    as_csv: CsvOption = False,
    lang: Lang = "en",
) -> None:
    """The runs: each wafer on each tool, with its samples and alarms."""
    _told(fab, "runs", {"tool": tool, "as_of": as_of, "known_at": known_at}, as_json, as_csv, lang)


@trace.command()
def summary(
    tool: ToolOption = None,
    run: RunOption = None,
    as_of: AsOf = None,
    known_at: KnownAt = None,
    fab: FabOption = HERE,
    as_json: JsonOption = False,
    as_csv: CsvOption = False,
    lang: Lang = "en",
) -> None:
    """What each sensor did in each step of a run: n, mean, std, min, max, slope, seconds off its setpoint."""
    _told(fab, "step_summary", {"tool": tool, "run": run, "as_of": as_of, "known_at": known_at}, as_json, as_csv, lang)


@trace.command()
def faults(
    tool: ToolOption = None,
    run: RunOption = None,
    as_of: AsOf = None,
    known_at: KnownAt = None,
    fab: FabOption = HERE,
    as_json: JsonOption = False,
    as_csv: CsvOption = False,
    lang: Lang = "en",
) -> None:
    """Runs that left the path of the good ones, the sensors that did, and how many wafers that touches."""
    from fabwatch.cli import logs, printing

    with opened(fab) as door, printing.working("comparing …"):
        answer = door.faults(tool=tool, run=run, as_of=as_of, known_at=known_at)
    if not printing.data(answer, as_json, as_csv):
        logs.faults(answer, lang)


def watch(
    folder: Annotated[Path, typer.Argument(help="A folder where files arrive and logs grow.")],
    every: Annotated[float, typer.Option(min=0.1, help="Seconds between two looks.")] = 10.0,
    seconds: Annotated[
        float | None, typer.Option("--for", min=0, help="Stop after so many seconds; else with Ctrl-C.")
    ] = None,
    fab: FabOption = HERE,
    as_json: JsonOption = False,
) -> None:
    """Load what is new or has grown in a folder, again and again; logs go on where they stopped."""
    from fabwatch.cli import printing
    from fabwatch.fab.watching import watch as watching

    with opened(fab, create=True) as door:
        try:
            for summary in watching(door, folder, every, seconds):
                printing.ingested(summary, fab, as_json, dry_run=False)
        except KeyboardInterrupt:
            typer.echo("stopped; what was loaded stays", err=True)


def _told(fab: Path, question: str, asked: dict[str, Any], as_json: bool, as_csv: bool, lang: str) -> None:
    from fabwatch.cli import printing

    with opened(fab) as door, printing.working("working it out …"):
        answer = getattr(door, question)(**asked)
    if not printing.data(answer, as_json, as_csv):
        printing.rows(answer, lang)
