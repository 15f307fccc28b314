"""How honest the forecast is on fabs whose hidden truth is known: python bench/truth.py [scenario ...] (some minutes).

Each scenario makes two fabs of 48 tool types with 1 to 135 tools, 16 days long. The hidden failure of a tool comes at an age
from its own Weibull distribution; particles are counted against a limit of 30 at quals whose gap follows the life of the
type loosely; a failed qual is followed by a repair and a requal, and some tools have maintenance between. Forecasts are made
at two moments. Printed per scenario:

`held`, `early`   80 % windows that held by the truth, and failures that came before theirs
`few`, `score`    held in types of up to three tools, and held by the fab's own score
`now`, `was`      the mean chance to be out of spec now, and the share that was
`slope`           of reliability with its 90 % range; that of an oracle who knows scale, shape and curve (below 1, as the
                  next qual comes earlier or later than is expected); and that without readings
`Brier`           of the next qual with readings, without, and of the oracle
`readings`        the share of forecasts that used them, of how many in types of up to three tools and in all
"""

import sys
from collections import defaultdict
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parent.parent))

from fabwatch.equipment.tools import ToolCard
from fabwatch.quals.cadence import MIDDLE, ages_at, coming
from fabwatch.quals.history import Age, Cycle, QualEvent, Stream
from fabwatch.quals.judging import OURS, judged, pairs_of
from fabwatch.quals.ledger import forecasts_at
from fabwatch.quals.readings import ByFailures
from fabwatch.quals.schedule import pace
from fabwatch.quals.wear import fit_fab
from fabwatch.stats.scoring import brier, reliability_slope
from fabwatch.terms.settings.answering import QualSettings

START = datetime(2025, 1, 1)
DAYS, ORIGINS, LIMIT, AFTER = 16.0, (8.0, 12.5), 30.0, 45.0
OTHERS = (3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 5, 6, 6, 7, 7, 8, 8, 9, 9, 10, 10, 10)
SIZES = (1, 1, *[2] * 12, *OTHERS, 11, 13, 14, 15, 17, 19, 21, 28, 35, 51, 135)
"""Tools of each type."""
FEW = 3
STATED = QualSettings()


@dataclass(frozen=True)
class Scenario:
    """A kind of fab."""

    shape: tuple[float, float] = (2.0, 3.0)
    """The shapes of its types lie between these."""
    spread: float = 0.25
    """Of the log scale among sisters."""
    rise: float = 8.0
    """Particles that a life adds to the 6 of a restored tool."""
    power: float = 2.0
    pms: float = 0.4
    """Maintenances of a tool in the record."""


SCENARIOS = {
    "usual": Scenario(),
    "shape 1.3": Scenario(shape=(1.2, 1.4)),
    "shape 2": Scenario(shape=(1.9, 2.1)),
    "shape 3": Scenario(shape=(2.9, 3.1)),
    "shape 4": Scenario(shape=(3.6, 4.4)),
    "tools alike": Scenario(spread=0.08),
    "tools differ": Scenario(spread=0.5),
    "power 1": Scenario(power=1.0),
    "power 4": Scenario(power=4.0),
    "weak readings": Scenario(rise=3.0),
    "strong readings": Scenario(rise=16.0),
    "readings are noise": Scenario(rise=0.0),
    "much maintenance": Scenario(pms=2.0),
}


