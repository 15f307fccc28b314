"""Control charts of 2,000 series of 500 readings, with rules, capability, events and stories; and how often intervals hold.

    python bench/spc.py

Prints and writes bench/spc.json: seconds of wall clock and processor, and the share of 95 % intervals that held the truth.
"""

import json
import platform
import time
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np

from fabwatch.spc.charting import Options
from fabwatch.spc.control_charts import charts_of
from fabwatch.spc.frozen import Frozen
from fabwatch.spc.series import Series
from fabwatch.stats.capability import NORMAL_BELOW, capability, normality
from fabwatch.stats.charts import estimate_individuals
from fabwatch.terms.answers import How

CHARTS, POINTS, TRIES = 2_000, 500, 4_000
TRUTHS = {
    "one_limit_25": (25, 0.0, None, 4.0),
    "centred_10": (10, 0.0, -4.0, 4.0),
    "centred_25": (25, 0.0, -4.0, 4.0),
    "centred_50": (50, 0.0, -4.0, 4.0),
    "off_centre_50": (50, 0.5, -4.0, 4.0),
    "far_off_200": (200, 0.0, -3.0, 9.0),
}
"""Readings, mean (standard deviation 1), and limits."""


def charted(subgroup: int, stable: bool) -> tuple[float, float]:
    """Seconds of the wall clock and of the processor for all charts; half of them shift, unless they are stable."""
    rng = np.random.default_rng(1)
    at = tuple(datetime(2026, 1, 1) + timedelta(hours=n) for n in range(POINTS))
    series = []
    for n in range(CHARTS):
        x = rng.normal(10, 1, (POINTS, subgroup))
        if n % 2 and not stable:
            x[300:] += 2
        # A stable chart of 500 points has false alarms; its readings are held within two sigma of their mean.
        x = np.clip(x, 8.5, 11.5) if stable else x
        series.append(
            Series(
                f"T{n % 100}", "*", f"q{n}", "qual", "nm", at, x.ravel(), np.full(POINTS, subgroup), lower=5.0, upper=15.0
            )
        )
    header = datetime(2026, 2, 1), None, False, How("", "", 0), None
    wall, cpu = time.perf_counter(), time.process_time()
    answer = charts_of(header, series, Options(), Frozen({}))
    took = time.perf_counter() - wall, time.process_time() - cpu
    assert len(answer.charts) == CHARTS
    return round(took[0], 2), round(took[1], 2)


def held() -> dict[str, dict[str, float]]:
    """The share of intervals of Cpk (by moving ranges), Ppk and Cp that held the truth."""
    found = {}
    for name, (n, mean, lower, upper) in TRUTHS.items():
        truth = min(upper - mean, mean - lower if lower is not None else np.inf) / 3
        hits, tries = np.zeros(3), 0
        for x in np.random.default_rng(2).normal(mean, 1, (TRIES, n)):
            chance = normality(x)
            if chance is not None and chance < NORMAL_BELOW:
                continue
            of = estimate_individuals(x)
            result = capability(x, of.sigma, of.df, lower, upper)
            tries += 1
            hits += [
                result.low <= truth <= result.high,
                result.ppk_low <= truth <= result.ppk_high,
                result.cp is not None and result.cp_low <= (upper - lower) / 6 <= result.cp_high,
            ]
        shares = dict(zip(("cpk", "ppk", "cp"), (round(float(hit / tries), 3) for hit in hits), strict=True))
        found[name] = {key: share for key, share in shares.items() if share}
    return found


def main() -> None:
    """Measure and print."""
    found: dict[str, object] = {"date": time.strftime("%Y-%m-%d"), "machine": f"{platform.machine()}, 2 cores"}
    found |= {"charts": CHARTS, "points": POINTS}
    for name, subgroup, stable in (("individuals", 1, False), ("quiet", 1, True), ("subgroups_of_5", 5, False)):
        found[f"{name}_s"], found[f"{name}_cpu_s"] = charted(subgroup, stable)
    found["intervals_held"] = held()
    (Path(__file__).parent / "spc.json").write_text(json.dumps(found, indent=1) + "\n")
    print(json.dumps(found, indent=1))


if __name__ == "__main__":
    main()
