"""Test results of the demo fab: wafers that passed a chamber while it was bad have failing dies, and so have those that a
wet bench left unclean at their edge. Written as a tester does, in STDF V4 (Teradyne, STDF Specification V4)."""

import struct
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import numpy.typing as npt

from fabwatch.sources.synthetic.plan import Plan
from fabwatch.sources.synthetic.simulation import History

CHAMBER_AREA, EDGE_AREA = "CVD", "Wet"
WEEK = timedelta(days=7)
GRID = 12
RADIUS = 5.9
SUPPLY, LEAKAGE, VOLTAGE = 1000, 2000, 3000
"""Numbers of the tests: supply current, leakage, threshold voltage."""
TESTS = {
    SUPPLY: ("supply current", "A", 3, 0.008, 0.012),
    LEAKAGE: ("leakage", "A", 6, 0.0, 5e-6),
    VOLTAGE: ("threshold voltage", "V", 0, 0.38, 0.52),
}
"""Name, unit, scale and limits of each."""
BINS = {1: "good", 4: "supply current", 6: "threshold voltage", 8: "leakage"}
SCATTER, SPOT, EDGE = 0.04, 0.8, 0.7
"""Shares of failing dies: anywhere, around the spot that a bad chamber leaves, and at the edge after a bad wet bench."""
_DIE = np.dtype(
    [("pir", "<u2"), ("pir_type", "u1", 2), ("pir_head", "u1", 2)]
    + [
        (f"{name}{n}", kind, *shape)
        for n in range(len(TESTS))
        for name, kind, *shape in (
            ("ptr", "<u2"), ("ptr_type", "u1", 2), ("test", "<u4"), ("head", "u1", 2), ("flag", "u1"), ("parm", "u1"),
            ("value", "<f4"), ("texts", "u1", 2),
        )
    ]
    + [("prr", "<u2"), ("prr_type", "u1", 2), ("headp", "u1", 2), ("part", "u1"), ("tests", "<u2"), ("hard", "<u2")]
    + [("soft", "<u2"), ("x", "<i2"), ("y", "<i2"), ("time", "<u4"), ("ends", "u1", 3)]
)  # fmt: skip


@dataclass(frozen=True)
class Fault:
    """Hidden truth: a chamber or tool that was bad for a time, and the wafers that passed it then."""

    tool: str
    chamber: str | None
    began: datetime
    ended: datetime | None
    wafers: frozenset[str]


def causes(history: History, plan: Plan) -> tuple[Fault | None, Fault | None]:
    """The chamber by which most wafers of the last week came out bad, and the wet bench by which most did in the first."""
    end = plan.start + timedelta(days=plan.days)
    through = _finished(history, plan)
    weeks = {
        CHAMBER_AREA: {lot for lot, _, at in through if end - WEEK <= at < end},
        EDGE_AREA: {lot for lot, _, at in through if at < plan.start + WEEK},
    }
    areas = {tool["tool"]: tool["area"] for tool in history.tools}
    passed: dict[tuple[str, str | None], list[tuple[datetime, str]]] = defaultdict(list)
    for move in history.moves:
        if move["kind"] == "production" and areas[move["tool"]] in (CHAMBER_AREA, EDGE_AREA):
            passed[move["tool"], move["chamber"]].append((move["end_at"], move["wafer"]))
    worst: dict[str, Fault] = {}
    most: dict[str, int] = {}
    for fault in history.faults:
        place = fault["tool"], None if fault["chamber"] == "*" else fault["chamber"]
        area = areas[fault["tool"]]
        if area not in (CHAMBER_AREA, EDGE_AREA):
            continue
        until = fault["ended"] or plan.start + timedelta(days=plan.days)
        wafers = frozenset(wafer for at, wafer in passed[place] if fault["began"] <= at <= until)
        # The chamber is news; the edge is what came and went.
        count = sum(wafer.partition(".")[0] in weeks[area] for wafer in wafers)
        if count > most.get(area, 0):
            most[area] = count
            worst[area] = Fault(*place, fault["began"], fault["ended"], wafers)
    return worst.get(CHAMBER_AREA), worst.get(EDGE_AREA)


def tested(history: History, plan: Plan) -> Iterator[tuple[str, bytes]]:
    """Name and content of the test file of each lot that is through, in the order of testing."""
    dice = np.random.default_rng(plan.seed + 2)
    spot, edge = (fault.wafers if fault else frozenset() for fault in causes(history, plan))
    for lot, product, at in _finished(history, plan):
        tested_at = at + timedelta(hours=float(dice.uniform(4, 16)))
        if tested_at >= plan.start + timedelta(days=plan.days):
            continue
        wafers = [f"{lot}.{slot:02d}" for slot in range(1, 26)]
        yield f"sort_{lot}.stdf.gz", _file(lot, product, wafers, tested_at, spot, edge, dice)


def _finished(history: History, plan: Plan) -> list[tuple[str, str, datetime]]:
    """Lots that are at the end of their route, with their product and when that was."""
    last = {product: 10 * len(plan.route(product)) for product in plan.products}
    ended: dict[str, tuple[str, datetime]] = {}
    for move in history.moves:
        if move["kind"] == "production" and move["step_no"] == last[move["product"]]:
            before = ended.get(move["lot"], (move["product"], move["end_at"]))[1]
            ended[move["lot"]] = move["product"], max(move["end_at"], before)
    return sorted(((lot, product, at) for lot, (product, at) in ended.items()), key=lambda row: (row[2], row[0]))


