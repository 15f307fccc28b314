"""Answers about polishing: polish times, removal rates, replays of the history, and the predicted rate of a run."""

import hashlib
from dataclasses import dataclass, replace
from datetime import datetime

from fabwatch.terms.answers import Answer, Json, Listing, Row, plain
from fabwatch.terms.doubts import Doubt, joined
from fabwatch.terms.errors import CannotPolish
from fabwatch.terms.words import sentence


@dataclass(frozen=True)
class PolishTime:
    """How long to polish one wafer, how sure that is, and why."""

    seconds: float
    low: float | None
    """Shortest time that may be needed; None if the spread is not known."""
    high: float | None
    coverage: float
    rate: float
    rate_unit: str
    predicted_after: float
    """Thickness after that time, in the unit of the question."""
    p_out_of_spec: float | None
    """Chance of ending outside the limits; None without limits or spread."""
    reason: str
    doubts: tuple[Doubt, ...] = ()
    unit: str = "angstrom"
    incoming: float = 0.0
    target: float = 0.0
    tool: str | None = None
    head: str | None = None
    product: str | None = None
    wafer: str | None = None
    controller: str | None = None
    rework: bool = False

    def to_dict(self) -> Json:
        """The answer as plain values, for JSON."""
        # Already plain, and there may be ten thousand of them.
        return {**vars(self), "doubts": [str(doubt) for doubt in self.doubts]}

    def rows(self) -> list[Row]:
        """One row."""
        return [{**self.to_dict(), "doubts": joined(self.doubts)}]


@dataclass(frozen=True)
class Refusal:
    """Why a wafer cannot be polished, and the way out."""

    what: str
    hint: str

    def line(self) -> str:
        """Both in one line."""
        return f"{self.what} {self.hint}"


@dataclass(frozen=True)
class PolishTimes:
    """How long to polish each of several wafers, or why a wafer cannot be polished."""

    wafers: tuple[PolishTime | None, ...]
    refused: tuple[Refusal | None, ...]
    """Why a wafer cannot be polished; None for the others."""

    def only(self) -> PolishTime:
        """The time of the only wafer. Raises CannotPolish."""
        refusal = self.refused[0]
        if refusal is not None:
            raise CannotPolish(refusal.what, refusal.hint)
        time = self.wafers[0]
        assert time is not None, "a wafer has a time or a refusal"  # noqa: S101 - made that way
        return time

    def to_dict(self) -> Json:
        """The answer as plain values, for JSON."""
        return {
            "wafers": [time and time.to_dict() for time in self.wafers],
            "refused": [refusal and refusal.line() for refusal in self.refused],
        }


@dataclass(frozen=True)
class RateState:
    """The removal rate of one tool, head, product and stage."""

    tool: str
    head: str | None
    product: str | None
    stage: str | None
    rate: float
    rate_unit: str
    spread: float | None
    """Standard deviation of the next wafer's rate around it."""
    drift: float
    """Change per wafer."""
    age: int
    """Wafers since the last change of a consumable, or since the first on record."""
    since_change: float | None
    """Relative change of the rate since the first wafers after that change."""
    changed_at: datetime | None
    measured: int
    """Number of results it is based on."""
    last_wafer: str | None
    last_rate: float | None
    last_at: datetime | None
    controller: str
    reason: str
    doubts: tuple[Doubt, ...] = ()


@dataclass(frozen=True, repr=False)
class Rates(Answer):
    """The current removal rate of every tool, head, product and stage."""

    groups: tuple[RateState, ...]
    unplaced: int = 0
    """Metrology rows without a tool and a run, or measured before their run: they are not used."""

    def rows(self) -> list[Row]:
        """One row per group."""
        return [{**plain(group), "doubts": joined(group.doubts)} for group in self.groups]

    def sentence(self, language: str = "en") -> str:
        """How many groups there are, and how many have doubts."""
        doubted = sum(bool(group.doubts) for group in self.groups)
        text = sentence(language, "rates", groups=len(self.groups), doubted=doubted)
        return text + (sentence(language, "rates_unplaced", rows=self.unplaced) if self.unplaced else "")


@dataclass(frozen=True)
class Controlled:
    """How well one controller would have chosen the times."""

    name: str
    sigma: float | None
    """Standard deviation of the final thickness from its target, or of the rate from the measured one if only rates are
    known."""
    bias: float | None
    rework: int | None
    """Wafers that would have been too thick; None without limits."""
    n: int
    scrap: int | None = None
    """Wafers that would have been too thin."""


@dataclass(frozen=True, repr=False)
class Replayed(Answer):
    """What each controller would have done on the fab's own history, and what happened."""

    of: str
    """thickness, or rate where no thickness is known."""
    unit: str | None
    controllers: tuple[Controlled, ...]
    happened: Controlled
    groups: tuple[Row, ...]
    """The best controller in each group."""

    def rows(self) -> list[Row]:
        """One row per controller, then what happened."""
        return [plain(controller) for controller in (*self.controllers, self.happened)]

    def sentence(self, language: str = "en") -> str:
        """The best controller, compared with what happened."""
        scored = [controller for controller in self.controllers if controller.sigma is not None]
        if not scored:
            return sentence(language, "replay_nothing")
        best = min(scored, key=lambda controller: controller.sigma or 0.0)
        unit = f" {self.unit}" if self.unit else ""
        if self.happened.sigma is None:
            return sentence(language, "replay_rate", name=best.name, sigma=best.sigma, unit=unit, n=best.n)
        return sentence(language, "replay", name=best.name, sigma=best.sigma, was=self.happened.sigma, unit=unit, n=best.n)


