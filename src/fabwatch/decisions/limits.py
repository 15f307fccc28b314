"""Limits and qual intervals that people set for a tool, with their reason."""

from datetime import datetime

from fabwatch.decisions.audit import append, fingerprint, reasoned
from fabwatch.store.lake import Lake
from fabwatch.store.rows import insert
from fabwatch.terms.decisions import NAMES, Decision
from fabwatch.terms.errors import BadQuestion
from fabwatch.terms.tables import DECISIONS

MOST = 1e7


def decide(lake: Lake, moment: datetime, who: str, wanted: Decision) -> Decision:
    """Set a limit or interval, or take one back with the value None. Raises BadQuestion for one that cannot be meant."""
    if wanted.name not in NAMES:
        raise BadQuestion(f"{wanted.name!r} is nothing that is decided.", f"it is one of {', '.join(NAMES)}")
    if wanted.value is not None and not 0 < wanted.value <= MOST:
        raise BadQuestion(f"{wanted.name} {wanted.value:g} cannot be meant.", f"give a number above 0, up to {MOST:,.0f}")
    row = {name: getattr(wanted, name) for name in Decision.__dataclass_fields__}
    row |= {"decided_at": moment, "who": who, "reason": reasoned(wanted.reason)}
    row["value"] = None if wanted.value is None else float(wanted.value)
    with lake.writing():
        about = {name: row[name] for name in ("tool", "chamber", "qual_type", "name", "value")}
        about |= {"table": "decisions", "rows": fingerprint([row])}
        seq = append(lake, moment, who, "decide", about, row["reason"])
        insert(lake, DECISIONS, [{**row, "seq": seq}])
    return Decision(**row)


def decisions(lake: Lake, tool: str | None = None) -> list[Decision]:
    """Everything that was decided, the latest first."""
    rows = lake.remember(("decisions",), lambda: lake.rows("SELECT * FROM decisions ORDER BY seq"))
    names = Decision.__dataclass_fields__
    return [Decision(**{name: row[name] for name in names}) for row in reversed(rows) if tool in (None, row["tool"])]
