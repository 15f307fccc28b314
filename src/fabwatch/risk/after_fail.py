"""What ran after a failed qual: on each chamber that failed, until its restore or its next good qual, else until now."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from fabwatch.risk.count_window import Gate
from fabwatch.risk.restores import restores_of
from fabwatch.store.lake import Lake

_GOOD = """
SELECT chamber, processed_at FROM quals
WHERE tool = $tool AND qual_type = $qual_type AND passed AND processed_at > $failed AND processed_at <= $as_of
  AND (resulted_at IS NULL OR resulted_at <= $as_of)
ORDER BY processed_at
"""


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


def opened(lake: Lake, failed: Failed, as_of: datetime) -> list[Open]:
    """How long each chamber stayed open, by what is known at `as_of`."""
    parameters = {"tool": failed.tool, "qual_type": failed.qual_type, "failed": failed.at, "as_of": as_of}
    good: list[tuple[str | None, datetime]] = lake.ask(_GOOD, parameters).fetchall()
    restores = restores_of(lake, {failed.tool}, failed.at, as_of)
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


def gates_after(failed: Failed, stretches: Sequence[Open], as_of: datetime) -> list[Gate]:
    """The gates through which its wafers went; a move that names no chamber may have used the last one that was open."""
    whole = [stretch.chamber for stretch in stretches] == ["*"]
    gates = [
        Gate(0, failed.tool, failed.qual_type, None if whole else stretch.chamber, failed.at, stretch.until or as_of)
        for stretch in stretches
    ]
    if not whole:
        gates.append(Gate(0, failed.tool, failed.qual_type, "", failed.at, last_of(stretches).until or as_of))
    return [gate for gate in gates if gate.until > failed.at]
