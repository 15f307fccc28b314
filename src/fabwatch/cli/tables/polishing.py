"""Tables of polish times and removal rates."""

from pathlib import Path

from rich.markup import escape

from fabwatch.cli.output import ROWS_SHOWN, csv_out, json_out, out, rows, table_of
from fabwatch.fab.answers import Advices, PolishTime, PredictedRates, RateModel, Rates
from fabwatch.terms.errors import BadQuestion, NoSuchPath


def numbers(text: str | None) -> tuple[float, ...]:
    """The numbers in a line, separated by blanks or ;. Raises BadQuestion."""
    try:
        return tuple(float(number) for number in (text or "").replace(";", " ").split())
    except ValueError:
        raise BadQuestion(
            f"{text!r} is not a list of numbers.", "separate them with blanks: --sites '9010 8990 9005'"
        ) from None


def polish_time(answer: PolishTime, as_json: bool, as_csv: bool) -> None:
    """One polish time."""
    if as_json:
        json_out(answer.to_dict())
        return
    if as_csv:
        csv_out(answer.rows())
        return
    console = out()
    around = f" ({answer.coverage:.0%}: {answer.low:.1f} to {answer.high:.1f} s)" if answer.low is not None else ""
    console.print(escape(f"{answer.seconds:.1f} s{around}"), style="bold")
    chance = "" if answer.p_out_of_spec is None else f", {answer.p_out_of_spec:.1%} to end outside the limits"
    console.print(escape(f"thickness after: {answer.predicted_after:,.6g} {answer.unit}{chance}"))
    console.print(escape(f"why: {answer.reason}"))
    for doubt in answer.doubts:
        console.print(escape(f"doubt: {doubt}"))


def rates(answer: Rates, language: str) -> None:
    """The rates of all groups."""
    console = out()
    columns = ("tool", "head", "product", "stage", "rate", "± sd", "wafers", "results")
    table = table_of(answer.demo, "removal rates", columns)
    for group in answer.groups[:ROWS_SHOWN]:
        spread = "-" if group.spread is None else f"{group.spread:.4g}"
        names = (group.tool, group.head or "-", group.product or "-", group.stage or "-")
        table.add_row(
            *(
                escape(cell)
                for cell in (*names, f"{group.rate:.5g} {group.rate_unit}", spread, str(group.age), str(group.measured))
            )
        )
    console.print(table)
    for group in answer.groups[:ROWS_SHOWN]:
        name = " ".join(part for part in (group.tool, group.head, group.product, group.stage) if part)
        console.print(escape(f"{name}: {group.reason}"))
        for doubt in group.doubts:
            console.print(escape(f"  doubt: {doubt}"), style="dim")
    console.print(escape(answer.sentence(language)))


def predicted(answer: PredictedRates, language: str) -> None:
    """Predicted rates, then their accuracy by group."""
    rows(answer, language)
    console = out()
    for group in answer.groups:
        name = " ".join(str(group[part]) for part in ("stage", "chamber") if group[part])
        held = "-" if group["held"] is None else f"{group['held']:.1%}"
        accuracy = (
            f"{group['n']:,} runs, mean squared error {group['mse']:.4g}, of the last value {group['mse_last_value']:.4g}"
        )
        console.print(escape(f"{name}: {accuracy}; {held} of the {group['coverage']:.0%} intervals held"))


def written(answer: RateModel, path: Path) -> RateModel:
    """Write the file and return the answer. Raises NoSuchPath."""
    try:
        path.write_bytes(answer.onnx)
    except OSError as fault:
        raise NoSuchPath(f"{path} cannot be written: {fault.strerror}.", "give a file in an existing folder") from fault
    return answer


def advices(answer: Advices, language: str) -> None:
    """Recorded polish times."""
    flat = answer.rows()
    columns = tuple(flat[0]) if flat else ("advised_at", "tool", "advised_s", "chosen_s", "who", "reason")
    table = table_of(False, "recorded polish times", columns)
    for row in flat[:ROWS_SHOWN]:
        table.add_row(*(escape("-" if row[name] is None else str(row[name])) for name in columns))
    out().print(table)
