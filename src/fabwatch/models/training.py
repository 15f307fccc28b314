"""A table becomes a version: columns, split, search, fit, figures, explanation, ONNX and parity, card."""

import hashlib
import io
import json
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from fabwatch.models.additive import Additive, Numbers, tables_of
from fabwatch.models.answers import Dropped, Trained
from fabwatch.models.card import LIMITS, METHOD, library_versions
from fabwatch.models.choosing import Chosen, chosen
from fabwatch.models.explaining import SHAPES, importance, shapes, stability
from fabwatch.models.graph import built
from fabwatch.models.learning import Model, Table, Tried, candidates, searched
from fabwatch.models.measures import figures, floor, plain_numbers, threshold_of
from fabwatch.models.parity import compared
from fabwatch.models.proof import proof
from fabwatch.models.recipe import WORDS, Candidate, Recipe
from fabwatch.models.registry import CARD, FORMAT, HELD_OUT, ONNX, PARTS, TREES, Registry, named
from fabwatch.models.splitting import Order, Places, Split, at_random, order_of
from fabwatch.models.target import Target, target_of
from fabwatch.terms.answers import Header
from fabwatch.terms.errors import BadQuestion, ExtraMissing, unknown
from fabwatch.terms.version import VERSION

if TYPE_CHECKING:
    import pandas as pd

FEWEST_ROWS = 40
FEW_POSITIVES = 20
SEARCHING = 0.4
"""Share of the time in which settings are chosen."""
OUTCOME = "target."
"""How columns begin that are known after the fact, in a table of `fabwatch features`."""
Say = Callable[[str, float], None]


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
        cost = _cost(ready)
        if tried is None:
            threshold = 1 / (1 + cost)
        else:
            threshold = threshold_of(table.target.values[tried.rows] > 0.5, tried.predicted[:, 0], cost)
    return Fitted(model, candidate, table.predicted(model, own.test), threshold)


def _cost(ready: Prepared) -> float:
    """What a missed positive costs in false alarms: as stated, else as many as there are negatives to each positive."""
    if ready.recipe.cost is not None:
        return ready.recipe.cost
    share = float(ready.table.target.values[ready.split.train].mean())
    return (1 - share) / share if share > 0 else 1.0


