"""What people decide about logs: which rules count, and which runs are the golden ones of their kind."""

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from fabwatch.decisions.audit import append, fingerprint, reasoned
from fabwatch.store.lake import Lake
from fabwatch.store.rows import insert
from fabwatch.terms.errors import DecidedAlready, NothingRecorded
from fabwatch.terms.rules import Backtest, Golden
from fabwatch.terms.tables import GOLDENS, RULES, Table


def switch(
    lake: Lake, moment: datetime, who: str, rule: str, stated: str, tried: Backtest | None, counts: bool, reason: str
) -> None:
    """Let a rule count from now on, with what it did on the record, or no more. Raises BadQuestion.

    `stated` is the rule as text: once it is rewritten it counts no more.
    """
    said = reasoned(reason)
    row: dict[str, Any] = {"rule": rule, "counts": counts, "stated": stated}
    if counts:
        if tried is None or not tried.runs:
            raise NothingRecorded(
                f"{rule} could not judge a single run, so that nothing is known of its alarms.", "load more logs first"
            )
        row |= {
            name: getattr(tried, name) for name in ("basis", "runs", "alarms_per_1000", "false_per_1000", "bad", "caught")
        }
    with lake.writing():
        last = lake.rows(
            "SELECT counts, stated FROM lake.rules WHERE rule = $rule ORDER BY seq DESC LIMIT 1", {"rule": rule}
        )
        if not counts and (not last or not last[0]["counts"]):
            raise DecidedAlready(f"{rule} does not count.")
        _write(lake, RULES, moment, who, "rule", row, said)


def choose(lake: Lake, moment: datetime, who: str, kind: dict[str, Any], runs: Sequence[str], reason: str) -> Golden:
    """Make some runs the golden ones of their kind, as its next version; none takes the choice back.

    `kind` names tool, chamber, recipe and stage. Raises BadQuestion without a reason.
    """
    same = " AND ".join(f"{name} IS NOT DISTINCT FROM ${name}" for name in kind)
    said = reasoned(reason)
    with lake.writing():
        last = lake.rows(f"SELECT max(version) AS version FROM lake.goldens WHERE {same}", kind)[0]["version"]
        if last is None and not runs:
            raise DecidedAlready("No runs were chosen for this kind: its good runs are found by themselves.")
        row = {**kind, "version": (last or 0) + 1, "runs": json.dumps(list(runs))}
        _write(lake, GOLDENS, moment, who, "golden", row, said)
    return Golden(**kind, version=(last or 0) + 1, runs=tuple(runs), decided_at=moment, who=who, reason=said)


def _write(lake: Lake, table: Table, moment: datetime, who: str, act: str, row: dict[str, Any], reason: str) -> None:
    """A row and its entry in the audit, in the transaction that is open."""
    signed = {"decided_at": moment, "who": who, "reason": reason}
    whole = {column.name: (row | signed).get(column.name) for column in table.columns if column.name != "seq"}
    about = {**row, "table": table.name, "rows": fingerprint([whole])}
    seq = append(lake, moment, who, act, about, reason)
    insert(lake, table, [{**whole, "seq": seq}])
