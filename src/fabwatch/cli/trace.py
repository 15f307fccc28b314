"""The commands about tool logs: what was understood of a file, runs, what sensors did, which runs left the path."""

from pathlib import Path
from typing import Annotated, Any

import typer

from fabwatch.cli.options import (
    HERE,
    AsOf,
    CsvOption,
    FabOption,
    JsonOption,
    KnownAt,
    Lang,
    Reason,
    ToolOption,
    Who,
    opened,
    told,
    who_of,
)

trace = typer.Typer(rich_markup_mode=None, help="What a tool did, from its logs.", no_args_is_help=True)
log = typer.Typer(rich_markup_mode=None, help="How a log file is read.", no_args_is_help=True)
RunOption = Annotated[str | None, typer.Option(help="Only this run.")]
StepOption = Annotated[str | None, typer.Option(help="Only this step of the recipe.")]
RecipeOption = Annotated[str | None, typer.Option(help="Only this recipe.")]
SensorOption = Annotated[str | None, typer.Option(help="Only this sensor.")]
RuleName = Annotated[str, typer.Argument(help="neighbours, setpoint, golden, or one of fab.toml.")]


@log.command()
def explain(
    file: Annotated[Path, typer.Argument(help="A log file; it is only looked at.")],
    fab: FabOption = HERE,
    as_json: JsonOption = False,
) -> None:
    """What is understood of a log: dialect, columns with units and roles, runs, messages, what would be set aside."""
    from fabwatch.cli import logs
    from fabwatch.fab.log_explanation import explain as explained

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
    told(fab, as_json, as_csv, lang, lambda door: door.runs(tool=tool, as_of=as_of, known_at=known_at))


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
    told(
        fab,
        as_json,
        as_csv,
        lang,
        lambda door: door.step_summary(tool=tool, run=run, as_of=as_of, known_at=known_at),
    )


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


@trace.command()
def stats(
    by: Annotated[
        str, typer.Option(help="One row a tool, chamber, area, recipe, step, sensor, lot, day, week or month, and sensor.")
    ] = "sensor",
    tool: ToolOption = None,
    recipe: RecipeOption = None,
    step: StepOption = None,
    sensor: SensorOption = None,
    since: Annotated[str | None, typer.Option(help="Runs that began from this time on.")] = None,
    until: Annotated[str | None, typer.Option(help="Runs that began up to this time.")] = None,
    as_of: AsOf = None,
    known_at: KnownAt = None,
    fab: FabOption = HERE,
    as_json: JsonOption = False,
    as_csv: CsvOption = False,
    lang: Lang = "en",
) -> None:
    """Sensors in figures over many runs: n, mean, std, min, max, range, seconds off the setpoint."""
    asked: dict[str, Any] = {"by": by, "tool": tool, "recipe": recipe, "step": step, "sensor": sensor}
    asked |= {"since": since, "until": until, "as_of": as_of, "known_at": known_at}
    told(fab, as_json, as_csv, lang, lambda door: door.sensor_stats(**asked))


@trace.command()
def chambers(
    sensor: Annotated[str, typer.Argument(help="The sensor.")],
    step: StepOption = None,
    recipe: RecipeOption = None,
    tool: ToolOption = None,
    as_of: AsOf = None,
    known_at: KnownAt = None,
    fab: FabOption = HERE,
    as_json: JsonOption = False,
    as_csv: CsvOption = False,
    lang: Lang = "en",
) -> None:
    """One sensor in one step, chamber beside chamber, the one that stands apart first."""
    asked: dict[str, Any] = {"sensor": sensor, "step": step, "recipe": recipe, "tool": tool}
    told(fab, as_json, as_csv, lang, lambda door: door.chambers(**asked, as_of=as_of, known_at=known_at))


@trace.command()
def rules(
    as_of: AsOf = None,
    known_at: KnownAt = None,
    fab: FabOption = HERE,
    as_json: JsonOption = False,
    as_csv: CsvOption = False,
    lang: Lang = "en",
) -> None:
    """The rules that watch logs, which of them count, and with which figure they were switched on."""
    told(fab, as_json, as_csv, lang, lambda door: door.rules(as_of=as_of, known_at=known_at))


@trace.command()
def backtest(
    rule: RuleName,
    tool: ToolOption = None,
    as_of: AsOf = None,
    known_at: KnownAt = None,
    fab: FabOption = HERE,
    as_json: JsonOption = False,
    as_csv: CsvOption = False,
    lang: Lang = "en",
) -> None:
    """Try a rule on the record before it counts: alarms and false alarms per 1,000 wafers, and what it would have caught."""
    from fabwatch.cli import logs, printing

    with opened(fab) as door, printing.working("trying the rule on the record …"):
        answer = door.backtest(rule, tool=tool, as_of=as_of, known_at=known_at)
    if not printing.data(answer, as_json, as_csv):
        logs.backtest(answer, lang)


@trace.command()
def switch(
    rule: RuleName,
    to: Annotated[str, typer.Argument(help="on or off.")],
    reason: Reason,
    who: Who = None,
    fab: FabOption = HERE,
    as_json: JsonOption = False,
    lang: Lang = "en",
) -> None:
    """Let a rule count, with what it does on the record, or no more; who and why stand in the audit."""
    from fabwatch.cli import printing
    from fabwatch.terms.errors import BadQuestion

    if to not in ("on", "off"):
        raise BadQuestion(f"A rule is switched on or off, not {to}.", f"fabwatch trace switch {rule} on --reason …")
    with opened(fab) as door, printing.working("trying the rule on the record …"):
        answer = door.switch_rule(rule, to == "on", who=who_of(who), reason=reason)
    if not printing.data(answer, as_json, as_csv=False):
        printing.rows(answer, lang)


@trace.command()
def golden(
    runs: Annotated[list[str], typer.Argument(help="Runs of one kind: tool, chambers, recipe and stage.")],
    reason: Reason,
    automatic: Annotated[
        bool, typer.Option("--automatic", help="Freeze all good runs of that kind, as they are found today.")
    ] = False,
    drop: Annotated[bool, typer.Option("--drop", help="Take the choice for the kind of this run back.")] = False,
    who: Who = None,
    fab: FabOption = HERE,
    as_json: JsonOption = False,
) -> None:
    """Choose golden runs that others are compared with, as a new version; who and why stand in the audit."""
    from fabwatch.cli import logs

    with opened(fab) as door:
        if drop:
            found = door.drop_golden(runs[0], who=who_of(who), reason=reason)
        else:
            found = door.choose_golden(runs, who=who_of(who), reason=reason, automatic=automatic)
    logs.goldens([found], as_json)


@trace.command()
def goldens(known_at: KnownAt = None, fab: FabOption = HERE, as_json: JsonOption = False) -> None:
    """Every version of golden runs that was chosen, by whom and why."""
    from fabwatch.cli import logs

    with opened(fab) as door:
        logs.goldens(door.goldens(known_at=known_at), as_json)


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
    from fabwatch.fab.folder_watch import watch as watching

    with opened(fab, create=True) as door:
        try:
            for summary in watching(door, folder, every, seconds):
                printing.ingested(summary, fab, as_json, dry_run=False)
        except KeyboardInterrupt:
            typer.echo("stopped; what was loaded stays", err=True)
