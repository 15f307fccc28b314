"""The command that lets an assistant ask."""

from typing import Annotated

import typer

from fabwatch.cli.options import HERE, FabOption

KEY = "FABWATCH_KEY"


def add_to(app: typer.Typer) -> None:
    """Add the command to the command line."""
    app.command()(mcp)


def mcp(
    fab: FabOption = HERE,
    url: Annotated[str | None, typer.Option(help="Ask this service, with the key in FABWATCH_KEY, not a folder.")] = None,
    http: Annotated[
        int | None,
        typer.Option(min=0, max=65535, help="Serve assistants on this port of 127.0.0.1; else on standard streams."),
    ] = None,
    area: Annotated[str | None, typer.Option(help="Only this area, with a folder.")] = None,
    as_of: Annotated[str | None, typer.Option(help="Answer for this time, with a folder.")] = None,
) -> None:
    """Let an assistant ask (Model Context Protocol): its tools are the questions, and it changes nothing."""
    import os

    from fabwatch.terms.errors import ExtraMissing

    try:
        from fabwatch.mcp_server.running import serve
    except ModuleNotFoundError as fault:
        raise ExtraMissing(
            f"Assistants need a package that is not installed: {fault.name}.", "pip install 'fabwatch[mcp]'"
        ) from fault
    serve(fab, url, http, area, as_of, os.environ.get(KEY))
