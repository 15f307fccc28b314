"""Simulates the demo fab: lots run through tools, only restores reset wear, quals only check."""

import heapq
import random
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from fabwatch.sources.synthetic.plan import Plan, QualPlan, ToolType

Place = tuple[str, str]
"""A tool and one of its chambers, `*` for a tool without chambers."""
LOT = 25


@dataclass
class History:
    """What happened, and the hidden truth that is in no file."""

    moves: list[dict[str, Any]] = field(default_factory=list)
    quals: list[dict[str, Any]] = field(default_factory=list)
    restores: list[dict[str, Any]] = field(default_factory=list)
    tools: list[dict[str, Any]] = field(default_factory=list)
    faults: list[dict[str, Any]] = field(default_factory=list)
    """Hidden truth: tool, chamber, when the fault began, and when a restore ended it."""
    at_risk: dict[tuple[str, str, str], set[str]] = field(default_factory=dict)
    """Hidden truth: wafers since the last good qual at the end, by tool, chamber (`*`: whole tool) and qual type."""


@dataclass
class _Tool:
    name: str
    kind: ToolType
    free_at: datetime
    since_qual: dict[QualPlan, int]
    pending: list[tuple[datetime, QualPlan, str]] = field(default_factory=list)
    """Failed quals whose result has not arrived yet: (when it does, plan, chamber)."""
    turn: int = 0

    @property
    def chambers(self) -> tuple[str, ...]:
        return self.kind.chambers or ("*",)


def simulate(plan: Plan) -> History:
    """Run the plan from its start for its days; the same plan gives the same history."""
    return _Simulation(plan).run()


