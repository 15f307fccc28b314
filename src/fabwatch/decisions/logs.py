"""Decisions about logs: which rules are on, and which runs are the golden runs of their kind."""

import json
from collections.abc import Sequence
from datetime import datetime

from fabwatch.decisions.audit import append, fingerprint, reasoned
from fabwatch.store.lake import Lake
from fabwatch.store.rows import insert
from fabwatch.terms.errors import DecidedAlready, NothingRecorded
from fabwatch.terms.tables import GOLDENS, RULES, Table
from fabwatch.trace.answers import Backtest, Golden, RunKind


def switch(
    lake: Lake, moment: datetime, who: str, rule: str, stated: str, backtest: Backtest | None, counts: bool, reason: str
) -> None:
    """Turn a rule on, with its backtest, or off. Raises BadQuestion.

    `stated` is the rule as text: rewriting it turns the rule off.
    """
    reason = reasoned(reason)
    row: dict[str, object] = {"rule": rule, "counts": counts, "stated": stated}
    if counts:
        if backtest is None or not backtest.runs:
            raise NothingRecorded(
                f"The backtest of {rule} has no runs, so its alarm rate is not known.", "load more logs first"
            )
        row |= {
            name: getattr(backtest, name) for name in ("basis", "runs", "alarms_per_1000", "false_per_1000", "bad", "caught")
        }
    with lake.writing():
        last = lake.rows(
            "SELECT counts, stated FROM lake.rules WHERE rule = $rule ORDER BY seq DESC LIMIT 1", {"rule": rule}
        )
        if not counts and (not last or not last[0]["counts"]):
            raise DecidedAlready(f"Rule {rule} is already off.", "fabwatch trace rules lists the rules")
        _write(lake, RULES, moment, who, "rule", row, reason)


def choose(lake: Lake, moment: datetime, who: str, kind: RunKind, runs: Sequence[str], reason: str) -> Golden:
    """Make these runs the golden runs of their kind, as its next version; no runs withdraws the choice.

    Raises BadQuestion without a reason.
    """
    same_kind = " AND ".join(f"{name} IS NOT DISTINCT FROM ${name}" for name in kind._fields)
    reason = reasoned(reason)
    with lake.writing():
        last = lake.rows(f"SELECT max(version) AS version FROM lake.goldens WHERE {same_kind}", kind._asdict())[0]["version"]
        if last is None and not runs:
            raise DecidedAlready(
                "No golden runs to withdraw: the good runs of this kind are selected automatically.",
                "fabwatch trace goldens lists the choices",
            )
        row = {**kind._asdict(), "version": (last or 0) + 1, "runs": json.dumps(list(runs))}
        _write(lake, GOLDENS, moment, who, "golden", row, reason)
    return Golden(*kind, (last or 0) + 1, tuple(runs), moment, who, reason)


def _write(lake: Lake, table: Table, moment: datetime, who: str, act: str, row: dict[str, object], reason: str) -> None:
    """Write a row and its audit entry in the open transaction."""
    signed = {"decided_at": moment, "who": who, "reason": reason}
    record = {column.name: (row | signed).get(column.name) for column in table.columns if column.name != "seq"}
    about = {**row, "table": table.name, "rows": fingerprint([record])}
    seq = append(lake, moment, who, act, about, reason)
    insert(lake, table, [{**record, "seq": seq}])
