"""What the columns of a version held in the rows that it learned from, and how far they strayed while it learned."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from fabwatch.models.cells import Cells, Counts, cells_from, cells_of, of_numbers
from fabwatch.models.measures import Numbers
from fabwatch.models.preparing import Fitted, Prepared
from fabwatch.models.registry import Version
from fabwatch.models.schema import Matrix, Rows, Schema, texts
from fabwatch.models.splitting import Places, order_of
from fabwatch.stats.shift import alike_within, stability_index, worth_of

FILE = "usual.json"
WINDOWS = 4
"""Parts of the time of training that are compared with the rest, for how far a column strays by itself."""
FEWEST_OF_WINDOW = 50
THE_PREDICTION = "the prediction"


@dataclass(frozen=True)
class UsualColumn:
    """What one column held."""

    cells: Cells
    counts: Counts
    strays: float
    """The largest stability index of a part of the time of training against the rest."""
    alike: float
    """How much its values resemble each other within a group."""


@dataclass(frozen=True)
class Usual:
    """What all columns held, and what was predicted of the held-out rows."""

    columns: tuple[UsualColumn, ...]
    prediction: UsualColumn
    group_size: float
    """Rows of a group, as they weigh; 1 where there are none."""

    def to_bytes(self) -> bytes:
        """As a file."""
        plain = {
            "columns": [_plain(one) for one in self.columns],
            "prediction": _plain(self.prediction),
            "group_size": self.group_size,
        }
        return json.dumps(plain).encode()


def usual_from(content: bytes) -> Usual:
    """What `Usual.to_bytes` gave."""
    plain = json.loads(content)
    columns = tuple(_column(one) for one in plain["columns"])
    return Usual(columns, _column(plain["prediction"]), plain["group_size"])


def made(matrix: Matrix, schema: Schema, train: Places, order: Any, predicted: Numbers, problem: str, classes: int) -> Usual:
    """From the matrix (n, columns) and the places learned from, and the predictions of the held-out rows (m, k)."""
    rows = order.sorted(train)
    groups = None if order.group is None else order.group[rows]
    timed = order.time is not None
    columns = tuple(
        _usual(cells_of(column, matrix[rows, place]), matrix[rows, place], groups, timed)
        for place, column in enumerate(schema.columns)
    )
    said = said_of(predicted, problem)
    cells = Cells(THE_PREDICTION, "category", (), classes) if problem == "classes" else of_numbers(THE_PREDICTION, said)
    size = 1.0
    if groups is not None:
        sizes = np.unique(groups, return_counts=True)[1].astype(float)
        size = float((sizes**2).sum() / sizes.sum())
    return Usual(columns, UsualColumn(cells, cells.counted(said), 0.0, 0.0), size)


def of_trial(ready: Prepared, fit: Fitted) -> Usual:
    """From what was learned from, and what was predicted of the held-out rows."""
    table = ready.table
    target = table.target
    return made(
        table.matrix, table.schema, ready.split.train, table.order, fit.predicted, target.problem, len(target.classes)
    )


def usual_of(version: Version) -> Usual:
    """What a version knew; worked out from its table where its file is missing."""
    path = version.folder / FILE
    if path.is_file():
        return usual_from(path.read_bytes())
    frame, recipe, held = version.table(), version.recipe, version.held_out()
    places = held["place"].to_numpy()
    order = order_of(frame, recipe.time, recipe.group)
    known = np.flatnonzero([word is not None for word in texts(frame[version.card["target"]])])
    train = known[~np.isin(known, places)]
    predicted = held[[name for name in held.columns if name.startswith("predicted_")]].to_numpy(float)
    matrix = version.schema.matrix(Rows.of_frame(frame))
    return made(matrix, version.schema, train, order, predicted, version.card["kind"], len(version.card["classes"]))


def said_of(predicted: Numbers, problem: str) -> Numbers:
    """One number a row of predictions (n, k): the chance, the number, or the place of the class."""
    return predicted.argmax(axis=1).astype(float) if problem == "classes" else predicted[:, 0]


def worth(column: UsualColumn, sizes: Numbers) -> float:
    """What one row counts for in a column, with groups of those sizes."""
    return worth_of(column.alike, sizes)


def _usual(cells: Cells, values: Numbers, groups: Places | None, timed: bool) -> UsualColumn:
    counts = cells.counted(values)
    strays = 0.0
    if timed and len(values) >= WINDOWS * FEWEST_OF_WINDOW:
        parts = [cells.counted(part) for part in np.array_split(values, WINDOWS)]
        strays = max(stability_index(counts - part, part) for part in parts)
    return UsualColumn(cells, counts, strays, alike_within(values, groups) if groups is not None else 0.0)


def _plain(column: UsualColumn) -> dict[str, Any]:
    return {**column.cells.to_plain(), "counts": column.counts.tolist(), "strays": column.strays, "alike": column.alike}


def _column(plain: Mapping[str, Any]) -> UsualColumn:
    return UsualColumn(cells_from(plain), np.array(plain["counts"], float), plain["strays"], plain["alike"])