@dataclass
class Tool:
    """One tool: the truth, and everything that happens to it in the record."""

    name: str
    tool_type: str
    sisters: int
    scale: float
    shape: float
    days: np.ndarray
    wafers: np.ndarray
    """Wafers run by the ends of these days."""
    began: list[float] = field(default_factory=list)
    """The day on which each cycle began."""
    lives: list[float] = field(default_factory=list)
    """The age in wafers of the hidden failure of each."""
    quals: list[list[tuple[float, bool, float]]] = field(default_factory=list)
    """Of each cycle: day, result and count."""

    def ran(self, day):
        return float(np.interp(day, self.days, self.wafers))

    def stream(self, until):
        """What is on record at a moment."""
        cycles = []
        for n, began in enumerate(self.began):
            if began > until:
                break
            at = START + timedelta(days=began)
            if cycles:
                cycles[-1].ended = at
            cycles.append(Cycle(at, known_start=n > 0))
            for day, passed, count in self.quals[n]:
                if day <= until:
                    age = Age(self.ran(day) - self.ran(began), day - began)
                    qual = QualEvent(START + timedelta(days=day), age, passed, False, count, None, LIMIT, "counts")
                    cycles[-1].quals.append(qual)
        began = self.began[len(cycles) - 1]
        age = Age(self.ran(until) - self.ran(began), until - began)
        edges = [0.0, *(until - 7.0 * n for n in range(8, -1, -1) if until - 7.0 * n > 0)]
        stretches = [(a, b) for a, b in pairwise(edges) if b - a >= 3.5 or len(edges) == 2]
        paces = tuple((self.ran(b) - self.ran(a)) / (b - a) for a, b in stretches)
        now = START + timedelta(days=until)
        return Stream(self.name, "*", "p", cycles[:-1], cycles[-1], now, age, paces, until, self.ran(until), 0)

    def life(self, until):
        """The age at the hidden failure of the cycle that runs at a moment."""
        return self.lives[sum(began <= until for began in self.began) - 1]


def fab_of(seed, how):
    """The tools of one fab."""
    rng = np.random.default_rng(seed)
    tools = []
    for kind, sisters in enumerate(SIZES):
        log_life = rng.normal(np.log(7), 0.5)
        gap = np.exp(np.log(1.5) + 0.7 * (log_life - np.log(7)) + rng.normal(0, 0.3))
        per_day, shape = np.exp(rng.uniform(np.log(60), np.log(400))), rng.uniform(*how.shape)
        for _ in range(sisters):
            rate = per_day * np.exp(rng.normal(0, 0.2)) * np.exp(rng.normal(0, 0.2, int(DAYS) + 1))
            days, wafers = np.arange(len(rate) + 1.0), np.concatenate([[0.0], np.cumsum(rate)])
            scale = per_day * np.exp(log_life + rng.normal(0, how.spread))
            own = shape * np.exp(rng.normal(0, 0.08))
            tool = Tool(f"T{len(tools):04d}", f"TYPE{kind}", sisters, scale, own, days, wafers)
            run(rng, tool, gap * np.exp(rng.normal(0, 0.06)), how)
            tools.append(tool)
    return tools


def run(rng, tool, gap, how):
    """Run one tool to the end of the record: looks, repairs with requals, and maintenance."""
    pms = iter(sorted(rng.uniform(0, DAYS, rng.poisson(how.pms))))
    pm, look = next(pms, np.inf), rng.uniform(0, gap)
    restore(rng, tool, 0.0)
    while look < DAYS:
        if pm < look:
            restore(rng, tool, pm)
            pm = next(pms, np.inf)
            continue
        used = (tool.ran(look) - tool.ran(tool.began[-1])) / tool.lives[-1]
        count = float(rng.poisson(AFTER if used >= 1 else 6 + how.rise * used**how.power))
        tool.quals[-1].append((look, count <= LIMIT, count))
        if count > LIMIT:
            repaired = look + rng.uniform(0.1, 0.35)
            while pm < repaired:
                pm = next(pms, np.inf)
            restore(rng, tool, repaired)
            look = repaired + 0.02
        else:
            look += gap * np.exp(rng.normal(0, 0.15))


def restore(rng, tool, day):
    tool.began.append(day)
    tool.lives.append(tool.scale * rng.weibull(tool.shape))
    tool.quals.append([])


def oracle(tool, stream, age, how):
    """The chance that the running cycle has failed by an age, for one who knows scale, shape and curve."""
    good = stream.running.last_good.wafers
    hazard = (good / tool.scale) ** tool.shape - np.log1p(-(np.arange(400) + 0.5) / 400)
    lives = tool.scale * hazard ** (1 / tool.shape)
    log = np.zeros(lives.size)
    for qual in stream.running.quals:
        mean = 6 + how.rise * np.minimum(qual.age.wafers / lives, 1.0) ** how.power
        log += qual.reading * np.log(mean) - mean
    weight = np.exp(log - log.max())
    return float(weight @ (lives <= age) / weight.sum())


