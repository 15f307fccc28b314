"""The commands about polishing: how long, by which rate, how that would have done, what rate a run had."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from fabwatch.cli.options import (
    HERE,
    AsOf,
    CsvOption,
    FabOption,
    JsonOption,
    KnownAt,
    Lang,
    ToolOption,
    Who,
    opened,
    told,
    who_of,
)

if TYPE_CHECKING:
    from fabwatch.fab import Fab

cmp = typer.Typer(rich_markup_mode=None, help="How long to polish, learning from every wafer.", no_args_is_help=True)
UnitOption = Annotated[str, typer.Option(help="Unit of the thicknesses: angstrom, nm or um.")]
Head = Annotated[str | None, typer.Option(help="The head or platen.")]
Product = Annotated[str | None, typer.Option(help="The product.")]
Stage = Annotated[str | None, typer.Option(help="The stage of the tool.")]


@cmp.command("polish-time")
def polish_time(
    target: Annotated[float, typer.Option(help="Thickness that is wanted.")],
    incoming: Annotated[float | None, typer.Option(help="Thickness before.")] = None,
    sites: Annotated[
        str | None, typer.Option(help="Thickness before at each site, in place of --incoming: '9010 8990 9005'.")
    ] = None,
    unit: UnitOption = "angstrom",
    rate: Annotated[float | None, typer.Option(help="Removal rate, where no fab is to be asked.")] = None,
    rate_unit: Annotated[str | None, typer.Option(help="Unit of the rate, such as nm/min; else UNIT/s.")] = None,
    rate_sd: Annotated[float | None, typer.Option(min=0, help="Standard deviation of the rate.")] = None,
    incoming_sd: Annotated[float, typer.Option(min=0, help="Standard deviation of the thickness before.")] = 0.0,
    lower: Annotated[float | None, typer.Option(help="Lower limit of the thickness after.")] = None,
    upper: Annotated[float | None, typer.Option(help="Upper limit of the thickness after.")] = None,
    coverage: Annotated[
        float | None, typer.Option(help="Chance that the time needed lies in the interval; else 0.9.")
    ] = None,
    tool: ToolOption = None,
    head: Head = None,
    product: Product = None,
    stage: Stage = None,
    wafer: Annotated[str | None, typer.Option(help="Name of the wafer.")] = None,
    lot: Annotated[str | None, typer.Option(help="Name of the lot.")] = None,
    rework: Annotated[bool, typer.Option("--rework", help="The wafer was polished before and came out thick.")] = False,
    changed: Annotated[
        bool, typer.Option("--changed", help="A consumable has just been changed, which no file says yet.")
    ] = False,
    keep: Annotated[bool, typer.Option("--keep", help="Keep the advice with all that was known, in the audit.")] = False,
    chosen: Annotated[float | None, typer.Option(help="Keep this time instead, with --reason.")] = None,
    reason: Annotated[str, typer.Option(help="Why another time was chosen.")] = "as advised",
    who: Who = None,
    as_of: AsOf = None,
    known_at: KnownAt = None,
    fab: FabOption = HERE,
    as_json: JsonOption = False,
    as_csv: CsvOption = False,
) -> None:
    """How many seconds a wafer needs: with --rate by that rate, with --tool by what the fab knows of it."""
    from fabwatch.cli import polishing
    from fabwatch.cmp.polish import Rate, film_of
    from fabwatch.cmp.polish import polish_time as calculated
    from fabwatch.terms.errors import BadQuestion

    if (rate is None) == (tool is None):
        raise BadQuestion(
            "Either a rate or a tool is needed.", "--rate 40, or --tool NAME of a fab whose metrology is loaded"
        )
    at_sites = polishing.numbers(sites)
    if rate is not None:
        about = {"lower": lower, "upper": upper, "rework": rework, "wafer": wafer, "sites": at_sites}
        film = film_of({"incoming": incoming, "target": target, "incoming_sd": incoming_sd, **about}, unit)
        answer = calculated(film, Rate(rate, rate_unit or f"{unit}/s", rate_sd), coverage=coverage or 0.9)
    else:
        asked: dict[str, Any] = {
            "tool": tool,
            "unit": unit,
            "head": head,
            "product": product,
            "stage": stage,
            "wafer": wafer,
            "rework": rework,
            "changed": changed,
            "sites": at_sites,
        }
        with opened(fab) as door:
            if keep or chosen is not None:
                said: dict[str, Any] = {"who": who_of(who), "reason": reason, "chosen_s": chosen, "lot": lot}
                answer = door.keep_polish(incoming, target, **asked, **said)
            else:
                more: dict[str, Any] = {"lower": lower, "upper": upper, "coverage": coverage, "as_of": as_of}
                more |= {"incoming_sd": incoming_sd}
                answer = door.polish_time(incoming, target, known_at=known_at, **asked, **more)
    polishing.polish_time(answer, as_json, as_csv)


@cmp.command()
def rate(
    tool: ToolOption = None,
    as_of: AsOf = None,
    known_at: KnownAt = None,
    fab: FabOption = HERE,
    as_json: JsonOption = False,
    as_csv: CsvOption = False,
    lang: Lang = "en",
) -> None:
    """The removal rate of every tool, head, product and stage as it stands, with its reason and its doubts."""
    from fabwatch.cli import polishing

    told(
        fab,
        as_json,
        as_csv,
        lang,
        lambda door: door.rates(tool=tool, as_of=as_of, known_at=known_at),
        polishing.rates,
    )


@cmp.command()
def replay(
    tool: ToolOption = None,
    as_of: AsOf = None,
    known_at: KnownAt = None,
    fab: FabOption = HERE,
    as_json: JsonOption = False,
    as_csv: CsvOption = False,
    lang: Lang = "en",
) -> None:
    """What each controller would have made of the fab's own history: sigma, bias, rework, beside what happened."""
    told(fab, as_json, as_csv, lang, lambda door: door.replay(tool=tool, as_of=as_of, known_at=known_at))


@cmp.command()
def predict(
    runs: Annotated[
        str | None, typer.Option(help="FROM..TO: names of runs, or numbers that count them from 1 in order of time.")
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
    from fabwatch.cli import polishing

    first, dots, last = (runs or "..").partition("..")
    asked: dict[str, Any] = {"tool": tool, "first": first or None, "last": (last if dots else first) or None}
    asked |= {"as_of": as_of, "known_at": known_at}
    told(fab, as_json, as_csv, lang, lambda door: door.predicted_rates(**asked), polishing.predicted)


@cmp.command()
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
    """The predicted removal rate as an ONNX file that runs elsewhere; written only when it says the same there."""
    from fabwatch.cli import polishing

    def ask(door: "Fab") -> Any:
        return polishing.written(door.rate_model(tool=tool, as_of=as_of, known_at=known_at), out)

    told(fab, as_json, as_csv, lang, ask)


@cmp.command()
def advices(tool: ToolOption = None, fab: FabOption = HERE, as_json: JsonOption = False, as_csv: CsvOption = False) -> None:
    """Polish times that were kept: what was asked, answered, known, and chosen instead."""
    from fabwatch.cli import polishing

    with opened(fab) as door:
        polishing.advices(door.advices(tool=tool), as_json, as_csv)
