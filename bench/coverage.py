"""How the pooled forecast covers on simulated truth: python bench/coverage.py (some minutes).

500 tools in 10 types, and 60 tools in 20 types of three, each scenario with three seeds. Printed per scenario: how many 80 %
windows held, each tail, the median width against that of an oracle who knows every scale and shape, the mean chance to be
bad already against the oracle's, Brier of both, and how many held by number of failures. Then: windows in days against the
true future pace, how often the clock of the wear was found, and what the advised interval costs over the true optimum.
"""

import sys
from collections import Counter, defaultdict
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parent.parent))

from tests.worn import SCENARIOS, worn_tools

from fabwatch.quals.interval import cost_curves
from fabwatch.quals.schedule import days_ahead, pace
from fabwatch.quals.wear import fit_sisters
from fabwatch.stats.renewal import Costs, cost_per_wafer
from fabwatch.terms.settings.answering import QualSettings

COSTS = Costs(qual=50, contain=0.4, scrap=8, fail=900, false=100)
CHANCES = (0.01, 0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99)


def measure(made, stated=QualSettings(), clock="wafers"):  # noqa: B008 - frozen
    rows = defaultdict(list)
    by_type = defaultdict(list)
    for one in made:
        by_type[one.tool_type].append(one)
    for sisters in by_type.values():
        wear = fit_sisters([one.stream for one in sisters], clock, stated)
        rows["clock"].append(wear.clock)
        rows["family"].append(wear.fitted.grid.family.name)
        ages = wear.fitted.failure_ages(wear.running, CHANCES)
        now = np.array([one.stream.age.on(wear.clock) for one in sisters])
        bad = wear.fitted.bad_by(now, wear.running)
        for n, one in enumerate(sisters):
            early, late = ages[n][2], ages[n][6]
            rows["inside"].append(early <= one.truth <= late)
            rows["low"].append(one.truth < early)
            rows["high"].append(one.truth > late)
            rows["width"].append((late - early) / (one.failure_age(0.9, wear.clock) - one.failure_age(0.1, wear.clock)))
            rows["said"].append(bad[n])
            rows["oracle"].append(one.bad_now(wear.clock))
            rows["came"].append(one.truth <= now[n])
            rows["failures"].append(min(one.stream.failures, 4))
            speed = pace(one.stream)
            if wear.clock == "wafers":
                days = days_ahead(np.maximum(ages[n] - now[n], 0), np.array(CHANCES), speed)
            else:
                days = np.maximum(ages[n] - now[n], 0)
            rows["days"].append(days[2] <= max(one.truth_days, 0) <= days[6])
    return rows


def told(name, rows):
    said, came, oracles = (np.array(rows[key], float) for key in ("said", "came", "oracle"))
    by = defaultdict(list)
    for count, inside in zip(rows["failures"], rows["inside"], strict=True):
        by[count].append(inside)
    print(
        f"{name:28s} held {np.mean(rows['inside']):.3f} (low {np.mean(rows['low']):.3f}, high {np.mean(rows['high']):.3f}), "
        f"width {np.median(rows['width']):.2f} x oracle; bad now {said.mean():.3f}, oracle {oracles.mean():.3f}, "
        f"came {came.mean():.3f}; Brier {((said - came) ** 2).mean():.4f}, oracle {((oracles - came) ** 2).mean():.4f}; "
        f"days {np.mean(rows['days']):.3f}; by failures "
        + ", ".join(f"{k}: {np.mean(v):.2f} of {len(v)}" for k, v in sorted(by.items()))
    )


def many(seeds, **how):
    stated = QualSettings(sensitivity=how.get("sensitivity", 1.0), false_alarm=how.get("false_alarm", 0.0))
    rows = defaultdict(list)
    clock = how.pop("tried", "wafers")
    for seed in range(seeds):
        for key, values in measure(worn_tools(seed, **how), stated, clock).items():
            rows[key] += values
    return rows


def excess(**how):
    """What the advised interval costs over the optimum of one who knows scale and shape: mean and 90th percentile."""
    over = []
    for seed in range(3):
        by_type = defaultdict(list)
        for one in worn_tools(seed, **how):
            by_type[one.tool_type].append(one)
        for sisters in by_type.values():
            wear = fit_sisters([one.stream for one in sisters], "wafers", QualSettings())
            for one, curve in zip(sisters, cost_curves(wear, range(len(sisters)), COSTS), strict=True):
                scale, shape = np.array(one.scale), np.array(one.shape)
                every = np.geomspace(one.scale / 100, one.scale * 3, 300)
                best = cost_per_wafer(every, scale, shape, COSTS).min()
                advised = np.array(curve.every[curve.best(0.0)])
                over.append(float(cost_per_wafer(advised, scale, shape, COSTS)) / best - 1)
    return np.mean(over), np.quantile(over, 0.9)


def main():
    for name, how in SCENARIOS.items():
        mean, high = excess(**how)
        print(f"interval, {name}: {mean:.3f} over the optimum, 90th percentile {high:.3f}", flush=True)
    for types, sisters in ((10, 50), (20, 3), (60, 1)):
        for name, how in SCENARIOS.items():
            told(f"{types} x {sisters} {name}", many(3, types=types, sisters=sisters, **how))
    told("pace differs by week", many(3, pace_spread=0.3))
    told("quals that miss a fifth", many(3, sensitivity=0.8))
    told("and cry wolf", many(3, sensitivity=0.8, false_alarm=0.03))
    print("family found for lognormal wear:", Counter(many(1, lognormal=True)["family"]))
    for clock in ("wafers", "days"):
        found = Counter(many(3, clock=clock, pace_spread=0.3, tried="auto")["clock"])
        print(f"wear in {clock}: clock found {dict(found)}")


if __name__ == "__main__":
    main()
