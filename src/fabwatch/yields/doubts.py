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


@dataclass(frozen=True)
class TooFewValues(Doubt):
    """Tests of which too few values of good parts are known for limits: they screen nothing."""

    tests: int
    needed: int
    first: str


@dataclass(frozen=True)
class HalfEqual(Doubt):
    """Tests of which at least half of the values are equal, though not all: their quartiles give no limits."""

    tests: int
    first: str


@dataclass(frozen=True)
class SeveralGroups(Doubt):
    """Tests whose limits would reject more good parts than outliers can be: their values fall into several groups."""

    tests: int
    share: float
    first: str


@dataclass(frozen=True)
class UnscreenedWafers(Doubt):
    """Tests of single wafers without limits of their own, counted by why: few values, no spread, several groups."""

    few: int
    flat: int
    groups: int


@dataclass(frozen=True)
class FewLots(Doubt):
    """Static limits rest on good parts of fewer lots than AEC-Q001 asks for."""

    lots: int
    needed: int


@dataclass(frozen=True)
class OffTheWafer(Doubt):
    """Places would lie outside of the wafer by the layout of the product: its sizes or its centre do not fit."""

    places: int
    wafer_mm: float
