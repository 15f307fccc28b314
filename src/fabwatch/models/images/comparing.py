"""Two versions of pictures on the same pictures: how much they differ, whether surely, and how they were made."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fabwatch.models.answers import Compared, ModelChange, Slice
from fabwatch.models.comparing import FEWEST, SURE, TESTS
from fabwatch.models.images.collection import Collection, collected
from fabwatch.models.images.predicting import ReadyPictures
from fabwatch.models.measures import calibration
from fabwatch.models.registry import Version
from fabwatch.stats.discrimination import Difference, accuracy_difference
from fabwatch.terms.answers import Header
from fabwatch.terms.errors import BadQuestion

METHOD = (
    "Both look at the same pictures, less those that either learned from or was chosen by (the same file). Accuracy: exact "
    "McNemar. Causes: what the two were made from and how, as it differs; none of it was run again."
)
SETTINGS = ("size", "turns", "seed")
NAMED = ("sha256", "class", "group")
"""What two tables of pictures have in common whatever size they were drawn at."""
Flags = NDArray[np.bool_]


def compare(a: Version, b: Version, folder: Path, header: Header, workers: int = 1) -> Compared:
    """Compare two versions of pictures on a folder of classes. Raises NoSuchPath and BadQuestion."""
    sides = [ReadyPictures.of(version) for version in (a, b)]
    drawn = {size: collected(folder, size, workers, least=1) for size in {side.size for side in sides}}
    pictures = drawn[sides[0].size]
    both = [name for name in pictures.classes if name in a.card["classes"] and name in b.card["classes"]]
    places, doubts = _places(pictures, both, (a, b))
    right: dict[str, Flags] = {}
    calibrated: dict[str, float | None] = {}
    for side in sides:
        chances = side.served.look(drawn[side.size].pixels[places]).chances
        known = side.version.card["classes"]
        truth = np.array([known.index(pictures.classes[n]) for n in pictures.label[places].tolist()])
        right[str(side.version)] = chances.argmax(1) == truth
        calibrated[str(side.version)] = calibration(right[str(side.version)], chances.max(1))
    one, two = right[str(a)], right[str(b)]
    result = accuracy_difference(one, two)
    as_of, known_at, demo, how, reason = header
    return Compared(
        as_of,
        known_at,
        demo,
        replace(how, method=METHOD),
        reason,
        a_name=str(a),
        b_name=str(b),
        rows_=len(places),
        metric="accuracy",
        a=float(one.mean()),
        b=float(two.mean()),
        difference=result.value,
        low=result.low,
        high=result.high,
        p=result.p,
        test=TESTS["accuracy"],
        reported={str(version): version.card["held_out"] for version in (a, b)},
        causes=tuple(causes(a, b)),
        slices=tuple(_slices(pictures, places, both, one, two)),
        leaks=(),
        calibration=calibrated,
        doubts=tuple(doubts),
        words=_sentence(str(a), str(b), one, two, result),
    )


def _places(pictures: Collection, both: list[str], versions: tuple[Version, Version]) -> tuple[Any, list[str]]:
    """Which pictures to compare on: those of a class that both know, and that neither learned from."""
    doubts = []
    known = np.array([pictures.classes[n] in both for n in pictures.label.tolist()])
    if not known.all():
        doubts.append(f"{int((~known).sum()):,} pictures are left out: one of the two does not know their class")
    seen = np.zeros(len(pictures), bool)
    for version in versions:
        seen |= learned_from(version, pictures)
    if (known & ~seen).sum() >= FEWEST:
        if (known & seen).any():
            doubts.append(f"{int((known & seen).sum()):,} pictures are left out: one of the two learned from them")
        known &= ~seen
    elif (known & seen).any():
        doubts.append("nearly all pictures are ones that one of the two learned from: the figures flatter it")
    places = np.flatnonzero(known)
    if len(places) < FEWEST:
        raise BadQuestion(
            f"{len(places)} pictures are left; {FEWEST} at least are needed to compare.", "bring more pictures"
        )
    if pictures.set_aside:
        doubts.append(f"{len(pictures.set_aside):,} files were set aside, such as {pictures.set_aside[0].column}")
    return places, doubts


def learned_from(version: Version, pictures: Collection) -> Flags:
    """Which pictures a version learned from or was chosen by (n): the same file."""
    held = set(version.held_out()["place"].tolist())
    files = version.table()["sha256"].tolist()
    learned = {mark for place, mark in enumerate(files) if place not in held}
    return np.array([mark in learned for mark in pictures.sha256])


def causes(a: Version, b: Version) -> list[ModelChange]:
    """In what two versions were made otherwise; what each of it does to the figure was not run again."""
    found = []
    classes = [set(version.card["classes"]) for version in (a, b)]
    for n, (word, version) in enumerate((("without", b), ("with", b))):
        names = sorted(classes[n] - classes[1 - n])
        if names:
            found.append(_cause("class", f"{version} was made {word} {', '.join(names[:5])}"))
    if a.card["table"]["sha256"] != b.card["table"]["sha256"]:
        found += _of_pictures(a, b)
    before, after = a.card["recipe"], b.card["recipe"]
    for name in sorted(set(before) | set(after), key=lambda name: (name not in SETTINGS, name)):
        if before.get(name) != after.get(name):
            cause = name if name in SETTINGS else "settings"
            found.append(_cause(cause, f"{name} {before.get(name)} became {after.get(name)}"))
    old, new = a.card["libraries"], b.card["libraries"]
    changed = [
        f"{name} {old.get(name)} → {new.get(name)}" for name in sorted({*old, *new}) if old.get(name) != new.get(name)
    ]
    return [*found, _cause("library", ", ".join(changed))] if changed else found


def _of_pictures(a: Version, b: Version) -> list[ModelChange]:
    tables = [version.table() for version in (a, b)]
    labels = [dict(zip(table["sha256"], table["class"], strict=True)) for table in tables]
    both = set(labels[0]) & set(labels[1])
    gone, come = len(set(labels[0]) - both), len(set(labels[1]) - both)
    found = []
    if gone or come:
        found.append(_cause("pictures", f"{gone:,} are gone and {come:,} are new; {len(both):,} are in both"))
    renamed = sum(labels[0][mark] != labels[1][mark] for mark in both)
    if renamed:
        found.append(_cause("label", f"{renamed:,} pictures are of another class"))
    if not found and not tables[0][list(NAMED)].equals(tables[1][list(NAMED)]):
        found.append(_cause("pictures", "the same files lie in other folders, or stand more often"))
    return found


def _cause(name: str, detail: str) -> ModelChange:
    return ModelChange(name, None, None, None, detail)


def _slices(pictures: Collection, places: Any, both: list[str], one: Flags, two: Flags) -> list[Slice]:
    found = []
    for name in both:
        own = pictures.label[places] == pictures.classes.index(name)
        if own.any():
            result = accuracy_difference(one[own], two[own])
            values = float(one[own].mean()), float(two[own].mean())
            found.append(Slice("class", name, int(own.sum()), *values, result.value, result.p))
    return found


def _sentence(a: str, b: str, one: Flags, two: Flags, result: Difference) -> str:
    text = f"On the same {len(one):,} pictures {a} has accuracy {one.mean():.3g} and {b} {two.mean():.3g}"
    if result.p >= SURE:
        return f"{text}: no difference that is sure (p = {result.p:.2g})."
    return f"{text}: {result.value:+.3g} (95 %: {result.low:+.3g} to {result.high:+.3g}, p = {result.p:.2g})."
