"""How the pooled forecast covers on simulated truth: python bench/coverage.py (about a minute).

Each tool runs for a fixed time, is checked every so many wafers, and is restored when a check finds it failed; then one
asks. (To draw a running cycle only from those that are still good would favour late windows: it is not what a fab shows.)
Printed per scenario: how many 80 % windows held, each tail, the mean chance to be bad already against the truth, and how
many held by number of failures.
"""

import math
from collections import defaultdict

import numpy as np

from fabwatch.stats.pooling import Cycles, fit

SCENARIOS = {
    "normal": {"horizon": 5.0},
    "few failures": {"horizon": 0.8},
    "differing tools": {"horizon": 5.0, "spread": 0.7},
    "exponential": {"horizon": 5.0, "shape": 1.0, "shape_spread": 0.0},
    "strong wear": {"horizon": 5.0, "shape": 5.0},
}


def simulate(rng, types, sisters, horizon, shape=2.3, spread=0.3, shape_spread=0.15):
    """Cycles, types, the hidden failure of each running cycle, its last good age, its age, and the failures of each tool."""
    tool, lower, upper, groups, truth, good, age, failures = [], [], [], [], [], [], [], []
    for kind in range(types):
        middle = math.exp(rng.uniform(math.log(800), math.log(4000)))
        for _ in range(sisters):
            scale, wear = middle * math.exp(rng.normal(0, spread)), shape * math.exp(rng.normal(0, shape_spread))
            every, left, found = middle / rng.uniform(4, 10), middle * horizon * rng.uniform(0.5, 1.5), 0
            while True:
                fails = scale * rng.weibull(wear)
                detected = (fails // every + 1) * every
                if detected > left:
                    break
                tool.append(len(groups))
                lower.append(detected - every)
                upper.append(detected)
                left -= detected
                found += 1
            last = left // every * every
            tool.append(len(groups))
            lower.append(last)
            upper.append(np.inf)
            for values, value in zip((groups, truth, good, age, failures), (kind, fails, last, left, found), strict=True):
                values.append(value)
    return Cycles.of(tool, lower, upper), groups, *(np.array(v) for v in (truth, good, age, failures))


def main():
    for types, sisters in ((10, 50), (20, 3)):
        for name, how in SCENARIOS.items():
            held, low, high, said, bad, by = [], [], [], [], [], defaultdict(list)
            for seed in range(3):
                cycles, groups, truth, good, age, failures = simulate(np.random.default_rng(seed), types, sisters, **how)
                fitted = fit(cycles, groups)
                early, late = fitted.failure_age(good, 0.1), fitted.failure_age(good, 0.9)
                inside = (truth >= early) & (truth <= late)
                held += list(inside)
                low += list(truth < early)
                high += list(truth > late)
                said += list(fitted.bad_by(age, good))
                bad += list(truth <= age)
                for count, ok in zip(np.minimum(failures, 4), inside, strict=True):
                    by[int(count)].append(ok)
            groups_held = ", ".join(f"{k}: {np.mean(v):.2f} of {len(v)}" for k, v in sorted(by.items()))
            tails = f"low {np.mean(low):.3f}, high {np.mean(high):.3f}"
            print(
                f"{sisters:3d} sisters, {name:16s} held {np.mean(held):.3f} ({tails}), "
                f"bad now {np.mean(said):.3f} against {np.mean(bad):.3f}; by failures {groups_held}"
            )


if __name__ == "__main__":
    main()
