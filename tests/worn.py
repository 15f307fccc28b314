"""Tools whose wear is known: a day-by-day simulation that shares nothing with the code under test.

Every tool runs for a fixed time, whatever its state, is checked every so many days, and is restored when a check fails. (To
draw a running cycle only from tools that are still good would favour late windows; a fab is not like that.)
"""

import math
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import numpy as np

from fabwatch.quals.history import Age, Cycle, QualEvent, Stream

START = datetime(2025, 1, 1)
SCENARIOS = {
    "normal": {},
    "few failures": {"lives": 0.8},
    "differing tools": {"spread": 0.7},
    "exponential": {"shape": 1.0, "shape_spread": 0.0},
    "strong wear": {"shape": 5.0},
}


@dataclass
class Worn:
    """One tool: what was seen of it, and the truth."""

    tool: str
    tool_type: str
    scale: float
    shape: float
    stream: Stream
    truth: float
    """Age at the hidden failure of the running cycle, on the clock of the wear."""
    truth_days: float
    """Days from now until it at the tool's own future pace; negative when it has come."""
    per_day: list[int] = field(default_factory=list)
    seed: int = 0
    began: list[tuple[float, float]] = field(default_factory=list)
    """Of each ended cycle that failed: the ages at its hidden failure and at the failed qual, in wafers."""

    def failure_age(self, chance, clock="wafers"):
        """The age by which the hidden failure has come with a chance, for one who knows scale and shape."""
        good = self.stream.running.last_good.on(clock)
        return self.scale * ((good / self.scale) ** self.shape - math.log(1 - chance)) ** (1 / self.shape)

    def bad_now(self, clock="wafers"):
        """The chance to be bad already, for one who knows scale and shape (and whose quals never err)."""
        good, now = self.stream.running.last_good.on(clock), self.stream.age.on(clock)
        return 1 - math.exp((good / self.scale) ** self.shape - (now / self.scale) ** self.shape)


def worn_tools(
    seed, types=10, sisters=50, *, lives=5.0, shape=2.3, spread=0.3, shape_spread=0.15, clock="wafers", pace_spread=0.0,
    sensitivity=1.0, false_alarm=0.0, lot=1, lognormal=False,
):  # fmt: skip
    """`lives` is how many typical lives each tool runs; `pace_spread` makes the pace differ from week to week."""
    rng = np.random.default_rng(seed)
    made = []
    for kind in range(types):
        life_days = rng.uniform(16, 40)
        per_day = math.exp(rng.uniform(math.log(60), math.log(300)))
        middle = life_days * (per_day if clock == "wafers" else 1.0)
        for _ in range(sisters):
            every = int(max(1, round(life_days / rng.uniform(4, 10))))
            scale, wear = middle * math.exp(rng.normal(0, spread)), shape * math.exp(rng.normal(0, shape_spread))
            days = int(life_days * lives * rng.uniform(0.5, 1.5)) + 1

            def draw(scale=scale, wear=wear):
                if lognormal:
                    return scale * math.exp(rng.normal() * math.pi / math.sqrt(6) / wear)
                return scale * rng.weibull(wear)

            errs = (sensitivity, false_alarm)
            name = f"T{len(made):04d}"
            made.append(
                _run(rng, name, f"TYPE{kind}", scale, wear, draw, every, days, per_day, pace_spread, clock, errs, lot)
            )
    for one in made:
        one.seed = seed
    return made


def _run(rng, tool, tool_type, scale, wear, draw, every, days, per_day, pace_spread, clock, errs, lot):
    phase = int(rng.integers(every))
    own = per_day * math.exp(rng.normal(0, 0.25)) if clock != "wafers" or pace_spread else per_day
    cycles, running, fails, wafers, since = [], Cycle(START), draw(), 0, 0
    began, per_day_made, total = [], [], 0
    weeks: dict[int, float] = {}

    def pace(day):
        return max(own * weeks.setdefault(day // 7, math.exp(rng.normal(0, pace_spread))), 0.5)

    for day in range(days):
        ran = max(round(pace(day)), 1)
        per_day_made.append(ran)
        wafers, total = wafers + ran, total + ran
        at, age_days = START + timedelta(days=day + 1), day + 1 - since
        age = wafers if clock == "wafers" else age_days
        if (day + 1 + phase) % every == 0:
            bad = age > fails
            passed = not (rng.random() < (errs[0] if bad else errs[1]))
            running.quals.append(QualEvent(at, Age(wafers / lot, age_days), passed))
            if not passed:
                if bad and clock == "wafers":
                    began.append((fails, wafers))
                running.ended = at
                cycles.append(running)
                running, fails, wafers, since = Cycle(at), draw(), 0, day + 1
    ahead, left, day = 0.0, fails - (wafers if clock == "wafers" else days - since), days
    if clock == "wafers" and left > 0:
        while left > pace(day) and day < days + 3000:
            left -= pace(day)
            day += 1
            ahead += 1
        ahead += left / pace(day)
    else:
        ahead = left / (own if clock == "wafers" else 1.0)
    now = START + timedelta(days=days)
    ends = [sum(per_day_made[max(days - 7 * n, 0) : days - 7 * (n - 1)]) / 7 for n in range(min(8, days // 7), 0, -1)]
    stream = Stream(
        tool, "*", "p", cycles, running, now, Age(wafers / lot, days - since),
        tuple(rate / lot for rate in ends) or (total / lot / days,), float(days), total / lot, 0,
    )  # fmt: skip
    return Worn(
        tool, tool_type, scale, wear, stream, fails / (lot if clock == "wafers" else 1), ahead, per_day_made, 0, began
    )


def worn_files(made, folder, lots_a_day=1):
    """The same tools as files that a fab can load; each day's lots end spread over it. Returns the paths."""
    lines = {"tools": ["tool,tool_type,area"], "moves": ["lot,tool,wafers,end_at"]}
    lines |= {"quals": ["tool,qual_type,processed_at,passed"], "restores": ["tool,done_at,kind"]}
    for one in made:
        lines["tools"].append(f"{one.tool},{one.tool_type},Etch")
        for day, ran in enumerate(one.per_day):
            for lot in range(lots_a_day):
                part = ran * (lot + 1) // lots_a_day - ran * lot // lots_a_day
                at = START + timedelta(days=day + (lot + 0.5) / lots_a_day)
                lines["moves"] += [f"L{one.tool}-{day}-{lot},{one.tool},{part},{_z(at)}"] if part else []
        for cycle in one.stream.all_cycles:
            for qual in cycle.quals:
                lines["quals"].append(f"{one.tool},p,{_z(qual.at)},{'pass' if qual.passed else 'fail'}")
            if cycle.ended:
                lines["restores"].append(f"{one.tool},{_z(cycle.ended)},repair")
    paths = []
    for name, rows in lines.items():
        paths.append(folder / f"{name}.csv")
        paths[-1].write_text("\n".join(rows) + "\n")
    return paths


def _z(moment):
    return moment.isoformat() + "Z"
