"""Several checks of one tool together: when the first of them will fail."""

import math
from collections.abc import Sequence

import numpy as np

from fabwatch.quals.answers import Combined, Forecast


def by_check(rows: Sequence[Forecast]) -> list[Forecast]:
    """The forecasts that count for a tool: those of its chambers hold the quals of the whole tool, where there are some."""
    chambered = {(row.tool, row.qual_type) for row in rows if row.chamber != "*"}
    return [row for row in rows if row.chamber != "*" or (row.tool, row.qual_type) not in chambered]


def combined(rows: Sequence[Forecast], coverage: float) -> tuple[Combined, ...]:
    """Tools under several checks (chambers, qual types), taken as independent: the tool is good while all of them are."""
    by_tool: dict[str, list[Forecast]] = {}
    for row in by_check(rows):
        by_tool.setdefault(row.tool, []).append(row)
    return tuple(_any(tool, members, coverage) for tool, members in by_tool.items() if len(members) > 1)


def _any(tool: str, rows: Sequence[Forecast], coverage: float) -> Combined:
    good_now = math.prod(1 - row.p_bad_now for row in rows)
    low = high = None
    if all(row.days_quantiles for row in rows):
        days = np.unique(np.concatenate([list(row.days_quantiles.values()) for row in rows]))
        all_good = np.ones(days.size)
        for row in rows:
            chances = np.array([float(name) for name in row.days_quantiles])
            days_ahead = np.array(list(row.days_quantiles.values()))
            all_good *= 1 - np.interp(days, days_ahead, chances, left=0.0)
        tail = (1 - coverage) / 2
        bad = np.maximum.accumulate(1 - all_good)
        low, high = (round(float(np.interp(chance, bad, days)), 2) for chance in (tail, 1 - tail))
    kinds = tuple(dict.fromkeys(row.qual_type for row in rows))
    return Combined(rows[0].area, tool, kinds, len(rows), round(1 - good_now, 4), coverage, low, high)
