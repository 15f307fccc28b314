"""What a page shows of a picture: what the network saw of it, and the learned pictures that are like it."""

from dataclasses import dataclass

import numpy as np

from fabwatch.models.answers import Predictions
from fabwatch.models.images.memory import FILE
from fabwatch.models.images.predicting import ReadyPictures, predict
from fabwatch.models.images.reading import picture_of, png_of
from fabwatch.terms.answers import Header


@dataclass(frozen=True)
class Looked:
    """One picture with its answer; all pictures are PNG files."""

    answer: Predictions
    picture: bytes
    similar: tuple[bytes, ...]


def look_at(ready: ReadyPictures, content: bytes, name: str, header: Header, language: str = "en") -> Looked:
    """What a version says of a picture, with what it saw. Raises CannotPredict for what is no picture."""
    answer = predict(ready, [(name, content)], header, heat=True, language=language)
    drawn = picture_of(content, name, ready.size).pixels
    places = [one.place for one in answer.predictions[0].similar or ()]
    with np.load(ready.version.folder / FILE, allow_pickle=False) as arrays:
        rows = np.searchsorted(arrays["place"], places)
        thumbs = arrays["thumbs"][rows]
    return Looked(answer, png_of(drawn), tuple(png_of(thumb) for thumb in thumbs))
