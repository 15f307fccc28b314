"""The score put to the test: forecasts by one who knows every scale and shape must come out as right."""

import math
from collections import defaultdict
from datetime import datetime, timedelta

import numpy as np
import pytest

from fabwatch.quals.history import Age, Cycle, QualEvent, Stream
from fabwatch.quals.judging import PastForecast, Prediction, judged, pairs_of
from fabwatch.quals.outlook import CHANCES

pytestmark = pytest.mark.unit

BEGIN, DAYS = datetime(2026, 1, 1), 16.0
ORIGINS = np.linspace(0.4, 0.9, 6) * DAYS
AREAS = {"Etch": 60, "Litho": 40, "Implant": 30, "Planar": 20, "Wet": 12, "Metrology": 5}


def at(day):
    return BEGIN + timedelta(days=float(day))


def record_of(rng, name):
    """One tool: its scale, shape, days between quals, and what its quals found until the end of the record."""
    shape, life = math.exp(rng.normal(math.log(2.0), 0.3)), math.exp(rng.uniform(math.log(1.5), math.log(25)))
    every = max(life / rng.uniform(2, 8), 0.2)
    cycles, day = [Cycle(BEGIN)], 0.0
    while day < DAYS:
        fails, restored = life * rng.weibull(shape), rng.exponential(4 * life)
        first = rng.uniform(0, every)
        for look in np.arange(first, DAYS, every):
            if look > restored or day + look > DAYS:
                break
            cycles[-1].quals.append(QualEvent(at(day + look), Age(0.0, look), bool(look < fails)))
            if look >= fails:
                restored = look + 0.01
                break
        day += restored
        if day < DAYS:
            cycles[-1].ended = at(day)
            cycles.append(Cycle(at(day)))
    age = Age(0.0, DAYS - (cycles[-1].began - BEGIN) / timedelta(days=1))
    stream = Stream(name, "*", "p", cycles[:-1], cycles[-1], at(DAYS), age, (0.0,), DAYS, 0.0, 0)
    return life, shape, every, stream


def perfect(life, shape, every, stream, origin, area, stretch=1.0):
    """What one who knows the life and shape of a tool says of it; None without a qual in its running cycle, or failed."""
    cycle = next(c for c in stream.all_cycles if c.began <= at(origin) and (c.ended is None or c.ended > at(origin)))
    seen = cycle.until(at(origin))
    if not seen.quals or seen.failed:
        return None
    good = seen.last_good.days
    ages = tuple(good + stretch * (life * ((good / life) ** shape - math.log(1 - c)) ** (1 / shape) - good) for c in CHANCES)
    p_next = 1 - math.exp((good / life) ** shape - ((good + every) / life) ** shape)
    by = {"fabwatch": Prediction(ages, p_next)}
    key = (stream.tool, stream.chamber, stream.qual_type)
    return PastForecast(at(origin), key, area, "days", seen.quals[-1].at, good, 0, by)


def scored(seed, stretch=1.0):
    rng = np.random.default_rng(seed)
    forecasts, later = [], {}
    for area, tools in AREAS.items():
        for number in range(tools):
            life, shape, every, stream = record_of(rng, f"{area}{number}")
            later[stream.tool, "*", "p"] = stream
            forecasts += [perfect(life, shape, every, stream, origin, area, stretch) for origin in ORIGINS]
    return judged(pairs_of([f for f in forecasts if f is not None], later), (0.1, 0.9))


@pytest.fixture(scope="module")
def oracles():
    return [scored(seed) for seed in range(30)]


def test_a_perfect_forecast_scores_eighty_of_a_hundred(oracles):
    held = [score.total.held for score in oracles]
    assert np.mean(held) == pytest.approx(0.8, abs=0.01)
    assert np.mean([0.76 < share < 0.84 for share in held]) > 0.9
    assert np.mean([score.total.early for score in oracles]) == pytest.approx(0.1, abs=0.01)


def test_the_ranges_of_a_perfect_forecast_hold_what_they_promise(oracles):
    groups = [row for score in oracles for row in score.by_area]
    assert 0.85 <= np.mean([row.held_low <= 0.8 <= row.held_high for row in groups]) <= 0.97
    whole = [score.total.held_low <= 0.8 <= score.total.held_high for score in oracles]
    assert np.mean(whole) >= 0.8
    bins = [row.share_low <= 0.1 <= row.share_high for score in oracles for row in score.positions]
    assert 0.85 <= np.mean(bins) <= 0.96
    tenths = [row.came_low <= row.said <= row.came_high for score in oracles for row in score.calibration if row.quals > 20]
    assert 0.84 <= np.mean(tenths) <= 0.96
    slopes = [score.slope.low <= 1 <= score.slope.high for score in oracles]
    assert np.mean(slopes) >= 0.8


def test_no_figure_sticks_to_a_grid(oracles):
    shares = [row.held for score in oracles for row in (score.total, *score.by_area)]
    again = defaultdict(int)
    for share in shares:
        again[share] += 1
    assert max(again.values()) <= 3


def test_windows_half_or_twice_as_far_ahead_are_seen_to_be_wrong():
    early, late = scored(3, 2.0).total, scored(3, 0.5).total
    assert early.early > 0.18 > 0.05 > early.late
    assert late.late > 0.3
    assert late.held_high < 0.8


def test_the_order_of_forecasts_changes_nothing():
    rng = np.random.default_rng(5)
    made = [record_of(rng, f"T{n}") for n in range(20)]
    later = {(stream.tool, "*", "p"): stream for *_, stream in made}
    forecasts = [perfect(life, shape, every, one, day, "Etch") for life, shape, every, one in made for day in ORIGINS]
    pairs = pairs_of([f for f in forecasts if f is not None], later)
    shuffled = [pairs[n] for n in rng.permutation(len(pairs))]
    assert judged(shuffled, (0.1, 0.9)) == judged(pairs, (0.1, 0.9))
