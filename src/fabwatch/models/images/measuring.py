"""The figures of a version of pictures, and what a reader should doubt."""

from collections import Counter, defaultdict
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fabwatch.models.images.collection import Collection
from fabwatch.models.images.splitting import Parts
from fabwatch.models.measures import COVERAGE, Truth, calibration, figures, floor, plain_numbers
from fabwatch.stats.discrimination import auc_interval
from fabwatch.stats.intervals import of_share

FEW = 20
TELLS = 0.9
"""How well the form of a file may tell the class before that is doubted."""
SHOWN = 3
Labels = NDArray[np.int64]
Chances = NDArray[np.float64]


def truth_of(label: Labels, classes: tuple[str, ...]) -> Truth:
    """What pictures show."""
    return Truth("classes", classes, label.astype(np.float64))


def measured(label: Labels, chances: Chances, classes: tuple[str, ...]) -> dict[str, Any]:
    """Accuracy with its exact interval, macro F1, recall by class with intervals, confusions, calibration; AUC of two."""
    found = figures(truth_of(label, classes), chances)
    named = chances.argmax(1)
    for place, name in enumerate(classes):
        of = int((label == place).sum())
        hits = int(((label == place) & (named == place)).sum())
        low, high = of_share(hits, of, COVERAGE) if of else (None, None)
        found["per_class"][name] |= {"recall_low": low, "recall_high": high}
    found["confusion"] = confusion(label, named, len(classes))
    found["calibration"] = calibration(named == label, chances.max(1))
    if len(classes) == 2 and len(np.unique(label)) == 2:
        area = auc_interval(label == 1, chances[:, 1], COVERAGE)
        found |= {"auc": area.value, "auc_low": area.low, "auc_high": area.high}
    return plain_numbers(found)


def confusion(label: Labels, named: Labels, classes: int) -> list[list[int]]:
    """How many pictures of each class (row) were taken for each (column)."""
    table = np.zeros((classes, classes), np.int64)
    np.add.at(table, (label, named), 1)
    return [[int(count) for count in row] for row in table]


def without_model(label: Labels, known: Labels, classes: tuple[str, ...]) -> dict[str, Any]:
    """The most frequent class of those that were learned from."""
    return floor(truth_of(label, classes), truth_of(known, classes), None)


def doubts_of(
    pictures: Collection, parts: Parts, held: dict[str, Any], contrast: dict[str, Any], base: dict[str, Any], hurried: bool
) -> list[str]:
    """What a reader should know before believing it."""
    found = []
    if parts.kind == "random":
        found.append(
            "no folders within the classes name a lot or another group: pictures were held out at random, which flatters "
            "where they hang together"
        )
    few = [name for name, own in held["per_class"].items() if own["rows"] < FEW]
    if few:
        found.append(f"fewer than {FEW} pictures are held out of {_listed(few)}: these figures are uncertain")
    if held["low"] <= base["value"]:
        found.append(f"it is not surely better than what needs no model ({base['by']})")
    if parts.kind == "by group" and contrast["value"] > held["high"]:
        found.append("pictures held out at random do better than those of other groups: part of it is what a group shares")
    found += [f"{text} under two classes: one label is wrong" for text in _contradictions(pictures)]
    if parts.copies:
        found.append(f"{parts.copies:,} pictures are the same as another one: they stay on its side")
    if parts.plain:
        found.append("many pictures look alike when drawn small: nearly equal ones could not be kept on one side")
    form = _form_tells(pictures)
    if form is not None:
        found.append(f"format and size of the file alone tell the class in {form:.0%}: look whether the cameras differ")
    if hurried:
        found.append("it was still learning when the time was over (--minutes); the same call may make another file")
    if pictures.set_aside:
        first = pictures.set_aside[0]
        found.append(f"{len(pictures.set_aside):,} files were set aside, such as {first.column}: {first.why}")
    return found


def _contradictions(pictures: Collection) -> list[str]:
    """Pictures that stand under two classes, named."""
    places: dict[str, list[int]] = defaultdict(list)
    for place, mark in enumerate(pictures.marks):
        places[mark].append(place)
    found = [own for own in places.values() if len({int(pictures.label[n]) for n in own}) > 1]
    named = [f"the same picture is {' and '.join(pictures.names[n] for n in own[:2])}," for own in found[:SHOWN]]
    more = len(found) - SHOWN
    return [*named, f"{more:,} more pictures stand"] if more > 0 else named


def _form_tells(pictures: Collection) -> float | None:
    """The share of pictures whose class the form of the file tells; None where that is no surprise."""
    by_form: dict[str, Counter[int]] = defaultdict(Counter)
    for form, label in zip(pictures.forms, pictures.label.tolist(), strict=True):
        by_form[form][label] += 1
    if len(by_form) > len(pictures) / 5:
        return None
    right = sum(max(counts.values()) for counts in by_form.values()) / len(pictures)
    most = float(np.bincount(pictures.label).max()) / len(pictures)
    return right if right >= TELLS and right > (1 + most) / 2 else None


def _listed(names: list[str]) -> str:
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return ", ".join(names[:SHOWN]) + more