@dataclass(frozen=True)
class PredictedRate:
    """The removal rate of one run, from its log and the metrology that had arrived before it ended."""

    run: str
    wafer: str | None
    stage: str | None
    chamber: str | None
    predicted: float | None
    low: float | None
    high: float | None
    coverage: float
    doubts: tuple[Doubt, ...]
    measured: float | None = None
    """The rate measured later, if it was measured."""
    last: float | None = None
    """The last known value of its group."""
    by: str = ""
    """How it was predicted: the heaviest of the mixed members."""
    known: int = 0
    """Results of its group that had arrived."""


@dataclass(frozen=True, repr=False)
class RateModel(Answer):
    """The model of the removal rate as an ONNX file, which gives the same results elsewhere."""

    onnx: bytes
    groups: tuple[str, ...]
    """The tools, stages and chambers it knows."""
    features: tuple[str, ...]
    """Its inputs from a log, in order."""
    coverage: float
    compared: int
    """Number of rows compared with the results of fabwatch: real runs, runs with missing values, and unknown groups."""
    largest: float
    """Largest relative difference among them."""

    def to_dict(self) -> Json:
        """The answer as plain data, with size and hash of the file instead of the file."""
        model = replace(self, onnx=b"")
        file = {"bytes": len(self.onnx), "sha256": hashlib.sha256(self.onnx).hexdigest(), "sentence": self.sentence()}
        return {name: value for name, value in plain(model).items() if name != "onnx"} | file

    def rows(self) -> list[Row]:
        """One row per group."""
        return [{"group": group, "features": len(self.features), "coverage": self.coverage} for group in self.groups]

    def sentence(self, language: str = "en") -> str:
        """What it knows, and how it compares."""
        known = {"groups": len(self.groups), "features": len(self.features), "size": len(self.onnx)}
        return sentence(language, "rate_model", compared=self.compared, largest=self.largest, **known)


@dataclass(frozen=True, repr=False)
class PredictedRates(Answer):
    """Removal rates of runs, in order of time."""

    runs: tuple[PredictedRate, ...]
    groups: tuple[Row, ...]
    """Accuracy by group: runs, error compared with using the last value, share of intervals that held."""
    learning: tuple[Row, ...] = ()
    """Learning curves: the same by how many results of the group were known, from `known` to `known_to`; None: no end."""

    def rows(self) -> list[Row]:
        """One row per run."""
        return [{**plain(run), "doubts": joined(run.doubts)} for run in self.runs]

    def sentence(self, language: str = "en") -> str:
        """How accurate they were, and how many intervals held."""
        scored = [
            run for run in self.runs if run.measured is not None and run.predicted is not None and run.last is not None
        ]
        if not scored:
            return sentence(language, "predicted_nothing", runs=len(self.runs))
        error = float(sum((run.predicted - run.measured) ** 2 for run in scored))  # type: ignore[operator,misc]
        naive = float(sum((run.last - run.measured) ** 2 for run in scored))  # type: ignore[operator,misc]
        bounded = [run for run in scored if run.low is not None and run.high is not None]
        held = sum(bool(run.low <= run.measured <= run.high) for run in bounded)  # type: ignore[operator]
        share = held / len(bounded) if bounded else 0.0
        return sentence(
            language, "predicted", n=len(scored), error=error / len(scored), naive=naive / len(scored), held=share
        )


@dataclass(frozen=True)
class RateTrend:
    """The measured rate of one group, wafer by wafer, and the wafers before which a consumable was changed."""

    name: str
    unit: str
    rates: tuple[float, ...]
    changes: tuple[int, ...]


@dataclass(frozen=True)
class RateTrends(Listing):
    """The trends of all groups."""

    groups: tuple[RateTrend, ...]


@dataclass(frozen=True)
class PolishAdvice:
    """One recorded polish time."""

    advised_at: datetime
    tool: str
    chamber: str | None
    product: str | None
    lot: str | None
    wafer: str | None
    asked: Json
    answer: Json
    known: Json
    chosen_s: float | None
    who: str
    reason: str
    seq: int


@dataclass(frozen=True)
class Advices(Listing):
    """Recorded polish times, the latest first."""

    advices: tuple[PolishAdvice, ...]

    def rows(self) -> list[Row]:
        """One row per recorded time, with the seconds that were advised."""
        names = ("advised_at", "tool", "chamber", "product", "lot", "wafer")
        return [
            {name: plain(getattr(advice, name)) for name in names}
            | {"advised_s": advice.answer["seconds"], "chosen_s": advice.chosen_s}
            | {"who": advice.who, "reason": advice.reason}
            for advice in self.advices
        ]
