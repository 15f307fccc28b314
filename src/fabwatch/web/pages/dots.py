"""A picture of values over time: a dot a value."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from fabwatch.terms.answers import Json

LEFT, TOP, WIDTH, HEIGHT = 54, 10, 560, 150
LINES = 4


def dots_over_time(values: Sequence[tuple[datetime, float, Any]], low: float, high: float) -> Json | None:
    """Where each value (time, value, what it is of) stands between `low` and `high`; None for fewer than two."""
    if len(values) < 2:
        return None
    first, last = min(at for at, _, _ in values), max(at for at, _, _ in values)
    seconds = max((last - first).total_seconds(), 1.0)
    span = (high - low) or 1.0

    def y(value: float) -> float:
        return round(TOP + HEIGHT * (high - value) / span, 1)

    dots = [(round(LEFT + WIDTH * (at - first).total_seconds() / seconds, 1), y(value), what) for at, value, what in values]
    steps = [low + span * step / LINES for step in range(LINES + 1)]
    return {
        "left": LEFT,
        "right": LEFT + WIDTH,
        "bottom": TOP + HEIGHT,
        "dots": dots,
        "line": "M" + "L".join(f"{x},{y}" for x, y, _ in dots),
        "up": [(y(value), value) for value in steps],
        "first": first,
        "last": last,
    }
