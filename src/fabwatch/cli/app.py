"""The commands. What is heavy is imported inside them, so that --help answers at once."""

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.exceptions import TyperException

from fabwatch import __version__
from fabwatch.cli import boards, service
from fabwatch.cli import cmp as polish
from fabwatch.cli import trace as traces
from fabwatch.cli.options import (
    HERE,
    AreaOption,
    AsOf,
    ClockOption,
    CsvOption,
    FabOption,
    JsonOption,
    KnownAt,
    Lang,
    ToolOption,
    TypeOption,
    opened,
)
from fabwatch.store.skip_pandas import without_pandas

app = typer.Typer(
    help="Which wafers are at risk now, and where are they?",
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)

SOMETHING_ASIDE = 2


def _print_version(asked: bool) -> None:
    if asked:
        typer.echo(f"fabwatch {__version__}")
        raise typer.Exit


@app.callback()
def _top(
    debug: Annotated[bool, typer.Option("--debug", help="Show the traceback of an error; may stand anywhere.")] = False,
    version: Annotated[
        bool, typer.Option("--version", help="Print the version.", is_eager=True, callback=_print_version)
    ] = False,
) -> None:
    """--debug is taken out of the arguments before they come here (see `_run`); it is named here for --help."""


@app.command()
def ingest(
    paths: Annotated[list[Path], typer.Argument(help="Files, folders, or patterns in quotes.")],
    kind: Annotated[
        str | None, typer.Option("--as", help="moves, quals, restores, counters, metrology, tools or log.")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what is understood; load nothing.")] = False,
    again: Annotated[
        bool, typer.Option("--again", help="Read files anew that are there already, after fab.toml was mended.")
    ] = False,
    fab: FabOption = HERE,
    as_json: JsonOption = False,
) -> None:
    """Load files into the fab, each exactly once; the fab is made if it is not there."""
    from fabwatch.cli import printing

    with opened(fab, create=True) as door, printing.progress(as_json) as step:
        summary = door.ingest(paths, kind=kind, dry_run=dry_run, again=again, progress=step)
    printing.ingested(summary, fab, as_json, dry_run)
    if not summary.clean:
        raise typer.Exit(SOMETHING_ASIDE)


@app.command()
def risk(
    area: AreaOption = None,
    tool: ToolOption = None,
    qual_type: TypeOption = None,
    by: Annotated[str, typer.Option(help="One row a tool, area or tool_type.")] = "tool",
    as_of: AsOf = None,
    known_at: KnownAt = None,
    fab: FabOption = HERE,
    as_json: JsonOption = False,
    as_csv: CsvOption = False,
    lang: Lang = "en",
) -> None:
    """Wafers at risk: run since the last good qual, per tool, chamber and qual type."""
    from fabwatch.cli import printing
    from fabwatch.terms.errors import BadQuestion

    if by not in ("tool", "area", "tool_type"):
        raise BadQuestion(f"--by {by} is not known.", "use --by tool, --by area or --by tool_type")
    with opened(fab) as door:
        answer = door.risk(area=area, tool=tool, qual_type=qual_type, by=by, as_of=as_of, known_at=known_at)  # type: ignore[arg-type]
    if not printing.data(answer, as_json, as_csv):
        printing.risk(answer, lang)


@app.command()
def contain(
    tool: Annotated[str, typer.Argument(help="The tool whose qual failed.")],
    qual_type: TypeOption = None,
    chamber: Annotated[str | None, typer.Option(help="Only this chamber.")] = None,
    at: Annotated[
        str | None, typer.Option(help="Process time of the failed or suspect qual; else the latest failed.")
    ] = None,
    as_of: AsOf = None,
    known_at: KnownAt = None,
    fab: FabOption = HERE,
    as_json: JsonOption = False,
    as_csv: CsvOption = False,
    lang: Lang = "en",
) -> None:
    """Containment: the wafers between the last good qual and the failed one, and where they are now."""
    from fabwatch.cli import printing

    with opened(fab) as door, printing.working("containing …"):
        answer = door.contain(tool, qual_type=qual_type, chamber=chamber, at=at, as_of=as_of, known_at=known_at)
    if not printing.data(answer, as_json, as_csv):
        printing.containment(answer, lang)


app.command()(traces.watch)
app.add_typer(traces.trace, name="trace")
app.add_typer(traces.log, name="log")
app.add_typer(polish.cmp, name="cmp")
forecasts = typer.Typer(rich_markup_mode=None)
app.add_typer(forecasts, name="forecast")


@forecasts.callback(invoke_without_command=True)
def forecast(
    context: typer.Context,
    area: AreaOption = None,
    tool: ToolOption = None,
    qual_type: TypeOption = None,
    coverage: Annotated[float, typer.Option(help="Chance that the window holds.")] = 0.8,
    clock: ClockOption = "auto",
    why: Annotated[bool, typer.Option("--why", help="The full page of each tool: what it rests on.")] = False,
    as_of: AsOf = None,
    known_at: KnownAt = None,
    fab: FabOption = HERE,
    as_json: JsonOption = False,
    as_csv: CsvOption = False,
    lang: Lang = "en",
) -> None:
    """When each tool will fail its next qual: the window, the chance that it is bad already, the coming quals.

    `fabwatch forecast score` says how past forecasts turned out.
    """
    if context.invoked_subcommand is not None:
        return
    from fabwatch.cli import ahead, printing

    asked: dict[str, Any] = {"area": area, "tool": tool, "qual_type": qual_type, "coverage": coverage, "clock": clock}
    with opened(fab) as door, printing.working("forecasting …"):
        answer = door.forecast(**asked, as_of=as_of, known_at=known_at)
    if not printing.data(answer, as_json, as_csv):
        (ahead.why if why else ahead.forecast)(answer, lang)


@forecasts.command()
def score(
    area: AreaOption = None,
    tool: ToolOption = None,
    qual_type: TypeOption = None,
    coverage: Annotated[float, typer.Option(help="Chance that the windows hold.")] = 0.8,
    clock: ClockOption = "auto",
    every_days: Annotated[float | None, typer.Option(help="Days between two origins; else six in all.")] = None,
    as_of: AsOf = None,
    known_at: KnownAt = None,
    fab: FabOption = HERE,
    as_json: JsonOption = False,
    as_csv: CsvOption = False,
    lang: Lang = "en",
) -> None:
    """How past forecasts turned out: made anew forward in time from what was known then, and those that were kept."""
    from fabwatch.cli import ahead, printing

    asked: dict[str, Any] = {"area": area, "tool": tool, "qual_type": qual_type, "coverage": coverage, "clock": clock}
    with opened(fab) as door, printing.working("forecasting the past …"):
        answer = door.score(**asked, every_days=every_days, as_of=as_of, known_at=known_at)
    if not printing.data(answer, as_json, as_csv):
        ahead.score(answer, lang)


@app.command()
def interval(
    area: AreaOption = None,
    tool: ToolOption = None,
    qual_type: TypeOption = None,
    clock: ClockOption = "auto",
    cost_qual: Annotated[float | None, typer.Option(help="Cost of one qual.")] = None,
    cost_contain: Annotated[float | None, typer.Option(help="Cost of one wafer contained.")] = None,
    cost_scrap: Annotated[float | None, typer.Option(help="Cost of one wafer that ran on a bad tool.")] = None,
    cost_fail: Annotated[float | None, typer.Option(help="Cost of one failure.")] = None,
    cost_false: Annotated[float | None, typer.Option(help="Cost of one false alarm.")] = None,
    qual_hours: Annotated[
        float | None, typer.Option(help="Hours a week that all quals of the selection may take together.")
    ] = None,
    as_of: AsOf = None,
    known_at: KnownAt = None,
    fab: FabOption = HERE,
    as_json: JsonOption = False,
    as_csv: CsvOption = False,
    lang: Lang = "en",
) -> None:
    """How often to check each tool: the interval of least cost, as a range, beside today's."""
    from fabwatch.cli import ahead, printing

    costs = {"qual": cost_qual, "contain": cost_contain, "scrap": cost_scrap, "fail": cost_fail, "false": cost_false}
    asked: dict[str, Any] = {"area": area, "tool": tool, "qual_type": qual_type, "clock": clock, "costs": costs}
    asked["qual_hours"] = qual_hours
    with opened(fab) as door, printing.working("weighing intervals …"):
        answer = door.interval(**asked, as_of=as_of, known_at=known_at)
    if not printing.data(answer, as_json, as_csv):
        ahead.intervals(answer, lang)


@app.command()
def plan(
    days: Annotated[int, typer.Option(help="How many days ahead.")] = 7,
    area: AreaOption = None,
    tool: ToolOption = None,
    qual_type: TypeOption = None,
    as_of: AsOf = None,
    known_at: KnownAt = None,
    fab: FabOption = HERE,
    as_json: JsonOption = False,
    as_csv: CsvOption = False,
    lang: Lang = "en",
) -> None:
    """What to check on each of the coming days, the largest expected loss first."""
    from fabwatch.cli import ahead, printing

    with opened(fab) as door, printing.working("planning …"):
        answer = door.plan(days, area=area, tool=tool, qual_type=qual_type, as_of=as_of, known_at=known_at)
    if not printing.data(answer, as_json, as_csv):
        ahead.plan(answer, lang)


@app.command()
def inbox(
    retry: Annotated[bool, typer.Option("--retry", help="Try the waiting files again.")] = False,
    fab: FabOption = HERE,
    as_json: JsonOption = False,
) -> None:
    """Files that wait for a word in fab.toml, and what to write there."""
    from fabwatch.cli import printing

    with opened(fab) as door:
        if retry:
            with printing.progress(as_json) as step:
                summary = door.retry(step)
            printing.ingested(summary, fab, as_json, dry_run=False)
            if not summary.clean:
                raise typer.Exit(SOMETHING_ASIDE)
        else:
            printing.inbox(door.inbox(), fab, as_json)


@app.command()
def problems(
    rule: Annotated[str | None, typer.Option(help="Only this rule.")] = None,
    limit: Annotated[int, typer.Option(help="At most so many.", min=1)] = 1000,
    fab: FabOption = HERE,
    as_json: JsonOption = False,
    as_csv: CsvOption = False,
) -> None:
    """What was set aside: file, line, byte, rule, reason, way out and the raw line."""
    from fabwatch.cli import printing

    with opened(fab) as door:
        printing.problems(door.problems(rule, limit), as_json, as_csv)


@app.command()
def loads(fab: FabOption = HERE, as_json: JsonOption = False, as_csv: CsvOption = False) -> None:
    """The ledger: every file that was taken in, newest first."""
    from fabwatch.cli import printing

    with opened(fab) as door:
        printing.loads(door.loads(), as_json, as_csv)


@app.command()
def doctor(
    sweep: Annotated[bool, typer.Option("--sweep", help="Delete data files that belong to no load.")] = False,
    fab: FabOption = HERE,
    as_json: JsonOption = False,
) -> None:
    """Scan every table, check catalog and files, and say what is wrong and how to mend it."""
    from fabwatch.cli import printing

    with opened(fab) as door:
        if sweep:
            typer.echo(f"deleted {door.sweep()} data files that belonged to no load", err=True)
        findings = door.doctor()
    printing.findings(findings, as_json)
    if not all(finding.well for finding in findings):
        raise typer.Exit(SOMETHING_ASIDE)


@app.command()
def tidy(fab: FabOption = HERE) -> None:
    """Merge small data files; every past state can still be asked for."""
    with opened(fab) as door:
        merged = door.tidy()
    for table, (before, after) in merged.items():
        typer.echo(f"{table}: {before} files, now {after}")


@app.command()
def demo(
    fab: FabOption = Path("demo"),
    serves: Annotated[bool, typer.Option("--serve", help="Then serve its pages, with a key made for today.")] = False,
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port of the pages; if taken, a free one.")] = 8000,
    lang: Lang = "en",
) -> None:
    """Make the make-believe fab, load it, and print its wafers at risk."""
    from fabwatch.cli import printing
    from fabwatch.fab.demo import DEMO_END, demo_fab

    with printing.progress(quiet=False) as step, demo_fab(fab, step) as (door, summary):
        printing.ingested(summary, fab, as_json=False, dry_run=False)
        printing.risk(door.risk(by="area", as_of=DEMO_END), lang)
        printing.demo_next(door.risk(as_of=DEMO_END), fab)
    if serves:
        from fabwatch.web.serving import run_demo

        run_demo(fab, port, DEMO_END)


boards.add_to(app)
service.add_to(app)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run one command and leave with its exit code."""
    without_pandas()
    sys.exit(_run(arguments))


def _run(arguments: Sequence[str] | None) -> int:
    from fabwatch.terms.errors import FabwatchError

    given = list(sys.argv[1:] if arguments is None else arguments)
    # --debug may stand anywhere, because it is typed after a command has failed.
    debug = "--debug" in given
    given = [argument for argument in given if argument != "--debug"]
    try:
        return int(app(args=given or ["--help"], prog_name="fabwatch", standalone_mode=False) or 0)
    except FabwatchError as fault:
        if debug:
            raise
        return _failed(fault.what, fault.hint)
    except TyperException as fault:
        said = fault.format_message() if hasattr(fault, "format_message") else str(fault)
        return _failed(said, f"fabwatch {_verb(given)}--help")
    except (KeyboardInterrupt, typer.Abort):
        return _failed("stopped", "run the same command again: what was committed stays, nothing is doubled")
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except Exception as fault:
        if debug:
            raise
        return _failed(f"something unexpected: {type(fault).__name__}: {fault}", FabwatchError.hint)


def _failed(what: str, hint: str) -> int:
    typer.echo(f"error: {what}", err=True)
    typer.echo(f"hint: {hint}", err=True)
    return 1


def _verb(given: Sequence[Any]) -> str:
    return f"{given[0]} " if given and not str(given[0]).startswith("-") else ""
