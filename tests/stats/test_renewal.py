"""The cost of checking every T wafers: against a long simulation of cycles, by hand, and in its limits."""

import math

import numpy as np
import pytest

from fabwatch.stats.distributions import LOGNORMAL, WEIBULL
from fabwatch.stats.renewal import Costs, cost_per_wafer, cost_share, expected_quals, tabled_quals

pytestmark = pytest.mark.unit

COSTS = Costs(qual=50, contain=0.4, scrap=8, fail=900, false=120)


def simulated(every, scale, shape, costs, sensitivity, false_alarm, cycles=200_000):
    """Cost per wafer of many cycles, told look by look."""
    rng = np.random.default_rng(3)
    fails = scale * rng.weibull(shape, cycles)
    first = np.floor(fails / every) + 1
    missed = rng.geometric(sensitivity, cycles) - 1
    looks = first + missed
    length = looks * every
    false = rng.binomial((first - 1).astype(int), false_alarm)
    held = every * (missed + 1)
    spent = costs.qual * looks + costs.false * false + costs.contain * held + costs.scrap * (length - fails) + costs.fail
    return spent.sum() / length.sum()


@pytest.mark.parametrize(
    ("every", "scale", "shape", "sensitivity", "false_alarm"),
    [(250, 1500, 2.0, 1.0, 0.0), (400, 1500, 1.0, 1.0, 0.02), (900, 1500, 3.0, 0.8, 0.01), (100, 4000, 1.5, 0.6, 0.0)],
)
def test_the_cost_is_that_of_many_simulated_cycles(every, scale, shape, sensitivity, false_alarm):
    exact = simulated(every, scale, shape, COSTS, sensitivity, false_alarm)
    worked = cost_per_wafer(np.array(every), np.array(scale), np.array(shape), COSTS, sensitivity, false_alarm)
    assert float(worked) == pytest.approx(exact, rel=0.005)


def test_the_looks_of_an_exponential_wear_are_the_geometric_series():
    looks = expected_quals(np.array([100.0, 700.0]), np.array(1000.0), np.array(1.0))
    assert looks.tolist() == pytest.approx([1 / (1 - math.exp(-0.1)), 1 / (1 - math.exp(-0.7))], rel=1e-9)


@pytest.mark.parametrize("shape", [0.5, 0.6, 1.0, 2.0, 5.0])
@pytest.mark.parametrize("every", [2.0, 15.0, 300.0])
def test_the_looks_are_the_plain_sum_however_frequent_the_checks(shape, every):
    plain, j = 0.0, 0
    while (hazard := (j * every / 1000) ** shape) < 40:
        plain += math.exp(-hazard)
        j += 1
    worked = expected_quals(np.array(every), np.array(1000.0), np.array(shape))
    assert float(worked) == pytest.approx(plain, rel=1e-4)


def test_the_best_interval_is_near_the_rule_of_thumb():
    """T* is near sqrt(c_qual mu / (c_contain + c_scrap / 2)) for an exponential wear: 250 where the exact one is 256."""
    costs = Costs(qual=50, contain=0.0, scrap=8, fail=0, false=0)
    scale = 250**2 * 4 / 50
    every = np.linspace(150, 400, 2501)
    best = every[np.argmin(cost_per_wafer(every, np.array(scale), np.array(1.0), costs))]
    assert best == pytest.approx(256, abs=3)


@pytest.mark.parametrize("family", [WEIBULL, LOGNORMAL])
def test_the_table_of_looks_says_what_the_sum_says(family):
    log_step, log_shape = np.linspace(-11, 6, 60)[None, :], np.log(np.array([0.5, 1.0, 3.0]))[:, None]
    exact = expected_quals(np.exp(log_step), np.ones(1), np.exp(log_shape), family)
    assert tabled_quals(log_step, log_shape, family) == pytest.approx(exact, rel=1e-3)


def test_the_looks_of_a_lognormal_wear_are_the_plain_sum():
    sigma = math.pi / math.sqrt(6) / 2.0
    plain = 1 + sum(0.5 * math.erfc(math.log(j * 0.05) / sigma / math.sqrt(2)) for j in range(1, 4000))
    assert float(expected_quals(np.array(50.0), np.array(1000.0), np.array(2.0), LOGNORMAL)) == pytest.approx(
        plain, rel=1e-4
    )


def test_on_a_clock_of_days_what_is_contained_and_bad_counts_by_the_wafers_of_a_day():
    in_wafers = cost_per_wafer(np.array(500.0), np.array(3000.0), np.array(2.0), COSTS)
    share = cost_share(np.array(5.0), np.array(30.0), np.array(2.0), COSTS)
    assert float(share.fixed + 100 * share.per_wafer) / 100 == pytest.approx(float(in_wafers), rel=1e-6)