def measure(seed, how):
    """Forecast one fab at each moment: rows of what was said beside the truth, and the pairs for the score."""
    tools = fab_of(seed, how)
    by_name = {tool.name: tool for tool in tools}
    cards = {tool.name: ToolCard(tool.name, None, tool.tool_type) for tool in tools}
    later = {(tool.name, "*", "p"): tool.stream(DAYS) for tool in tools}
    rows, pairs = defaultdict(list), []
    for until in ORIGINS:
        groups = defaultdict(list)
        for tool in tools:
            groups[tool.tool_type].append(tool.stream(until))
        for wear in fit_fab(list(groups.values()), "wafers", lambda _: STATED):
            now = np.array([stream.age.wafers for stream in wear.streams])
            dues = coming(wear.streams, 1)
            speed = np.array([pace(stream).per_day for stream in wear.streams])
            due = ages_at(dues, now, "wafers", speed, 1)[:, 0, MIDDLE]
            ages, bad = wear.predictor.ages((0.1, 0.9)), wear.predictor.bad_by(now)
            alone = ByFailures(wear.fitted, wear.running).bad_by(due)
            made = forecasts_at(wear, range(len(wear.streams)), cards, START + timedelta(days=until))
            told = {one.key[0]: one for one in made}
            for n, stream in enumerate(wear.streams):
                tool = by_name[stream.tool]
                if tool.name not in told:
                    continue
                life = tool.life(until)
                rows["held"].append(ages[n][0] <= life <= ages[n][1])
                rows["early"].append(life < ages[n][0])
                rows["sisters"].append(tool.sisters)
                rows["now"].append(bad[n])
                rows["was"].append(life <= now[n])
                rows["marker"].append(wear.predictor.name == "marker")
                paired = pairs_of([told[tool.name]], later)
                if paired and dues[n] is not None:
                    forecast, outcome = paired[0]
                    pairs.append((forecast, replace(outcome, cycle=f"{seed}/{outcome.cycle}")))
                    rows["said"].append(told[tool.name].by[OURS].p_next)
                    rows["alone"].append(float(alone[n]))
                    rows["oracle"].append(oracle(tool, stream, due[n], how))
                    rows["came"].append(outcome.next_failed)
                    rows["cycle"].append(pairs[-1][1].cycle)
    return rows, pairs


HEAD = f"{'':20s} held early few score | now was | slope range oracle alone | Brier alone oracle | readings"


def told(name, rows, pairs):
    row = {key: np.array(values) for key, values in rows.items()}
    few = row["sisters"] <= FEW
    score = judged(pairs, (0.1, 0.9))
    slopes = [reliability_slope(row[key], row["came"], row["cycle"]).share for key in ("oracle", "alone")]
    scores = [brier(row[key], row["came"]) for key in ("said", "alone", "oracle")]
    windows = (row["held"].mean(), row["early"].mean(), row["held"][few].mean(), score.total.held)
    parts = (
        " ".join(f"{share:.3f}" for share in windows),
        f"{row['now'].mean():.3f} {row['was'].mean():.3f}",
        f"{score.slope.slope:.3f} ({score.slope.low:.2f}-{score.slope.high:.2f}) {slopes[0]:.3f} {slopes[1]:.3f}",
        " ".join(f"{score:.4f}" for score in scores),
        f"{row['marker'].mean():.2f} of {few.sum()} and {few.size}",
    )
    print(f"{name:20s}", " | ".join(parts), flush=True)


def main(names=(), seeds=2):
    print(HEAD)
    whole, together = defaultdict(list), []
    for number, (name, how) in enumerate(SCENARIOS.items()):
        if names and name not in names:
            continue
        rows, pairs = defaultdict(list), []
        for seed in range(seeds):
            found, matched = measure(100 * number + seed, how)
            for key, values in found.items():
                rows[key] += values
                whole[key] += values
            pairs += matched
        together += pairs
        told(name, rows, pairs)
    told("all", whole, together)


if __name__ == "__main__":
    main(sys.argv[1:])
