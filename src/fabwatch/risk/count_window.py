"""Gates: stretches of time on a tool or chamber through which wafers are counted. The one way in which they are."""

import math
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import pyarrow as pa

from fabwatch.store.lake import Lake
from fabwatch.store.questions import question
from fabwatch.store.temporary import temp_table

ALWAYS = datetime(1, 1, 1)  # noqa: DTZ001 - naive UTC, as everywhere inside
FAR = datetime(9999, 1, 1)  # noqa: DTZ001
UNBOUNDED = -1
"""The group of gates that no good qual bounds."""


@dataclass(frozen=True)
class Gate:
    """Wafers through `tool` in (since, until]; several gates of one number are counted together, each wafer once."""

    number: int
    tool: str
    qual_type: str
    chamber: str | None
    """The chamber a move has to name; '' stands for moves that name none; None lets every move through."""
    since: datetime | None
    until: datetime


@dataclass(frozen=True)
class Passed:
    """What went through the gates of one number."""

    wafers: int = 0
    passes: int = 0
    """Wafers with each of their passes: the age that wear counts in."""
    lots: int = 0
    moves: int = 0
    lot_moves: int = 0
    """Moves that name only the lot."""


def open_gates(lake: Lake, gates: Sequence[Gate]) -> dict[str, datetime]:
    """Put the gates where questions find them (tables `gates` and `covers`); returns the bounds of their time."""
    stated = lake.settings.quals
    columns: dict[str, tuple[pa.DataType, list[Any]]] = {
        "gate": (pa.int64(), [g.number for g in gates]),
        "tool": (pa.string(), [g.tool for g in gates]),
        "qual_type": (pa.string(), [g.qual_type for g in gates]),
        "chamber": (pa.string(), [g.chamber or "" for g in gates]),
        "whole": (pa.bool_(), [g.chamber is None for g in gates]),
        "limited": (pa.bool_(), [g.qual_type in stated and bool(stated[g.qual_type].recipes) for g in gates]),
        "since": (pa.timestamp("us"), [g.since or ALWAYS for g in gates]),
        "until": (pa.timestamp("us"), [g.until for g in gates]),
    }
    put(lake, "gates", columns)
    # Each pair once: a move meets it once.
    pairs = [(name, recipe) for name, qual in stated.items() for recipe in dict.fromkeys(qual.recipes)]
    put(
        lake,
        "covers",
        {"qual_type": (pa.string(), [p[0] for p in pairs]), "recipe": (pa.string(), [p[1] for p in pairs])},
    )
    return {
        "begin": min((g.since or ALWAYS for g in gates), default=ALWAYS),
        "finish": max((g.until for g in gates), default=ALWAYS),
    }


def put(lake: Lake, name: str, columns: dict[str, tuple[pa.DataType, list[Any]]]) -> None:
    """A small temporary table for one question."""
    table = pa.table({key: pa.array(cells, kind) for key, (kind, cells) in columns.items()})
    temp_table(lake, name, table)


def count(lake: Lake, gates: Sequence[Gate]) -> dict[int, Passed]:
    """What went through the gates, by number; a number that nothing went through is left out."""
    counted: dict[int, Passed] = {}
    for group in _split(gates):
        bounds = open_gates(lake, group)
        rows = lake.rows(question("risk", "exposure", over="passes"), bounds)
        by_lot: dict[int, int] = {}
        if any(row["lot_moves"] for row in rows):
            by_lot = {
                r["gate"]: int(r["wafers"]) for r in lake.rows(question("risk", "exposure_lots", over="passes"), bounds)
            }
        for row in rows:
            wafers = int(row["named"]) + by_lot.get(row["gate"], 0)
            counted[row["gate"]] = Passed(wafers, int(row["passes"]), row["lots"], row["moves"], int(row["lot_moves"]))
    return counted


def _split(gates: Sequence[Gate]) -> Iterable[list[Gate]]:
    """Gates in groups of like age, because a question reads back as far as its oldest gate.

    A group begins where the gates are twice as old as the middle one of all, four times, and so on; those that nothing
    bounds are a group of their own. Gates of one number stay together.
    """
    opens: dict[int, datetime] = {}
    for gate in gates:
        since = gate.since or ALWAYS
        opens[gate.number] = min(since, opens.get(gate.number, since))
    latest = max((gate.until for gate in gates), default=FAR)
    ages = {number: (latest - since).total_seconds() for number, since in opens.items()}
    bounded = sorted(age for number, age in ages.items() if opens[number] != ALWAYS)
    middle = max(bounded[len(bounded) // 2], 1.0) if bounded else 1.0
    groups: dict[int, list[Gate]] = defaultdict(list)
    for gate in gates:
        age = ages[gate.number]
        apart = opens[gate.number] == ALWAYS
        groups[UNBOUNDED if apart else max(int(math.log2(max(age, 1.0) / middle)), 0)].append(gate)
    return groups.values()
