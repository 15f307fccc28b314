"""A table becomes a version: columns, split, search, fit, figures, explanation, ONNX and parity, card."""

import hashlib
import json
import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from fabwatch.models import usual
from fabwatch.models.additive import Additive, Numbers
from fabwatch.models.answers import Dropped, Trained
from fabwatch.models.card import LIMITS, METHOD, library_versions
from fabwatch.models.carding import by_slice, digest_of, doubts_of, held_out_of, own_files, period_of
from fabwatch.models.explaining import SHAPES, importance, shapes, stability
from fabwatch.models.graph import built
from fabwatch.models.learning import Table, Tried, candidates, searched
from fabwatch.models.measures import figures, floor, plain_numbers
from fabwatch.models.parity import compared
from fabwatch.models.preparing import Prepared, cost_of, fitted, prepared
from fabwatch.models.proof import proof
from fabwatch.models.recipe import WORDS, Recipe
from fabwatch.models.registry import CARD, FORMAT, HELD_OUT, ONNX, TRIALS, Registry, named
from fabwatch.models.splitting import Order, Split, at_random
from fabwatch.models.trials import Trials
from fabwatch.terms.answers import Header
from fabwatch.terms.clock import iso
from fabwatch.terms.errors import BadQuestion, ExtraMissing
from fabwatch.terms.version import VERSION

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
    began = time.monotonic()
    say("looking at the columns", 0.0)
    ready = prepared(frame, recipe, workers)
    seconds = minutes * 60
    tried, left = _search(ready, minutes, say, registry.folder / TRIALS)
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
    tried_on = table.matrix[ready.split.test]
    parity = compared(fit.model, content, table.schema, tried_on, recipe.seed, table.target.problem)
    base = floor(truth, table.truth(ready.split.train), _last(table, ready.split))
    final = ready.recipe.with_candidate(best.candidate)
    card: dict[str, Any] = {
        "format": FORMAT,
        "fabwatch": VERSION,
        "libraries": library_versions(),
        "model": name,
        "made_at": iso(header[0]),
        "kind": table.target.problem,
        "target": recipe.target,
        "classes": list(table.target.classes),
        "positive": table.target.positive,
        "source": source,
        "rows": len(ready.rows),
        "learned_from": len(ready.split.train),
        "period": period_of(frame, ready),
        "split": ready.split.kind,
        "learner": WORDS[best.candidate.learner],
        "settings": best.candidate.name,
        "recipe": final.plain(),
        "schema": table.schema.to_plain(),
        "threshold": fit.threshold,
        "cost": cost_of(ready) if table.target.problem == "yes/no" else None,
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
        "shapes": shapes(fit.model, table, ready.split.train, [c for c, _ in order[:SHAPES]])
        if isinstance(fit.model, Additive)
        else {},
        "stability": plain_numbers(asdict(steady)),
        "proof": evidence,
        "by_slice": by_slice(frame, ready, fit),
        "onnx": {
            "parity": parity.difference,
            "rows": parity.rows,
            "bytes": len(content),
            "sha256": hashlib.sha256(content).hexdigest(),
        },
        "table": {"sha256": registry.keep_table(frame), "rows": len(frame), "columns": len(frame.columns)},
        "limits": LIMITS,
        "method": METHOD,
        "doubts": doubts_of(ready, held, contrast, base, steady.same_top, left),
    }
    held_values = usual.made(
        table.matrix, table.schema, ready.split.train, table.order, fit.predicted, table.target.problem, len(card["classes"])
    )
    files = {
        ONNX: content,
        HELD_OUT: held_out_of(ready, fit),
        usual.FILE: held_values.to_bytes(),
        **own_files(fit.model, card),
    }
    card["digest"] = digest_of(card, content)
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