def train(
    frame: "pd.DataFrame",
    recipe: Recipe,
    name: str,
    registry: Registry,
    header: Header,
    *,
    minutes: float = 5.0,
    source: str = "",
    workers: int = 1,
    say: Say = lambda text, part: None,
) -> Trained:
    """Make a version of a model from a table. Raises BadQuestion, ExtraMissing and ParityFailed; then nothing is kept."""
    named(name)
    began = time.monotonic()
    say("looking at the columns", 0.0)
    ready = prepared(frame, recipe, workers)
    seconds = minutes * 60
    tried, left = _search(ready, minutes, say)
    best = _best(tried, recipe)
    say(f"learning: {best.candidate.name}", 0.6)
    fit = fitted(ready, best.candidate, best)
    table, truth = ready.table, ready.table.truth(ready.split.test)
    held = figures(truth, fit.predicted, fit.threshold)
    say("the contrast: rows held out at random", 0.7)
    random = at_random(ready.rows, recipe.held_out, recipe.seed)
    mixed = fitted(ready, best.candidate, best, random)
    contrast = figures(table.truth(random.test), mixed.predicted, fit.threshold)
    say("how stable it is", 0.8)
    order = importance(fit.model, table, ready.split.train)
    remaining = seconds - (time.monotonic() - began)
    once = best.seconds / 2
    draws = int(min(5, max(0.0, remaining * 0.3 / max(once, 0.01))))
    steady = stability(table, best.candidate, ready.split.train, [column for column, _ in order], draws)
    say("whether there is something to learn", 0.9)
    remaining = seconds - (time.monotonic() - began)
    evidence = proof(table, ready.split, best.candidate, once, remaining * 0.5)
    say("the ONNX file", 0.97)
    about = {"model": name, "target": recipe.target, "columns": json.dumps(table.schema.names)}
    content = built(fit.model, table.matrix.shape[1], table.target.problem, about)
    parity = compared(fit.model, content, table.schema, table.matrix[ready.split.test], recipe.seed)
    base = floor(truth, table.truth(ready.split.train), _last(table, ready.split))
    final = ready.recipe.with_candidate(best.candidate)
    card: dict[str, Any] = {
        "format": FORMAT,
        "fabwatch": VERSION,
        "libraries": library_versions(),
        "model": name,
        "kind": table.target.problem,
        "target": recipe.target,
        "classes": list(table.target.classes),
        "positive": table.target.positive,
        "source": source,
        "rows": len(ready.rows),
        "learned_from": len(ready.split.train),
        "period": _period(frame, recipe, ready.rows),
        "split": ready.split.kind,
        "learner": WORDS[best.candidate.learner],
        "settings": best.candidate.name,
        "recipe": final.plain(),
        "schema": table.schema.to_plain(),
        "threshold": fit.threshold,
        "cost": _cost(ready) if table.target.problem == "yes/no" else None,
        "held_out": held,
        "random_split": contrast,
        "floor": base,
        "challengers": [
            {"learner": one.candidate.name, "score": round(one.score, 5), "seconds": round(one.seconds, 1)} for one in tried
        ],
        "not_tried": left,
        "dropped": [asdict(one) for one in ready.choice.dropped],
        "suspects": [asdict(one) for one in ready.choice.suspects],
        "importance": [{"column": column, "moves": size} for column, size in order[:50]],
        "shapes": shapes(fit.model, table.schema, [c for c, _ in order[:SHAPES]]) if isinstance(fit.model, Additive) else {},
        "stability": plain_numbers(asdict(steady)),
        "proof": evidence,
        "by_slice": _by_slice(frame, ready, fit),
        "onnx": {
            "parity": parity.difference,
            "rows": parity.rows,
            "bytes": len(content),
            "sha256": hashlib.sha256(content).hexdigest(),
        },
        "table": {"sha256": registry.keep_table(frame), "rows": len(frame), "columns": len(frame.columns)},
        "limits": LIMITS,
        "method": METHOD,
        "doubts": _doubts(ready, held, contrast, base, steady.same_top, left),
    }
    files = {ONNX: content, HELD_OUT: _held_out(ready, fit), **_own(fit.model, card)}
    card["digest"] = _digest(card, content)
    version, made = registry.add(
        name, card["digest"], {**files, CARD: (json.dumps(card, indent=1, ensure_ascii=False) + "\n").encode()}
    )
    return answer_of(version.card, name, version.number, header, made)


def answer_of(card: dict[str, Any], name: str, number: int, header: Header, made: bool) -> Trained:
    """The answer to a training, from the card that it left."""
    return Trained(
        *header,
        model=name,
        version=number,
        kind=card["kind"],
        target=card["target"],
        classes=tuple(card["classes"]),
        rows_=card["rows"],
        columns=tuple(column["name"] for column in card["schema"]),
        learner=card["settings"],
        split=card["split"],
        held_out=card["held_out"],
        random_split=card["random_split"],
        floor=card["floor"],
        challengers=tuple(card["challengers"]),
        not_tried=card["not_tried"],
        dropped=tuple(Dropped(**one) for one in card["dropped"]),
        suspects=tuple(Dropped(**one) for one in card["suspects"]),
        importance=tuple(card["importance"][:20]),
        stability=card["stability"],
        proof=card["proof"],
        onnx={name: card["onnx"][name] for name in ("parity", "rows", "bytes")},
        digest=card["digest"],
        doubts=tuple(card["doubts"]),
        made=made,
    )


