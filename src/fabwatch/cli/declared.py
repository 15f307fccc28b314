"""Commands made from the declarations of questions and actions."""

import inspect
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Annotated, Any

import typer

from fabwatch.cli.options import HERE, CsvOption, EngineOption, FabOption, JsonOption, Lang, Who, Yes, opened, who_of
from fabwatch.fab.actions import Action
from fabwatch.store.view import Answerable
from fabwatch.terms.errors import BadQuestion
from fabwatch.terms.questions import TYPES, Declared, Field, Kind, declared

Extra = Annotated[Any, typer.Option]
Command = Callable[..., None]


def question_command(kind: type[Answerable[Any]], extras: Iterable[inspect.Parameter] = ()) -> Command:
    """The command of a question; `extras` are options that only affect how the answer is printed."""
    known = declared(kind)
    extra = list(extras)

    def command(fab: Path, as_json: bool, as_csv: bool, lang: str, **values: Any) -> None:
        engine = values.pop("engine", "duckdb")
        how = {parameter.name: values.pop(parameter.name) for parameter in extra}
        answered(kind(**_stated(known, values)), fab, as_json, as_csv, lang, engine, **how)

    own = [
        *([_keyword("engine", EngineOption, "duckdb")] if kind.spec.scans else []),
        _keyword("fab", FabOption, HERE),
        _keyword("as_json", JsonOption, False),
        _keyword("as_csv", CsvOption, False),
        _keyword("lang", Lang, "en"),
    ]
    return _signed(command, kind, [*(_parameter(field) for field in known), *extra, *own])


def answered(
    question: Answerable[Any], fab: Path, as_json: bool, as_csv: bool, lang: str, engine: str = "duckdb", **how: Any
) -> None:
    """Ask the fab, print the answer as it is wanted, and leave with the code that it calls for."""
    from fabwatch.cli import output, tables

    with opened(fab, engine=engine) as door, output.working(question.spec.working):
        answer = tables.after(door, question, door.ask(question))
    output.note_end_of_record(answer, lang)
    if not output.data(answer, as_json, as_csv):
        tables.show(question, answer, lang, **how)
    code = tables.exit_code(answer)
    if code:
        raise typer.Exit(code)


def action_command(kind: type[Action[Any]]) -> Command:
    """The command of a decision."""
    known = declared(kind)

    def command(fab: Path, as_json: bool, who: str | None, lang: str, **values: Any) -> None:
        from fabwatch.cli import output, tables

        yes = values.pop("yes", not kind.final)
        action = kind(**_stated(known, values))
        if not yes:
            with opened(fab) as door:
                _confirm(action.confirmation(door))
        with opened(fab) as door, output.working("working …"):
            answer = tables.listing_of(action.act(door, who_of(who)))
        if not output.data(answer, as_json, as_csv=False):
            tables.show_listing(answer)

    own = [
        *([_keyword("yes", Yes, False)] if kind.final else []),
        _keyword("who", Who, None),
        _keyword("fab", FabOption, HERE),
        _keyword("as_json", JsonOption, False),
        _keyword("lang", Lang, "en"),
    ]
    return _signed(command, kind, [*(_parameter(field) for field in known), *own])


def _confirm(text: str) -> None:
    """Let the person at the terminal confirm it; without one it has to be stated. Raises BadQuestion and typer.Abort."""
    if not sys.stdin.isatty():
        raise BadQuestion(f"Not confirmed: {text}", "read what it names, then run the same command with --yes")
    typer.confirm(text, abort=True, err=True)


def outline(kind: type[Declared]) -> Command:
    """A command that is only listed, and never run."""

    def command() -> None:
        raise AssertionError("a command is made in full before it is run")

    command.__doc__ = kind.__doc__
    return command


def callback_of(command: Command) -> Command:
    """The command as the callback of a group that has its own commands."""

    def callback(context: typer.Context, **values: Any) -> None:
        if context.invoked_subcommand is None:
            command(**values)

    parameters = list(inspect.signature(command).parameters.values())
    callback.__signature__ = inspect.Signature([_keyword("context", typer.Context), *parameters])  # type: ignore[attr-defined]
    callback.__doc__ = command.__doc__
    return callback


def _stated(known: tuple[Field, ...], values: dict[str, Any]) -> dict[str, Any]:
    """The values that were typed; the others keep their declared defaults."""
    stated = {}
    for field in known:
        value = values[field.name]
        if value is not None and not (field.kind in (Kind.TEXTS, Kind.NUMBERS) and not value):
            stated[field.name] = tuple(value) if isinstance(value, list) else value
    return stated


def _parameter(field: Field) -> inspect.Parameter:
    kind: Any = TYPES[field.kind]
    if field.param.argument:
        note = typer.Argument(help=field.param.help, metavar=field.public.upper())
    elif field.kind is Kind.FLAG and field.default:
        note = typer.Option(f"{field.option}/--no-{field.option[2:]}", help=field.param.help)
    else:
        note = typer.Option(field.option, help=field.param.help, metavar=_metavar(field))
    if field.required:
        return _keyword(field.name, Annotated[kind, note])
    default = None if field.kind in (Kind.TEXTS, Kind.NUMBERS) else field.default
    return _keyword(field.name, Annotated[kind | None if default is None else kind, note], default)


def _metavar(field: Field) -> str | None:
    words = {Kind.NUMBER: "NUMBER", Kind.WHOLE: "NUMBER", Kind.TIME: "TIME", Kind.FLAG: None}
    return "|".join(field.choices) or words.get(field.kind, "TEXT")


def _keyword(name: str, annotation: Any, default: Any = inspect.Parameter.empty) -> inspect.Parameter:
    return inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, annotation=annotation, default=default)


def _signed(command: Command, kind: type[Declared], parameters: list[inspect.Parameter]) -> Command:
    # Typer expects parameters without a default first.
    ordered = sorted(parameters, key=lambda parameter: parameter.default is not inspect.Parameter.empty)
    command.__signature__ = inspect.Signature(ordered)  # type: ignore[attr-defined]
    command.__doc__ = kind.__doc__
    command.__name__ = kind.__name__
    return command
