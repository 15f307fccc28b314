"""A table made ready: its target, columns and split; and a candidate learned from one part and asked about the other."""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from fabwatch.models.additive import Numbers
from fabwatch.models.choosing import Chosen, chosen
from fabwatch.models.learning import Model, Table, Tried
from fabwatch.models.measures import threshold_of
from fabwatch.models.recipe import Candidate, Recipe
from fabwatch.models.splitting import Places, Split, order_of
from fabwatch.models.target import Target, target_of
from fabwatch.terms.errors import BadQuestion, unknown

if TYPE_CHECKING:
    import pandas as pd

FEWEST_ROWS = 40
OUTCOME = "target."
"""How columns begin that are known after the fact, in a table of `fabwatch features`."""


@dataclass(frozen=True)
class Prepared:
    """A table with its target, its columns and its split."""

    table: Table
    split: Split
    rows: Places
    """All rows with a target."""
    choice: Chosen
    recipe: Recipe


@dataclass(frozen=True)
class Fitted:
    """A model, and what it says of the rows that were held out."""

    model: Model
    candidate: Candidate
    predicted: Numbers
    threshold: float | None


def prepared(frame: "pd.DataFrame", recipe: Recipe, workers: int = 1) -> Prepared:
    """The table as it can be learned from. Raises BadQuestion for what cannot be."""
    target = target_of(frame, recipe.target, recipe.positive)
    order = order_of(frame, recipe.time, recipe.group)
    rows = np.flatnonzero(target.known)
    if len(rows) < FEWEST_ROWS:
        raise BadQuestion(f"{len(rows)} rows have a target; {FEWEST_ROWS} at least are needed.", "bring more rows")
    split = order.split(rows, recipe.held_out, recipe.seed)
    _both(target, split)
    for name in (*recipe.keep, *recipe.leave, *recipe.rising, *recipe.falling):
        if name not in frame.columns:
            raise unknown("column", name, [str(column) for column in frame.columns], "name columns of the table")
    aside = {recipe.target: "the target"}
    aside |= {recipe.time: "the time, by which rows are put in order"} if recipe.time else {}
    aside |= {recipe.group: "the group, whose rows stay together"} if recipe.group else {}
    aside |= {
        str(name): "known later: it came out together with the target"
        for name in frame.columns
        if str(name).startswith(OUTCOME) and name != recipe.target
    }
    choice = chosen(frame, target, split.train, aside, recipe.keep, recipe.leave, order.time is not None)
    if not choice.schema.columns:
        raise BadQuestion("No column is left to learn from.", _reasons(choice))
    side = {**dict.fromkeys(recipe.rising, 1), **dict.fromkeys(recipe.falling, -1)}
    monotone = np.array([side.get(column.name, 0) for column in choice.schema.columns])
    own = replace(recipe, positive=target.positive)
    return Prepared(
        Table(choice.matrix, choice.schema, target, order, monotone, recipe.seed, workers), split, rows, choice, own
    )


def _both(target: Target, split: Split) -> None:
    """Raise BadQuestion where a part has one answer alone."""
    if target.problem == "number":
        return
    for part, name in ((split.train, "learned from"), (split.test, "held out")):
        present = np.unique(target.values[part])
        if len(present) < 2:
            only = target.classes[int(present[0])] if len(present) else "nothing"
            raise BadQuestion(
                f"In the rows that are {name} the target is always {only!r}: nothing can be told from them.",
                "bring more rows, or choose another --time or --group",
            )


def _reasons(choice: Chosen) -> str:
    return "; ".join(f"{one.column}: {one.why}" for one in choice.dropped[:5]) or "bring a table with more columns"


def fitted(ready: Prepared, candidate: Candidate, tried: Tried | None, split: Split | None = None) -> Fitted:
    """The model of a candidate, learned from one part and asked about the other."""
    table, own = ready.table, split or ready.split
    model = table.learned(candidate, table.order.sorted(own.train))
    threshold = None
    if table.target.problem == "yes/no":
        cost = cost_of(ready)
        if tried is None:
            threshold = 1 / (1 + cost)
        else:
            threshold = threshold_of(table.target.values[tried.rows] > 0.5, tried.predicted[:, 0], cost)
    return Fitted(model, candidate, table.predicted(model, own.test), threshold)


def cost_of(ready: Prepared) -> float:
    """What a missed positive costs in false alarms: as stated, else as many as there are negatives to each positive."""
    if ready.recipe.cost is not None:
        return ready.recipe.cost
    share = float(ready.table.target.values[ready.split.train].mean())
    return (1 - share) / share if share > 0 else 1.0
