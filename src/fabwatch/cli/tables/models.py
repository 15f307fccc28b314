"""Tables of models."""

from typing import Any

from rich.markup import escape
from rich.table import Table

from fabwatch.cli.output import first_of, out, rows, table_of
from fabwatch.fab.answers import Compared, ModelCard, Models, Predictions, Trained, Watched

DROPPED_SHOWN = 12
MEASURES = (
    "value",
    "low",
    "high",
    "rows",
    "positives",
    "pr_auc",
    "recall",
    "precision",
    "accuracy",
    "mae",
    "r2",
    "macro_f1",
)


def trained(answer: Trained, language: str) -> None:
    """The figures side by side, what was left out, and what moves it."""
    console = out()
    console.print(_sides(answer, "rows at random"))
    console.print(
        escape(f"{answer.learner}; {len(answer.columns):,} columns, {answer.rows_:,} rows, held out {answer.split}")
    )
    moves = ", ".join(f"{one['column']} {one['moves']:.3g}" for one in answer.importance[:5])
    console.print(escape(f"moved most by: {moves}"))
    left = [one for one in answer.dropped if one.why != "the target"]
    for one in left[:DROPPED_SHOWN]:
        console.print(escape(f"left out: {one.column}: {one.why}"))
    if len(left) > DROPPED_SHOWN:
        console.print(f"… and {len(left) - DROPPED_SHOWN:,} more columns: --json")
    for doubt in answer.doubts:
        console.print(escape(f"doubt: {doubt}"))
    console.print(escape(answer.sentence(language)))


def trained_on_pictures(answer: Trained, language: str) -> None:
    """The figures side by side, and how well each class is found again."""
    console = out()
    console.print(_sides(answer, "pictures at random"))
    classes, confusion = answer.classes, answer.held_out["confusion"]
    for place, (name, own) in enumerate(answer.held_out["per_class"].items()):
        others = [(count, classes[n]) for n, count in enumerate(confusion[place]) if n != place and count]
        taken = f", taken for {max(others)[1]} {max(others)[0]} times" if others else ""
        interval = f"{_figure(own['recall_low'])} to {_figure(own['recall_high'])}"
        console.print(escape(f"{name}: {_figure(own['recall'])} of {own['rows']} found (95 %: {interval}){taken}"))
    console.print(escape(f"a small residual network, {answer.learner}; {answer.rows_:,} pictures, held out {answer.split}"))
    for doubt in answer.doubts:
        console.print(escape(f"doubt: {doubt}"))
    console.print(escape(answer.sentence(language)))


def predicted(answer: Predictions, language: str) -> None:
    """One row a prediction."""
    for name in answer.lacking_columns[:DROPPED_SHOWN]:
        out().print(escape(f"not sent: {name}, which counts as missing"))
    for name in answer.unknown_columns[:DROPPED_SHOWN]:
        out().print(escape(f"not known: {name}, which is not used"))
    for left in answer.set_aside[:DROPPED_SHOWN]:
        out().print(escape(f"set aside: {left.column}: {left.why}"))
    rows(answer, language)
    for one in first_of(answer.predictions)[:DROPPED_SHOWN]:
        if one.sentence:
            out().print(
                escape(f"row {one.row}: {one.sentence}") if one.name is None else escape(f"{one.name}: {one.sentence}")
            )


def compared(answer: Compared, language: str) -> None:
    """The causes, the slices, the leaks."""
    console = out()
    if answer.causes:
        table = table_of(
            answer.demo, f"from {answer.a_name} to {answer.b_name}", ("cause", "points", "low", "high", "detail")
        )
        for cause in answer.causes:
            numbers = (_figure(value) for value in (cause.points, cause.low, cause.high))
            table.add_row(cause.cause, *numbers, escape(cause.detail))
        console.print(table)
    for part in answer.slices[:DROPPED_SHOWN]:
        from_to = " → ".join(_figure(value) for value in (part.a, part.b))
        console.print(escape(f"{part.of} {part.value}: {from_to} ({part.rows:,} rows)"))
    for text in (*answer.leaks, *answer.doubts):
        console.print(escape(f"doubt: {text}"))
    console.print(escape(answer.sentence(language)))


