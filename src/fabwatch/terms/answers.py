"""Answers: frozen objects that the command line, Python, the API and the pages all use."""

import dataclasses
from abc import ABC, abstractmethod
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from fabwatch.terms.clock import iso
from fabwatch.terms.words import sentence

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class How:
    """How an answer was computed: its rules in words, and the SQL that was run."""

    method: str
    sql: str
    snapshot: int
    """Version of the data that was read; the same version gives the same answer."""


@dataclass(frozen=True)
class Exposure:
    """Wafers at risk on one tool or chamber for one qual type, or in a whole area or tool type."""

    area: str | None
    tool_type: str | None
    tool: str | None
    chamber: str
    qual_type: str | None
    since: datetime | None
    bounded: bool
    level: str
    wafers: int
    passes: int
    """Wafer passes: a move of a lot of 25 wafers is 25."""
    lots: int
    limit: int | None
    status: str
    failed_at: datetime | None = None
    """The latest failed qual without a good one after it."""
    suspect_quals: int = 0
    """Recent failed quals that passed again without a restore; the wafers before them are suspect (rule 8)."""
    suspect_wafers: int | None = None
    """How many wafers that is; counted only for a single tool, because it reads far back."""
    tools: int = 1
    moves: int = 0
    """Moves that brought them: fewer than passes where a move is of a whole lot."""
    distinct_wafers: int | None = None
    """In an area or type: each wafer counted once, even if it is at risk on several tools."""


@dataclass(frozen=True)
class Whereabouts:
    """The last move of a wafer or lot, anywhere in the fab."""

    tool: str | None
    area: str | None
    step: str | None
    end_at: datetime | None


@dataclass(frozen=True)
class NextCheck:
    """The next step of the route that checks wafers, and how many steps away it is."""

    step: str
    steps_away: int


@dataclass(frozen=True)
class Contained:
    """One wafer or lot to hold."""

    wafer: str | None
    lot: str | None
    wafers: int
    passes: int
    first_end: datetime
    last_end: datetime
    now: Whereabouts
    next_check: NextCheck | None = None
    moves: int = 0
    p_after_fault: float | None = None
    """Chance that it ran after the hidden failure began, estimated from the wear of the tool."""


@dataclass(frozen=True)
class Held:
    """One wafer or lot of the shorter hold list."""

    wafer: str | None
    lot: str | None
    wafers: int
    p_after_fault: float


@dataclass(frozen=True)
class Hold:
    """The shortest list expected to contain `part` of the bad wafers, and how many wafers need no hold."""

    part: float
    wafers: int
    spares: int
    expected_bad: float
    """Wafers of the whole containment that are expected to be bad."""
    items: tuple[Held, ...]


@dataclass(frozen=True)
class Look:
    """One interval between two quals, and the chance that the fault began in it (rule 12)."""

    since: datetime | None
    until: datetime
    wafers: int
    probability: float


Header = tuple[datetime, datetime | None, bool, How, str | None]
"""The first five fields of every answer, in their order."""


@dataclass(frozen=True)
class Answer(ABC):
    """What every answer carries: the times it is for, whether its data is made up, and how it was computed."""

    as_of: datetime
    known_at: datetime | None
    demo: bool
    how: How
    as_of_reason: str | None
    """Why it is as of that time if none was stated: the record ended then. None if it is as of now."""

    @property
    def header(self) -> Header:
        """The first fields of another answer for the same view."""
        return self.as_of, self.known_at, self.demo, self.how, self.as_of_reason

    def to_dict(self) -> dict[str, Any]:
        """The answer as plain data with ISO times: what `--json` prints."""
        return {**plain(self), "sentence": self.sentence()}

    @abstractmethod
    def rows(self) -> list[dict[str, Any]]:
        """The flat table of the answer: what `--csv` prints."""

    @abstractmethod
    def sentence(self, language: str = "en") -> str:
        """One sentence that a supervisor can read."""

    def df(self) -> "pd.DataFrame":
        """The flat table as a data frame; times are datetimes in UTC."""
        import pandas as pd

        frame = pd.DataFrame(self.rows())
        for name in frame.columns:
            if name in TIME_COLUMNS:
                frame[name] = pd.to_datetime(frame[name], utc=True)
        return frame