def _file(
    lot: str,
    product: str,
    wafers: list[str],
    at: datetime,
    spot: frozenset[str],
    edge: frozenset[str],
    dice: np.random.Generator,
) -> bytes:
    begin, pause = _seconds(at), 90
    pieces = [struct.pack("<HBBBB", 2, 0, 10, 2, 4), _mir(lot, product, begin)]
    for number, wafer in enumerate(wafers):
        start = begin + number * pause
        pieces.append(_record(2, 10, struct.pack("<BBI", 1, 255, start) + _text(wafer)))
        dies = _wafer(wafer in spot, wafer in edge, dice)
        pieces += [dies[:1].tobytes() if number else _first(dies[:1]), dies[1:].tobytes()]
        counts = struct.pack("<BBIIIIII", 1, 255, start + pause, len(dies), 0, 0, int((dies["hard"] == 1).sum()), 0)
        pieces.append(_record(2, 20, counts + _text(wafer) + b"\0" * 5))
    for code, name in BINS.items():
        for kind in (40, 50):
            row = struct.pack("<BBHI", 255, 255, code, 0) + (b"P" if code == 1 else b"F") + _text(name)
            pieces.append(_record(1, kind, row))
    pieces.append(_record(1, 20, struct.pack("<I", begin + len(wafers) * pause) + b" " + b"\0\0"))
    return b"".join(pieces)


def _wafer(spot: bool, edge: bool, dice: np.random.Generator) -> npt.NDArray[Any]:
    """The records of the dies of one wafer."""
    middle = (GRID - 1) / 2
    y, x = (axis.ravel() for axis in np.mgrid[0:GRID, 0:GRID])
    radius = np.hypot(x - middle, y - middle)
    inside = radius <= RADIUS
    x, y, radius = x[inside], y[inside], radius[inside]
    fails = np.where(dice.random(x.size) < SCATTER, 4, 1)
    if edge:
        fails[(radius > 0.8 * RADIUS) & (dice.random(x.size) < EDGE)] = 6
    if spot:
        turn = dice.uniform(0, 2 * np.pi)
        near = np.hypot(x - middle - 2.5 * np.cos(turn), y - middle - 2.5 * np.sin(turn)) < 2.9
        fails[near & (dice.random(x.size) < SPOT)] = 8
    dies = np.zeros(x.size, _DIE)
    values = {
        SUPPLY: np.where(fails == 4, dice.normal(0.0135, 0.0004, x.size), dice.normal(0.010, 0.0004, x.size)),
        LEAKAGE: np.where(fails == 8, dice.lognormal(-11, 0.3, x.size), dice.lognormal(-14.5, 0.3, x.size)),
        VOLTAGE: np.where(fails == 6, dice.normal(0.34, 0.008, x.size), dice.normal(0.45, 0.01, x.size)),
    }
    dies["pir"], dies["pir_type"], dies["pir_head"] = 2, (5, 10), (1, 1)
    for n, (test, measured) in enumerate(values.items()):
        _, _, _, lower, upper = TESTS[test]
        dies[f"ptr{n}"], dies[f"ptr_type{n}"], dies[f"test{n}"], dies[f"head{n}"] = 14, (15, 10), test, (1, 1)
        dies[f"value{n}"] = measured
        dies[f"flag{n}"] = np.where((measured < lower) | (measured > upper), 128, 0)
    failed = np.zeros(x.size, bool)
    for n in range(len(TESTS)):
        failed |= dies[f"flag{n}"] > 0
    hard = np.where(failed, np.where(fails == 1, 4, fails), 1)
    dies["prr"], dies["prr_type"], dies["headp"], dies["part"] = 20, (5, 20), (1, 1), np.where(failed, 8, 0)
    dies["tests"], dies["hard"], dies["soft"], dies["x"], dies["y"] = len(TESTS), hard, hard, x, y
    dies["time"] = dice.integers(700, 900, x.size)
    return dies


def _first(die: npt.NDArray[Any]) -> bytes:
    """The records of the first die, in which each test states its name, unit and limits."""
    raw = die.tobytes()
    begin = 6
    pieces = [raw[:begin]]
    for name, unit, scale, lower, upper in TESTS.values():
        plain = raw[begin + 4 : begin + 16]
        begin += 18
        limits = struct.pack("<Bbbbff", 12, scale, scale, scale, lower, upper) + _text(unit) + b"\0\0\0"
        pieces.append(_record(15, 10, plain + _text(name) + b"\0" + limits + struct.pack("<ff", 0, 0)))
    return b"".join([*pieces, raw[begin:]])


def _mir(lot: str, product: str, begin: int) -> bytes:
    texts = [lot, product, "TESTER-01", "demo", f"{product}-sort", "3", "", "", "", "", "sort"]
    head = struct.pack("<IIB", begin, begin, 1) + b"P  " + struct.pack("<H", 65535) + b" "
    return _record(1, 10, head + b"".join(map(_text, texts)) + b"\0" * 19)


def _record(kind: int, sub: int, body: bytes) -> bytes:
    return struct.pack("<HBB", len(body), kind, sub) + body


def _text(text: str) -> bytes:
    return bytes([len(text)]) + text.encode("ascii")


def _seconds(at: datetime) -> int:
    return int(at.replace(tzinfo=UTC).timestamp())
