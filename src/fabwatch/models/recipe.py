"""All that a version was made by: with its table it makes the same file again."""

from dataclasses import asdict, dataclass, replace
from typing import Any, Literal

LearnerName = Literal["linear", "boosted", "trees"]
WORDS: dict[str, str] = {
    "linear": "a sum of slopes (ridge)",
    "boosted": "a sum of curves (explainable boosting machine)",
    "trees": "boosted trees (LightGBM)",
}


@dataclass(frozen=True)
class Candidate:
    """One way to learn."""

    learner: LearnerName
    settings: tuple[tuple[str, float], ...]
    recent: bool = False
    """Whether numbers are taken as departures from the rows before."""

    @property
    def name(self) -> str:
        """In words."""
        how = ", ".join(f"{name} {value:g}" for name, value in self.settings)
        return f"{self.learner} ({how}{', as departures from the rows before' if self.recent else ''})"


@dataclass(frozen=True)
class Recipe:
    """What was asked for, and what was chosen."""

    target: str
    time: str | None = None
    group: str | None = None
    positive: str | None = None
    cost: float | None = None
    """A missed positive costs so many false alarms."""
    held_out: float = 0.25
    seed: int = 0
    keep: tuple[str, ...] = ()
    leave: tuple[str, ...] = ()
    rising: tuple[str, ...] = ()
    """Columns with which the answer may only rise."""
    falling: tuple[str, ...] = ()
    learner: LearnerName | None = None
    """Asked for; None for the best one that explains itself."""
    candidate: Candidate | None = None
    """Chosen; None before."""

    def plain(self) -> dict[str, Any]:
        """As plain data."""
        return asdict(self)

    def with_candidate(self, candidate: Candidate) -> "Recipe":
        """The same with what was chosen."""
        return replace(self, candidate=candidate)


def recipe_from(plain: dict[str, Any]) -> Recipe:
    """The recipe that `Recipe.plain` gave."""
    chosen = plain.get("candidate")
    lists = {name: tuple(plain[name]) for name in ("keep", "leave", "rising", "falling")}
    candidate = None
    if chosen is not None:
        settings = tuple((str(name), float(value)) for name, value in chosen["settings"])
        candidate = Candidate(chosen["learner"], settings, bool(chosen["recent"]))
    return Recipe(**{**plain, **lists, "candidate": candidate})
