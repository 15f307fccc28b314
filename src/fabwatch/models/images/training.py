"""Folders of pictures become a version: read, split, learn, calibrate, figures, ONNX and parity, card."""

import hashlib
import io
import json
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fabwatch.models.answers import Trained
from fabwatch.models.card import library_versions
from fabwatch.models.images import KIND
from fabwatch.models.images.calibrating import best_temperature
from fabwatch.models.images.card import LIBRARIES, LIMITS, METHOD, NETWORK
from fabwatch.models.images.collection import Collection, collected
from fabwatch.models.images.measuring import doubts_of, measured, without_model
from fabwatch.models.images.memory import FILE, Memory, remembered
from fabwatch.models.images.recipe import PictureRecipe
from fabwatch.models.images.splitting import Parts, parts_of
from fabwatch.models.registry import CARD, FORMAT, HELD_OUT, ONNX, Registry, named
from fabwatch.models.training import answer_of
from fabwatch.terms.answers import Header
from fabwatch.terms.clock import iso
from fabwatch.terms.errors import ExtraMissing
from fabwatch.terms.version import VERSION

Say = Callable[[str, float], None]
EXTRA = "pip install 'fabwatch[train]'; on a machine without a GPU the build of torch for processors alone is enough"
MOST_THREADS = 4
"""More than these wait for each other: the network is small."""
SHARE = 0.9
"""Part of the time in which networks learn; the rest reads, tries and writes."""


@dataclass(frozen=True)
class Made:
    """A network with its file and what it says of the pictures held out."""

    content: bytes
    chances: NDArray[np.float64]
    base: list[float]
    temperature: float
    memory: Memory
    parity: tuple[int, float]
    epochs: int
    best_epoch: int
    hurried: bool


def train(
    folder: Path,
    recipe: PictureRecipe,
    name: str,
    registry: Registry,
    header: Header,
    *,
    minutes: float = 5.0,
    workers: int = 1,
    say: Say = lambda text, part: None,
) -> Trained:
    """Make a version from a folder of pictures. Raises NoSuchPath, BadQuestion, ExtraMissing and ParityFailed.

    Nothing is kept where it raises.
    """
    named(name)
    began = time.monotonic()
    say("reading pictures", 0.0)
    pictures = collected(folder, recipe.size, workers)
    parts = parts_of(pictures, recipe.seed)
    _installed()
    mixed = parts_of(pictures, recipe.seed, by_group=False) if parts.kind == "by group" else None
    seconds = minutes * 60 * SHARE * (0.6 if mixed else 1.0)
    about = {"model": name, "classes": list(pictures.classes), "size": recipe.size}
    made = _made(pictures, parts, recipe, about, began + seconds, workers, say)
    held = measured(pictures.label[parts.held], made.chances, pictures.classes)
    contrast = held
    if mixed is not None:
        say("the contrast: pictures held out at random", 0.7)
        other = _made(pictures, mixed, recipe, about, began + minutes * 60 * SHARE, workers, lambda text, part: None)
        contrast = measured(pictures.label[mixed.held], other.chances, pictures.classes)
    base = without_model(pictures.label[parts.held], pictures.label[parts.learn], pictures.classes)
    say("writing", 0.98)
    frame = pictures.table()
    card: dict[str, Any] = {
        "format": FORMAT,
        "fabwatch": VERSION,
        "libraries": library_versions(LIBRARIES),
        "model": name,
        "made_at": iso(header[0]),
        "kind": KIND,
        "target": "class",
        "classes": list(pictures.classes),
        "positive": None,
        "source": folder.name,
        "rows": len(pictures),
        "learned_from": len(parts.learn),
        "period": None,
        "split": parts.kind,
        "learner": NETWORK,
        "settings": f"{recipe.size} × {recipe.size} pixels, turns {recipe.turns}, {made.best_epoch} epochs",
        "recipe": recipe.plain(),
        "schema": [],
        "threshold": None,
        "cost": None,
        "held_out": held,
        "random_split": contrast,
        "floor": base,
        "challengers": [],
        "not_tried": 0,
        "dropped": [],
        "suspects": [],
        "importance": [],
        "shapes": {},
        "stability": {},
        "proof": {},
        "by_slice": [],
        "base": made.base,
        "onnx": {
            "parity": made.parity[1],
            "rows": made.parity[0],
            "bytes": len(made.content),
            "sha256": hashlib.sha256(made.content).hexdigest(),
        },
        "table": {"sha256": registry.keep_table(frame), "rows": len(frame), "columns": len(frame.columns)},
        "pictures": _about_pictures(pictures, parts, made, recipe),
        "limits": LIMITS,
        "method": METHOD,
        "doubts": doubts_of(pictures, parts, held, contrast, base, made.hurried),
    }
    memory = made.memory.packed(pictures.pixels)
    files = {ONNX: made.content, HELD_OUT: _held_out(pictures, parts, made), FILE: memory}
    card["digest"] = _digest(card, made.content)
    whole = (json.dumps(card, indent=1, ensure_ascii=False) + "\n").encode()
    version, new = registry.add(name, card["digest"], {**files, CARD: whole})
    return answer_of(version.card, name, version.number, header, new)


