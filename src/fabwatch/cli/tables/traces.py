"""Tables about tool logs: faults, a rule tested on the record, golden runs, how a log is read."""

from rich.markup import escape

from fabwatch.cli.output import ROWS_SHOWN, json_out, out, table_of
from fabwatch.fab.answers import Backtest, Faults, Goldens
from fabwatch.terms.answers import Json


def explained(log: Json, as_json: bool) -> None:
    """How a log is read."""
    if as_json:
        json_out(log)
        return
    console = out()
    console.print(escape(f"{log['path']}: {log['dialect']}, {log['encoding']}, separator {log['delimiter']!r}"))
    table = table_of(False, "columns", ("name", "unit", "role", "setpoint of"))
    for column in log["columns"]:
        table.add_row(*(escape(str(column[name] or "-")) for name in ("name", "unit", "role", "setpoint_of")))
    console.print(table)
    counts = ("runs", "rows", "messages", "set_aside")
    console.print(", ".join(f"{log[name]:,} {name.replace('_', ' ')}" for name in counts))
    for note in log["notes"]:
        console.print(escape(f"note: {note}"))
    for row in log["sample"]:
        console.print(escape("  " + ", ".join(f"{k}={v}" for k, v in row.items() if v is not None)), style="dim")


def faults(answer: Faults, language: str) -> None:
    """Runs that deviate from the reference runs, for people."""
    console = out()
    faulty = [run for run in answer.runs if run.faulty]
    for run in faulty[:ROWS_SHOWN]:
        score = "" if run.score is None or run.limit is None else f" score {run.score:.1f}, limit {run.limit:.1f}"
        reasons = "; ".join(run.reasons)
        console.print(escape(f"■ {run.run}{score}; {reasons}"), style="bold")
        for sensor in run.sensors[:4]:
            console.print(escape(f"    {sensor.sentence} (z {sensor.z:+.1f})"))
        for rule in run.rules:
            console.print(escape(f"    rule: {rule}"))
        for alarm in run.alarms:
            console.print(escape(f"    alarm: {alarm}"))
    if len(faulty) > ROWS_SHOWN:
        console.print(f"… and {len(faulty) - ROWS_SHOWN:,} more: --tool, --csv or --json")
    for line in answer.unjudged:
        console.print(escape(f"not judged: {line}"))
    if answer.false_per_1000 is not None:
        console.print(f"false alarms: {answer.false_per_1000:.0f} of 1,000 good runs, each judged without itself")
    console.print(escape(answer.sentence(language)))


def backtest(answer: Backtest, language: str) -> None:
    """How a rule would have done, for people."""
    console = out()
    console.print(escape(f"{answer.rule}: {answer.what}"))
    columns = ("tool", "runs", "alarms", "good", "false", "bad", "caught")
    table = table_of(answer.demo, "", columns)
    for row in answer.tools[:ROWS_SHOWN]:
        table.add_row(*(escape(str(getattr(row, name))) for name in columns))
    console.print(table)
    for alarm in answer.latest[:8]:
        console.print(escape(f"  {alarm.run} ({alarm.truth}): {alarm.sentence}"), style="dim")
    if answer.not_judged:
        console.print(f"not judged: {answer.not_judged:,} runs with too few good ones of their kind before them")
    console.print(escape(answer.sentence(language)))
    console.print(f"it counts from: fabwatch trace switch {answer.rule} on --reason WHY", markup=False)


def goldens(answer: Goldens, language: str) -> None:
    """Golden runs that were chosen."""
    columns = ("tool", "chamber", "recipe", "stage", "version", "runs", "decided_at", "who", "reason")
    table = table_of(False, "golden runs", columns)
    for golden in answer.goldens:
        cells = {**vars(golden), "runs": len(golden.runs) or "taken back"}
        table.add_row(*(escape("-" if cells[name] is None else str(cells[name])) for name in columns))
    out().print(table)
