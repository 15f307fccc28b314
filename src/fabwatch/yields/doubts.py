"""What makes a yield, or what is made of it, doubtful."""

from dataclasses import dataclass

from fabwatch.terms.doubts import Doubt


@dataclass(frozen=True)
class TestedAgain(Doubt):
    """Places were tested more than once, and the file does not say that those were retests: each result counts."""

    places: int
    wafers: int


@dataclass(frozen=True)
class OddFiles(Doubt):
    """Something is odd about files of results, such as a file that was cut or counts other parts than it holds."""

    files: int
    first: str


@dataclass(frozen=True)
class NoHistory(Doubt):
    """Wafers that were tested are in no move, so what they ran on is not known."""

    wafers: int


@dataclass(frozen=True)
class ByLot(Doubt):
    """The moves name only the lots of these wafers: what their lot ran on counts for each of them."""

    wafers: int


@dataclass(frozen=True)
class TooFewLots(Doubt):
    """The bad wafers are of fewer lots than a comparison needs: anything that those lots share would look like a cause."""

    lots: int
    needed: int


@dataclass(frozen=True)
class OtherNames(Doubt):
    """Some of the names are of no wafer or lot that is known; they were left out."""

    names: int
    first: str


@dataclass(frozen=True)
class TooWide(Doubt):
    """The places of these maps lie too far apart for a picture or a pattern: a place in the file may be wrong."""

    maps: int


@dataclass(frozen=True)
class LotsApart(Doubt):
    """A group shares no lot with the control, or one wafer each: their difference may be that of the lots."""

    group: str
