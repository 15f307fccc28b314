"""Recorded polish times: the advice with its inputs, and the time that somebody chose instead."""

import json
from datetime import datetime

from fabwatch.cmp.answers import PolishAdvice, PolishTime, RateState
from fabwatch.decisions.audit import append, fingerprint, reasoned
from fabwatch.store.lake import Lake
from fabwatch.store.rows import insert
from fabwatch.terms.answers import plain
from fabwatch.terms.errors import BadQuestion
from fabwatch.terms.tables import ADVICES

MOST_S = 7200.0


def keep(
    lake: Lake,
    moment: datetime,
    who: str,
    advised: PolishTime,
    state: RateState,
    lot: str | None,
    chosen_s: float | None,
    reason: str,
) -> None:
    """Record one advice; `chosen_s` where another time was chosen. Raises BadQuestion."""
    reason = reasoned(reason)
    if chosen_s is not None and not 0 <= chosen_s <= MOST_S:
        raise BadQuestion(
            f"chosen_s must be between 0 and {MOST_S:,.0f} s (got {chosen_s:g}).", "state the polish time in seconds"
        )
    inputs = {name: getattr(advised, name) for name in ("incoming", "target", "unit", "rework")}
    row: dict[str, object] = {
        "advised_at": moment,
        "tool": state.tool,
        "chamber": state.head,
        "product": state.product,
        "lot": lot,
        "wafer": advised.wafer,
        "asked": json.dumps(inputs),
        "answer": json.dumps(advised.to_dict()),
        "known": json.dumps(plain(state)),
        "chosen_s": chosen_s,
        "who": who,
        "reason": reason,
    }
    with lake.writing():
        about = {"tool": state.tool, "chamber": state.head, "wafer": advised.wafer, "seconds": advised.seconds}
        about |= {"chosen_s": chosen_s, "table": "advices", "rows": fingerprint([row])}
        seq = append(lake, moment, who, "polish", about, reason)
        insert(lake, ADVICES, [{**row, "seq": seq}])


def advices(lake: Lake, tool: str | None, limit: int) -> list[PolishAdvice]:
    """The recorded advices, latest first."""
    rows = lake.rows(
        "SELECT * FROM advices WHERE $tool IS NULL OR tool = $tool ORDER BY seq DESC LIMIT $limit",
        {"tool": tool, "limit": limit},
    )
    names = PolishAdvice.__dataclass_fields__
    parsed = [{**row, **{name: json.loads(row[name]) for name in ("asked", "answer", "known")}} for row in rows]
    return [PolishAdvice(**{name: row[name] for name in names}) for row in parsed]
