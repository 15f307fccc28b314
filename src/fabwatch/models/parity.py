"""The gate: a file is kept only if it says what the model said, on rows as they are and on rows as nobody hopes for."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fabwatch.models.additive import Additive
from fabwatch.models.chances import chances
from fabwatch.models.learning import Model
from fabwatch.models.odd_rows import Odd, odd_rows
from fabwatch.models.schema import Matrix, Schema
from fabwatch.models.served import Served
from fabwatch.models.target import Problem
from fabwatch.terms.errors import ParityFailed

CLOSE = 1e-5
BATCH = 4_096
SHOWN = 5
HINT = "nothing was kept: try another --learner, and report this with the versions of onnx and onnxruntime"


@dataclass(frozen=True)
class Parity:
    """On how many rows the file was compared, and the largest difference of a score."""

    rows: int
    difference: float


def compared(
    model: Model, content: bytes, schema: Schema, held_out: Matrix, seed: int = 0, problem: Problem | None = None
) -> Parity:
    """Compare every held-out row, and odd rows at every edge of the model. Raises ParityFailed above 1e-5.

    `problem` says how a prediction follows from a score; without it scores alone are compared.
    """
    odd = odd_rows(model, schema, held_out, seed)
    rows = np.vstack([held_out, odd.rows])
    served = Served(content)
    largest, bad = 0.0, np.zeros(len(rows), bool)
    apart = np.zeros(len(schema.columns), bool)
    for start in range(0, len(rows), BATCH):
        part = rows[start : start + BATCH]
        difference, by_column = _differences(model, served, part, problem)
        bad[start : start + len(part)] = ~(difference <= CLOSE)
        apart |= ~(by_column <= CLOSE)
        largest = max(largest, float(difference.max(initial=0.0)))
    if bad.any():
        raise ParityFailed(_words(bad, apart, schema, len(held_out), odd), HINT)
    return Parity(len(rows), largest)


def _differences(
    model: Model, served: Served, rows: Matrix, problem: Problem | None
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The largest difference in each row, and in what each column adds, as shares of the score or of 1."""
    got, expected = served.predict(rows), model.scores(rows)
    scale = np.maximum(1.0, np.abs(expected))
    with np.errstate(invalid="ignore", over="ignore"):
        difference = (np.abs(got.score - expected) / scale).max(axis=1)
        if problem is not None:
            off = np.abs(got.prediction - chances(expected, problem))
            difference = np.maximum(difference, (off / (scale if problem == "number" else 1.0)).max(axis=1))
    by_column = np.zeros(rows.shape[1])
    if isinstance(model, Additive) and got.contributions is not None:
        off = np.abs(got.contributions - model.contributions(rows)) / scale[:, None, :]
        by_column = off.max(axis=(0, 2))
        sums = np.abs(got.contributions.sum(axis=1) + model.intercept - got.score) / scale
        difference = np.maximum(difference, np.maximum(off.max(axis=(1, 2)), sums.max(axis=1)))
    return difference, by_column


def _words(bad: NDArray[np.bool_], apart: NDArray[np.bool_], schema: Schema, held_out: int, odd: Odd) -> str:
    """Which rows and columns differ."""
    places = np.flatnonzero(bad).tolist()
    named = [f"held-out row {place + 1}" if place < held_out else odd.names[place - held_out] for place in places[:SHOWN]]
    probed = [odd.columns[place - held_out] for place in places if place >= held_out]
    columns = [schema.names[place] for place in np.flatnonzero(apart).tolist()]
    columns = columns or list(dict.fromkeys(schema.names[place] for place in probed if place is not None))
    more = " …" if len(places) > SHOWN else ""
    at = f"; columns: {', '.join(columns[:SHOWN])}{' …' if len(columns) > SHOWN else ''}" if columns else ""
    return (
        f"The ONNX file differs from the model in {len(places):,} of {len(bad):,} rows ({', '.join(named)}{more}{at}); "
        "it is not kept."
    )
