"""The commands about alerts beside those of their questions: try the rules on the past, and a channel with a message."""

from typing import Annotated

import typer

from fabwatch.cli.options import HERE, CsvOption, FabOption, JsonOption, Lang, opened


def add_to(group: typer.Typer) -> None:
    """Add these commands to the group of alerts."""
    group.command("test")(tried)
    group.command("run")(once)


def tried(
    channel: Annotated[str | None, typer.Argument(help="Send a test message by this channel of fab.toml.")] = None,
    days: Annotated[float, typer.Option(help="How far back the rules are tried.")] = 30.0,
    fab: FabOption = HERE,
    as_json: JsonOption = False,
    as_csv: CsvOption = False,
    lang: Lang = "en",
) -> None:
    """How often alerts would have fired in the last days; with a CHANNEL also send a test message by it."""
    from fabwatch.cli import output
    from fabwatch.cli.tables import alerts as tables

    with opened(fab) as door, output.working("looking back …"):
        if channel is not None:
            door.test_alert(channel)
            output.note(f"a test message went out by {channel}")
        answer = door.try_alerts(days)
    if not output.data(answer, as_json, as_csv):
        tables.trial(answer, lang)


def once(fab: FabOption = HERE) -> None:
    """One pass, as the service makes it all the time: for fabs that no service runs for (cron)."""
    from fabwatch.cli import output
    from fabwatch.cli.options import SET_ASIDE

    with opened(fab) as door:
        if not door.settings.alerts.on:
            output.note("[alerts] on is false in fab.toml: nothing is sent")
            return
        sent, failed = door.run_alerts()
    typer.echo(f"{sent} sent, {failed} not")
    if failed:
        raise typer.Exit(SET_ASIDE)
