"""Limits and qual intervals that people set for a tool, with their reason."""

from datetime import datetime

from fabwatch.decisions.answers import NAMES, Decision
from fabwatch.decisions.audit import append, fingerprint, reasoned
from fabwatch.store.lake import Lake
from fabwatch.store.rows import insert
from fabwatch.terms.errors import BadQuestion
from fabwatch.terms.tables import DECISIONS

MOST = 1e7


def decide(lake: Lake, moment: datetime, who: str, decision: Decision) -> Decision:
    """Set a limit or interval; the value None withdraws it. Raises BadQuestion for an unknown name or impossible value."""
    if decision.name not in NAMES:
        raise BadQuestion(
            f"name must be one of {', '.join(NAMES)} (got {decision.name}).", "limits count wafers, intervals wafers or days"
        )
    if decision.value is not None and not 0 < decision.value <= MOST:
        raise BadQuestion(
            f"{decision.name} must be above 0, up to {MOST:,.0f} (got {decision.value:g}).",
            "a value of None withdraws the decision",
        )
    row = {name: getattr(decision, name) for name in Decision.__dataclass_fields__}
    row |= {"decided_at": moment, "who": who, "reason": reasoned(decision.reason)}
    row["value"] = None if decision.value is None else float(decision.value)
    with lake.writing():
        about = {name: row[name] for name in ("tool", "chamber", "qual_type", "name", "value")}
        about |= {"table": "decisions", "rows": fingerprint([row])}
        seq = append(lake, moment, who, "decide", about, row["reason"])
        insert(lake, DECISIONS, [{**row, "seq": seq}])
    return Decision(**row)


def decisions(lake: Lake, tool: str | None = None) -> list[Decision]:
    """All decisions, latest first."""
    rows = lake.remember(("decisions",), lambda: lake.rows("SELECT * FROM decisions ORDER BY seq"))
    names = Decision.__dataclass_fields__
    return [Decision(**{name: row[name] for name in names}) for row in reversed(rows) if tool in (None, row["tool"])]
