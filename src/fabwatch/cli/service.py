"""The commands of the service: serve, keys, holds, decisions, audit."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer

from fabwatch.cli.options import HERE, AsOf, FabOption, JsonOption, Reason, Who, opened, who_of

SOMETHING_WRONG = 2
Names = Annotated[list[str] | None, typer.Option("--name", help="A wafer or lot, may stand several times; else all.")]
HoldName = Annotated[str, typer.Argument(help="Name of the hold list, such as H-0001.")]

keys = typer.Typer(rich_markup_mode=None, help="Keys of the service: make, list, revoke.", no_args_is_help=True)
holds = typer.Typer(rich_markup_mode=None)
decisions = typer.Typer(rich_markup_mode=None)
audit = typer.Typer(rich_markup_mode=None)


def add_to(app: typer.Typer) -> None:
    """Hang these commands into the command line."""
    app.command()(serve)
    for name, group in (("key", keys), ("holds", holds), ("decisions", decisions), ("audit", audit)):
        app.add_typer(group, name=name)


def serve(
    fab: FabOption = HERE,
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port; 0 takes a free one.")] = 8000,
    as_of: Annotated[str | None, typer.Option(help="Stand at this time instead of now, for a fab of the past.")] = None,
) -> None:
    """Serve the pages and the API of a fab; make a key for it with `fabwatch key create`."""
    from fabwatch.web.serving import run

    run(fab, host, port, as_of)


@keys.command("create")
def create_key(
    name: Annotated[str, typer.Argument(help="Whose key it is: a person or a script.")],
    scope: Annotated[str, typer.Option(help="read, load, decide or admin.")] = "read",
    area: Annotated[str | None, typer.Option(help="See this area alone.")] = None,
    days: Annotated[float | None, typer.Option(help="Valid for so many days; else until revoked.")] = None,
    fab: FabOption = HERE,
    as_json: JsonOption = False,
) -> None:
    """Make a key. It is shown once and kept only as a hash."""
    from fabwatch.api.keys import Keys
    from fabwatch.terms.clock import iso

    if area is not None:
        with opened(fab) as door:
            door.risk(area=area)
    store = Keys(fab)
    secret, key = store.create(name, scope, area, days)
    store.close()
    if as_json:
        _json(
            {
                "key": secret,
                "id": key.id,
                "scope": key.scope,
                "expires": iso(key.expires),
                "name": key.name,
                "area": key.area,
            }
        )
        return
    typer.echo(secret)
    ends = f"until {iso(key.expires)}" if key.expires else "until it is revoked"
    seen = f", area {area} alone" if area else ""
    typer.echo(f"key {key.id} of {name}: {scope}{seen}, valid {ends}; it is not shown again", err=True)


@keys.command("list")
def list_keys(fab: FabOption = HERE, as_json: JsonOption = False) -> None:
    """The keys that were made; never the keys themselves."""
    from fabwatch.api.keys import Keys
    from fabwatch.terms.answers import plain

    store = Keys(fab)
    rows = [plain(key) for key in store.all()]
    store.close()
    _listed({"keys": rows}, as_json, ("id", "name", "scope", "area", "created", "expires", "revoked"))


@keys.command("revoke")
def revoke_key(
    named: Annotated[str, typer.Argument(help="Id or name of the key.")], fab: FabOption = HERE, as_json: JsonOption = False
) -> None:
    """Revoke a key, or all keys of a name; it stops working at once."""
    from fabwatch.api.keys import Keys
    from fabwatch.terms.answers import plain

    store = Keys(fab)
    rows = [plain(key) for key in store.revoke(named)]
    store.close()
    _listed({"keys": rows}, as_json, ("id", "name", "scope", "revoked"))


@holds.callback(invoke_without_command=True)
def list_holds(
    context: typer.Context,
    hold: Annotated[str | None, typer.Option(help="Only this list, wafer by wafer.")] = None,
    tool: Annotated[str | None, typer.Option(help="Only this tool.")] = None,
    fab: FabOption = HERE,
    as_json: JsonOption = False,
) -> None:
    """Hold lists: what is held, by whom and why. `fabwatch holds make`, `release` and `scrap` decide."""
    if context.invoked_subcommand is None:
        _found("holds", fab, as_json, lambda door: door.holds(hold=hold, tool=tool), _HOLD)


@holds.command("make")
def make_hold(
    tool: Annotated[str, typer.Argument(help="The tool whose qual failed.")],
    reason: Reason,
    names: Names = None,
    qual_type: Annotated[str | None, typer.Option(help="Only this qual type.")] = None,
    chamber: Annotated[str | None, typer.Option(help="Only this chamber.")] = None,
    at: Annotated[str | None, typer.Option(help="Process time of the failed or suspect qual; else the latest.")] = None,
    who: Who = None,
    as_of: AsOf = None,
    fab: FabOption = HERE,
    as_json: JsonOption = False,
) -> None:
    """Put the wafers of a containment on hold; who and why stand in the audit."""
    asked: dict[str, Any] = {"names": names, "qual_type": qual_type, "chamber": chamber, "at": at, "as_of": as_of}
    _found("holds", fab, as_json, lambda door: [door.hold(tool, who=who_of(who), reason=reason, **asked)], _HOLD)


@holds.command("release")
def release_hold(
    hold: HoldName, reason: Reason, names: Names = None, who: Who = None, fab: FabOption = HERE, as_json: JsonOption = False
) -> None:
    """Release wafers of a hold list."""
    said: dict[str, Any] = {"who": who_of(who), "reason": reason, "names": names}
    _found("holds", fab, as_json, lambda door: [door.dispose(hold, "release", **said)], _HOLD)


@holds.command("scrap")
def scrap_hold(
    hold: HoldName, reason: Reason, names: Names = None, who: Who = None, fab: FabOption = HERE, as_json: JsonOption = False
) -> None:
    """Scrap wafers of a hold list."""
    said: dict[str, Any] = {"who": who_of(who), "reason": reason, "names": names}
    _found("holds", fab, as_json, lambda door: [door.dispose(hold, "scrap", **said)], _HOLD)


@decisions.callback(invoke_without_command=True)
def list_decisions(
    context: typer.Context,
    tool: Annotated[str | None, typer.Option(help="Only this tool.")] = None,
    fab: FabOption = HERE,
    as_json: JsonOption = False,
) -> None:
    """Limits and qual intervals that people set. `fabwatch decisions make` sets one."""
    if context.invoked_subcommand is None:
        _found("decisions", fab, as_json, lambda door: door.decisions(tool=tool), _DECISION)


@decisions.command("make")
def make_decision(
    tool: Annotated[str, typer.Argument(help="The tool.")],
    qual_type: Annotated[str, typer.Option(help="The qual type.")],
    name: Annotated[str, typer.Option("--set", help="warning, inhibit, interval_wafers or interval_days.")],
    reason: Reason,
    value: Annotated[
        float | None, typer.Option("--to", help="What it is set to; without it the decision is taken back.")
    ] = None,
    chamber: Annotated[str, typer.Option(help="Only this chamber.")] = "*",
    who: Who = None,
    fab: FabOption = HERE,
    as_json: JsonOption = False,
) -> None:
    """Set a limit or qual interval of a tool; who and why stand in the audit."""
    said: dict[str, Any] = {"who": who_of(who), "reason": reason, "chamber": chamber}
    _found("decisions", fab, as_json, lambda door: [door.decide(tool, qual_type, name, value, **said)], _DECISION)


@audit.callback(invoke_without_command=True)
def list_audit(context: typer.Context, fab: FabOption = HERE, as_json: JsonOption = False) -> None:
    """Every decision, who took it, when and why. `fabwatch audit verify` checks that none was changed."""
    if context.invoked_subcommand is None:
        _found("entries", fab, as_json, lambda door: door.audit(), ("seq", "written_at", "who", "act", "about", "reason"))


@audit.command("verify")
def verify_audit(
    expected: Annotated[str | None, typer.Option(help="A hash noted earlier that has to be in it still.")] = None,
    fab: FabOption = HERE,
    as_json: JsonOption = False,
) -> None:
    """Check the audit entry by entry, and what was decided against it; exit code 2 when it does not hold."""
    from fabwatch.terms.answers import plain

    with opened(fab) as door:
        found = door.verify_audit(expected)
    if as_json:
        _json({**plain(found), "whole": found.whole})
    else:
        for fault in found.faults:
            typer.echo(f"WRONG {fault}")
        said = "whole" if found.whole else "not whole"
        typer.echo(f"{found.entries} entries, {said}; the last has the hash {found.head or '-'}")
    if not found.whole:
        raise typer.Exit(SOMETHING_WRONG)


_HOLD = ("hold", "tool", "qual_type", "failed_at", "wafers", "held", "released", "scrapped", "who", "reason")
_DECISION = ("tool", "chamber", "qual_type", "name", "value", "decided_at", "who", "reason")


def _found(word: str, fab: Path, as_json: bool, ask: Callable[[Any], list[Any]], columns: tuple[str, ...]) -> None:
    from fabwatch.terms.answers import plain

    with opened(fab) as door:
        rows = plain(ask(door))
    _listed({word: rows}, as_json, columns)


def _listed(rows: dict[str, list[dict[str, Any]]], as_json: bool, columns: tuple[str, ...]) -> None:
    if as_json:
        _json(rows)
        return
    from rich.markup import escape

    from fabwatch.cli.printing import out, table_of

    ((word, found),) = rows.items()
    table = table_of(False, word, columns)
    for row in found:
        table.add_row(*(escape("-" if row[name] is None else str(row[name])) for name in columns))
    out().print(table)
    for item in found[0].get("items", ()) if len(found) == 1 else ():
        typer.echo(f"  {item['wafer'] or item['lot']}: {item['state']}, {item['who']}: {item['reason']}")


def _json(value: Any) -> None:
    typer.echo(json.dumps(value, ensure_ascii=False, indent=1))
