"""Pictures of a wafer by place: where parts fail, the mean of a test, and how far two groups lie apart."""

from collections.abc import Callable, Sequence
from typing import TypeVar

from fabwatch.fab.answers import Place, SplitPlace
from fabwatch.terms.answers import Json

MOST_PLACES = 6_000
"""Places of a map that a page draws."""
P = TypeVar("P", Place, SplitPlace)


def wafer_picture(places: Sequence[Place]) -> Json | None:
    """The places of a stacked map, each with how dark it is; None where they are none, or too many to be drawn."""
    most = max((1 - place.yield_ for place in places), default=0.0) or 1.0
    return _picture(places, lambda place: (1 - place.yield_) / most, most=most)


def mean_picture(places: Sequence[Place]) -> Json | None:
    """The places of a stacked map, each with where its mean of a test lies between the lowest and the highest."""
    means = {(place.x, place.y): place.mean for place in places if place.mean is not None}
    measured = [place for place in places if (place.x, place.y) in means]
    low, high = min(means.values(), default=0.0), max(means.values(), default=0.0)
    span = (high - low) or 1.0
    return _picture(measured, lambda place: (means[place.x, place.y] - low) / span, low=low, high=high)


def difference_picture(places: Sequence[SplitPlace], group: str) -> Json | None:
    """The places of the wafer, each with how far the yield of the group lies above or below that of the control."""
    own = [place for place in places if place.group == group]
    most = max((abs(place.difference) for place in own), default=0.0) or 1.0
    return _picture(own, lambda place: abs(place.difference) / most, most=most)


def _picture(places: Sequence[P], strength: Callable[[P], float], **figures: float) -> Json | None:
    """Each place from the upper left, with the strength of its colour."""
    if not places or len(places) > MOST_PLACES:
        return None
    left, right = min(place.x for place in places), max(place.x for place in places)
    low, high = min(place.y for place in places), max(place.y for place in places)
    cells = [(place.x - left, high - place.y, round(strength(place), 3), place) for place in places]
    return {"box": f"-0.5 -0.5 {right - left + 2} {high - low + 2}", "cells": cells, **figures}
