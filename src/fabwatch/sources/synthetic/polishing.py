"""Thickness data of the polishers of the demo fab: pads wear and are changed with each restore, and somebody works out the
times by hand from what was measured the day before."""

import random
from collections import defaultdict
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from fabwatch.sources.synthetic.plan import Plan
from fabwatch.sources.synthetic.simulation import History

AREA = "CMP"
TARGET = 5000.0
LIMIT = 250.0
"""How far from the target a wafer may end."""
INCOMING = 9000.0
RATE = 40.0
"""Angstrom a second with a new pad."""
WEAR = 0.00004
"""Share of the rate that a wafer costs."""
PADS, NOISE, FILM = 0.012, 0.008, 90.0
"""Standard deviations: of new pads and of single wafers (shares), of the film (angstrom)."""
MEASURED = ("01", "13", "25")
"""Slots of a lot that are measured."""


def polished(history: History, plan: Plan) -> Iterator[dict[str, Any]]:
    """The wafers that were measured, in order of polishing."""
    dice = random.Random(plan.seed + 1)  # noqa: S311 - made-up data
    tools = {tool["tool"] for tool in history.tools if tool["area"] == AREA}
    changes = defaultdict(list)
    for restore in history.restores:
        changes[restore["tool"]].append(restore["done_at"])
    pads = {tool: (RATE * dice.gauss(1, PADS), 0) for tool in sorted(tools)}
    known: dict[str, list[tuple[datetime, float]]] = defaultdict(list)
    for move in sorted(history.moves, key=lambda move: (move["end_at"], move["tool"], move["wafer"])):
        tool = move["tool"]
        if tool not in tools:
            continue
        while changes[tool] and changes[tool][0] <= move["end_at"]:
            changes[tool].pop(0)
            pads[tool] = RATE * dice.gauss(1, PADS), 0
        fresh, age = pads[tool]
        pads[tool] = fresh, age + 1
        if move["kind"] != "production" or move["wafer"].rpartition(".")[2] not in MEASURED:
            continue
        rate = fresh * (1 - WEAR * age) * dice.gauss(1, NOISE)
        incoming = INCOMING + dice.gauss(0, FILM)
        yesterday = move["end_at"] - timedelta(days=1)
        rates = [value for at, value in known[tool][-60:] if at <= yesterday][-10:] or [RATE]
        seconds = float(round((INCOMING - TARGET) / (sum(rates) / len(rates))))
        known[tool].append((move["end_at"], rate))
        yield {
            **{name: move[name] for name in ("lot", "wafer", "tool", "product")},
            "polished_at": move["end_at"],
            "measured_at": move["end_at"] + timedelta(minutes=round(dice.uniform(40, 200))),
            "incoming": round(incoming, 1),
            "after": round(incoming - rate * seconds, 1),
            "seconds": seconds,
            "target": TARGET,
            "lower": TARGET - LIMIT,
            "upper": TARGET + LIMIT,
            "unit": "angstrom",
        }
