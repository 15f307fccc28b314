"""What a plan has to check now, whatever the interval: every check of a tool whose status is act for it."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from fabwatch.quals.answers import grounded
from fabwatch.quals.history import Stream
from fabwatch.quals.wear import Wear
from fabwatch.risk.answers import Exposure
from fabwatch.risk.status import cause_of
from fabwatch.terms.settings.place import FabSettings

Key = tuple[str, str, str | None]
"""Tool, chamber and qual type."""
NOW = frozenset({"failed", "restored", "limit"})
"""The causes on record by which a check is due now."""


@dataclass(frozen=True)
class _Chance:
    chamber: str
    qual_type: str
    p_bad_now: float
    grounded: bool


def urgent(rows: Sequence[Exposure], worn: Sequence[Wear], stated: FabSettings) -> dict[Key, str]:
    """The checks that are due now, with the cause of each, for the whole fab."""
    by_tool: dict[str, list[Exposure]] = defaultdict(list)
    for row in rows:
        by_tool[row.tool or ""].append(row)
    chances: dict[str, list[_Chance]] = defaultdict(list)
    streams: list[Stream] = []
    for wear in worn:
        now = [stream.age.on(wear.clock) for stream in wear.streams]
        streams += wear.streams
        for stream, bad in zip(wear.streams, wear.predictor.bad_by(np.array(now)), strict=True):
            rests = grounded(stream.failures, wear.failures)
            chances[stream.tool].append(_Chance(stream.chamber, stream.qual_type, round(float(bad), 4), rests))
    due = {key: cause for tool, own in by_tool.items() for key, cause in _of_tool(tool, own, chances[tool], stated).items()}
    for stream in streams:
        key = (stream.tool, stream.chamber, stream.qual_type)
        if stream.chamber == "*" and due.get(key) in ("failed", "restored") and not _open(stream, by_tool[stream.tool]):
            del due[key]
    return due


def _of_tool(tool: str, rows: Sequence[Exposure], chances: Sequence[_Chance], stated: FabSettings) -> dict[Key, str]:
    chambered = {row.qual_type for row in rows if row.chamber != "*"}
    due: dict[Key, str] = {}
    for row in rows:
        if row.cause is None or row.cause.cause not in NOW:
            continue
        due[tool, row.chamber, row.qual_type] = row.cause.cause
        if row.chamber == "*" and row.qual_type in chambered and row.cause.chamber == "*":
            # The wafers of all chambers together reach the limit: each chamber that ran some has to be cleared.
            for other in rows:
                if other.qual_type == row.qual_type and other.wafers:
                    due.setdefault((tool, other.chamber, other.qual_type), row.cause.cause)
    free = {(row.chamber, row.qual_type) for row in rows if row.bounded and not row.decided}
    for chance in chances:
        if chance.grounded and chance.p_bad_now >= stated.act and (chance.chamber, chance.qual_type) in free:
            due.setdefault((tool, chance.chamber, chance.qual_type), "out_of_spec")
    cause = cause_of(rows, chances, stated)
    if cause.status == "act":
        due.setdefault((tool, cause.chamber, cause.qual_type), cause.cause)
    return due


def _open(stream: Stream, rows: Sequence[Exposure]) -> bool:
    """Whether the last fail of the whole tool is open still on it, or on one of its chambers."""
    failed = [qual.at for qual in stream.quals if not qual.passed]
    return bool(failed) and any(row.qual_type == stream.qual_type and row.failed_at == failed[-1] for row in rows)
