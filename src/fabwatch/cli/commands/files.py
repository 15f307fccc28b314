"""The commands about files and the folder of a fab: load, watch, inbox, how a log is read, check, compact, the demo."""

from pathlib import Path
from typing import Annotated

import typer

from fabwatch.cli.options import HERE, SET_ASIDE, FabOption, JsonOption, Lang, Who, opened, who_of

log = typer.Typer(rich_markup_mode=None, help="How a log file is read.", no_args_is_help=True)


def add_to(app: typer.Typer) -> None:
    """Add these commands to the command line."""
    for command in (ingest, watch, inbox, check, backup, restore, downgrade, move_catalog, repair, compact, demo):
        app.command()(command)
    app.add_typer(log, name="log")
    # Their former names.
    app.command("doctor", hidden=True)(check)
    app.command("tidy", hidden=True)(compact)


def ingest(
    paths: Annotated[list[Path], typer.Argument(help="Files, folders, or patterns in quotes.")],
    kind: Annotated[
        str | None, typer.Option("--as", help="moves, quals, restores, counters, metrology, tools, sort_summary, wat, log.")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show how the files would be read; load nothing.")] = False,
    explain: Annotated[
        bool, typer.Option("--explain", help="The same, column by column: what it is, unit, zone, how sure, some values.")
    ] = False,
    again: Annotated[
        bool, typer.Option("--again", help="Read files again that are there already, after fab.toml was changed.")
    ] = False,
    fab: FabOption = HERE,
    as_json: JsonOption = False,
) -> None:
    """Load files into the fab, each exactly once; the fab is made if it is not there."""
    from fabwatch.cli import output
    from fabwatch.cli.tables import files

    with opened(fab, create=True) as door, output.progress(as_json) as step:
        summary = door.ingest(paths, kind=kind, dry_run=dry_run or explain, again=again, progress=step)
    if explain and not as_json:
        files.explained(summary)
    else:
        files.ingested(summary, fab, as_json, dry_run or explain)
    if not summary.clean:
        raise typer.Exit(SET_ASIDE)


def watch(
    folder: Annotated[Path, typer.Argument(help="A folder where files arrive and logs grow.")],
    every: Annotated[float, typer.Option(min=0.1, help="Seconds between two checks of the folder.")] = 10.0,
    seconds: Annotated[
        float | None, typer.Option("--for", min=0, help="Stop after this many seconds; else with Ctrl-C.")
    ] = None,
    fab: FabOption = HERE,
    as_json: JsonOption = False,
) -> None:
    """Keep loading what is new or has grown in a folder; logs are continued where they stopped."""
    from fabwatch.cli import output
    from fabwatch.cli.tables import files
    from fabwatch.fab.folder_watch import watch as watching

    with opened(fab, create=True) as door:
        try:
            for summary in watching(door, folder, every, seconds, say=output.note):
                files.ingested(summary, fab, as_json, dry_run=False)
        except KeyboardInterrupt:
            typer.echo("stopped; loaded data stays", err=True)


def inbox(
    retry: Annotated[bool, typer.Option("--retry", help="Try these files again.")] = False,
    discard: Annotated[str | None, typer.Option(metavar="LOAD", help="Give up this one; needs --reason.")] = None,
    reason: Annotated[str, typer.Option(help="Why it is given up.")] = "",
    by: Who = None,
    fab: FabOption = HERE,
    as_json: JsonOption = False,
) -> None:
    """Files that are not recognised yet, and what to write into fab.toml."""
    from fabwatch.cli import output
    from fabwatch.cli.tables import files

    with opened(fab) as door:
        if discard is not None:
            given_up = door.discard(discard, who=who_of(by), reason=reason)
            typer.echo(f"given up: {given_up.path}", err=True)
        if not retry:
            files.inbox(door.inbox(), fab, as_json)
            return
        with output.progress(as_json) as step:
            summary = door.retry(step)
    files.ingested(summary, fab, as_json, dry_run=False)
    if not summary.clean:
        raise typer.Exit(SET_ASIDE)


@log.command()
def explain(
    file: Annotated[Path, typer.Argument(help="A log file; it is not loaded.")],
    fab: FabOption = HERE,
    as_json: JsonOption = False,
) -> None:
    """How a log is read: dialect, columns with units and roles, runs, messages, what would be set aside."""
    from fabwatch.cli.tables import traces
    from fabwatch.fab.log_explanation import explain as explanation_of

    traces.explained(explanation_of(file, fab), as_json)


def check(
    sweep: Annotated[bool, typer.Option("--sweep", help="Delete data files that belong to no load.")] = False,
    deep: Annotated[bool, typer.Option("--deep", help="Compare every data file with its hash.")] = False,
    fab: FabOption = HERE,
    as_json: JsonOption = False,
) -> None:
    """Look at every table, the catalog, the files and the ledger, and say what is wrong and how to fix it."""
    from fabwatch.cli.tables import files
    from fabwatch.fab.mending import check_folder

    if sweep:
        with opened(fab) as door:
            typer.echo(f"deleted {door.sweep()} data files that belonged to no load", err=True)
    findings = check_folder(fab, deep=deep)
    files.findings(findings, as_json)
    if not all(finding.well for finding in findings):
        raise typer.Exit(SET_ASIDE)


def backup(
    target: Annotated[
        str, typer.Argument(help="A folder or s3://bucket/path; where the last backup is, it takes only what is new.")
    ],
    fab: FabOption = HERE,
    as_json: JsonOption = False,
) -> None:
    """Copy the fab, so that the copy is a fab itself, and show the heads of its audit and ledger."""
    import json

    from fabwatch.terms.answers import plain

    with opened(fab) as door:
        made = door.back_up(target)
    if as_json:
        typer.echo(json.dumps(plain(made), ensure_ascii=False, indent=1))
        return
    typer.echo(f"{made.files} data files ({made.bytes / 1e6:.1f} MB, {made.copied} of them new) are in {made.folder}")
    typer.echo(f"audit  {made.audit or 'no entry yet'}\nledger {made.ledger or 'no entry yet'}")
    typer.echo("note both elsewhere: they prove later that nothing up to here was changed", err=True)


def restore(
    source: Annotated[str, typer.Argument(help="A folder or s3://bucket/path that fabwatch backup has made.")],
    fab: FabOption = HERE,
    as_json: JsonOption = False,
) -> None:
    """Make a fab of a backup, in a folder that is not there yet; every data file is compared with its hash."""
    from fabwatch.cli.tables import files
    from fabwatch.fab.mending import bring_back

    count, findings = bring_back(source, fab)
    files.findings(findings, as_json)
    typer.echo(f"{count} data files are in {fab}", err=True)
    if not all(finding.well for finding in findings):
        raise typer.Exit(SET_ASIDE)


def downgrade(fab: FabOption = HERE, as_json: JsonOption = False) -> None:
    """Undo the last upgrade, so that the earlier fabwatch opens the fab; what was loaded since is to be loaded again."""
    import json

    from fabwatch.store.downgrade import downgrade as put_back
    from fabwatch.terms.answers import plain
    from fabwatch.terms.settings import read_settings

    done = put_back(fab, read_settings(fab).fab)
    if as_json:
        typer.echo(json.dumps(plain(done), ensure_ascii=False, indent=1))
        return
    typer.echo(f"{fab} has format {done.format} again (it had {done.from_format}); the newer catalog is in {done.kept}")
    typer.echo("do not open it with this fabwatch again, which would upgrade it: install the earlier one", err=True)


def move_catalog(
    target: Annotated[str, typer.Argument(help="'postgres:host=… dbname=…', or sqlite:FILE for a file in the fab folder.")],
    data: Annotated[str | None, typer.Option(help="Copy the data too: a folder, or s3://bucket/path.")] = None,
    fab: FabOption = HERE,
    as_json: JsonOption = False,
) -> None:
    """Move the catalog into PostgreSQL, so that several machines load and read one fab, or back into a file."""
    import json

    from fabwatch.store.moving import move_catalog as moved_to
    from fabwatch.terms.answers import plain
    from fabwatch.terms.settings import read_settings

    moved = moved_to(fab, read_settings(fab), target, data)
    if as_json:
        typer.echo(json.dumps(plain(moved), ensure_ascii=False, indent=1))
        return
    typer.echo(f"catalog  {moved.catalog}\ndata     {moved.data} ({moved.files} files, {moved.copied} of them copied)")
    for place in moved.left:
        typer.echo(f"left     {place}")
    typer.echo("services and loaders that have the fab open are to be started again", err=True)


def repair(
    backup: Annotated[Path | None, typer.Option(help="A backup of the fab folder.")] = None,
    fab: FabOption = HERE,
    as_json: JsonOption = False,
) -> None:
    """Fix damaged data files: from a backup, else by reading their loads again from the files they came from.

    A catalog that is gone, empty or damaged comes from the backup too.
    """
    from fabwatch.cli.tables import files
    from fabwatch.fab.mending import mend_catalog

    mended = None if backup is None else mend_catalog(fab, backup)
    with opened(fab) as door:
        findings = [*([mended] if mended else []), *door.repair(backup)]
    files.findings(findings, as_json)
    if not all(finding.well for finding in findings):
        raise typer.Exit(SET_ASIDE)


def compact(
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say which rows [retention] would let go of.")] = False,
    fab: FabOption = HERE,
) -> None:
    """Let go of what [retention] keeps no longer, merge small data files, and give back the disk that nothing needs."""
    with opened(fab) as door:
        gone = door.retention_due() if dry_run else door.apply_retention()
        for one in gone:
            typer.echo(
                f"{one.table}: {one.rows:,} rows from before {one.before:%Y-%m-%d} {'would go' if dry_run else 'went'}"
            )
        if dry_run:
            kept = f"the disk has them back once no kept state has them: keep_days = {door.settings.fab.keep_days:g}"
            typer.echo(kept if gone else "nothing would go", err=True)
            return
        merged = door.compact()
    for table, (before, after) in merged.items():
        typer.echo(f"{table}: {before} files, now {after}")


def demo(
    fab: FabOption = Path("demo"),
    serves: Annotated[bool, typer.Option("--serve", help="Then serve its pages, with a key made for today.")] = False,
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port of the pages; if taken, a free one.")] = 8000,
    lang: Lang = "en",
) -> None:
    """Make the made-up fab, load it, and print its wafers at risk."""
    from fabwatch.cli import output
    from fabwatch.cli.tables import files, risk
    from fabwatch.fab.demo import DEMO_END, demo_fab

    with output.progress(quiet=False) as step, demo_fab(fab, step) as (door, summary):
        files.ingested(summary, fab, as_json=False, dry_run=False)
        risk.risk(door.risk(by="area", as_of=DEMO_END), lang)
        files.demo_next(door.risk(as_of=DEMO_END), fab)
    if serves:
        from fabwatch.web.serving import run_demo

        run_demo(fab, port, DEMO_END)
