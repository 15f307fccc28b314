"""The counts and the last score of all versions, for a monitor and for the list of models."""

from dataclasses import dataclass
from pathlib import Path

from fabwatch.models.listing import registry_of
from fabwatch.models.watching.answers import WORSE, Score
from fabwatch.models.watching.scores import kept
from fabwatch.models.watching.tally import ROWS, totals


@dataclass(frozen=True)
class Counted:
    """What a version was asked, and how it scored last."""

    model: str
    version: int
    rows: int
    odd: dict[str, int]
    score: Score | None

    @property
    def alert(self) -> bool:
        """Whether it is no better than no model."""
        return self.score is not None and self.score.verdict == WORSE


def counted_models(folder: Path) -> list[Counted]:
    """All versions of a fab, by model, the oldest first."""
    registry = registry_of(folder)
    found = []
    for name in registry.names():
        for version in registry.versions(name):
            odd = totals(version)
            rows, scores = odd.pop(ROWS), kept(version)
            found.append(Counted(name, version.number, rows, odd, scores[-1] if scores else None))
    return found
