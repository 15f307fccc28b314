"""Where contained wafers are now, and how far each is from the next step that checks wafers (rule 11)."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from fnmatch import fnmatch
from typing import Any

import pyarrow as pa

from fabwatch.equipment.tools import ToolCard
from fabwatch.risk.answers import NextCheck, Whereabouts
from fabwatch.risk.count_window import put
from fabwatch.store.lake import Lake, Record
from fabwatch.store.questions import question


@dataclass(frozen=True)
class Wanted:
    """A wafer, or a lot when `wafer` is None, that is looked for from `since` on."""

    wafer: str | None
    lot: str | None
    since: datetime

    @property
    def slot(self) -> bool:
        """True when the wafer is only a slot number, which names it within its lot alone."""
        return self.wafer is not None and is_slot(self.wafer)


def is_slot(wafer: str) -> bool:
    """True for a bare slot number; the same test as in exposure.sql."""
    return len(wafer) <= 2 and wafer < ":"


def locate(
    lake: Lake, cards: dict[str, ToolCard], wanted: Sequence[Wanted], as_of: datetime
) -> list[tuple[Whereabouts, NextCheck | None]]:
    """For each wanted wafer or lot its last move anywhere by `as_of`, and the next check on its route."""
    if not wanted:
        return []
    columns: dict[str, tuple[pa.DataType, list[Any]]] = {
        "item": (pa.int64(), list(range(len(wanted)))),
        "wafer": (pa.string(), [w.wafer for w in wanted]),
        "lot": (pa.string(), [w.lot for w in wanted]),
        "slot": (pa.bool_(), [w.slot for w in wanted]),
    }
    put(lake, "wanted", columns)
    bounds = {"begin": min(w.since for w in wanted), "as_of": as_of}
    latest: dict[int, Record] = {}
    for name in _questions(cards, wanted):
        for row in lake.rows(question("risk", name), bounds):
            if row["item"] not in latest or row["end_at"] > latest[row["item"]]["end_at"]:
                latest[row["item"]] = row
    checks = _Checks(lake, cards, {row["route"] for row in latest.values()})
    places = []
    for item in range(len(wanted)):
        row = latest.get(item, {})
        card = cards.get(row.get("tool", ""))
        now = Whereabouts(row.get("tool"), card.area if card else None, row.get("step"), row.get("end_at"))
        places.append((now, checks.after(row.get("route"), row.get("step_no"))))
    return places


def _questions(cards: dict[str, ToolCard], wanted: Sequence[Wanted]) -> list[str]:
    names = ["whereabouts"] if any(w.wafer is not None for w in wanted) else []
    by_lot = any(w.wafer is None for w in wanted) or any(card.by_lot for card in cards.values())
    return [*names, "whereabouts_lots"] if by_lot else names


class _Checks:
    """The steps of each route, and which of them check wafers: those seen on a tool of a check area."""

    def __init__(self, lake: Lake, cards: dict[str, ToolCard], routes: set[str | None]):
        self._steps: dict[str, dict[int, str]] = defaultdict(dict)
        self._checks: dict[str, set[int]] = defaultdict(set)
        patterns = [pattern.casefold() for pattern in lake.settings.fab.check_areas]
        areas = {card.area for card in cards.values() if card.area}
        checking = {area for area in areas if any(fnmatch(area.casefold(), pattern) for pattern in patterns)}
        wanted = [route for route in routes if route]
        sql = (
            "SELECT DISTINCT route, step_no, step, tool FROM places "
            "WHERE step_no IS NOT NULL AND list_contains($routes, route)"
        )
        for row in lake.rows(sql, {"routes": wanted}) if wanted else ():
            self._steps[row["route"]][row["step_no"]] = row["step"] or str(row["step_no"])
            if cards[row["tool"]].area in checking:
                self._checks[row["route"]].add(row["step_no"])

    def after(self, route: str | None, step_no: int | None) -> NextCheck | None:
        """The first check behind a step, and how many steps of the route lie until it; None when there is none."""
        if route is None or step_no is None:
            return None
        ahead = [check for check in self._checks[route] if check > step_no]
        if not ahead:
            return None
        check = min(ahead)
        return NextCheck(self._steps[route][check], sum(step_no < number <= check for number in self._steps[route]))
