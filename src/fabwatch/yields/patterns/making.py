"""Trains the classifier of wafer maps: make train-maps. Goes on where it was stopped; needs fabwatch[train].

    python -m fabwatch.yields.patterns.making --data FOLDER [--work FOLDER] [--out FILE] [--held-out]

Teachers learn from labels; the student learns from labels and from what the teachers answer, and is kept. Writes
patterns.onnx and card.json. The maps stay where they are: only weights and figures are written.
"""

import argparse
import json
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fabwatch.terms.answers import plain
from fabwatch.terms.errors import ExtraMissing, FabwatchError
from fabwatch.terms.version import VERSION
from fabwatch.yields.patterns.calibrating import calibrated, centres, farthest
from fabwatch.yields.patterns.card import card
from fabwatch.yields.patterns.classes import PATTERNS
from fabwatch.yields.patterns.classify import score, scored
from fabwatch.yields.patterns.collection import Collection, read_collection, some
from fabwatch.yields.patterns.model import FILE, Model, Settings, softmax
from fabwatch.yields.patterns.preparing import Squares, squares
from fabwatch.yields.patterns.recipe import STUDENT, TEACHERS, Recipe
from fabwatch.yields.patterns.score import confusion, macro_f1, per_class
from fabwatch.yields.patterns.several import ranked, second_presence
from fabwatch.yields.patterns.splitting import Split, split

HERE = Path(__file__).parent
TORCH = "pip install 'fabwatch[train]' (torch for processors alone: add --index-url https://download.pytorch.org/whl/cpu)"
SURE = 0.9
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
    parser.add_argument(
        "--teachers", type=int, default=len(TEACHERS), choices=range(len(TEACHERS) + 1), help="how many of them"
    )
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
    teachers = TEACHERS[: options.teachers]
    network = _student(data, teachers, say)
    content, choices, figures = _exported(data, network, STUDENT)
    (options.out / FILE).write_bytes(content)
    figures |= _figures(data, Model(content))
    unknown = options.out / "unknown.json"
    whole = card(data, teachers, choices, figures, json.loads(unknown.read_text()) if unknown.exists() else None)
    (options.out / "card.json").write_text(json.dumps(whole, indent=1) + "\n")
    print(json.dumps(whole["figures"], indent=1))  # noqa: T201


def _student(data: Data, teachers: Sequence[Recipe], say: Say) -> Any:
    from fabwatch.yields.patterns.training import train

    taught = [_taught(data, recipe, say) for recipe in teachers]
    mean = np.stack(taught).mean(axis=0) if taught else None
    return train(STUDENT, _lesson(data, STUDENT, mean), data.work / "student.pt", say)


def _lesson(data: Data, recipe: Recipe, teacher: NDArray[np.float32] | None) -> Any:
    from fabwatch.yields.patterns.training import Lesson

    drawn = {size: data.drawn("learn", size) for size in {recipe.small, recipe.size}}
    return Lesson(drawn, data.label, teacher)


def _taught(data: Data, recipe: Recipe, say: Say) -> NDArray[np.float32]:
    """What a teacher answers for what is learned from, over four views."""
    from fabwatch.yields.patterns.training import answers, train

    file = data.work / f"taught-{recipe.seed}.npy"
    if not file.exists():
        teacher = train(recipe, _lesson(data, recipe, None), data.work / f"teacher-{recipe.seed}.pt", say)
        np.save(file, softmax(answers(teacher, data.drawn("learn", recipe.size), views=4)[0]))
    content: NDArray[np.float32] = np.load(file, allow_pickle=False)
    return content


