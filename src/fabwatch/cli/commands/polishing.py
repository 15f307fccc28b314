"""Special commands about polishing: one polish time, predicted rates of a range of runs, and the export of the model."""

from pathlib import Path
from typing import Annotated

import typer

from fabwatch.cli.options import HERE, AsOf, CsvOption, FabOption, JsonOption, KnownAt, Lang, Who, opened, who_of

ToolOption = Annotated[str | None, typer.Option(help="Only this tool.")]
UnitOption = Annotated[str, typer.Option(help="Unit of the thicknesses: angstrom, nm or um.")]
Head = Annotated[str | None, typer.Option(help="The head or platen.")]
Product = Annotated[str | None, typer.Option(help="The product.")]
Stage = Annotated[str | None, typer.Option(help="The stage of the tool.")]


def add_to(cmp: typer.Typer) -> None:
    """Add these commands to the group of polishing."""
    cmp.command("polish-time")(polish_time)
    cmp.command()(predict)
    cmp.command()(export)


def polish_time(
    target: Annotated[float, typer.Option(help="Target thickness.")],
    incoming: Annotated[float | None, typer.Option(help="Thickness before.")] = None,
    sites: Annotated[
        str | None, typer.Option(help="Thickness before at each site, in place of --incoming: '9010 8990 9005'.")
    ] = None,
    unit: UnitOption = "angstrom",
    rate: Annotated[float | None, typer.Option(help="Removal rate, to calculate without a fab.")] = None,
    rate_unit: Annotated[str | None, typer.Option(help="Unit of the rate, such as nm/min; else UNIT/s.")] = None,
    rate_sd: Annotated[float | None, typer.Option(min=0, help="Standard deviation of the rate.")] = None,
    incoming_sd: Annotated[float, typer.Option(min=0, help="Standard deviation of the thickness before.")] = 0.0,
    lower: Annotated[float | None, typer.Option(help="Lower limit of the thickness after.")] = None,
    upper: Annotated[float | None, typer.Option(help="Upper limit of the thickness after.")] = None,
    coverage: Annotated[
        float | None, typer.Option(help="Chance that the required time is in the interval; else 0.9.")
    ] = None,
    tool: ToolOption = None,
    head: Head = None,
    product: Product = None,
    stage: Stage = None,
    wafer: Annotated[str | None, typer.Option(help="Name of the wafer.")] = None,
    lot: Annotated[str | None, typer.Option(help="Name of the lot.")] = None,
    rework: Annotated[bool, typer.Option("--rework", help="The wafer was polished before and came out thick.")] = False,
    changed: Annotated[
        bool, typer.Option("--changed", help="A consumable has just been changed, and no file says so yet.")
    ] = False,
    keep: Annotated[bool, typer.Option("--keep", help="Record the advice with everything known, in the audit.")] = False,
    chosen: Annotated[float | None, typer.Option(help="Record this time instead, with --reason.")] = None,
    reason: Annotated[str, typer.Option(help="Why another time was chosen.")] = "as advised",
    who: Who = None,
    as_of: AsOf = None,
    known_at: KnownAt = None,
    fab: FabOption = HERE,
    as_json: JsonOption = False,
    as_csv: CsvOption = False,
) -> None:
    """How many seconds a wafer needs: from --rate, or with --tool from the data of the fab."""
    from fabwatch.cli.tables import polishing
    from fabwatch.fab.polishing import WaferToPolish, times_by_rate
    from fabwatch.terms.errors import BadQuestion

    if (rate is None) == (tool is None):
        raise BadQuestion(
            "Either a rate or a tool is needed.", "--rate 40, or --tool NAME of a fab whose metrology is loaded"
        )
    film = WaferToPolish(
        incoming=incoming,
        target=target,
        sites=polishing.numbers(sites),
        incoming_sd=incoming_sd,
        lower=lower,
        upper=upper,
        rework=rework,
        wafer=wafer,
    )
    if rate is not None:
        answer = times_by_rate([film], rate, rate_unit, rate_sd, unit, coverage).only()
    else:
        place = {"head": head, "product": product, "stage": stage}
        with opened(fab) as door:
            if keep or chosen is not None:
                answer = door.keep_polish(
                    incoming,
                    target,
                    who=who_of(who),
                    reason=reason,
                    tool=tool or "",
                    chosen_s=chosen,
                    sites=film.sites,
                    unit=unit,
                    wafer=wafer,
                    lot=lot,
                    rework=rework,
                    changed=changed,
                    **place,
                )
            else:
                times = door.polish_times(
                    [film],
                    tool=tool or "",
                    unit=unit,
                    changed=changed,
                    coverage=coverage,
                    as_of=as_of,
                    known_at=known_at,
                    **place,
                )
                answer = times.only()
    polishing.polish_time(answer, as_json, as_csv)


def predict(
    runs: Annotated[
        str | None, typer.Option(help="FROM..TO: names of runs, or their numbers, from 1 in order of time.")
    ] = None,
    tool: ToolOption = None,
    as_of: AsOf = None,
    known_at: KnownAt = None,
    fab: FabOption = HERE,
    as_json: JsonOption = False,
    as_csv: CsvOption = False,
    lang: Lang = "en",
) -> None:
    """The removal rate of each run from its log and the metrology that had arrived before it ended, with an interval."""
    from fabwatch.cli import output
    from fabwatch.cli.tables import polishing

    first, dots, last = (runs or "..").partition("..")
    with opened(fab) as door, output.working("working …"):
        answer = door.predicted_rates(
            tool=tool, first=first or None, last=(last if dots else first) or None, as_of=as_of, known_at=known_at
        )
    output.note_end_of_record(answer, lang)
    if not output.data(answer, as_json, as_csv):
        polishing.predicted(answer, lang)


def export(
    out: Annotated[Path, typer.Option(help="The file to write, such as rate.onnx.", dir_okay=False)],
    tool: ToolOption = None,
    as_of: AsOf = None,
    known_at: KnownAt = None,
    fab: FabOption = HERE,
    as_json: JsonOption = False,
    as_csv: CsvOption = False,
    lang: Lang = "en",
) -> None:
    """The model of the removal rate as an ONNX file that runs elsewhere; written only if it gives the same results."""
    from fabwatch.cli import output
    from fabwatch.cli.tables import polishing

    with opened(fab) as door, output.working("working …"):
        answer = polishing.written(door.rate_model(tool=tool, as_of=as_of, known_at=known_at), out)
    output.note_end_of_record(answer, lang)
    if not output.data(answer, as_json, as_csv):
        output.rows(answer, lang)
