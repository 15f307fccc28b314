"""Why runs cannot be compared."""

from dataclasses import dataclass

from fabwatch.terms.doubts import Doubt


@dataclass(frozen=True)
class TooFewRuns(Doubt):
    """Too few comparable runs are on record to tell which of them deviate."""

    kind: str
    needed: int
    runs: int
