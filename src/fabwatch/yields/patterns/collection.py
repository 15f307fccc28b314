"""Labelled maps in an .npz file: `pixels` (flat uint8: 0 no die, 1 pass, 2 fail), `shape` (n, 2), `label` (n)."""

import hashlib
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fabwatch.terms.errors import BadQuestion
from fabwatch.yields.patterns.classes import PATTERNS
from fabwatch.yields.patterns.preparing import Grid

ARRAYS = ("pixels", "shape", "label")
SIZE_LIMIT = 2 << 30
"""Bytes of an .npz file after unpacking: some 900,000 maps of the usual size."""
HINT = "an .npz with pixels (flat uint8: 0 no die, 1 pass, 2 fail), shape (n, 2) and label (n, 0 to 8); map i starts at " + (
    "the sum of rows × columns of the maps before it"
)


@dataclass(frozen=True)
class Collection:
    """Maps with their labels; map i is `pixels[starts[i]:starts[i + 1]]` in `shape[i]` rows and columns."""

    pixels: NDArray[np.uint8]
    shape: NDArray[np.int64]
    label: NDArray[np.int64]
    starts: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.label)

    def grid(self, place: int) -> Grid:
        """The map at a place, rows × columns."""
        rows, columns = self.shape[place]
        return self.pixels[self.starts[place] : self.starts[place + 1]].reshape(rows, columns)

    def grids(self, places: NDArray[np.int64]) -> list[Grid]:
        """The maps at some places."""
        return [self.grid(int(place)) for place in places]

    def batches(self, size: int) -> Iterator[NDArray[np.int64]]:
        """The places of all maps, at most `size` at a time."""
        for start in range(0, len(self), size):
            yield np.arange(start, min(start + size, len(self)))

    def hashes(self) -> list[bytes]:
        """What tells maps with other content apart: SHA-256 of the shape and the pixels."""
        return [hashlib.sha256(bytes(f"{grid.shape}", "ascii") + grid.tobytes()).digest() for grid in self._all()]

    def _all(self) -> Iterator[Grid]:
        return (self.grid(place) for place in range(len(self)))


def read_collection(path: Path) -> Collection:
    """The labelled maps of an .npz file. Raises BadQuestion where it is none, with what is wrong."""
    try:
        with path.open("rb") as raw:
            if raw.read(2) != b"PK":
                raise BadQuestion(f"{path}: not a readable .npz file (it is no archive)", HINT)
            raw.seek(0)
            unpacked = sum(member.file_size for member in zipfile.ZipFile(raw).infolist())
            if unpacked > SIZE_LIMIT:
                raise BadQuestion(f"{path}: unpacks to {unpacked:,} bytes, more than {SIZE_LIMIT:,}", "split the file")
            raw.seek(0)
            with np.load(raw, allow_pickle=False) as file:
                missing = [name for name in ARRAYS if name not in file.files]
                if missing:
                    raise BadQuestion(f"{path}: no array named {', '.join(missing)}", HINT)
                pixels, shape, label = (file[name] for name in ARRAYS)
    except (ValueError, zipfile.BadZipFile, EOFError, KeyError, NotImplementedError) as fault:
        raise BadQuestion(f"{path}: not a readable .npz file ({fault})", HINT) from fault
    wrong = _wrong(pixels, shape, label)
    if wrong:
        raise BadQuestion(f"{path}: {wrong}", HINT)
    shape = shape.astype(np.int64)
    starts = np.concatenate([[0], np.cumsum(shape.prod(axis=1))])
    return Collection(pixels.astype(np.uint8, copy=False), shape, label.astype(np.int64), starts)


def _wrong(pixels: NDArray[np.uint8], shape: NDArray[np.int64], label: NDArray[np.int64]) -> str:
    """What keeps the arrays from being maps, in words; empty where nothing does."""
    if any(array.dtype.kind not in "iu" for array in (pixels, shape, label)):
        return "pixels, shape and label must be whole numbers"
    if pixels.ndim != 1 or shape.ndim != 2 or shape.shape[1:] != (2,) or label.shape != shape.shape[:1]:
        return f"pixels {pixels.shape}, shape {shape.shape} and label {label.shape} do not belong together"
    if not len(label):
        return "no map in it"
    if shape.min() < 1 or shape.max() > 65535:
        return "a map without rows or columns, or with more than 65,535"
    cells = int(shape.astype(np.int64).prod(axis=1).sum())
    if cells != len(pixels):
        return f"the maps have {cells:,} cells by their shapes, pixels holds {len(pixels):,}"
    if pixels.min() < 0 or pixels.max() > 2:
        return "a pixel that is not 0, 1 or 2"
    if label.min() < 0 or label.max() >= len(PATTERNS):
        return f"a label that is not 0 to {len(PATTERNS) - 1}"
    return ""


def some(whole: Collection, places: NDArray[np.int64]) -> Collection:
    """The maps at some places as a collection of their own."""
    grids = whole.grids(places)
    pixels = np.concatenate([grid.ravel() for grid in grids]) if grids else whole.pixels[:0]
    shape = whole.shape[places]
    return Collection(pixels, shape, whole.label[places], np.concatenate([[0], np.cumsum(shape.prod(axis=1))]))
