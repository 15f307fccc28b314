"""The commands of the service: serve, and its keys."""

import json
from typing import Annotated, Any

import typer

from fabwatch.cli.options import HERE, FabOption, JsonOption, opened

keys = typer.Typer(rich_markup_mode=None, help="Keys of the service: make, list, revoke.", no_args_is_help=True)


def add_to(app: typer.Typer) -> None:
    """Add these commands to the command line."""
    app.command()(serve)
    app.add_typer(keys, name="key")


def serve(
    fab: FabOption = HERE,
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port; 0 picks a free one.")] = 8000,
    as_of: Annotated[str | None, typer.Option(help="Serve the fab as of this time instead of now.")] = None,
) -> None:
    """Serve the pages and the API of a fab; make a key for it with `fabwatch key create`."""
    from fabwatch.web.serving import run

    run(fab, host, port, as_of)


@keys.command("create")
def create_key(
    name: Annotated[str, typer.Argument(help="Whose key it is: a person or a script.")],
    scope: Annotated[str, typer.Option(help="read, load, decide or admin.")] = "read",
    area: Annotated[str | None, typer.Option(help="See only this area.")] = None,
    days: Annotated[float | None, typer.Option(help="Valid for this many days; else until revoked.")] = None,
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
    seen = f", only area {area}" if area else ""
    typer.echo(f"key {key.id} of {name}: {scope}{seen}, valid {ends}; it is not shown again", err=True)


@keys.command("list")
def list_keys(fab: FabOption = HERE, as_json: JsonOption = False) -> None:
    """The keys that were made; never the keys themselves."""
    from fabwatch.api.keys import Keys
    from fabwatch.terms.answers import plain

    store = Keys(fab)
    rows = [plain(key) for key in store.all()]
    store.close()
    _listed(rows, as_json, ("id", "name", "scope", "area", "created", "expires", "revoked", "account"))


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
    _listed(rows, as_json, ("id", "name", "scope", "revoked"))


@keys.command("allow")
def allow_account(
    named: Annotated[str, typer.Argument(help="Id or name of a person who signs in with an account.")],
    fab: FabOption = HERE,
    as_json: JsonOption = False,
) -> None:
    """Let a person sign in again whose account was revoked."""
    from fabwatch.api.keys import Keys
    from fabwatch.terms.answers import plain

    store = Keys(fab)
    rows = [plain(key) for key in store.allow(named)]
    store.close()
    _listed(rows, as_json, ("id", "name", "scope", "account"))


def _listed(rows: list[Any], as_json: bool, columns: tuple[str, ...]) -> None:
    if as_json:
        _json({"keys": rows})
        return
    from fabwatch.cli.tables.decisions import listed

    listed("keys", rows, columns)


def _json(value: Any) -> None:
    typer.echo(json.dumps(value, ensure_ascii=False, indent=1))
