"""Why a tool, or one of its checks, has its status: the one place that maps a cause to a status and to its sentence."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from fabwatch.terms.answers import Json, plain
from fabwatch.terms.clock import iso
from fabwatch.terms.words import sentence

STATUS_OF: Mapping[str, str] = {
    "failed": "act",
    "restored": "act",
    "limit": "act",
    "out_of_spec": "act",
    "warning": "watch",
    "doubtful": "watch",
    "never": "none",
    "unknown": "none",
    "good": "ok",
}
"""The status that each cause gives, the worst cause first."""
URGENCY: Mapping[str, int] = {cause: n for n, cause in enumerate(STATUS_OF)}


@dataclass(frozen=True)
class Cause:
    """Why a tool or check has its status: the chamber and qual type at fault, and what is wrong with them."""

    cause: str
    """`failed` (no good qual and no restore since), `restored` (requal pending), `limit` (inhibit limit reached),
    `out_of_spec` (probably), `warning` (warning limit reached), `doubtful` (may be out of spec), `never` (no good qual on
    record), `unknown` (no forecast yet), or `good`."""
    chamber: str
    """`*` for the whole tool."""
    qual_type: str | None
    at: datetime | None = None
    """When the qual failed, or the last good one."""
    restored_at: datetime | None = None
    wafers: int = 0
    limit: int | None = None
    chance: float | None = None
    """Chance to be out of spec already."""
    checks: int = 1
    """How many checks the chance is of: above 1 it is that of any of them."""

    @property
    def status(self) -> str:
        """`act`, `watch`, `none` or `ok`."""
        return STATUS_OF[self.cause]

    def place(self, language: str = "en") -> str:
        """The chamber and qual type; empty where neither is known."""
        chamber = sentence(language, "cause_chamber", chamber=self.chamber) if self.chamber != "*" else ""
        return ", ".join(part for part in (chamber, self.qual_type) if part)

    def fault(self, language: str = "en") -> str:
        """What is wrong there, such as `failed …, no restore since`."""
        key = f"cause_{self.cause}" + ("_any" if self.checks > 1 else "")
        values: dict[str, object] = {"at": iso(self.at) or "-", "restored": iso(self.restored_at) or "-"}
        values |= {"wafers": self.wafers, "limit": self.limit or 0, "chance": self.chance or 0.0, "checks": self.checks}
        return sentence(language, key, where=self.place(language) or "-", **values)

    def sentence(self, language: str = "en") -> str:
        """The chamber and qual type, and what is wrong with them."""
        place = self.place(language) if self.checks == 1 else ""
        return ": ".join(part for part in (place, self.fault(language)) if part)


def plain_cause(cause: Cause | None) -> Json | None:
    """A cause as plain data, with its sentence."""
    return None if cause is None else {**plain(cause), "sentence": cause.sentence()}


def flat_cause(cause: Cause | None) -> Json:
    """The cause in the columns of a flat table."""
    if cause is None:
        return {"cause": None, "cause_chamber": None, "cause_qual_type": None, "why": None}
    where = {"cause_chamber": cause.chamber, "cause_qual_type": cause.qual_type}
    return {"cause": cause.cause, **where, "why": cause.sentence()}
