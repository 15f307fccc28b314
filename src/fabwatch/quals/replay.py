"""What the record would qual like under another interval: the same hidden failures, other qual times."""

import numpy as np

from fabwatch.quals.answers import Replay
from fabwatch.quals.history import Cycle
from fabwatch.quals.wear import Wear
from fabwatch.stats.cycles import Floats
from fabwatch.stats.distributions import Family
from fabwatch.stats.renewal import Costs

PARTS = np.array([0.125, 0.375, 0.625, 0.875])
"""A hidden failure between two quals is placed at each of these shares of its chance, with a quarter each."""


def replay(wear: Wear, member: int, every: float, wafers_a_unit: float, costs: Costs) -> Replay | None:
    """Quals, wafers contained and wafers run bad: as they were, and with a qual every `every`.

    The hidden failures are placed by the tool's typical wear between the quals that bound them; a restore that came before
    any failure still ends its cycle. None when no qual is on record.
    """
    stream, clock = wear.streams[member], wear.clock
    scale, shape = (
        float(wear.fitted.weight[member] @ axis) for axis in (wear.fitted.grid.log_scale, wear.fitted.grid.log_shape)
    )
    was, would = np.zeros(4), np.zeros(4)
    length, would_last = 0.0, 0.0
    for cycle in stream.all_cycles:
        ages, _ = cycle.ages(clock)
        failed = cycle.failed
        good = cycle.last_good.on(clock)
        if failed is None:
            end = stream.age.on(clock) if cycle is stream.running else (ages[-1] if ages else 0.0)
            was += (len(ages), 0.0, 0.0, 0.0)
            would += (end / every, 0.0, 0.0, 0.0)
            length, would_last = length + end, would_last + end
            continue
        detected = max(failed.age.on(clock), good)
        began, _ = placed(wear.fitted.grid.family, good, detected, scale, shape)
        misses = (1 - wear.stated.sensitivity) / wear.stated.sensitivity
        quals = np.ceil(np.maximum(began, 1e-9) / every) + misses
        detected_then = quals * every
        was += (
            _quals_until_failed(cycle),
            1.0,
            (detected - good) * wafers_a_unit,
            float((detected - began).mean()) * wafers_a_unit,
        )
        bad = float((detected_then - began).mean()) * wafers_a_unit
        would += (float(quals.mean()), 1.0, every / wear.stated.sensitivity * wafers_a_unit, bad)
        length, would_last = length + detected, would_last + float(detected_then.mean())
    if not length or not was[0]:
        return None
    would *= length / would_last
    prices = np.array([costs.qual, costs.fail, costs.contain, costs.scrap])
    return Replay(
        days=round(stream.span_days, 1),
        quals=int(was[0]),
        quals_advised=round(float(would[0]), 1),
        contained=round(float(was[2])),
        contained_advised=round(float(would[2])),
        bad=round(float(was[3]), 1),
        bad_advised=round(float(would[3]), 1),
        cost=round(float(was @ prices), 2),
        cost_advised=round(float(would @ prices), 2),
    )


def _quals_until_failed(cycle: Cycle) -> int:
    return next(n for n, qual in enumerate(cycle.quals, 1) if not qual.passed)


def placed(family: Family, good: float, detected: float, log_scale: float, log_shape: float) -> tuple[Floats, float]:
    """Ages between `good` and `detected` that represent the hidden failure, and the chance that it lies there at all."""
    with np.errstate(divide="ignore"):
        log_age = np.log(np.array([good, detected])) - log_scale
    low, high = np.exp(-family.hazard(log_age, np.array(log_shape)))
    if low - high < 1e-12:
        return good + PARTS * (detected - good), float(low - high)
    hazard = -np.log(low - PARTS * (low - high))
    ages = np.array([float(family.log_age(float(h), np.array(log_shape))) for h in hazard])
    return np.clip(np.exp(ages + log_scale), good, detected), float(low - high)
