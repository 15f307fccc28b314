"""What ran after a failed qual: on each chamber that failed, until its restore or its next good qual, else until now."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from fabwatch.risk.count_window import Gate
from fabwatch.risk.restores import Restores
from fabwatch.risk.type_record import QualResult


@dataclass(frozen=True)
class Failed:
    """One failed qual, and the chambers that it failed; `*` alone where the tool is looked at as a whole."""

    tool: str
    qual_type: str
    at: datetime
    chambers: Sequence[str]


@dataclass(frozen=True)
class Open:
    """How long one chamber stayed open after the fail: until what ended it, or None while nothing has."""

    chamber: str
    until: datetime | None
    ended_by: str | None
    """`restored` or `passed`."""


def opened(failed: Failed, quals: Sequence[QualResult], restores: Restores) -> list[Open]:
    """How long each chamber stayed open, by the known quals of the tool in order of process time, and its restores."""
    good = [(q.chamber, q.processed_at) for q in quals if q.qual_type == failed.qual_type and q.passed]
    good = [(chamber, at) for chamber, at in good if at > failed.at]
    stretches = []
    for name in failed.chambers:
        passed = next((at for chamber, at in good if chamber is None or name in ("*", chamber)), None)
        restored = restores.first_after(failed.tool, name, failed.qual_type, failed.at)
        ends = [(at, how) for at, how in ((restored, "restored"), (passed, "passed")) if at is not None]
        stretches.append(Open(name, *min(ends, default=(None, None))))
    return stretches


def last_of(stretches: Sequence[Open]) -> Open:
    """The chamber that stayed open longest: one that is open still, else the last one that was ended."""
    return max(stretches, key=lambda stretch: (stretch.until is None, stretch.until or datetime.min))  # noqa: DTZ901


def gates_after(number: int, failed: Failed, stretches: Sequence[Open], as_of: datetime) -> list[Gate]:
    """The gates through which its wafers went; a move that names no chamber may have used the last one that was open."""
    whole = [stretch.chamber for stretch in stretches] == ["*"]
    gates = [
        Gate(number, failed.tool, failed.qual_type, None if whole else stretch.chamber, failed.at, stretch.until or as_of)
        for stretch in stretches
    ]
    if not whole:
        gates.append(Gate(number, failed.tool, failed.qual_type, "", failed.at, last_of(stretches).until or as_of))
    return [gate for gate in gates if gate.until > failed.at]
