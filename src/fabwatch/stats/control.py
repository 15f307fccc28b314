"""Estimates of a drifting level, wafer by wafer, for run-to-run control.

EWMA: E. Sachs, A. Hu and A. Ingolfsson, IEEE Trans. Semicond. Manuf. 8 (1995) 26. Double EWMA (a level and its drift): S.
Butler and J. Stefani, ibid. 7 (1994) 193. By the age of a part: A. Chen and R.-S. Guo, ibid. 14 (2001) 11. A jump is
followed at once when two departures in a row, on the same side, exceed the noise.
"""

import math
from dataclasses import dataclass, replace

Life = tuple[float, float, float, float, float]

JUMP = 3.0
"""Two departures in a row beyond this many standard deviations, on the same side, are a jump."""
FORGET = 0.05
"""Weight of the newest departure in the noise estimate."""
CLIPPED = 3.0
"""Departures are clipped at this many standard deviations for the noise estimate."""
FEW_AGES = 100.0
"""Shrinks slopes from few ages towards 0: the sum of squares of ages of ten wafers in a row."""
NONE = (0.0, 0.0, 0.0, 0.0, 0.0)
"""A life without observations."""
START = 0.05
"""Noise before the first estimate, as a share of the level."""


@dataclass(frozen=True)
class Level:
    """The estimate of a level; `seen` counts the observations since its last reset."""

    name: str
    weight: float
    level: float | None = None
    drift: float = 0.0
    variance: float | None = None
    """Variance of an observation around its expected value."""
    seen: int = 0
    departures: tuple[float, ...] = ()
    """The last departure, while it is beyond the noise."""
    age: float = 0.0
    """Age of the part at the last observation."""
    slope: float = 0.0
    """Change of the level with the age of the part, for the estimate by age."""
    life: Life = NONE
    """Of this life of the part: count, mean age, mean observation, sums of squares of ages and of products about them."""
    sums: tuple[float, float] = (0.0, 0.0)
    """Sum of squares of ages, and of their products with observations, about the mean of each earlier life."""
    jumped: bool = False
    opening: float = 1.0
    """Weight of the first observation after a reset: how much of its departure becomes the new level."""

    def expected(self, age: float, ahead: float = 1.0) -> float | None:
        """The level at an age, `ahead` observations from the last one; None before the first one."""
        if self.level is None:
            return None
        if self.name == "age":
            return self.level + self.slope * (age - self.age)
        return self.level + self.drift * ahead

    def spread(self) -> float | None:
        """Standard deviation of the next observation around its expected value; wider after a reset."""
        if self.level is None:
            return None
        variance = self.variance if self.variance is not None else (START * abs(self.level)) ** 2
        return math.sqrt(
            variance * (1.0 + 1.0 / (self.seen + 1) if self.seen < 3 else 1.0) * (4.0 if self.seen == 0 else 1.0)
        )


def observed(state: Level, value: float, age: float) -> Level:
    """The level after one more observation, at an age of the part."""
    expected = state.expected(age)
    if expected is None or state.level is None:
        return replace(state, level=value, age=age, seen=1, life=_longer(NONE, age, value))
    departure = value - expected
    variance = state.variance if state.variance is not None else (START * abs(state.level)) ** 2
    noise = math.sqrt(variance)
    # The first observations after a change say little about the noise: the level itself is not known yet.
    clipped = min(abs(departure), CLIPPED * noise) ** 2
    share = 0.0 if state.seen == 0 else FORGET if state.variance is not None else 0.3
    variance = (1 - share) * variance + share * clipped
    if state.seen and abs(departure) > JUMP * noise and state.departures and departure * state.departures[-1] > 0:
        first = _longer(NONE, age, value)
        middle = (value + (expected + state.departures[-1])) / 2
        return replace(state, level=middle, drift=0.0, age=age, seen=2, departures=(), jumped=True, life=first)
    gain = max(state.weight, state.opening if state.seen == 0 else 1.0 / (state.seen + 1))
    departures = (departure,) if state.seen and abs(departure) > JUMP * noise else ()
    if departures and state.seen > 2 and state.weight < 1:
        # A single departure may be a bad measurement: limit its effect to that of the noise.
        departure = math.copysign(JUMP * noise, departure)
    level = expected + gain * departure
    drift = state.drift + (state.weight * gain * departure if state.name == "dewma" and state.seen > 2 else 0.0)
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
    """Reset the level after a change of the part, to `level` at `age` where new parts are known.

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