def _search(ready: Prepared, minutes: float, say: Say) -> tuple[list[Tried], int]:
    """How the candidates do; a learner whose package is missing is left out, unless it was asked for."""
    known = candidates(ready.table, len(ready.split.train), minutes)
    wanted = ready.recipe.learner
    if wanted is not None:
        known = [one for one in known if one.learner == wanted]
    if ready.recipe.candidate is not None:
        known = [ready.recipe.candidate]
    present = [one for one in known if wanted is not None or _there(one.learner)]
    return searched(
        ready.table,
        ready.split.train,
        minutes * 60 * SEARCHING,
        present,
        lambda text, part: say(f"trying {text}", 0.05 + 0.5 * part),
    )


def _there(learner: str) -> bool:
    """Whether the package of a learner is installed."""
    from importlib.util import find_spec

    if learner == "trees":
        from fabwatch.models.learners.trees import _library

        try:
            _library()
        except ExtraMissing:
            return False
    return learner != "boosted" or find_spec("interpret") is not None


def _best(tried: list[Tried], recipe: Recipe) -> Tried:
    """The best in the inner trials, of those that explain themselves unless another was asked for."""
    if not tried:
        raise BadQuestion("No model could be learned from these rows.", "bring more rows of each answer")
    own = [one for one in tried if recipe.learner is not None or one.candidate.learner != "trees"] or tried
    return max(own, key=lambda one: one.score)


def _last(table: Table, split: Split) -> Numbers | None:
    """The last value known before each held-out row, of its group where it has one; None without an order in time."""
    order: Order = table.order
    if order.time is None or table.target.problem != "number":
        return None
    values = table.target.values
    last: dict[int, float] = {}
    groups = order.group if order.group is not None else np.zeros(len(values), np.intp)
    newest = float(values[split.train[-1]])
    for place in order.sorted(split.train).tolist():
        last[int(groups[place])] = float(values[place])
    found = []
    for place in order.sorted(split.test).tolist():
        found.append(last.get(int(groups[place]), newest))
        last[int(groups[place])] = newest = float(values[place])
    back = np.argsort(np.argsort(order.time[split.test], kind="stable"), kind="stable")
    return np.array(found)[back]


def _by_slice(frame: "pd.DataFrame", ready: Prepared, fit: Fitted) -> list[dict[str, Any]]:
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


def _period(frame: "pd.DataFrame", recipe: Recipe, rows: Places) -> list[str] | None:
    if recipe.time is None:
        return None
    order = order_of(frame, recipe.time, None)
    ordered = order.sorted(rows)
    return [str(frame[recipe.time].iloc[place]) for place in (ordered[0], ordered[-1])]


def _doubts(
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


def _held_out(ready: Prepared, fit: Fitted) -> bytes:
    import pyarrow as pa
    import pyarrow.parquet as pq

    test = ready.split.test
    columns: dict[str, Any] = {"place": test, "target": ready.table.target.values[test]}
    columns |= {f"predicted_{n}": fit.predicted[:, n] for n in range(fit.predicted.shape[1])}
    buffer = io.BytesIO()
    pq.write_table(pa.table(columns), buffer)
    return buffer.getvalue()


def _own(model: Model, card: dict[str, Any]) -> dict[str, bytes]:
    """The files of what learned; an additive one's base goes on the card."""
    if isinstance(model, Additive):
        buffer = io.BytesIO()
        np.savez(buffer, **tables_of(model))
        card["base"] = model.intercept.tolist()
        return {PARTS: buffer.getvalue()}
    card["trees"] = {"center": model.center.tolist(), "scale": model.scale.tolist(), "scores": model.scores_of_row}
    return {TREES: model.text.encode()}


def _digest(card: dict[str, Any], content: bytes) -> str:
    """What makes a version another one: its file, recipe, columns, table and the release that made it."""
    kept = {name: card[name] for name in ("format", "fabwatch", "libraries", "recipe", "schema", "threshold", "table")}
    return hashlib.sha256(json.dumps(kept, sort_keys=True).encode() + content).hexdigest()