def _installed() -> None:
    for package in ("torch", "onnx"):
        if find_spec(package) is None:
            raise ExtraMissing(f"Training on pictures needs the package {package}, which is not installed.", EXTRA)


def _made(
    pictures: Collection, parts: Parts, recipe: PictureRecipe, about: dict[str, Any], until: float, workers: int, say: Say
) -> Made:
    """Learn, calibrate, export and compare."""
    import torch

    from fabwatch.models.images import exporting, learning
    from fabwatch.models.images.network import Settled

    before = torch.get_num_threads()
    torch.set_num_threads(max(1, min(workers, MOST_THREADS)))
    try:
        learn, choose = (learning.Lesson(pictures.pixels[own], pictures.label[own]) for own in (parts.learn, parts.choose))
        got = learning.learned(
            recipe, len(pictures.classes), learn, choose, until, lambda text, part: say(text, 0.05 + 0.6 * part)
        )
        logits, usual, _ = learning.answers(got.network, choose.pixels)
        temperature = best_temperature(logits, choose.label)
        network = Settled(got.network, temperature).eval()
        base = [float(value) for value in network.bias.numpy()]
        content = exporting.exported(network, recipe.size, {**about, "base": base})
        held = pictures.pixels[parts.held]
        rows, difference = exporting.parity(content, network, np.array(base), held, recipe.seed)
        embedding = learning.answers(network, learn.pixels)[1]
    finally:
        torch.set_num_threads(before)
    from fabwatch.models.images.served import ServedPictures

    names = tuple(pictures.names[n] for n in parts.learn.tolist())
    memory = remembered(embedding, names, learn.label, parts.learn, usual, recipe.seed)
    chances = ServedPictures(content).look(held).chances
    return Made(content, chances, base, temperature, memory, (rows, difference), got.epochs, got.best_epoch, got.hurried)


def _about_pictures(pictures: Collection, parts: Parts, made: Made, recipe: PictureRecipe) -> dict[str, Any]:
    counts = {}
    for n, name in enumerate(pictures.classes):
        own = {part: int((pictures.label[getattr(parts, part)] == n).sum()) for part in ("learn", "choose", "held")}
        counts[name] = {"pictures": sum(own.values()), **own}
    return {
        "size": recipe.size,
        "turns": recipe.turns,
        "temperature": made.temperature,
        "farthest": made.memory.farthest,
        "epochs": made.epochs,
        "best_epoch": made.best_epoch,
        "remembered": len(made.memory.names),
        "groups": len({group for group in pictures.groups if group is not None}),
        "copies": parts.copies,
        "near_twins": parts.twins,
        "counts": counts,
        "set_aside": [asdict(one) for one in pictures.set_aside[:200]],
        "set_aside_count": len(pictures.set_aside),
    }


def _held_out(pictures: Collection, parts: Parts, made: Made) -> bytes:
    """Place, class and chances of each picture held out, and which chose, as Parquet."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    columns: dict[str, Any] = {"place": parts.held, "target": pictures.label[parts.held].astype(np.float64)}
    columns |= {f"predicted_{n}": made.chances[:, n] for n in range(made.chances.shape[1])}
    buffer = io.BytesIO()
    pq.write_table(pa.table(columns), buffer)
    return buffer.getvalue()


def _digest(card: dict[str, Any], content: bytes) -> str:
    """What makes a version another one: its file, recipe, classes, pictures and the release that made it."""
    kept = {name: card[name] for name in ("format", "fabwatch", "libraries", "recipe", "classes", "table")}
    return hashlib.sha256(json.dumps(kept, sort_keys=True).encode() + content).hexdigest()