def watched(answer: Watched, language: str) -> None:
    """The columns that drift most, the scores that were kept, and what to do."""
    console = out()
    shown = [one for one in answer.columns if one.drifted] or list(answer.columns[:5])
    if shown:
        names = ("column", "drifts", "PSI", "limit", "q", "before", "now", "missing", "never seen")
        table = table_of(answer.demo, f"{answer.model}@{answer.version} · {answer.source}", names)
        for one in shown[:DROPPED_SHOWN]:
            cells = (
                one.column,
                "yes" if one.drifted else "no",
                *(_figure(value) for value in (one.psi, one.limit, one.q)),
                *(value if isinstance(value, str) else _figure(value) for value in (one.before, one.now)),
                f"{one.missing:.1%}",
                f"{one.outside:.1%}",
            )
            table.add_row(*map(escape, cells))
        console.print(table)
    for score in answer.scores[-DROPPED_SHOWN:]:
        period = f"{score.first} to {score.last}" if score.first else f"scored {score.at}"
        figures = f"{_figure(score.value)} ({_figure(score.low)} to {_figure(score.high)})"
        console.print(
            escape(f"{period}: {score.rows:,} rows, {score.metric} {figures}, floor {_figure(score.floor)}: {score.verdict}")
        )
    for doubt in answer.doubts:
        console.print(escape(f"doubt: {doubt}"))
    if answer.retrained is not None:
        console.print(escape(answer.retrained.sentence))
    if answer.proposal:
        console.print(escape(f"proposal: {answer.proposal}"))
    console.print(escape(answer.sentence(language)))


def listed(answer: Models, language: str) -> None:
    """One row a version."""
    console = out()
    if answer.versions:
        columns = ("model", "version", "stage", "predicts", "metric", "value", "95 %", "rows", "by", "reason")
        table = table_of(answer.demo, "models", columns)
        for one in answer.versions:
            interval = f"{_figure(one.low)} to {_figure(one.high)}"
            cells = (
                one.model,
                str(one.version),
                one.stage,
                one.target,
                one.metric,
                _figure(one.value),
                interval,
                f"{one.rows_:,}",
            )
            table.add_row(*map(escape, (*cells, one.who or "-", (one.reason or "-")[:60])))
        console.print(table)
    console.print(escape(answer.sentence(language)))


def card(answer: ModelCard, language: str) -> None:
    """What a reader should know before believing a version."""
    console, own = out(), answer.card
    console.print(
        escape(f"{answer.model}@{answer.version} · {answer.stage} · {own['learner']} · {own['kind']}: {own['target']}")
    )
    console.print(
        escape(f"from {own['source']}, {own['rows']:,} rows" + (f", {' to '.join(own['period'])}" if own["period"] else ""))
    )
    moves = ", ".join(f"{one['column']} {one['moves']:.3g}" for one in own["importance"][:5])
    if moves:
        console.print(escape(f"moved most by: {moves}"))
    for text in own["limits"]:
        console.print(escape(f"limit: {text}"))
    for text in own["doubts"]:
        console.print(escape(f"doubt: {text}"))
    console.print(escape(answer.sentence(language)))


def _sides(answer: Trained, random: str) -> Table:
    """The figures of rows held out, of rows at random and without a model."""
    sides = {"held out": answer.held_out, random: answer.random_split, "no model": answer.floor}
    names = [name for name in MEASURES if any(own.get(name) is not None for own in sides.values())]
    table = table_of(answer.demo, f"{answer.model}@{answer.version} · {answer.held_out['metric']}", ("of",))
    for name in names:
        table.add_column(name, justify="right")
    for side, own in sides.items():
        table.add_row(side, *(_figure(own.get(name)) for name in names))
    return table


def _figure(value: Any) -> str:
    if value is None:
        return "-"
    return f"{value:,}" if isinstance(value, int) else f"{value:,.4g}"
