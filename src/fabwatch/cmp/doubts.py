"""What makes a polish time or a removal rate doubtful."""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from fabwatch.terms.doubts import Doubt


@dataclass(frozen=True)
class FewResults(Doubt):
    """The group of tool, head, product and stage has very few measured wafers."""

    needed: int
    results: int


@dataclass(frozen=True)
class ConsumableChanged(Doubt):
    """A pad or another consumable was changed, and very few wafers were measured since."""

    results: int
    changed_at: datetime


@dataclass(frozen=True)
class ConsumableReset(Doubt):
    """A counter of a consumable was reset since the run before, so a part was probably changed."""

    code: ClassVar[str] = "ConsumableChanged"
    counters: str


@dataclass(frozen=True)
class CounterFell(Doubt):
    """A counter of the tool was reset, but no change of a consumable is on record at that time."""

    counter: str
    before: float
    after: float
    at: str


@dataclass(frozen=True)
class RateJumped(Doubt):
    """The last two results are beyond the noise on the same side; the level follows them."""


@dataclass(frozen=True)
class OneAstray(Doubt):
    """The last result is beyond the noise; the next wafer will show whether the rate has changed."""


@dataclass(frozen=True)
class OldResults(Doubt):
    """The last result is many days old."""

    days: float


@dataclass(frozen=True)
class TwoResults(Doubt):
    """Some of the last wafers have two results that disagree; their mean is used."""

    wafers: int


@dataclass(frozen=True)
class NoRate(Doubt):
    """Some rows of metrology have no rate, or a film that did not get thinner; they are not used."""

    rows: int


@dataclass(frozen=True)
class UnitUnstated(Doubt):
    """The files do not state the unit of the thickness."""


@dataclass(frozen=True)
class ShortPolish(Doubt):
    """A rework polish is short, and a polish starts slower than it goes on."""


@dataclass(frozen=True)
class NoSpread(Doubt):
    """The spread of the removal rate is not known, so there is no interval."""


@dataclass(frozen=True)
class StepLimited(Doubt):
    """The polish time would change by more than the largest allowed step, and was limited to it."""

    needed: float
    step: float
    last: float


@dataclass(frozen=True)
class Bounded(Doubt):
    """The polish time would be outside its allowed range, and was limited to it."""

    needed: float
    least: float
    most: float


@dataclass(frozen=True)
class NewGroup(Doubt):
    """A group of tool, stage and chambers has too few results for its rate to be predicted from logs."""

    needed: int
    results: int


@dataclass(frozen=True)
class LogUnlike(Doubt):
    """A figure of the run's log is far from all runs before."""

    figure: str
    deviations: float


@dataclass(frozen=True)
class LongGap(Doubt):
    """Nothing of this group ran for a long time before this run."""

    hours: float
