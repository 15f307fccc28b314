"""Trains the classifier of wafer maps: make train-maps. Goes on where it was stopped; needs fabwatch[train].

    python -m fabwatch.yields.patterns.making --data FOLDER [--work FOLDER] [--out FILE] [--held-out]

A first network learns from labels. A second learns from labels and from the first one's answers, and is kept for maps as
they are; from there a third goes on with maps drawn as wafers of few dies, and is kept for those. Writes both files and
card.json. The maps stay where they are: only weights and figures are written.
"""

import argparse
import json
import shutil
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fabwatch.terms.answers import plain
from fabwatch.terms.errors import ExtraMissing, FabwatchError
from fabwatch.terms.version import VERSION
from fabwatch.yields.patterns.calibrating import calibrated, farthest
from fabwatch.yields.patterns.card import card
from fabwatch.yields.patterns.classes import PATTERNS
from fabwatch.yields.patterns.classify import scored
from fabwatch.yields.patterns.collection import Collection, read_collection
from fabwatch.yields.patterns.model import FEW, FILES, FINE, Model, Settings, softmax
from fabwatch.yields.patterns.preparing import Squares, squares
from fabwatch.yields.patterns.recipe import COARSE, FIRST, SECOND, Recipe
from fabwatch.yields.patterns.several import ranked, second_presence
from fabwatch.yields.patterns.splitting import Split, split
from fabwatch.yields.patterns.unlike import Known, known

HERE = Path(__file__).parent
TORCH = "pip install 'fabwatch[train]' (torch for processors alone: add --index-url https://download.pytorch.org/whl/cpu)"
SURE, FEW_SURE = 0.9, 0.6
"""From which probability two views of a map are enough; of maps of few dies more views change nothing above .6."""
MIXED = 6_000
EMBEDDED = 12_000
PAIRS_TRIED = 500
Say = Callable[[str], None]


@dataclass(frozen=True)
class Data:
    """The labelled maps: what is learned from, what chooses, what only reports."""

    train: Collection
    validation: Collection
    parts: Split
    work: Path

    @property
    def label(self) -> NDArray[np.int64]:
        """Labels of what is learned from."""
        return self.train.label[self.parts.learn]

    def drawn(self, part: str, size: int) -> Squares:
        """The squares of a part (learn, report or validation), kept in the work folder."""
        file = self.work / f"{part}-{size}.npy"
        if not file.exists():
            whole = self.validation if part == "validation" else self.train
            places = np.arange(len(whole)) if part == "validation" else getattr(self.parts, part)
            np.save(file, squares(whole.grids(places), size))
        content: Squares = np.load(file, allow_pickle=False)
        return content


def main(arguments: list[str] | None = None) -> int:
    """Train, choose, export and report; returns the exit code."""
    options = _options(arguments)
    try:
        _make(options, _teller())
    except FabwatchError as fault:
        print(f"error: {fault.what}\nhint: {fault.hint}", file=sys.stderr)  # noqa: T201
        return 1
    return 0


