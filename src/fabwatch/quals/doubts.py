"""What makes a forecast doubtful."""

from dataclasses import dataclass

from fabwatch.terms.doubts import Doubt


@dataclass(frozen=True)
class TooFewFailures(Doubt):
    """Very few failures are on record for this tool and its sister tools, so the window rests on little."""

    failures: int
    needed: int


@dataclass(frozen=True)
class NoQual(Doubt):
    """No qual of this tool is on record; the forecast rests on its sister tools."""


@dataclass(frozen=True)
class OnlyFailed(Doubt):
    """The tool failed every qual on record, so when it was last good is not known."""


@dataclass(frozen=True)
class NoRestore(Doubt):
    """No restore is on record; the age is counted from the first move."""


@dataclass(frozen=True)
class NoPace(Doubt):
    """Nothing ran recently, so the window is in wafers and has no days."""


@dataclass(frozen=True)
class FailedNow(Doubt):
    """The last qual failed, and no restore is on record since."""


@dataclass(frozen=True)
class Contradictory(Doubt):
    """A qual both passed and failed at the same time; the fail counts."""

    times: int


@dataclass(frozen=True)
class Extrapolated(Doubt):
    """The window ends far beyond the longest age on record, where nothing was ever observed."""

    beyond: float


@dataclass(frozen=True)
class Overdue(Doubt):
    """The last qual is much older than the usual interval: perhaps quals are missing in the data."""

    since: float
    usual: float


@dataclass(frozen=True)
class PlannedLate(Doubt):
    """Maintenance was planned for a day that has passed, and no restore is on record since: the plan is not used."""

    days: float


@dataclass(frozen=True)
class PlannedEarly(Doubt):
    """Maintenance is planned shortly after a restore that was perhaps this work, done early: the plan is not used."""

    planned: str


@dataclass(frozen=True)
class LimitMoved(Doubt):
    """The limit of the reading has changed: a failure before meant something else than one now."""

    before: float
    now: float


@dataclass(frozen=True)
class MixedUnits(Doubt):
    """Readings are in several units: those in another one than most are left out."""

    units: str


@dataclass(frozen=True)
class FutureDate(Doubt):
    """The question is for a time in the future; what happens until then is not known."""
