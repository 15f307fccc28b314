"""The command line: a command for every question and decision, made from its declaration, and a few special ones.

Slow modules are imported inside the commands, so that --help answers at once.
"""

import inspect
import os
import sys
from collections.abc import Collection, Mapping, Sequence
from typing import Annotated, Any

import typer
from typer.exceptions import TyperException

from fabwatch import __version__
from fabwatch.cli.commands import (
    alerts,
    assistant,
    audit,
    charts,
    databases,
    engines,
    features,
    files,
    live,
    logs,
    maps,
    models,
    polishing,
    results,
    service,
)
from fabwatch.cli.console import accept_any_encoding
from fabwatch.cli.declared import Command, action_command, callback_of, outline, question_command
from fabwatch.fab.actions import ACTIONS
from fabwatch.fab.questions import QUESTIONS, ForecastQuestion
from fabwatch.store.skip_pandas import without_pandas

DISK_HINT = "check the name, and that it can be read and written here"
HELP = {
    "trace": "What a tool did, from its logs.",
    "cmp": "How long to polish, learning from every wafer.",
    "model": "Models of any table: train, explain, compare, use.",
    "alerts": "What people are told without asking.",
    "live": "Messages that arrive by themselves: MQTT, SECS/GEM, HTTP.",
    "maps": "Wafer maps: which pattern they show.",
}
WHY = inspect.Parameter(
    "why",
    inspect.Parameter.KEYWORD_ONLY,
    annotation=Annotated[bool, typer.Option("--why", help="The full page of each tool: the basis of its forecast.")],
    default=False,
)


def _print_version(shown: bool) -> None:
    if shown:
        typer.echo(f"fabwatch {__version__}")
        raise typer.Exit


def _top(
    debug: Annotated[
        bool, typer.Option("--debug", help="Show the traceback of an error; may be anywhere in the command.")
    ] = False,
    version: Annotated[
        bool, typer.Option("--version", help="Print the version.", is_eager=True, callback=_print_version)
    ] = False,
) -> None:
    """--debug is removed from the arguments before they get here (see `_run`); it is listed here for --help."""


def _commands(words: Collection[str] | None) -> dict[tuple[str, ...], Command]:
    """Every command made from a declaration, by its words; only those in `words` are made in full (None: all)."""
    made: dict[tuple[str, ...], Command] = {}
    for question in QUESTIONS:
        place = tuple(question.spec.command.split())
        if place:
            extras = (WHY,) if question is ForecastQuestion else ()
            full = words is None or place[0] in words
            made[place] = question_command(question, extras) if full else outline(question)
    for action in ACTIONS:
        place = tuple(action.spec.command.split())
        if place:
            made[place] = action_command(action) if words is None or place[0] in words else outline(action)
    return made


def _add_declared(app: typer.Typer, made: Mapping[tuple[str, ...], Command]) -> dict[str, typer.Typer]:
    """Add them to the command line; returns the groups, by the first word of their commands."""
    groups: dict[str, typer.Typer] = {}
    for place in made:
        if len(place) > 1 and place[0] not in groups:
            alone = made.get(place[:1])
            about = HELP.get(place[0]) or (alone and alone.__doc__)
            group = typer.Typer(rich_markup_mode=None, help=about, no_args_is_help=alone is None)
            if alone is not None:
                group.callback(invoke_without_command=True)(callback_of(alone))
            groups[place[0]] = group
            app.add_typer(group, name=place[0])
    for place, command in made.items():
        if len(place) > 1:
            groups[place[0]].command(place[1])(command)
        elif place[0] not in groups:
            app.command(place[0])(command)
    return groups


def command_line(words: Collection[str] | None = None) -> typer.Typer:
    """The command line, with the options of the commands in `words` (None: of all commands).

    The other commands have only their name and help text, which is what --help shows.
    """
    app = typer.Typer(
        help="Which wafers are at risk now, and where are they?",
        add_completion=False,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
    )
    app.callback()(_top)
    groups = _add_declared(app, _commands(words))
    groups["trace"].command()(logs.switch)
    polishing.add_to(groups["cmp"])
    charts.add_to(groups["spc"])
    maps.add_to(groups["maps"])
    models.add_to(groups["model"])
    alerts.add_to(groups["alerts"])
    audit.add_to(groups["audit"])
    live.add_to(groups["live"])
    results.add_to(app, groups["yield"])
    features.add_to(app)
    files.add_to(app)
    service.add_to(app)
    assistant.add_to(app)
    databases.add_to(app)
    engines.add_to(app)
    return app


def main(arguments: Sequence[str] | None = None) -> None:
    """Run one command and leave with its exit code."""
    without_pandas()
    accept_any_encoding()
    sys.exit(_run(arguments))


def _run(arguments: Sequence[str] | None) -> int:
    from fabwatch.terms.errors import FabwatchError

    words = list(sys.argv[1:] if arguments is None else arguments)
    # --debug may be anywhere, because it is added after a command has failed.
    debug = "--debug" in words
    words = [argument for argument in words if argument != "--debug"]
    try:
        return int(command_line(words)(args=words or ["--help"], prog_name="fabwatch", standalone_mode=False) or 0)
    except FabwatchError as fault:
        if debug:
            raise
        return _failed(fault.what, fault.hint)
    except TyperException as fault:
        message = fault.format_message() if hasattr(fault, "format_message") else str(fault)
        return _failed(message, _usage(words))
    except (KeyboardInterrupt, typer.Abort):
        return _failed("stopped", "run the same command again: committed data stays, nothing is doubled")
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except OSError as fault:
        if debug:
            raise
        return _failed(f"{fault.strerror or fault}: {str(fault.filename or '')[:200]}", DISK_HINT)
    except Exception as fault:
        if debug:
            raise
        return _failed(f"unexpected error: {type(fault).__name__}: {fault}", FabwatchError.hint)


def _failed(what: str, hint: str) -> int:
    typer.echo(f"error: {what}", err=True)
    typer.echo(f"hint: {hint}", err=True)
    return 1


def _usage(words: Sequence[str]) -> str:
    """The way out of a command that cannot be read: the help of its verb, or of all where there is no such verb."""
    verb = words[0] if words and not words[0].startswith("-") else ""
    commands: dict[str, Any] = getattr(typer.main.get_command(command_line([])), "commands", {})
    return f"fabwatch {verb} --help" if verb in commands else "fabwatch --help lists the commands"
