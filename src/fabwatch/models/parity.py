"""The gate: a file is kept only if it says what the model said, on rows as they are and on rows as nobody hopes for."""

from dataclasses import dataclass

import numpy as np

from fabwatch.models.additive import Additive
from fabwatch.models.learning import Model
from fabwatch.models.schema import UNSEEN, Matrix, Schema
from fabwatch.models.served import Served
from fabwatch.terms.errors import ParityFailed

CLOSE = 1e-5
ODD_ROWS = 40
"""Rows that are made odd, one column at a time."""
ODD_COLUMNS = 400


@dataclass(frozen=True)
class Parity:
    """On how many rows the file was compared, and the largest difference of a score."""

    rows: int
    difference: float


def compared(model: Model, content: bytes, schema: Schema, held_out: Matrix, seed: int = 0) -> Parity:
    """Compare every held-out row, and rows with values missing, unseen, extreme. Raises ParityFailed above 1e-5."""
    rows = np.vstack([held_out, *odd_rows(schema, held_out, seed)])
    served = Served(content)
    got, expected = served.predict(rows), model.scores(rows)
    scale = np.maximum(1.0, np.abs(expected))
    with np.errstate(invalid="ignore"):
        difference = np.abs(got.score - expected) / scale
    bad = ~(difference <= CLOSE).all(axis=1)
    if bad.any():
        first = ", ".join(str(place + 1) for place in np.flatnonzero(bad)[:10].tolist())
        raise ParityFailed(
            f"The ONNX file differs from the model in {int(bad.sum()):,} of {len(rows):,} rows ({first} …); it is not kept."
        )
    if got.contributions is not None and isinstance(model, Additive):
        sums = got.contributions.sum(axis=1) + model.intercept
        if not np.allclose(sums, got.score, rtol=0, atol=1e-6):
            raise ParityFailed("The parts that the ONNX file explains with do not sum to its score; it is not kept.")
    return Parity(len(rows), float(difference.max()) if len(rows) else 0.0)


def odd_rows(schema: Schema, matrix: Matrix, seed: int) -> list[Matrix]:
    """Rows as nobody hopes for: all missing; each column missing, unseen, just outside and far outside its range."""
    if not len(matrix):
        return []
    chance = np.random.default_rng(seed)
    width = matrix.shape[1]
    made = [np.full((1, width), np.nan)]
    columns = np.arange(width) if width <= ODD_COLUMNS else np.sort(chance.choice(width, ODD_COLUMNS, replace=False))
    base = matrix[chance.integers(0, len(matrix), ODD_ROWS)]
    for place in columns.tolist():
        column = schema.columns[place]
        values = [np.nan]
        if column.kind == "category":
            values += [UNSEEN, float(len(column.levels) - 1)]
        else:
            low, high = column.low or 0.0, column.high or 0.0
            values += [
                low,
                high,
                np.nextafter(low, -np.inf),
                np.nextafter(high, np.inf),
                low - 1e9,
                high + 1e9,
                1e300,
                -1e300,
                0.0,
            ]
        some = base[chance.integers(0, len(base), len(values))].copy()
        some[:, place] = values
        made.append(some)
    return made
