"""What changed from one version to another: each difference put in by itself, and the figure taken again."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from fabwatch.models.answers import ModelChange
from fabwatch.models.choosing import told_alone
from fabwatch.models.differing import Changed, Differences, differences
from fabwatch.models.measures import figures
from fabwatch.models.preparing import fitted, prepared
from fabwatch.models.recipe import Recipe
from fabwatch.models.registry import Version
from fabwatch.terms.errors import BadQuestion

if TYPE_CHECKING:
    import pandas as pd

SHARES = ("auc", "accuracy")
LEAK = 0.9
"""How well a column alone tells the target, so that its coming or going is called a leak."""


@dataclass(frozen=True)
class Step:
    """One difference, and what is learned from with it and with all before it."""

    cause: str
    detail: str
    frame: "pd.DataFrame"
    recipe: Recipe
    follows: bool = False
    """It follows from the others: settings that were searched anew."""


def causes(a: Version, b: Version, workers: int = 1) -> list[ModelChange]:
    """The differences of two versions with what each does to the reported figure, the largest first."""
    steps = list(_steps(a, b))
    unrun = _of_libraries(a, b)
    first, last = _reported(a), _reported(b)
    if a.card["held_out"]["metric"] != b.card["held_out"]["metric"]:
        return [
            ModelChange(
                "target", None, None, None, f"{a.card['kind']} against {b.card['kind']}: their figures differ in kind"
            )
        ]
    scale = 100.0 if a.card["held_out"]["metric"] in SHARES else 1.0
    figure, found = first, []
    for n, step in enumerate(steps):
        ends = n == len(steps) - 1 and unrun is None
        after = last if ends else _figure(step, workers)
        found.append((step, _cause(step.cause, step.detail, figure, after, scale)))
        figure = after or figure
    found.sort(key=lambda pair: (pair[0].follows, -abs(pair[1].points or 0.0)))
    made = [cause for _, cause in found]
    if unrun is not None:
        made.append(_cause("library", unrun, figure, last, scale))
        made.sort(key=lambda one: one.cause == "settings" and len(made) > 1)
        if not steps:
            return made
    return made


def _reported(version: Version) -> dict[str, Any]:
    held: dict[str, Any] = version.card["held_out"]
    return held


def _figure(step: Step, workers: int) -> dict[str, Any] | None:
    """The figure that is reported with a step; None where nothing can be learned so."""
    assert step.recipe.candidate is not None  # noqa: S101 - that of a version that was made
    try:
        ready = prepared(step.frame, step.recipe, workers)
        fit = fitted(ready, step.recipe.candidate, None)
        return figures(ready.table.truth(ready.split.test), fit.predicted, fit.threshold)
    except BadQuestion:
        return None


def _cause(name: str, detail: str, before: dict[str, Any] | None, after: dict[str, Any] | None, scale: float) -> ModelChange:
    if before is None or after is None or before["value"] is None or after["value"] is None:
        return ModelChange(name, None, None, None, detail)
    points = (after["value"] - before["value"]) * scale
    half = scale * float(np.hypot(_half(before), _half(after)))
    return ModelChange(name, points, points - half, points + half, detail)


def _half(figure: dict[str, Any]) -> float:
    if figure["low"] is None or figure["high"] is None:
        return 0.0
    return float(figure["high"] - figure["low"]) / 2


def _steps(a: Version, b: Version) -> Iterator[Step]:
    """From A to B: rows, then values, then columns, then how it was split and learned."""
    frame, recipe = a.table(), a.recipe
    if a.card["table"]["sha256"] != b.card["table"]["sha256"]:
        other = b.table()
        for step in _of_tables(frame, other, differences(frame, other), a, b):
            yield step
            frame = step.frame
        frame = other
    own, goal = a.recipe, b.recipe
    if own.target != goal.target or own.positive != goal.positive:
        recipe = replace(recipe, target=goal.target, positive=goal.positive)
        yield Step("label", f"{own.target} ({own.positive}) → {goal.target} ({goal.positive})", frame, recipe)
    lists = ("keep", "leave", "rising", "falling")
    if any(getattr(own, name) != getattr(goal, name) for name in lists):
        recipe = replace(recipe, **{name: getattr(goal, name) for name in lists})
        moved = sorted(set(a.schema.names) ^ set(b.schema.names)) or [
            name for which in lists for name in sorted(set(getattr(own, which)) ^ set(getattr(goal, which)))
        ]
        leaks = [name for name in moved if name in frame.columns and _leaks(frame, name, recipe)]
        yield Step("leak" if leaks else "column", f"columns {', '.join((leaks or moved)[:5])}", frame, recipe)
    splits = ("time", "group", "held_out")
    if any(getattr(own, name) != getattr(goal, name) for name in splits):
        recipe = replace(recipe, **{name: getattr(goal, name) for name in splits})
        yield Step("split", f"{a.card['split']} → {b.card['split']}", frame, recipe)
    if own.seed != goal.seed:
        recipe = replace(recipe, seed=goal.seed)
        yield Step("seed", f"{own.seed} → {goal.seed}", frame, recipe)
    if own.candidate != goal.candidate and own.candidate is not None and goal.candidate is not None:
        asked = own.learner != goal.learner
        name = "learner" if own.candidate.learner != goal.candidate.learner else "settings"
        recipe = replace(recipe, candidate=goal.candidate, learner=goal.learner)
        yield Step(name, f"{own.candidate.name} → {goal.candidate.name}", frame, recipe, follows=not asked)


def _of_tables(a: "pd.DataFrame", b: "pd.DataFrame", found: Differences, first: Version, second: Version) -> Iterator[Step]:
    """The differences of two tables, each put in after the others."""
    recipe = first.recipe
    frame = a
    if found.twice_a != found.twice_b:
        frame = _with_repeats(a, b, found)
        yield Step("duplicates", f"{found.twice_a:,} rows stood twice, now {found.twice_b:,}", frame, recipe)
    rows = _with_values_of(a, b, found, second.recipe.target)
    if len(found.only_a) or len(found.only_b):
        yield Step(*_of_rows(a, b, found, recipe), rows, recipe)
    frame = rows
    for change in found.changed:
        name = _word(change, recipe, second.recipe)
        frame = frame.assign(**{change.column: b[change.column]})
        yield Step(name, change.detail, frame, recipe)
    for name in (*found.gone, *found.new):
        kept = name in found.new
        frame = frame.assign(**{name: b[name]}) if kept else frame.drop(columns=name)
        source = b if kept else a
        if name in (recipe.target, second.recipe.target, recipe.time, recipe.group):
            continue
        word = "leak" if _leaks(source, name, recipe) else "column"
        yield Step(word, f"{name} {'came' if kept else 'went'}", frame, recipe)


def _word(change: Changed, recipe: Recipe, goal: Recipe) -> str:
    """What a changed column is called, by what it is for."""
    if change.column in (recipe.target, goal.target):
        return "label"
    return "split" if change.column in (recipe.time, recipe.group) else change.how


def _with_values_of(a: "pd.DataFrame", b: "pd.DataFrame", found: Differences, target: str) -> "pd.DataFrame":
    """The rows of B with the values and columns of A."""
    rows = b.drop(columns=[name for name in found.new if name != target])
    for change in found.changed:
        rows[change.column] = _of_a(a, change.column, found, b[change.column].to_numpy())
    for name in found.gone:
        rows[name] = _of_a(a, name, found, np.full(len(b), None))
    return rows


def _with_repeats(a: "pd.DataFrame", b: "pd.DataFrame", found: Differences) -> "pd.DataFrame":
    """The rows of A, each once where B repeats fewer, or as often as in B."""
    if found.twice_a > found.twice_b:
        return a.drop_duplicates().reset_index(drop=True)
    common = [name for name in a.columns if name in set(b.columns)]
    repeated = b[b.duplicated(subset=common, keep="first")]
    import pandas as pd

    return pd.concat([a, repeated.reindex(columns=a.columns)], ignore_index=True)


def _of_a(a: "pd.DataFrame", name: str, found: Differences, elsewhere: Any) -> Any:
    """A column of A for the rows of B: its values in the rows that both have, `elsewhere` (n) in the others."""
    import pandas as pd

    values = elsewhere.astype(object)
    values[found.pairs[1]] = a[name].to_numpy()[found.pairs[0]]
    return pd.Series(values).infer_objects()


def _of_rows(a: "pd.DataFrame", b: "pd.DataFrame", found: Differences, recipe: Recipe) -> tuple[str, str]:
    """Whether rows came or went at an end of the time, or in between."""
    detail = f"{len(found.only_a):,} rows went, {len(found.only_b):,} came"
    time = recipe.time
    if time is None or time not in a.columns or time not in b.columns:
        return "rows", detail
    from fabwatch.models.moments import ordered_by

    try:
        key_a, key_b = ordered_by(a, time), ordered_by(b, time)
    except BadQuestion:
        return "rows", detail
    shared = key_b[found.pairs[1]]
    moved = np.concatenate([key_a[found.only_a], key_b[found.only_b]])
    outside = (moved <= shared.min()) | (moved >= shared.max()) if len(shared) else np.ones(len(moved), bool)
    spans = [
        f"{table[time].iloc[key.argmin()]} to {table[time].iloc[key.argmax()]}" for table, key in ((a, key_a), (b, key_b))
    ]
    if outside.mean() > 0.9:
        return "window", f"{detail}: {spans[0]} → {spans[1]}"
    return "rows", detail


def _leaks(frame: "pd.DataFrame", name: str, recipe: Recipe) -> bool:
    """Whether a column alone tells the target better than a column should."""
    from fabwatch.models.choosing import described
    from fabwatch.models.schema import values_of
    from fabwatch.models.target import target_of

    try:
        target = target_of(frame, recipe.target, recipe.positive)
    except BadQuestion:
        return False
    rows = np.flatnonzero(target.known)
    column, _ = described(frame[name], name, rows)
    if column is None:
        return False
    limit = LEAK if target.problem != "number" else 0.98
    return told_alone(values_of(frame[name], column)[rows], target.values[rows], target, column.kind == "category") >= limit


def _of_libraries(a: Version, b: Version) -> str | None:
    own, other = ({**one.card["libraries"], "fabwatch": one.card["fabwatch"]} for one in (a, b))
    moved = [
        f"{name} {own.get(name, 'none')} → {other.get(name, 'none')}"
        for name in sorted({*own, *other})
        if own.get(name) != other.get(name)
    ]
    return ", ".join(moved) or None
