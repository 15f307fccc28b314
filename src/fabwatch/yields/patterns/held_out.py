"""How well patterns are found that nobody trained on: each held out in turn, with a short training each (needs torch)."""

from typing import Any

import numpy as np

from fabwatch.yields.patterns.calibrating import FALSE_ALARMS
from fabwatch.yields.patterns.classes import PATTERNS
from fabwatch.yields.patterns.model import softmax
from fabwatch.yields.patterns.recipe import Recipe
from fabwatch.yields.patterns.score import auroc
from fabwatch.yields.patterns.unlike import known

SHORT = Recipe(
    seed=3, epochs=5, restart_epochs=0, draws=12_000, small_epochs=2, small=24, size=32, warm_steps=40, average=0.98
)


def measured(data: Any, say: Any) -> dict[str, Any]:
    """By pattern held out: AUROC by distance, its signs alone and energy, and what is found at 1 % false alarms."""
    found = {name: _without(data, place, say) for place, name in enumerate(PATTERNS)}
    patterns = [one for name, one in found.items() if name != "none"]
    # A wafer without a pattern shows none that could be unknown: it is measured like the others, and stands beside the mean.
    means = {kind: float(np.mean([one[kind] for one in patterns])) for kind in patterns[0]}
    return {
        "recipe": f"{SHORT.epochs} × {SHORT.draws:,} maps at {SHORT.small} and {SHORT.size} pixels",
        "held_out": found,
        "mean": means,
    }


def _without(data: Any, place: int, say: Any) -> dict[str, float]:
    from fabwatch.yields.patterns.training import Lesson, answers, train

    kept = data.label != place
    drawn = {size: data.drawn("learn", size)[kept] for size in (SHORT.small, SHORT.size)}
    label = data.label[kept]
    network = train(SHORT, Lesson(drawn, label), data.work / f"without-{place}.pt", say)
    own = answers(network, drawn[SHORT.size][::3], views=1)[1]
    remembered = known(own, label[::3])
    logits, embedding = answers(network, data.drawn("validation", SHORT.size), views=2)
    old = data.validation.label != place
    kept_classes = [one for one in range(len(PATTERNS)) if one != place]
    probability = softmax(logits[:, kept_classes])
    scores = {
        "distance": remembered.measured(embedding[old], probability[old]).unlike(embedding, probability),
        "centre": remembered.signs(embedding, probability)[:, 0],
        "nearest": remembered.signs(embedding, probability)[:, 1],
        "energy": -np.log(np.exp(logits[:, kept_classes]).sum(axis=1)),
        "least_probability": 1 - probability.max(axis=1),
    }
    found = {f"auroc_{kind}": auroc(values[old], values[~old]) for kind, values in scores.items()}
    limit = np.quantile(scores["distance"][old], 1 - FALSE_ALARMS)
    found["found_at_1_percent_false_alarms"] = float((scores["distance"][~old] > limit).mean())
    say(f"without {PATTERNS[place]}: {found}")
    return found
