"""Whether there is something to learn: labels shuffled, and fewer rows."""

from typing import Any

import numpy as np

from fabwatch.models.learning import Table
from fabwatch.models.measures import goodness
from fabwatch.models.recipe import Candidate
from fabwatch.models.splitting import Split

SHUFFLES = 19
SHARES = (0.25, 0.5, 0.75, 1.0)


def proof(table: Table, split: Split, candidate: Candidate, once: float, seconds: float) -> dict[str, Any]:
    """Score of held-out rows after learning from shuffled labels, and from the last part of the rows.

    The score is AUC, the mean log of the chance of what came out, or −RMSE. Left out where time does not suffice.
    """
    runs = int(seconds / max(once, 0.01))
    found: dict[str, Any] = {}
    train = table.order.sorted(split.train)
    truth = table.truth(split.test)
    if runs >= len(SHARES):
        found["learning_curve"] = [
            {"rows": len(part), "score": _score(table, candidate, part, split, truth)}
            for share in SHARES
            for part in [train[len(train) - max(20, round(share * len(train))) :]]
        ]
    count = min(SHUFFLES, runs - len(SHARES))
    if count >= 5:
        chance = np.random.default_rng(table.seed)
        own = table.target.values.copy()
        scores = []
        for _ in range(count):
            mixed = own.copy()
            mixed[train] = chance.permutation(own[train])
            scores.append(_score(_with(table, mixed), candidate, train, split, truth))
        real = found["learning_curve"][-1]["score"] if "learning_curve" in found else None
        known = [score for score in scores if score is not None]
        above = sum(real is not None and score >= real for score in known)
        found["shuffled"] = {
            "times": len(known),
            "mean": float(np.mean(known)) if known else None,
            "highest": max(known, default=None),
            "score": real,
            "p": (1 + above) / (1 + len(known)),
        }
    return found


def _with(table: Table, values: Any) -> Table:
    from dataclasses import replace

    return replace(table, target=replace(table.target, values=values))


def _score(table: Table, candidate: Candidate, rows: Any, split: Split, truth: Any) -> float | None:
    if table.target.problem != "number" and len(np.unique(table.target.values[rows])) < 2:
        return None
    score = goodness(truth, table.predicted(table.learned(candidate, rows), split.test))
    return float(score) if np.isfinite(score) else None
