"""A table becomes a version: columns, split, search, fit, figures, explanation, ONNX and parity, card."""

import hashlib
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from fabwatch.models import usual
from fabwatch.models.additive import Numbers
from fabwatch.models.answers import Dropped, Trained
from fabwatch.models.carding import Trial, card_of, digest_of, held_out_of, own_files
from fabwatch.models.explaining import importance, stability
from fabwatch.models.graph import built
from fabwatch.models.learning import Table, Tried, candidates, searched
from fabwatch.models.measures import figures, floor
from fabwatch.models.parity import compared
from fabwatch.models.preparing import Prepared, fitted, prepared
from fabwatch.models.proof import proof
from fabwatch.models.recipe import Recipe
from fabwatch.models.registry import CARD, HELD_OUT, ONNX, TRIALS, Registry, named
from fabwatch.models.splitting import Order, Split, at_random
from fabwatch.models.trials import Trials
from fabwatch.terms.answers import Header
from fabwatch.terms.errors import BadQuestion, ExtraMissing

if TYPE_CHECKING:
    import pandas as pd

SEARCHING = 0.4
"""Share of the time in which settings are chosen."""
Say = Callable[[str, float], None]


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
    trial = _tried(frame, recipe, registry, minutes, workers, say)
    say("the ONNX file", 0.97)
    table, fit, test = trial.ready.table, trial.fit, trial.ready.split.test
    about = {"model": name, "target": recipe.target, "columns": json.dumps(table.schema.names)}
    content = built(fit.model, table.matrix.shape[1], table.target.problem, about)
    parity = compared(fit.model, content, table.schema, table.matrix[test], recipe.seed, table.target.problem)
    card = card_of(trial, name, source, header[0]) | {
        "onnx": {
            "parity": parity.difference,
            "rows": parity.rows,
            "bytes": len(content),
            "sha256": hashlib.sha256(content).hexdigest(),
        },
        "table": {"sha256": registry.keep_table(frame), "rows": len(frame), "columns": len(frame.columns)},
    }
    files = {
        ONNX: content,
        HELD_OUT: held_out_of(trial.ready, fit),
        usual.FILE: usual.of_trial(trial.ready, fit).to_bytes(),
        **own_files(fit.model, card),
    }
    card["digest"] = digest_of(card, content)
    version, made = registry.add(
        name, card["digest"], {**files, CARD: (json.dumps(card, indent=1, ensure_ascii=False) + "\n").encode()}
    )
    return answer_of(version.card, name, version.number, header, made)


def _tried(frame: "pd.DataFrame", recipe: Recipe, registry: Registry, minutes: float, workers: int, say: Say) -> Trial:
    """What was learned, and how well it does: on later rows, on rows at random, and without a model."""
    began, seconds = time.monotonic(), minutes * 60
    say("looking at the columns", 0.0)
    ready = prepared(frame, recipe, workers)
    tried, left = _search(ready, minutes, say, registry.folder / TRIALS)
    best = _best(tried, recipe)
    say(f"learning: {best.candidate.name}", 0.6)
    fit = fitted(ready, best.candidate, best)
    table, truth = ready.table, ready.table.truth(ready.split.test)
    say("the contrast: rows held out at random", 0.7)
    random = at_random(ready.rows, recipe.held_out, recipe.seed)
    mixed = fitted(ready, best.candidate, best, random)
    say("how stable it is", 0.8)
    order = importance(fit.model, table, ready.split.train)
    remaining = seconds - (time.monotonic() - began)
    once = best.seconds / 2
    draws = int(min(5, max(0.0, remaining * 0.3 / max(once, 0.01))))
    steady = stability(table, best.candidate, ready.split.train, [column for column, _ in order], draws)
    say("whether there is something to learn", 0.9)
    remaining = seconds - (time.monotonic() - began)
    return Trial(
        frame,
        ready,
        best,
        fit,
        tried,
        left,
        held=figures(truth, fit.predicted, fit.threshold),
        contrast=figures(table.truth(random.test), mixed.predicted, fit.threshold),
        base=floor(truth, table.truth(ready.split.train), _last(table, ready.split)),
        order=order,
        steady=steady,
        evidence=proof(table, ready.split, best.candidate, once, remaining * 0.5),
    )


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


def _search(ready: Prepared, minutes: float, say: Say, folder: Path) -> tuple[list[Tried], int]:
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
        Trials(folder, ready.table, ready.split.train),
    )


def _there(learner: str) -> bool:
    """Whether the package of a learner is installed."""
    from importlib.util import find_spec

    if learner == "trees":
        from fabwatch.models.learners.trees import installed

        try:
            installed()
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
