"""Answers about screens: what each would cost in good parts."""

from dataclasses import dataclass

from fabwatch.terms.answers import Answer, Row, plain
from fabwatch.terms.doubts import Doubt
from fabwatch.terms.words import sentence

STATIC, DYNAMIC, NEIGHBOURS = "static PAT", "dynamic PAT", "bad neighbourhood"


@dataclass(frozen=True)
class Screen:
    """One screen, of one test or by place, and the good parts that it would reject."""

    screen: str
    """`static PAT`, `dynamic PAT` or `bad neighbourhood`."""
    product: str | None
    insertion: str | None
    test: int | None
    """The test; None for a screen by place."""
    pin: int | None
    name: str | None
    unit: str | None
    lower: float | None
    """Values below it are outside; of the limits of wafers the median."""
    upper: float | None
    n: int
    """Values of good parts that the screen looks at; by place good parts."""
    parts: int
    """Good parts that it would reject."""
    share: float
    """Of all good parts of the product at that insertion."""
    wafers: int
    """Wafers that the rejected parts are of; lots of packaged parts count as wafers."""
    lots: int


@dataclass(frozen=True)
class ScreenTotal:
    """What all screens together would cost: a part that several reject counts once."""

    good: int
    parts: int
    share: float | None
    wafers: int
    lots: int
    static: int
    """Parts that static PAT rejects."""
    dynamic: int
    neighbourhood: int


@dataclass(frozen=True, repr=False)
class Screens(Answer):
    """What outlier screens would cost, the dearest first."""

    retests: str
    neighbours: int
    """Of eight places around a part so many have to fail for a bad neighbourhood."""
    screens: tuple[Screen, ...]
    total: ScreenTotal
    doubts: tuple[Doubt, ...] = ()

    def rows(self) -> list[Row]:
        """One row per screen."""
        return [plain(row) for row in self.screens]

    def sentence(self, language: str = "en") -> str:
        """How many good parts the screens would reject, and what is in doubt."""
        total = self.total
        if total.share is None:
            return sentence(language, "yield_none")
        text = sentence(language, "screens", **vars(total))
        return text + "".join(f" {doubt.sentence(language)}" for doubt in self.doubts)