def _options(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--data", type=Path, required=True, help="the folder with wm811k_train.npz and wm811k_val.npz")
    parser.add_argument("--work", type=Path, default=Path("train-maps"), help="where the training keeps its state")
    parser.add_argument("--out", type=Path, default=HERE, help="the folder for patterns.onnx and card.json")
    parser.add_argument("--threads", type=int, default=2, help="processor cores to use")
    parser.add_argument("--held-out", action="store_true", help="only measure unknown patterns: nine short trainings")
    return parser.parse_args(arguments)


def _teller() -> Say:
    """Progress on stderr, at most one line in ten seconds."""
    last = [0.0]

    def say(text: str) -> None:
        if time.monotonic() - last[0] > 10:
            last[0] = time.monotonic()
            print(text, file=sys.stderr, flush=True)  # noqa: T201

    return say


def _make(options: argparse.Namespace, say: Say) -> None:
    try:
        import torch
    except ImportError:
        raise ExtraMissing("Training needs the package torch, which is not installed.", TORCH) from None
    torch.set_num_threads(options.threads)
    options.work.mkdir(parents=True, exist_ok=True)
    train, validation = (read_collection(options.data / f"wm811k_{part}.npz") for part in ("train", "val"))
    data = Data(train, validation, split(train, validation), options.work)
    if options.held_out:
        from fabwatch.yields.patterns.held_out import measured

        (options.out / "unknown.json").write_text(json.dumps(measured(data, say), indent=1) + "\n")
        return
    networks = _trained(data, say)
    report = {}
    for name, (network, recipe) in networks.items():
        content, choices, figures = _exported(data, network, recipe)
        (options.out / FILES[name]).write_bytes(content)
        figures |= _figures(data, Model(content), recipe)
        report[name] = {"recipe": asdict(recipe), "chosen_on_validation": choices, "figures": figures}
    unknown = options.out / "unknown.json"
    whole = card(data, report, json.loads(unknown.read_text()) if unknown.exists() else None)
    (options.out / "card.json").write_text(json.dumps(whole, indent=1) + "\n")
    print(json.dumps({name: one["figures"] for name, one in report.items()}, indent=1))  # noqa: T201


def _trained(data: Data, say: Say) -> dict[str, tuple[Any, Recipe]]:
    """The network for maps as they are, and that for maps of few dies."""
    from fabwatch.yields.patterns.training import train

    taught = _answers(data, "taught", lambda: train(FIRST, _lesson(data, FIRST, None), data.work / "first.pt", say))
    second = train(SECOND, _lesson(data, SECOND, taught), data.work / "second.pt", say)
    begun, both = data.work / "coarse.pt", np.stack([taught, _answers(data, "taught2", lambda: second)]).mean(axis=0)
    if not begun.exists():
        shutil.copy(data.work / "second.pt", begun)
    return {FINE: (second, SECOND), FEW: (train(COARSE, _lesson(data, COARSE, both), begun, say), COARSE)}


def _lesson(data: Data, recipe: Recipe, teacher: NDArray[np.float32] | None) -> Any:
    from fabwatch.yields.patterns.training import Lesson

    drawn = {size: data.drawn("learn", size) for size in {recipe.small, recipe.size}}
    return Lesson(drawn, data.label, teacher)


def _answers(data: Data, name: str, network: Callable[[], Any]) -> NDArray[np.float32]:
    """What a network answers for what is learned from, over two views."""
    from fabwatch.yields.patterns.training import answers

    file = data.work / f"{name}.npy"
    if not file.exists():
        np.save(file, softmax(answers(network(), data.drawn("learn", FIRST.size), views=2)[0]))
    content: NDArray[np.float32] = np.load(file, allow_pickle=False)
    return content


def _seen(data: Data, part: str, recipe: Recipe) -> tuple[Squares, NDArray[np.int64]]:
    """Squares and labels of a part as a network is to see them: as they are, or with fewer dies."""
    from fabwatch.yields.patterns.augmenting import coarse_copy

    label = {"learn": data.label, "report": data.train.label[data.parts.report], "validation": data.validation.label}[part]
    drawn = data.drawn(part, recipe.size)
    return (coarse_copy(drawn, label, seed=recipe.seed) if recipe.coarse_share else drawn), label


def _exported(data: Data, network: Any, recipe: Recipe) -> tuple[bytes, dict[str, Any], dict[str, Any]]:
    """The file, what was chosen on the validation part, and what was measured of it."""
    from fabwatch.yields.patterns.exporting import exported, largest_difference
    from fabwatch.yields.patterns.mixing import threshold
    from fabwatch.yields.patterns.training import answers

    validation, label = _seen(data, "validation", recipe)
    logits, _ = answers(network, validation, views=4)
    chosen = calibrated(logits, label, np.bincount(data.label, minlength=len(PATTERNS)))
    remembered, layer = _embedded(data, network, recipe)
    settings = Settings(
        size=recipe.size,
        temperature=chosen.temperature,
        prior=chosen.prior,
        sure=FEW_SURE if recipe.coarse_share else SURE,
        known=remembered.plain(),
        farthest=0.0,
        several=1.0,
        version=VERSION,
    )
    began = time.process_time()
    model = Model(exported(network, layer, settings, {}))
    looks = model.looked(validation)
    remembered = remembered.measured(looks.embedding, looks.probability)
    distance = remembered.unlike(looks.embedding, looks.probability)
    spent = 1e3 * (time.process_time() - began) / len(validation)
    settings = replace(
        settings, known=remembered.plain(), several=round(threshold(looks.present), 4), farthest=farthest(distance)
    )
    content = exported(network, layer, settings, {"card": "see card.json and the docs page maps"})
    difference = largest_difference(content, network, layer, validation[:256])
    names = ("temperature", "sure", "farthest", "several")
    choices = {"tau": chosen.tau, **{name: getattr(settings, name) for name in names}}
    figures = {
        "onnx_bytes": len(content),
        "largest_difference_from_torch": difference,
        "validation": plain(scored(looks.probability, label, int((distance > settings.farthest).sum()), spent)),
    }
    return content, choices, figures


def _embedded(data: Data, network: Any, recipe: Recipe) -> tuple[Known, Any]:
    """What is remembered of the maps that were learned from, and the layer that sees several on one map."""
    from fabwatch.yields.patterns.mixing import fitted, mixed
    from fabwatch.yields.patterns.training import answers

    learn, labels = _seen(data, "learn", recipe)
    every = max(1, len(learn) // EMBEDDED)
    label = labels[::every]
    own = answers(network, learn[::every], views=2)[1]
    pairs = mixed(learn, labels, MIXED, seed=recipe.seed)
    laid_over = answers(network, pairs.squares, views=2)[1]
    goal = np.concatenate([np.eye(len(PATTERNS), dtype=np.float32)[label], pairs.present])
    return known(own, label, recipe.seed), fitted(np.concatenate([own, laid_over]), goal, recipe.seed)


def _figures(data: Data, model: Model, recipe: Recipe) -> dict[str, Any]:
    """Scores on the part that nothing was learned from and nothing chosen on."""
    from fabwatch.yields.patterns.mixing import mixed

    drawn, label = _seen(data, "report", recipe)
    pairs = mixed(drawn, label, PAIRS_TRIED, seed=7)
    looks = model.looked(pairs.squares)
    least = model.settings.several
    both = [
        goal[ranked(row)[:2]].all() and second_presence(row) >= least
        for row, goal in zip(looks.present, pairs.present, strict=True)
    ]
    began = time.process_time()
    alone = model.looked(drawn)
    spent = 1e3 * (time.process_time() - began) / len(drawn)
    several = [second_presence(row) >= least for row in alone.present]
    return {
        "report": plain(scored(alone.probability, label, int(alone.unknown.sum()), spent)),
        "mixed": {
            "pairs": PAIRS_TRIED,
            "both_named": float(np.mean(both)),
            "single_maps_said_to_be_several": float(np.mean(several)),
        },
    }


if __name__ == "__main__":
    sys.exit(main())
