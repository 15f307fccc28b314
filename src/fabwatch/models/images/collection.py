"""The pictures that are learned from: their squares with class, group and hashes, and what was set aside."""

import hashlib
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from fabwatch.models.answers import Dropped
from fabwatch.models.images.folder import Found, found_in, read
from fabwatch.models.images.reading import Picture, Pixels, picture_of
from fabwatch.terms.errors import BadQuestion, CannotPredict

if TYPE_CHECKING:
    import pandas as pd

FEWEST = 10
"""Pictures of a class."""
MOST_CLASSES = 100
WAY_OUT = "give a folder whose sub-folders are classes, each with pictures of its own: pictures/scratch/1.png"


@dataclass(frozen=True)
class Collection:
    """Pictures, in the order of their names."""

    classes: tuple[str, ...]
    names: tuple[str, ...]
    label: NDArray[np.int64]
    """Place of the class, shape (n)."""
    groups: tuple[str | None, ...]
    sha256: tuple[str, ...]
    """Hashes of the files."""
    forms: tuple[str, ...]
    pixels: Pixels
    """Shape (n, size, size, 3)."""
    set_aside: tuple[Dropped, ...] = ()

    def __len__(self) -> int:
        return len(self.names)

    @property
    def marks(self) -> list[str]:
        """Hashes of the squares: the same picture in another file has the same."""
        return marks_of(self.pixels)

    def chosen(self, places: Sequence[int]) -> "Collection":
        """Some of them."""
        own = list(places)
        lists = {name: tuple(getattr(self, name)[n] for n in own) for name in ("names", "groups", "sha256", "forms")}
        return replace(self, label=self.label[own], pixels=self.pixels[own], **lists)

    def table(self) -> "pd.DataFrame":
        """One row a picture, as it is kept."""
        import pandas as pd

        columns = {
            "name": list(self.names),
            "class": [self.classes[n] for n in self.label.tolist()],
            "group": [group or "" for group in self.groups],
            "sha256": list(self.sha256),
            "form": list(self.forms),
            "pixels": [square.tobytes() for square in self.pixels],
        }
        return pd.DataFrame(columns)


def marks_of(pixels: Pixels) -> list[str]:
    """Hash of each square (n, size, size, 3)."""
    return [hashlib.sha256(square.tobytes()).hexdigest() for square in pixels]


def collected(folder: Path, size: int, workers: int = 1, least: int = FEWEST) -> Collection:
    """The pictures of a folder of classes, with at least so many of each. Raises NoSuchPath and BadQuestion."""
    files = found_in(folder)
    with ThreadPoolExecutor(max(1, workers)) as pool:
        drawn = list(pool.map(lambda file: _drawn(file, size), files))
    known = [(file, one) for file, one in zip(files, drawn, strict=True) if isinstance(one, Picture)]
    aside = [Dropped(file.name, one) for file, one in zip(files, drawn, strict=True) if isinstance(one, str)]
    counts = Counter(file.label for file, _ in known)
    empty = sorted({file.label for file in files if file.label} - set(counts))
    _check(counts, empty, folder, aside, least)
    classes = tuple(sorted(counts))
    return Collection(
        classes,
        tuple(file.name for file, _ in known),
        np.array([classes.index(file.label) for file, _ in known], np.int64),
        tuple(file.group for file, _ in known),
        tuple(one.sha256 for _, one in known),
        tuple(one.form for _, one in known),
        np.stack([one.pixels for _, one in known]),
        tuple(aside),
    )


def _drawn(file: Found, size: int) -> Picture | str:
    """The picture of a file, or why there is none."""
    if not file.label:
        return "lies beside the folders of the classes"
    content = read(file.path)
    try:
        return picture_of(content, file.name, size) if isinstance(content, bytes) else content.what
    except CannotPredict as fault:
        return fault.what.removeprefix(f"{file.name!r} ")


def _check(counts: Counter[str], empty: list[str], folder: Path, aside: list[Dropped], least: int) -> None:
    """Raise BadQuestion where there are too few classes, or too few pictures of one."""
    if empty:
        raise BadQuestion(f"The class {empty[0]!r} has no picture that can be read.", "bring pictures, or take it away")
    if len(counts) < (2 if least > 1 else 1):
        kinds = f"one class, {next(iter(counts))!r}" if counts else "no class"
        beside = f"; {len(aside):,} files are set aside, such as {aside[0].column}: {aside[0].why}" if aside else ""
        raise BadQuestion(f"{folder.name!r} holds {kinds} of pictures{beside}.", WAY_OUT)
    if len(counts) > MOST_CLASSES:
        raise BadQuestion(f"{len(counts):,} classes; up to {MOST_CLASSES} can be told apart.", "put some together")
    few = [f"{name!r} ({count})" for name, count in sorted(counts.items()) if count < least]
    if few:
        raise BadQuestion(
            f"Too few pictures of {', '.join(few[:5])}: {least} of each class at least.", "bring more, or leave it out"
        )