def _exported(data: Data, network: Any, recipe: Recipe) -> tuple[bytes, dict[str, Any], dict[str, Any]]:
    """The file, what was chosen on the validation part, and what was measured of it."""
    from fabwatch.yields.patterns.augmenting import coarse_copy
    from fabwatch.yields.patterns.exporting import exported, largest_difference
    from fabwatch.yields.patterns.mixing import threshold
    from fabwatch.yields.patterns.training import answers

    validation = data.drawn("validation", recipe.size)
    logits, _ = answers(network, validation, views=4)
    chosen = calibrated(logits, data.validation.label, np.bincount(data.label, minlength=len(PATTERNS)))
    means, precision, layer = _embedded(data, network, recipe)
    settings = Settings(
        size=recipe.size,
        temperature=chosen.temperature,
        prior=chosen.prior,
        sure=SURE,
        means=tuple(tuple(round(float(value), 5) for value in row) for row in means),
        precision=tuple(tuple(round(float(value), 6) for value in row) for row in precision),
        farthest=0.0,
        several=1.0,
        version=VERSION,
    )
    began = time.process_time()
    model = Model(exported(network, layer, settings, {}))
    looks = model.looked(validation)
    spent = 1e3 * (time.process_time() - began) / len(validation)
    coarse = model.looked(coarse_copy(validation, data.validation.label, seed=recipe.seed))
    settings = replace(
        settings,
        several=round(threshold(np.concatenate([looks.present, coarse.present])), 4),
        farthest=farthest(np.concatenate([looks.distance, coarse.distance])),
    )
    content = exported(network, layer, settings, {"card": "see card.json and the docs page maps"})
    difference = largest_difference(content, network, layer, validation[:256])
    names = ("temperature", "sure", "farthest", "several")
    choices = {"tau": chosen.tau, **{name: getattr(settings, name) for name in names}}
    far = int((looks.distance > settings.farthest).sum())
    figures = {
        "onnx_bytes": len(content),
        "largest_difference_from_torch": difference,
        "validation": plain(scored(looks.probability, data.validation.label, far, spent)),
    }
    return content, choices, figures


def _embedded(data: Data, network: Any, recipe: Recipe) -> tuple[NDArray[np.float32], NDArray[np.float32], Any]:
    """Where the patterns lie, the precision around them, and the layer that sees several on one map."""
    from fabwatch.yields.patterns.augmenting import coarse_copy
    from fabwatch.yields.patterns.mixing import fitted, mixed
    from fabwatch.yields.patterns.training import answers

    learn = data.drawn("learn", recipe.size)
    every = max(1, len(learn) // EMBEDDED)
    label = data.label[::every]
    fine = learn[::every]
    both = np.concatenate([fine, coarse_copy(fine, label, seed=recipe.seed)])
    own, label = answers(network, both, views=2)[1], np.concatenate([label, label])
    means, precision = centres(own, label)
    pairs = mixed(learn, data.label, MIXED, seed=recipe.seed)
    laid_over = answers(network, pairs.squares, views=2)[1]
    goal = np.concatenate([np.eye(len(PATTERNS), dtype=np.float32)[label], pairs.present])
    return means, precision, fitted(np.concatenate([own, laid_over]), goal, recipe.seed)


def _figures(data: Data, model: Model) -> dict[str, Any]:
    """Scores on the part that nothing was learned from and nothing chosen on."""
    from fabwatch.yields.patterns.augmenting import coarse_copy
    from fabwatch.yields.patterns.mixing import mixed

    report = some(data.train, data.parts.report)
    drawn = data.drawn("report", model.settings.size)
    pairs = mixed(drawn, report.label, PAIRS_TRIED, seed=7)
    looks = model.looked(pairs.squares)
    least = model.settings.several
    both = [
        goal[ranked(row)[:2]].all() and second_presence(row) >= least
        for row, goal in zip(looks.present, pairs.present, strict=True)
    ]
    coarse = model.looked(coarse_copy(drawn, report.label, seed=11))
    alone = model.look(report.grids(np.arange(len(report)))).present
    several = [second_presence(row) >= least for row in alone]
    return {
        "report": plain(score(report, model)),
        "report_with_fewer_dies": macro_f1(per_class(confusion(report.label, coarse.probability.argmax(axis=1)))),
        "mixed": {
            "pairs": PAIRS_TRIED,
            "both_named": float(np.mean(both)),
            "single_maps_said_to_be_several": float(np.mean(several)),
        },
    }


if __name__ == "__main__":
    sys.exit(main())
