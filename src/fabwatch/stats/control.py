"""Estimates of a level that drifts, wafer by wafer: the ones that run-to-run control goes by.

EWMA: E. Sachs, A. Hu and A. Ingolfsson, IEEE Trans. Semicond. Manuf. 8 (1995) 26. Double EWMA (a level and its drift): S.
Butler and J. Stefani, ibid. 7 (1994) 193. By the age of a part: A. Chen and R.-S. Guo, ibid. 14 (2001) 11. A level that
jumps is followed at once when two departures in a row, to the same side, are larger than the noise allows.
"""

import math
from dataclasses import dataclass, replace

Life = tuple[float, float, float, float, float]

JUMP = 3.0
"""Standard deviations that two departures in a row have to be beyond, to the same side, to count as a jump."""
FORGET = 0.05
"""Share of the newest departure in what is known of the noise."""
CLIPPED = 3.0
"""Departures count for the noise up to so many standard deviations."""
FEW_AGES = 100.0
"""Sum of squares of ages up to which a slope is hardly believed: that of ten wafers in a row."""
NONE = (0.0, 0.0, 0.0, 0.0, 0.0)
"""A life of which nothing was seen."""
START = 0.05
"""Noise that is assumed before anything is known, as a share of the level."""


@dataclass(frozen=True)
class Level:
    """What is known of a level after some observations; `seen` of them since it was last set free."""

    name: str
    weight: float
    level: float | None = None
    drift: float = 0.0
    variance: float | None = None
    """Of an observation around what was expected."""
    seen: int = 0
    departures: tuple[float, ...] = ()
    """The last departure, while it is beyond the noise."""
    age: float = 0.0
    """Age of the part at the last observation."""
    slope: float = 0.0
    """Change of the level with the age of the part, for the estimate by age."""
    life: Life = NONE
    """Of this life of the part: how many, mean age, mean observation, sums of squares of ages and of products about them."""
    sums: tuple[float, float] = (0.0, 0.0)
    """Sum of squares of ages, and of their products with observations, about the mean of each earlier life."""
    jumped: bool = False
    opening: float = 1.0
    """Weight of the first observation after the level was set free: how much of its departure is a new level."""

    def expected(self, age: float, ahead: float = 1.0) -> float | None:
        """The level at an age, `ahead` observations from the last one; None before anything was seen."""
        if self.level is None:
            return None
        if self.name == "age":
            return self.level + self.slope * (age - self.age)
        return self.level + self.drift * ahead

    def spread(self) -> float | None:
        """Standard deviation of the next observation around what is expected; wider after the level was set free."""
        if self.level is None:
            return None
        variance = self.variance if self.variance is not None else (START * abs(self.level)) ** 2
        return math.sqrt(
            variance * (1.0 + 1.0 / (self.seen + 1) if self.seen < 3 else 1.0) * (4.0 if self.seen == 0 else 1.0)
        )


def observed(state: Level, value: float, age: float) -> Level:
    """The same after one more observation, at an age of the part."""
    expected = state.expected(age)
    if expected is None or state.level is None:
        return replace(state, level=value, age=age, seen=1, life=_longer(NONE, age, value))
    off = value - expected
    variance = state.variance if state.variance is not None else (START * abs(state.level)) ** 2
    noise = math.sqrt(variance)
    # The first observations after a change say little of the noise: the level itself is not known yet.
    counted = min(abs(off), CLIPPED * noise) ** 2
    share = 0.0 if state.seen == 0 else FORGET if state.variance is not None else 0.3
    variance = (1 - share) * variance + share * counted
    if state.seen and abs(off) > JUMP * noise and state.departures and off * state.departures[-1] > 0:
        first = _longer(NONE, age, value)
        middle = (value + (expected + state.departures[-1])) / 2
        return replace(state, level=middle, drift=0.0, age=age, seen=2, departures=(), jumped=True, life=first)
    gain = max(state.weight, state.opening if state.seen == 0 else 1.0 / (state.seen + 1))
    departures = (off,) if state.seen and abs(off) > JUMP * noise else ()
    if departures and state.seen > 2 and state.weight < 1:
        # One departure alone is as likely a bad measurement: it moves the level no further than the noise would.
        off = math.copysign(JUMP * noise, off)
    level = expected + gain * off
    drift = state.drift + (state.weight * gain * off if state.name == "dewma" and state.seen > 2 else 0.0)
    life = _longer(state.life, age, value) if state.name == "age" else NONE
    slope = _slope(state.sums, life) if state.name == "age" else 0.0
    return replace(
        state,
        level=level,
        drift=drift,
        variance=variance,
        seen=state.seen + 1,
        departures=departures,
        age=age,
        slope=slope,
        life=life,
        jumped=False,
    )


def reset(state: Level, level: float | None = None, opening: float = 1.0, age: float = 0.0) -> Level:
    """The part was changed: the level is open again, from `level` at `age` where something is known of new parts.

    `opening` in (0, 1] is the weight of the first observation after it.
    """
    _, _, _, squares, products = state.life
    return replace(
        state,
        level=state.level if level is None else level,
        drift=0.0,
        seen=0,
        departures=(),
        age=age,
        life=NONE,
        opening=opening,
        sums=(state.sums[0] + squares, state.sums[1] + products),
    )


def _longer(life: Life, age: float, value: float) -> Life:
    """One more observation of this life (B. Welford, Technometrics 4 (1962) 419)."""
    n, middle, mean, squares, products = life
    n += 1
    off = age - middle
    middle += off / n
    mean += (value - mean) / n
    return n, middle, mean, squares + off * (age - middle), products + off * (value - mean)


def _slope(sums: tuple[float, float], life: Life) -> float:
    """Change with age, pooled over the lives of the part (within each life, about its own mean)."""
    squares, products = life[3] + sums[0], life[4] + sums[1]
    return products / (squares + FEW_AGES)
