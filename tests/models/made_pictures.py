"""Pictures whose truth is known: a stripe against a spot on a grainy ground, and wafer maps with a ring or a centre."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

Square = NDArray[np.uint8]
Draw = Callable[[Any, int], Square]


def _ground(chance: Any, size: int) -> Any:
    """Grain, light that falls from one side, and a bright corner mark now and then: none of it tells the class."""
    across = np.linspace(-1, 1, size)
    lit = chance.uniform(80, 130) + chance.normal(0, 12) * across[None, :] + chance.normal(0, 12) * across[:, None]
    picture = lit + chance.normal(0, 9, (size, size))
    if chance.random() < 0.5:
        y, x = chance.integers(0, 2, 2) * (size - size // 8)
        picture[y : y + size // 8, x : x + size // 8] += 60
    return picture


def stripe(chance: Any, size: int = 48) -> Square:
    picture = _ground(chance, size)
    y, slope = chance.uniform(0.3, 0.7) * size, chance.uniform(-0.3, 0.3)
    rows, columns = np.indices((size, size))
    picture[np.abs(rows - y - slope * (columns - size / 2)) < size / 24] += 70
    return picture.clip(0, 255).astype(np.uint8)


def spot(chance: Any, size: int = 48, radius: float = 0.11) -> Square:
    picture = _ground(chance, size)
    y, x = chance.uniform(0.3, 0.7, 2) * size
    rows, columns = np.indices((size, size))
    picture[np.hypot(rows - y, columns - x) < size * radius] += 70
    return picture.clip(0, 255).astype(np.uint8)


def wafer_map(chance: Any, ring: bool, dies: int = 24) -> Square:
    """A wafer of dies that failed (white) and passed (grey), with fails at the edge or in the middle."""
    rows, columns = np.indices((dies, dies))
    radius = np.hypot(rows - (dies - 1) / 2, columns - (dies - 1) / 2) / (dies / 2)
    rate = np.where(radius > 0.8, 0.7, 0.08) if ring else np.where(radius < 0.35, 0.75, 0.08)
    failed = chance.random((dies, dies)) < rate
    return np.kron(np.where(radius > 1, 0, np.where(failed, 255, 110)), np.ones((3, 3))).astype(np.uint8)


def ring(chance: Any, size: int = 0) -> Square:
    return wafer_map(chance, ring=True)


def centre(chance: Any, size: int = 0) -> Square:
    return wafer_map(chance, ring=False)


def written(folder: Path, kinds: Mapping[str, Draw], each: int, lots: int = 0, seed: int = 0, size: int = 48) -> Path:
    """A folder of classes, so many pictures of each; spread over folders of lots where there are some."""
    chance = np.random.default_rng(seed)
    for label, draw in kinds.items():
        for n in range(each):
            place = folder / label / f"lot{n % lots}" if lots else folder / label
            place.mkdir(parents=True, exist_ok=True)
            Image.fromarray(draw(chance, size)).save(place / f"{label}{seed}_{n:03d}.png")
    return folder
