"""Polished and measured wafers by group (tool, head, product, stage), in order of time."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache

from fabwatch.cmp.usage import WAFERS, Head, Upkeep, Used
from fabwatch.equipment.runs import over_runs
from fabwatch.store.lake import Lake, Record
from fabwatch.store.questions import question, reading
from fabwatch.terms.doubts import Doubt
from fabwatch.terms.units import in_angstrom, in_angstrom_per_s

Key = tuple[str, str | None, str | None, str | None]
"""Tool, head, product, stage."""
LENGTHS = ("incoming", "after", "target", "lower", "upper")


@dataclass(frozen=True)
class Polished:
    """One polished and measured wafer; lengths in the unit of its group, or as in the file."""

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
    disagrees: bool
    """True when two results of this wafer disagree."""
    used: Mapping[str, float] = field(default_factory=dict)
    """Use of the consumables by each counter, in wafers."""

    def age_on(self, clock: str) -> float:
        """The use of the consumables by one clock."""
        return self.age if clock == WAFERS else self.used[clock]


@dataclass(frozen=True)
class Group:
    """All wafers and changes of one tool, head, product and stage."""

    key: Key
    wafers: tuple[Polished, ...]
    unit: str | None
    rate_unit: str
    changes: tuple[datetime, ...]
    """When a consumable was changed."""
    now: Used
    """Use of the consumables at the as-of time."""
    clocks: tuple[str, ...] = ()
    """The counters that can serve as its clocks."""
    counter_resets: tuple[Doubt, ...] = ()
    """Doubts about counters that were reset without a change on record."""
    unmeasured: int = 0
    """Rows without a rate."""


def groups(lake: Lake, as_of: datetime, tool: str | None = None) -> list[Group]:
    """All groups, each in order of time, with what was polished by `as_of`; call it inside `lake.reading()`."""
    return _read(lake, as_of, tool)[0]


def unplaced(lake: Lake, as_of: datetime, tool: str | None = None) -> int:
    """Rows of metrology without a known tool or time."""
    return _read(lake, as_of, tool)[1]


def tools_measured(lake: Lake) -> set[str]:
    """The tools with metrology."""
    return {
        row["tool"] for row in lake.rows(_over_measured("SELECT DISTINCT tool FROM measured")) if row["tool"] is not None
    }


def _over_measured(sql: str) -> str:
    return over_runs(reading(sql, {"measured": question("cmp", "metrology", over="matched")}))


@cache
def measured_sql() -> str:
    """SQL: polished and measured wafers in order of time, the base of every answer about polishing."""
    chosen = "SELECT * FROM measured WHERE $tool IS NULL OR tool = $tool OR tool IS NULL OR polished_at IS NULL"
    return _over_measured(f"{chosen} ORDER BY polished_at, wafer")


def _read(lake: Lake, as_of: datetime, tool: str | None) -> tuple[list[Group], int]:
    return lake.remember(("polished", as_of, tool), lambda: _grouped(lake, as_of, tool))


def _grouped(lake: Lake, as_of: datetime, tool: str | None) -> tuple[list[Group], int]:
    by_key: dict[Key, list[Record]] = defaultdict(list)
    without_place = 0
    for row in lake.rows(measured_sql(), {"tool": tool}):
        if row["tool"] is None or row["polished_at"] is None:
            without_place += 1
        elif row["polished_at"] <= as_of:
            by_key[row["tool"], row["head"], row["product"], row["stage"]].append(row)
    if not by_key:
        return [], without_place
    times_by_head: dict[tuple[str, str | None, str | None], list[datetime]] = defaultdict(list)
    for (own_tool, head, _, stage), rows in by_key.items():
        # Wafers of every product wear the pad.
        times_by_head[own_tool, head, stage] += [row["polished_at"] for row in rows]
    since = min(rows[0]["polished_at"] for rows in by_key.values())
    upkeep = Upkeep(lake, as_of, {key[0] for key in by_key}, since)
    heads = {place: upkeep.head(*place[:2], sorted(times)) for place, times in times_by_head.items()}
    ordered = sorted(by_key.items(), key=lambda item: str(item[0]))
    return [_group(key, rows, heads[key[0], key[1], key[3]], as_of) for key, rows in ordered], without_place


def _group(key: Key, rows: list[Record], head: Head, as_of: datetime) -> Group:
    unit = next((row["unit"] for row in rows if row["unit"]), None)
    rate_unit = next((row["rate_unit"] for row in rows if row["rate_unit"]), None)
    rate_unit = rate_unit or (f"{unit}/s" if unit else "per s")
    wafers: list[Polished] = []
    for row in rows:
        rate = _rate(row, unit, rate_unit)
        if rate is None:
            continue
        scale = _scale(row["unit"], unit)
        used = head.used(row["polished_at"])
        wafers.append(
            Polished(
                wafer=row["wafer"],
                lot=row["lot"],
                run=row["run"],
                at=row["polished_at"],
                known_at=row["measured_at"],
                rate=rate,
                seconds=row["seconds"],
                age=used.age,
                life=used.life,
                disagrees=row["whole"] > 1 and row["apart"] > 0,
                used=used.by,
                **{name: None if row[name] is None else row[name] * scale for name in LENGTHS},
            )
        )
    return Group(
        key=key,
        wafers=tuple(wafers),
        unit=unit,
        rate_unit=rate_unit,
        changes=head.changes,
        now=head.used(as_of),
        clocks=tuple(head.counters),
        counter_resets=tuple(head.counter_resets()),
        unmeasured=len(rows) - len(wafers),
    )


def _scale(unit: str | None, common: str | None) -> float:
    return in_angstrom(unit) / in_angstrom(common) if unit and common else 1.0


def _rate(row: Record, unit: str | None, rate_unit: str) -> float | None:
    """The rate of a wafer: as measured, else the removed thickness over the polish time."""
    if row["rate"] is not None:
        own_unit = row["rate_unit"]
        return float(row["rate"]) * (
            in_angstrom_per_s(own_unit) / in_angstrom_per_s(rate_unit) if own_unit and own_unit != rate_unit else 1.0
        )
    if row["incoming"] is None or row["after"] is None or not row["seconds"]:
        return None
    removed = (row["incoming"] - row["after"]) * _scale(row["unit"], unit) / row["seconds"]
    if unit and rate_unit != "per s":
        removed *= in_angstrom(unit) / in_angstrom_per_s(rate_unit)
    return float(removed) if removed > 0 else None
