"""The card of a version: its figures, also by slice, its period and doubts; and the files that stand beside it."""

import hashlib
import io
import json
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

import numpy as np

from fabwatch.models.additive import Additive, tables_of
from fabwatch.models.card import LIMITS, METHOD, library_versions
from fabwatch.models.explaining import SHAPES, Stability, shapes
from fabwatch.models.learning import Model, Tried
from fabwatch.models.measures import figures, plain_numbers
from fabwatch.models.preparing import Fitted, Prepared, cost_of
from fabwatch.models.recipe import WORDS
from fabwatch.models.registry import FORMAT, PARTS, TREES
from fabwatch.terms.clock import iso
from fabwatch.terms.version import VERSION

if TYPE_CHECKING:
    import pandas as pd

FEW_POSITIVES = 20


@dataclass(frozen=True)
class Trial:
    """What was learned from a table, and how well it does."""

    frame: "pd.DataFrame"
    ready: Prepared
    best: Tried
    fit: Fitted
    tried: list[Tried]
    left: int
    """Settings that there was no time for."""
    held: dict[str, Any]
    contrast: dict[str, Any]
    base: dict[str, Any]
    order: list[tuple[str, float]]
    steady: Stability
    evidence: dict[str, Any]


def card_of(trial: Trial, name: str, source: str, moment: datetime) -> dict[str, Any]:
    """What is known of a version, but for its files."""
    ready, fit, best = trial.ready, trial.fit, trial.best
    table, order = ready.table, trial.order
    problem, top = table.target.problem, [column for column, _ in order[:SHAPES]]
    drawn = shapes(fit.model, table, ready.split.train, top) if isinstance(fit.model, Additive) else {}
    return {
        "format": FORMAT,
        "fabwatch": VERSION,
        "libraries": library_versions(),
        "model": name,
        "made_at": iso(moment),
        "kind": problem,
        "target": ready.recipe.target,
        "classes": list(table.target.classes),
        "positive": table.target.positive,
        "source": source,
        "rows": len(ready.rows),
        "learned_from": len(ready.split.train),
        "period": period_of(trial.frame, ready),
        "split": ready.split.kind,
        "learner": WORDS[best.candidate.learner],
        "settings": best.candidate.name,
        "recipe": ready.recipe.with_candidate(best.candidate).plain(),
        "schema": table.schema.to_plain(),
        "threshold": fit.threshold,
        "cost": cost_of(ready) if problem == "yes/no" else None,
        "held_out": trial.held,
        "random_split": trial.contrast,
        "floor": trial.base,
        "challengers": [
            {"learner": one.candidate.name, "score": round(one.score, 5), "seconds": round(one.seconds, 1)}
            for one in trial.tried
        ],
        "not_tried": trial.left,
        "dropped": [asdict(one) for one in ready.choice.dropped],
        "suspects": [asdict(one) for one in ready.choice.suspects],
        "importance": [{"column": column, "moves": size} for column, size in order[:50]],
        "shapes": drawn,
        "stability": plain_numbers(asdict(trial.steady)),
        "proof": trial.evidence,
        "by_slice": by_slice(trial.frame, ready, fit),
        "limits": LIMITS,
        "method": METHOD,
        "doubts": doubts_of(ready, trial.held, trial.contrast, trial.base, trial.steady.same_top, trial.left),
    }


def by_slice(frame: "pd.DataFrame", ready: Prepared, fit: Fitted) -> list[dict[str, Any]]:
    """The figures of each level of the categories that have few: whether it does as well on each tool or product."""
    found: list[dict[str, Any]] = []
    test = ready.split.test
    for place, column in enumerate(ready.table.schema.columns):
        if column.kind != "category" or not 2 <= len(column.levels) <= 12 or len(found) >= 40:
            continue
        codes = ready.table.matrix[test, place]
        for n, level in enumerate(column.levels):
            own = codes == n
            truth = ready.table.truth(test[own])
            if own.sum() < 20 or (truth.problem == "yes/no" and not 3 <= (truth.values > 0.5).sum() <= own.sum() - 3):
                continue
            figure = figures(truth, fit.predicted[own], fit.threshold)
            found.append(
                {"of": column.name, "value": level, **{k: figure[k] for k in ("rows", "metric", "value", "low", "high")}}
            )
    return found


def period_of(frame: "pd.DataFrame", ready: Prepared) -> list[str] | None:
    """The first and last time of the rows; None without a time."""
    time = ready.recipe.time
    if time is None:
        return None
    ordered = ready.table.order.sorted(ready.rows)
    return [str(frame[time].iloc[place]) for place in (ordered[0], ordered[-1])]


def doubts_of(
    ready: Prepared, held: dict[str, Any], contrast: dict[str, Any], base: dict[str, Any], same_top: float, left: int
) -> list[str]:
    """What a reader should know before believing it."""
    found = []
    better = held["metric"] != "rmse"
    if ready.split.kind == "random":
        found.append(
            "no time and no group was stated: rows were held out at random, which flatters where rows hang together"
        )
    if held.get("positives") is not None and held["positives"] < FEW_POSITIVES:
        found.append(f"{held['positives']} positives were held out: the figures are uncertain")
    values = held["value"], held["low"], held["high"], base["value"], contrast["value"]
    if all(value is not None for value in values):
        _, low, high, bottom, flattered = values
        if (low <= bottom) if better else (high >= bottom):
            found.append(f"it is not surely better than what needs no model ({base['by']})")
        if ready.split.kind != "random" and ((flattered > high) if better else (flattered < low)):
            found.append("rows held out at random do better than later ones: what it learned does not all carry forward")
    if same_top == same_top and same_top < 2 / 3:
        found.append(f"other draws of the rows would name other columns as the most important ({same_top:.0%} the same)")
    found += [f"{one.column} {one.why}: look whether it is known before the target" for one in ready.choice.suspects]
    if left:
        found.append(f"{left} settings were not tried for lack of time (--minutes)")
    return found


def held_out_of(ready: Prepared, fit: Fitted) -> bytes:
    """Place, target and prediction of each held-out row, as Parquet."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    test = ready.split.test
    columns: dict[str, Any] = {"place": test, "target": ready.table.target.values[test]}
    columns |= {f"predicted_{n}": fit.predicted[:, n] for n in range(fit.predicted.shape[1])}
    buffer = io.BytesIO()
    pq.write_table(pa.table(columns), buffer)
    return buffer.getvalue()


def own_files(model: Model, card: dict[str, Any]) -> dict[str, bytes]:
    """The files of what learned; an additive one's base goes on the card."""
    if isinstance(model, Additive):
        buffer = io.BytesIO()
        np.savez(buffer, **tables_of(model))
        card["base"] = model.intercept.tolist()
        return {PARTS: buffer.getvalue()}
    card["trees"] = {"center": model.center.tolist(), "scale": model.scale.tolist(), "scores": model.scores_of_row}
    return {TREES: model.text.encode()}


def digest_of(card: dict[str, Any], content: bytes) -> str:
    """What makes a version another one: its file, recipe, columns, table and the release that made it."""
    kept = {name: card[name] for name in ("format", "fabwatch", "libraries", "recipe", "schema", "threshold", "table")}
    return hashlib.sha256(json.dumps(kept, sort_keys=True).encode() + content).hexdigest()
