"""Which labelled maps train, which choose and which report, by content, so that copies never lie on two sides."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fabwatch.yields.patterns.collection import Collection

REPORT_SHARE = 16
"""One part in so many of the training file is kept out of training and of every choice, to report on."""


@dataclass(frozen=True)
class Split:
    """Places in the training file: what is learned from, and what only reports; and what was left out."""

    learn: NDArray[np.int64]
    report: NDArray[np.int64]
    copies: int
    conflicting: int
    in_validation: int


def split(train: Collection, validation: Collection) -> Split:
    """One of each content; none with two labels, none that is also in the validation file."""
    hashes = train.hashes()
    elsewhere = set(validation.hashes())
    labels: dict[bytes, set[int]] = {}
    for content, label in zip(hashes, train.label, strict=True):
        labels.setdefault(content, set()).add(int(label))
    seen: set[bytes] = set()
    parts: dict[str, list[int]] = {"learn": [], "report": [], "copies": [], "conflicting": [], "in_validation": []}
    for place, content in enumerate(hashes):
        parts[_part(content, labels[content], content in elsewhere, content in seen)].append(place)
        seen.add(content)
    learn, report = (np.array(parts[name], np.int64) for name in ("learn", "report"))
    return Split(learn, report, len(parts["copies"]), len(parts["conflicting"]), len(parts["in_validation"]))


def _part(content: bytes, labels: set[int], elsewhere: bool, seen: bool) -> str:
    if len(labels) > 1:
        return "conflicting"
    if elsewhere:
        return "in_validation"
    if seen:
        return "copies"
    return "learn" if content[0] % REPORT_SHARE else "report"