class _Simulation:
    def __init__(self, plan: Plan):
        self._plan = plan
        self._random = random.Random(plan.seed)  # noqa: S311 - made-up data
        self._end = plan.start + timedelta(days=plan.days)
        self._history = History()
        self._tools: dict[str, list[_Tool]] = defaultdict(list)
        self._age: dict[Place, int] = defaultdict(int)
        self._fails_at: dict[Place, float] = {}
        self._began: dict[Place, datetime] = {}
        self._test_wafers = 0
        for kind in plan.tool_types:
            self._build(kind)

    def run(self) -> History:
        ready = self._lots()
        heapq.heapify(ready)
        while ready:
            at, lot, product, number = heapq.heappop(ready)
            route = self._plan.route(product)
            done = self._process(at, lot, product, number, route[number])
            if done is not None and number + 1 < len(route):
                wait = timedelta(minutes=self._random.expovariate(1 / 90))
                heapq.heappush(ready, (done + wait, lot, product, number + 1))
        for place, began in self._began.items():
            self._history.faults.append({"tool": place[0], "chamber": place[1], "began": began, "ended": None})
        return self._history

    def _build(self, kind: ToolType) -> None:
        for number in range(1, kind.tools + 1):
            quals = [q for q in self._plan.quals if kind.area in q.areas]
            tool = _Tool(f"{kind.name}-{number:02d}", kind, self._plan.start, dict.fromkeys(quals, 0))
            self._tools[kind.name].append(tool)
            self._history.tools.append(
                {"tool": tool.name, "tool_type": kind.name, "area": kind.area, "chambers": ";".join(kind.chambers)}
            )
            for chamber in tool.chambers:
                self._renew((tool.name, chamber))
            for qual in quals:
                for chamber in tool.chambers if qual.by_chamber else ("*",):
                    self._history.at_risk[tool.name, chamber, qual.qual_type] = set()
                self._qualify(tool, qual, self._plan.start)

    def _lots(self) -> list[tuple[datetime, str, str, int]]:
        lots: list[tuple[datetime, str, str, int]] = []
        at = self._plan.start
        while at < self._end:
            product = self._random.choice(self._plan.products)
            # Lots of the first days start anywhere on their route, so that the fab is full from the start.
            early = at < self._plan.start + timedelta(days=2)
            number = self._random.randrange(len(self._plan.route(product))) if early else 0
            lots.append((at, f"L{len(lots) + 1001:05d}", product, number))
            speed = self._plan.lots_per_day * (4 if early else 1)
            at += timedelta(days=self._random.expovariate(speed))
        return lots

    def _process(self, at: datetime, lot: str, product: str, number: int, step: tuple[str, str]) -> datetime | None:
        tool = min(self._tools[step[0]], key=lambda t: max(t.free_at, at))
        start = max(at, tool.free_at)
        start = self._settle(tool, start)
        for qual in tool.since_qual:
            if tool.since_qual[qual] >= qual.every_wafers:
                start = self._qualify(tool, qual, start)
        if start >= self._end:
            return None
        tool.turn += 1
        pause = timedelta(minutes=tool.kind.minutes_per_lot / LOT)
        for slot in range(1, LOT + 1):
            began, ended = start + pause * (slot - 1), start + pause * slot
            chamber = tool.chambers[(slot + tool.turn) % len(tool.chambers)]
            self._pass(tool, chamber, f"{lot}.{slot:02d}", step[1], ended)
            self._history.moves.append(
                self._move(tool, chamber, began, ended)
                | {"lot": lot, "wafer": f"{lot}.{slot:02d}", "product": product, "route": f"{product}-FLOW"}
                | {"step_no": (number + 1) * 10, "step": f"{(number + 1) * 10:04d}-{tool.kind.area}", "recipe": step[1]}
                | {"kind": "production", "status": self._status()}
            )
        tool.free_at = start + pause * LOT
        for qual in tool.since_qual:
            tool.since_qual[qual] += LOT
        return tool.free_at

    def _status(self) -> str:
        return "aborted" if self._random.random() < self._plan.abort_rate else "completed"

    def _move(self, tool: _Tool, chamber: str, began: datetime, ended: datetime) -> dict[str, Any]:
        named = None if chamber == "*" else chamber
        return {"tool": tool.name, "chamber": named, "start_at": _whole(began), "end_at": _whole(ended)}

    def _pass(self, tool: _Tool, chamber: str, wafer: str, recipe: str, ended: datetime) -> None:
        place = (tool.name, chamber)
        self._age[place] += 1
        if self._age[place] > self._fails_at[place] and place not in self._began:
            self._began[place] = _whole(ended)
        for qual in tool.since_qual:
            if not qual.recipes or recipe in qual.recipes:
                watched = chamber if qual.by_chamber else "*"
                self._history.at_risk[tool.name, watched, qual.qual_type].add(wafer)

    def _settle(self, tool: _Tool, start: datetime) -> datetime:
        """Results of failed quals that have arrived stop the tool until it is restored and checked again."""
        for pending in [p for p in tool.pending if p[0] <= start]:
            tool.pending.remove(pending)
            arrived, qual, chamber = pending
            done = max(arrived, tool.free_at) + timedelta(hours=self._random.uniform(2, 10))
            for name in tool.chambers if chamber == "*" else (chamber,):
                self._restore(tool, name, done, "repair")
            start = max(start, self._qualify(tool, qual, done))
        return start

    def _restore(self, tool: _Tool, chamber: str, done: datetime, kind: str) -> None:
        named = None if chamber == "*" else chamber
        self._history.restores.append({"tool": tool.name, "chamber": named, "done_at": _whole(done), "kind": kind})
        began = self._began.pop((tool.name, chamber), None)
        if began is not None:
            self._history.faults.append({"tool": tool.name, "chamber": chamber, "began": began, "ended": _whole(done)})
        self._renew((tool.name, chamber))

    def _renew(self, place: Place) -> None:
        kind = next(k for k in self._plan.tool_types if place[0].startswith(f"{k.name}-"))
        self._age[place] = 0
        share = max(len(kind.chambers), 1)
        self._fails_at[place] = self._random.weibullvariate(kind.wear_wafers / share, kind.wear_shape)

    def _qualify(self, tool: _Tool, qual: QualPlan, start: datetime) -> datetime:
        """Run test wafers through the tool; the results arrive hours or days later, while the tool keeps running."""
        at = start
        for chamber in tool.chambers if qual.by_chamber else ("*",):
            at += timedelta(minutes=12)
            if at > self._end:
                break
            self._look(tool, qual, chamber, at)
        tool.since_qual[qual] = 0
        return at + timedelta(minutes=3)

    def _look(self, tool: _Tool, qual: QualPlan, chamber: str, at: datetime) -> None:
        parts = [(tool.name, name) for name in (tool.chambers if chamber == "*" else (chamber,))]
        worn = max(self._age[part] / self._fails_at[part] for part in parts)
        passed = not any(part in self._began for part in parts)
        hours = self._random.uniform(1, 5)
        if self._random.random() < self._plan.late_rate:
            hours += self._random.uniform(24, 72)
        resulted = at + timedelta(hours=hours)
        shape = min(worn, 0.97) if passed else max(worn, 1.03)
        reading = max(qual.limit * (0.2 + 0.8 * shape**2) + self._random.gauss(0, qual.limit * 0.01), 0)
        reading = min(reading, qual.limit * 0.99) if passed else max(reading, qual.limit * 1.02)
        self._history.quals.append(
            {"tool": tool.name, "chamber": None if chamber == "*" else chamber, "qual_type": qual.qual_type}
            | {"processed_at": _whole(at), "resulted_at": _whole(resulted), "passed": passed}
            | {"reading": round(reading, 2), "unit": qual.unit, "upper": qual.limit}
        )
        self._test_wafers += 1
        test = f"TW{self._test_wafers:05d}"
        self._history.moves.append(
            self._move(tool, parts[0][1], at - timedelta(minutes=10), at)
            | {"lot": test, "wafer": f"{test}.01", "product": "MONITOR", "route": "QUAL", "step_no": 10, "step": "QUAL"}
            | {"recipe": f"QUAL-{qual.qual_type}", "kind": "test", "status": "completed"}
        )
        if passed:
            self._history.at_risk[tool.name, chamber, qual.qual_type].clear()
        elif not tool.pending:
            tool.pending.append((resulted, qual, chamber))


def _whole(moment: datetime) -> datetime:
    return moment.replace(microsecond=0)
