"""The command that receives from the live sources of fab.toml."""

from typing import Annotated

import typer

from fabwatch.cli.options import HERE, FabOption


def add_to(group: typer.Typer) -> None:
    """Add the command to the group of live sources."""
    group.command("run")(run)


def run(
    name: Annotated[str | None, typer.Argument(help="Only this live source of fab.toml.")] = None,
    seconds: Annotated[
        float | None, typer.Option("--for", min=0, help="Stop after this many seconds; else with Ctrl-C.")
    ] = None,
    fab: FabOption = HERE,
) -> None:
    """Receive from the live sources of fab.toml and load what comes, each message once; the service does so by itself."""
    import signal
    import threading

    from fabwatch.cli.options import opened
    from fabwatch.fab.receiving import receive
    from fabwatch.ingest.summary import IngestSummary

    def told(source: str, summary: IngestSummary) -> None:
        for file in summary.files:
            counts = f"{file.rows:,} rows, {file.duplicates:,} there already, {file.set_aside:,} set aside"
            typer.echo(f"{source}: {file.status}, {counts}{'; ' if file.message else ''}{file.message}")

    stop = threading.Event()
    if threading.current_thread() is threading.main_thread():
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: stop.set())
    with opened(fab, create=True) as door:
        typer.echo("receiving; Ctrl-C stops it", err=True)
        receive(door, [name] if name else [], seconds=seconds, stop=stop, told=told)
    typer.echo("stopped; what came is loaded", err=True)
