"""What a version says of pictures: class, chances, where it looked, which learned ones are like it."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from fabwatch.models.answers import Dropped, Prediction, Predictions, SimilarPicture
from fabwatch.models.images import KIND
from fabwatch.models.images.folder import contents
from fabwatch.models.images.memory import FILE, Memory, unpacked
from fabwatch.models.images.reading import HINT, Picture, picture_of
from fabwatch.models.images.served import ServedPictures
from fabwatch.models.registry import Version
from fabwatch.terms.answers import Header
from fabwatch.terms.errors import BadQuestion, CannotPredict
from fabwatch.terms.words import sentence as say

TOGETHER = 256
"""Pictures that are held at once."""
UNSEEN = "picture"
"""What is called unseen where a picture is like none that was learned from."""


@dataclass(frozen=True)
class ReadyPictures:
    """A version with its file and the pictures that it remembers loaded."""

    version: Version
    served: ServedPictures
    memory: Memory

    @classmethod
    def of(cls, version: Version) -> "ReadyPictures":
        """Load the files of a version. Raises BadQuestion where one was changed."""
        served = ServedPictures(version.onnx)
        try:
            memory = unpacked((version.folder / FILE).read_bytes())
        except (OSError, ValueError, KeyError) as fault:
            hint = "train it again, or bring the file back from a copy"
            raise BadQuestion(f"{FILE} of {version} cannot be read: {fault}", hint) from fault
        return cls(version, served, memory)

    @property
    def size(self) -> int:
        """Pixels on a side of what the network sees."""
        return int(self.version.card["pictures"]["size"])


def is_of_pictures(version: Version) -> bool:
    """Whether a version was made from pictures."""
    return bool(version.card["kind"] == KIND)


def predict_path(ready: ReadyPictures, path: Path, header: Header, heat: bool = False, language: str = "en") -> Predictions:
    """What a version says of a picture, or of all in a folder or .zip. Raises NoSuchPath, BadQuestion and CannotPredict."""
    return predict(ready, contents(path), header, heat, language)


def predict(
    ready: ReadyPictures,
    files: Iterable[tuple[str, bytes | CannotPredict]],
    header: Header,
    heat: bool = False,
    language: str = "en",
) -> Predictions:
    """What a version says of files by name; those that are no pictures are set aside with the reason.

    Raises CannotPredict where none is a picture.
    """
    rows: list[Prediction] = []
    aside: list[Dropped] = []
    waiting: list[Picture] = []
    for name, content in files:
        try:
            if isinstance(content, CannotPredict):
                raise content
            waiting.append(picture_of(content, name, ready.size))
        except CannotPredict as fault:
            aside.append(Dropped(name, fault.what.removeprefix(f"{name!r} ")))
        if len(waiting) == TOGETHER:
            rows += _rows(ready, waiting, len(rows), heat, language)
            waiting = []
    if waiting:
        rows += _rows(ready, waiting, len(rows), heat, language)
    if not rows:
        if len(aside) == 1:
            raise CannotPredict(f"{aside[0].column!r} {aside[0].why}", HINT)
        raise CannotPredict(f"None of {len(aside):,} files is a picture that can be read.", HINT)
    version = ready.version
    return Predictions(*header, version.name, version.number, KIND, None, None, tuple(rows), (), (), set_aside=tuple(aside))


def _rows(ready: ReadyPictures, pictures: list[Picture], before: int, heat: bool, language: str) -> list[Prediction]:
    seen = ready.served.look(np.stack([one.pixels for one in pictures]))
    classes = ready.version.card["classes"]
    similar = ready.memory.similar(seen.embedding, classes)
    far = ready.memory.distance(seen.embedding) > ready.memory.farthest
    made = []
    for n, (picture, chances) in enumerate(zip(pictures, seen.chances, strict=True)):
        place = int(chances.argmax())
        made.append(
            Prediction(
                row=before + n + 1,
                prediction=classes[place],
                probability=float(chances[place]),
                unseen=(UNSEEN,) if far[n] else (),
                out_of_range=(),
                missing=(),
                not_numbers=(),
                contributions=None,
                score=float(seen.logits[n, place]),
                base=float(ready.version.card["base"][place]) if heat else None,
                sentence=_words(classes[place], float(chances[place]), similar[n], bool(far[n]), language),
                name=picture.name,
                probabilities={name: float(chance) for name, chance in zip(classes, chances, strict=True)},
                similar=similar[n],
                heat=_plain(seen.heat[n, place]) if heat else None,
            )
        )
    return made


def _plain(heat: Any) -> tuple[tuple[float, ...], ...]:
    return tuple(tuple(float(value) for value in row) for row in heat)


def _words(name: str, chance: float, similar: tuple[SimilarPicture, ...], far: bool, language: str) -> str:
    text = say(language, "picture_named", name=name, chance=chance)
    if similar:
        text += say(language, "picture_like", other=similar[0].name, label=similar[0].label)
    return text + (say(language, "picture_far") if far else "")