@dataclass(frozen=True)
class Listing:
    """A plain list as an answer, with nothing computed: its only field holds the rows."""

    def to_dict(self) -> dict[str, Any]:
        """The list as plain data with ISO times."""
        return dict(plain(self))

    def rows(self) -> list[dict[str, Any]]:
        """One row per item."""
        return [row for items in self.to_dict().values() for row in items]


@dataclass(frozen=True)
class Total:
    """Totals of the selection. A tool counts with its largest qual type, because all types watch the same wafers."""

    wafers: int
    tools: int
    """Tools with wafers at risk since a good qual."""
    never: int
    """Tools without a good qual on record, so without a start; they are not in `wafers`."""
    most: str | None
    most_wafers: int


TIME_COLUMNS = frozenset({"since", "until", "failed_at", "first_end", "last_end", "now_end_at", "last_look_at"})


@dataclass(frozen=True)
class Risk(Answer):
    """Which wafers are at risk now, per tool, chamber and qual type."""

    by: str
    total: Total
    tools: tuple[Exposure, ...] = ()

    def rows(self) -> list[dict[str, Any]]:
        """One row per exposure."""
        return [plain(row) for row in self.tools]

    def sentence(self, language: str = "en") -> str:
        """How many wafers on how many tools, and the worst tool."""
        total = self.total
        as_of = iso(self.as_of)
        text = sentence(language, "risk_none", as_of=as_of)
        if total.tools:
            most = f"{total.most} ({total.most_wafers:,})"
            text = sentence(language, "risk", wafers=total.wafers, tools=total.tools, as_of=as_of, worst=most)
        text += sentence(language, "risk_never", never=total.never) if total.never else ""
        return text + (sentence(language, "lot") if any(row.level == "lot" for row in self.tools) else "")


@dataclass(frozen=True)
class Containment(Answer):
    """Which wafers and lots ran between the last good qual and the failed one, and where they are now."""

    tool: str
    chamber: str
    qual_type: str
    since: datetime | None
    until: datetime
    bounded: bool
    level: str
    wafers: int
    passes: int
    lots: int
    items: tuple[Contained, ...]
    last_good: datetime | None = None
    """The last good qual; `since` is earlier if the qual can miss faults."""
    looks: tuple[Look, ...] = ()
    hold_90: Hold | None = None
    moves: int = 0

    def rows(self) -> list[dict[str, Any]]:
        """One row per item: a hold list."""
        rows = []
        for item in self.items:
            row = plain(item)
            row |= {f"now_{key}": value for key, value in row.pop("now").items()}
            check = row.pop("next_check") or {}
            row |= {"next_check": check.get("step"), "steps_to_check": check.get("steps_away")}
            rows.append({"held_for": f"{self.tool} {self.qual_type} {iso(self.until)}", **row})
        return rows

    def sentence(self, language: str = "en") -> str:
        """How many wafers of how many lots, and between which times."""
        key = "contain" if self.last_good else "contain_unbounded"
        place = place_of(self.tool, self.chamber)
        values = {"wafers": self.wafers, "lots": self.lots, "tool": place, "until": iso(self.until)}
        text = sentence(language, key, since=iso(self.last_good), **values)
        if self.last_good and self.since != self.last_good:
            text += sentence(language, "reach", since=iso(self.since) or "-", good=iso(self.last_good))
        if self.hold_90 is not None and self.hold_90.spares:
            short = self.hold_90
            text += sentence(language, "hold", part=short.part, wafers=short.wafers, spares=short.spares)
        return text + (sentence(language, "lot") if self.level == "lot" else "")


def place_of(tool: str, chamber: str) -> str:
    """The tool, and the chamber when it is one."""
    return tool if chamber == "*" else f"{tool} {chamber}"


def plain(value: Any) -> Any:
    """Plain data for JSON: dataclasses become dictionaries, times become ISO 8601 text."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {f.name: plain(getattr(value, f.name)) for f in dataclasses.fields(value)}
    if isinstance(value, datetime):
        return iso(value)
    if isinstance(value, (tuple, list)):
        return [plain(item) for item in value]
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    return value
