"""Wafers at risk, per tool, chamber and qual type."""

from dataclasses import dataclass
from datetime import datetime

from fabwatch.risk.answers.causes import Cause, flat_cause, plain_cause
from fabwatch.terms.answers import Answer, Json, Row, plain
from fabwatch.terms.clock import iso
from fabwatch.terms.words import sentence


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
    """By what is on record alone: an open failed qual, a limit, no good qual. The status of a tool, in `tools`, is the worse
    of this and of its chance to be out of spec."""
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
    cause: Cause | None = None
    """Why it has this status; None for an area or type."""
    decided: bool = False
    """Whether a person set its qual interval."""


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


@dataclass(frozen=True, repr=False)
class Risk(Answer):
    """Which wafers are at risk now, per tool, chamber and qual type."""

    by: str
    total: Total
    tools: tuple[Exposure, ...] = ()

    def to_dict(self) -> Json:
        """Plain data; each cause has its sentence."""
        return {**super().to_dict(), "tools": [plain(row) | {"cause": plain_cause(row.cause)} for row in self.tools]}

    def rows(self) -> list[Row]:
        """One row per exposure."""
        return [plain(row) | flat_cause(row.cause) for row in self.tools]

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
