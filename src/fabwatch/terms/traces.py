"""Answers about what a tool did: runs, what each sensor did in each step, and which runs left the path."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from fabwatch.terms.answers import Answer, Listing, plain
from fabwatch.terms.clock import iso
from fabwatch.terms.words import sentence

GAP = 3600.0
"""Seconds without a row after which the same wafer on the same tool is a new run."""
SUMMARY_COLUMNS = (
    "run", "wafer", "tool", "chamber", "recipe", "step", "sensor", "unit", "n", "mean", "std", "min", "max", "first", "last",
    "slope", "setpoint", "outside_s",
)  # fmt: skip
"""The columns that `trace summary` has had from the first; later ones follow behind."""


@dataclass(frozen=True)
class Run:
    """One wafer (or lot) on one tool."""

    run: str
    tool: str
    chamber: str | None
    """The chambers that it went through, separated by `;`."""
    recipe: str | None
    wafer: str | None
    lot: str | None
    start: datetime | None
    """None where the log only tells time since something began."""
    end: datetime | None
    rows: int
    alarms: int
    slot: str | None = None
    stage: str | None = None
    seconds: float | None = None
    labels: str | None = None
    """Words of the log that stand the same in all its rows (JSON)."""


@dataclass(frozen=True)
class Runs(Answer):
    """The runs that the logs tell of, the latest first."""

    runs: tuple[Run, ...]

    def rows(self) -> list[dict[str, Any]]:
        """One row a run."""
        return [plain(run) for run in self.runs]

    def sentence(self, language: str = "en") -> str:
        """How many runs, samples and alarms."""
        told = {"rows": sum(run.rows for run in self.runs), "alarms": sum(run.alarms for run in self.runs)}
        return sentence(language, "runs", runs=len(self.runs), tools=len({run.tool for run in self.runs}), **told)


@dataclass(frozen=True)
class Samples(Listing):
    """Rows of a log: file, byte, line, seconds, and the value of each sensor."""

    samples: tuple[dict[str, Any], ...]


@dataclass(frozen=True)
class Sensors(Listing):
    """The sensors and counters of a run."""

    sensors: tuple[str, ...]


@dataclass(frozen=True)
class StepRow:
    """What one sensor did in one step of a run."""

    run: str
    wafer: str | None
    tool: str
    chamber: str | None
    recipe: str | None
    step: str | None
    sensor: str
    unit: str | None
    n: int
    mean: float | None
    std: float | None
    """Standard deviation of a sample (n - 1)."""
    min: float | None
    max: float | None
    first: float | None
    last: float | None
    slope: float | None
    """Least squares, in units a second."""
    setpoint: float | None
    """Mean setpoint, where the log has one."""
    outside_s: float | None
    """Seconds further from the setpoint than its tolerance."""
    settle_s: float | None
    """Seconds from the begin of the step to the last sample outside the tolerance."""
    over: float | None
    """Largest departure above the setpoint."""
    under: float | None


@dataclass(frozen=True)
class StepSummary(Answer):
    """What each sensor did in each step of the runs."""

    steps: tuple[StepRow, ...]

    def rows(self) -> list[dict[str, Any]]:
        """One row a run, chamber, step and sensor."""
        return [dict(vars(row)) for row in self.steps]

    def sentence(self, language: str = "en") -> str:
        """How much that is."""
        runs, sensors = {row.run for row in self.steps}, {row.sensor for row in self.steps}
        return sentence(language, "step_summary", runs=len(runs), sensors=len(sensors), rows=len(self.steps))


@dataclass(frozen=True)
class SensorFault:
    """One sensor in one step that left the path of the good runs."""

    sensor: str
    step: str | None
    z: float
    """Departure from the good runs in robust standard deviations, of the mean or of the spread, whichever is larger."""
    sentence: str
    chamber: str | None = None
    unit: str | None = None
    kind: str = "mean"
    """mean: it ran high or low; std: it was more or less steady; of a rule the figure that it watches."""
    value: float | None = None
    usual: float | None = None
    from_s: float | None = None
    """Seconds after the begin of the step from which on it lay outside the envelope of the good runs."""
    near: int = 0
    """Good runs that come near to it."""
    of: int = 0
    rule: str | None = None
    """The rule that was switched on and says so; None for what the run is judged by as a whole."""


@dataclass(frozen=True)
class RunFault:
    """One run, judged by the others of its kind."""

    run: str
    wafer: str | None
    score: float | None
    limit: float | None
    faulty: bool
    sensors: tuple[SensorFault, ...] = ()
    tool: str = ""
    chamber: str | None = None
    recipe: str | None = None
    regime: str = ""
    """What its level is compared within: its lot, or what the names of its wafers have in common."""
    start: datetime | None = None
    exposed: int = 0
    """Wafers from this one on until a run was good again, where it is faulty."""
    still: bool = False
    """No good run has followed."""
    reasons: tuple[str, ...] = ()
    alarms: tuple[str, ...] = ()
    rules: tuple[str, ...] = ()
    """Rules that were switched on and raise an alarm here, each with its false alarms per 1,000 wafers."""


@dataclass(frozen=True)
class Faults(Answer):
    """Runs judged by their kind, the faulty ones first, those that touch most wafers on top."""

    runs: tuple[RunFault, ...]
    reference: int
    """Good runs that the others are compared with."""
    false_per_1000: float | None
    """Of 1,000 good runs so many are called faulty, each judged without itself; None without a run known to be good."""
    unjudged: tuple[str, ...] = field(default=())
    """Which runs cannot be judged, and why."""

    def rows(self) -> list[dict[str, Any]]:
        """One row a run and sensor; a run without one stands by itself."""
        found = []
        for run in self.runs:
            start = {
                name: value for name, value in plain(run).items() if name not in ("sensors", "reasons", "alarms", "rules")
            }
            names = ("sensor", "step", "z", "sentence")
            found += [start | {name: getattr(told, name, None) for name in names} for told in run.sensors or (None,)]
        return found

    def sentence(self, language: str = "en") -> str:
        """How many are faulty."""
        faulty = sum(run.faulty for run in self.runs)
        return sentence(language, "faults", faulty=faulty, runs=len(self.runs), reference=self.reference, at=iso(self.as_of))


@dataclass(frozen=True)
class TracePoint:
    """One moment of a step: the run, and the good runs around it."""

    t: float
    """Seconds after the begin of the step."""
    low: float | None
    middle: float | None
    high: float | None
    least: float | None
    """Smallest value of the run in this stretch, so that a spike of one sample is kept."""
    most: float | None
    mean: float | None


@dataclass(frozen=True)
class StepTrace:
    """One sensor in one step of a run, beside the envelope of the good runs."""

    sensor: str
    unit: str | None
    chamber: str | None
    step: str | None
    begin_s: float
    """Seconds after the begin of the run."""
    points: tuple[TracePoint, ...]


@dataclass(frozen=True)
class Trace(Answer):
    """A run against the golden trace."""

    run: str
    golden: str
    """Which good runs: how they were chosen, and how many."""
    steps: tuple[StepTrace, ...]
    alarms: tuple[dict[str, Any], ...] = ()

    def rows(self) -> list[dict[str, Any]]:
        """One row a moment."""
        return [
            {"sensor": s.sensor, "unit": s.unit, "chamber": s.chamber, "step": s.step, **vars(point)}
            for s in self.steps
            for point in s.points
        ]

    def sentence(self, language: str = "en") -> str:
        """What is compared with what."""
        return sentence(language, "trace", run=self.run, golden=self.golden, steps=len(self.steps))
