"""What was polished and measured, group by group: tool, head, product and stage; in angstrom, in order of time."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from fabwatch.sources.toollog.parts import GAP
from fabwatch.store.lake import Lake
from fabwatch.store.questions import question
from fabwatch.terms.units import in_angstrom, in_angstrom_per_s

Key = tuple[str, str | None, str | None, str | None]
"""Tool, head, product, stage."""


@dataclass(frozen=True)
class Polished:
    """One wafer that was polished and measured; lengths in the unit of its group, or as the file has them."""

    wafer: str | None
    lot: str | None
    run: str | None
    at: datetime
    """When it was polished."""
    known_at: datetime | None
    """When its result arrived; None: when the next of its group was polished."""
    rate: float
    incoming: float | None
    after: float | None
    seconds: float | None
    target: float | None
    lower: float | None
    upper: float | None
    age: float
    """Wafers since the last change of a consumable."""
    life: int
    """Number of that change."""
    apart: bool
    """Two results of this wafer do not agree."""


@dataclass(frozen=True)
class Group:
    """Everything of one tool, head, product and stage."""

    key: Key
    wafers: tuple[Polished, ...]
    unit: str | None
    rate_unit: str
    changes: tuple[datetime, ...]
    """When a consumable was changed."""
    unmeasured: int = 0
    """Rows from which no rate can be had."""


def groups(lake: Lake, as_of: datetime, tool: str | None = None) -> list[Group]:
    """All groups, each in order of time, with what had been polished by `as_of`."""
    rows = lake.rows(_over_measured("SELECT * FROM measured"))
    by_key: dict[Key, list[dict[str, Any]]] = defaultdict(list)
    for row in rows:
        if (
            row["tool"] is not None
            and row["polished_at"] is not None
            and row["polished_at"] <= as_of
            and tool in (None, row["tool"])
        ):
            by_key[row["tool"], row["head"], row["product"], row["stage"]].append(row)
    changes = _changes(lake)
    return [_group(key, some, changes) for key, some in sorted(by_key.items(), key=lambda item: str(item[0]))]


def unplaced(lake: Lake) -> int:
    """Rows of metrology of which nobody knows the tool or the time."""
    sql = "SELECT count(*) AS n FROM measured WHERE tool IS NULL OR polished_at IS NULL"
    return int(lake.rows(_over_measured(sql))[0]["n"])


def _over_measured(sql: str) -> str:
    runs = question("trace", "runs").replace("$gap", str(GAP))
    return f"WITH runs AS MATERIALIZED (\n{runs})\n, measured AS (\n{question('cmp', 'metrology')})\n{sql}"


def _changes(lake: Lake) -> dict[str, list[tuple[str | None, datetime]]]:
    found: dict[str, list[tuple[str | None, datetime]]] = defaultdict(list)
    for row in lake.rows(
        "SELECT DISTINCT tool, chamber, done_at FROM restores WHERE kind IN ('part', 'pm', 'repair') ORDER BY done_at"
    ):
        found[row["tool"]].append((row["chamber"], row["done_at"]))
    return found


def _group(key: Key, rows: list[dict[str, Any]], changes: dict[str, list[tuple[str | None, datetime]]]) -> Group:
    tool, head, _, _ = key
    heads = set((head or "").split(";"))
    mine = [at for chamber, at in changes.get(tool, ()) if chamber is None or head is None or chamber in heads]
    unit = next((row["unit"] for row in rows if row["unit"]), None)
    rate_unit = next((row["rate_unit"] for row in rows if row["rate_unit"]), None)
    rate_unit = rate_unit or (f"{unit}/s" if unit else "per s")
    wafers: list[Polished] = []
    age, life, unmeasured = 0, 0, 0
    for row in rows:
        while life < len(mine) and mine[life] <= row["polished_at"]:
            life += 1
            age = 0
        rate = _rate(row, unit, rate_unit)
        age += 1
        if rate is None:
            unmeasured += 1
            continue
        scale = _scale(row["unit"], unit)
        lengths = {
            name: None if row[name] is None else row[name] * scale
            for name in ("incoming", "after", "target", "lower", "upper")
        }
        wafers.append(
            Polished(
                wafer=row["wafer"],
                lot=row["lot"],
                run=row["run"],
                at=row["polished_at"],
                known_at=row["measured_at"],
                rate=rate,
                seconds=row["seconds"],
                age=age,
                life=life,
                apart=row["whole"] > 1 and row["apart"] > 0,
                **lengths,
            )
        )
    return Group(key, tuple(wafers), unit, rate_unit, tuple(mine), unmeasured)


def _scale(unit: str | None, common: str | None) -> float:
    return in_angstrom(unit) / in_angstrom(common) if unit and common else 1.0


def _rate(row: dict[str, Any], unit: str | None, rate_unit: str) -> float | None:
    """The rate of a wafer: as measured, else what was taken off by the time that took."""
    if row["rate"] is not None:
        own = row["rate_unit"]
        return float(row["rate"]) * (
            in_angstrom_per_s(own) / in_angstrom_per_s(rate_unit) if own and own != rate_unit else 1.0
        )
    if row["incoming"] is None or row["after"] is None or not row["seconds"]:
        return None
    taken = (row["incoming"] - row["after"]) * _scale(row["unit"], unit) / row["seconds"]
    if unit and rate_unit != "per s":
        taken *= in_angstrom(unit) / in_angstrom_per_s(rate_unit)
    return float(taken) if taken > 0 else None
