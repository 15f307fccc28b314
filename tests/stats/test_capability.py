"""Capability: the plain formulas, the intervals in simulation, and what is done where readings are not normal."""

import statistics

import numpy as np
import pytest

from fabwatch.stats.capability import (
    NORMAL_BELOW,
    NotTold,
    box_cox,
    capability,
    cp_interval,
    cpk_interval,
    normality,
    transformed,
)
from fabwatch.stats.charts import estimate_individuals

pytestmark = pytest.mark.unit


def told(x, lower, upper):
    of = estimate_individuals(x)
    return capability(x, of.sigma, of.df, lower, upper)


def test_indices_are_the_plain_formulas():
    x = np.random.default_rng(1).normal(10, 1, 60)
    found, mean, std = told(x, 6.0, 15.0), float(x.mean()), statistics.stdev(x.tolist())
    within = float(np.abs(np.diff(x)).mean()) / 1.128379167
    assert (found.cp, found.pp) == pytest.approx((9 / (6 * within), 9 / (6 * std)))
    assert (found.cpk, found.ppk) == pytest.approx(
        (min(15 - mean, mean - 6) / (3 * within), min(15 - mean, mean - 6) / (3 * std))
    )
    assert found.low < found.cpk < found.high
    one = told(x, None, 15.0)
    assert (one.cp, one.pp, one.cpk) == (None, None, pytest.approx((15 - mean) / (3 * within)))


@pytest.mark.parametrize(
    ("n", "mean", "lower", "upper"), [(25, 0, None, 4), (50, 0, -4, 4), (50, 0.5, -4, 4), (100, 0, -3, 9)]
)
def test_intervals_cover_what_they_say(n, mean, lower, upper):
    rng = np.random.default_rng(7)
    true_cpk = min(bound for bound in (upper - mean, mean - lower if lower is not None else 99)) / 3
    held = {"cpk": 0, "ppk": 0, "cp": 0}
    tries = 1200
    for x in rng.normal(mean, 1, (tries, n)):
        of = estimate_individuals(x)
        if normality(x) < NORMAL_BELOW:
            tries -= 1
            continue
        found = capability(x, of.sigma, of.df, lower, upper)
        held["cpk"] += found.low <= true_cpk <= found.high
        held["ppk"] += found.ppk_low <= true_cpk <= found.ppk_high
        held["cp"] += lower is None or found.cp_low <= (upper - lower) / 6 <= found.cp_high
    assert all(0.93 <= count / tries <= 0.97 or (name == "cp" and lower is None) for name, count in held.items()), held


def test_the_interval_with_one_limit_is_that_of_the_non_central_t():
    from scipy.stats import nct

    n, mean, std, upper = 20, 0.0, 1.0, 3.0
    low, high = cpk_interval(mean, std, n, n - 1, None, upper)
    statistic = (upper - mean) / std * n**0.5
    # The chance of a larger, or smaller, statistic at the ends of the interval.
    assert nct.sf(statistic, n - 1, 3 * low * n**0.5) == pytest.approx(0.025, abs=0.002)
    assert nct.cdf(statistic, n - 1, 3 * high * n**0.5) == pytest.approx(0.025, abs=0.002)


def test_the_interval_of_cp_is_that_of_chi_square():
    """Montgomery, example 8.4: Cp 2.29 / n = 20: 95 % interval 1.57 to 3.01."""
    assert cp_interval(2.29, 19) == pytest.approx((1.57, 3.01), abs=0.006)


def test_readings_that_are_not_normal_are_transformed_or_told_by_percentiles():
    rng = np.random.default_rng(11)
    skewed = np.exp(rng.normal(0, 1, 80))
    found = told(skewed, None, 30.0)
    assert (found.method, found.normal_p < 0.01) == ("box-cox", True)
    assert abs(found.power) < 0.35
    two = np.concatenate([rng.normal(-3, 0.3, 100), rng.normal(3, 0.3, 100)])
    both = told(two, -6.0, 6.0)
    assert (both.method, both.cpk) == ("percentiles", None)
    low, middle, high = np.quantile(two, (0.00135, 0.5, 0.99865))
    assert both.ppk == pytest.approx(min((6 - middle) / (high - middle), (middle + 6) / (middle - low)))
    with pytest.raises(NotTold) as few:
        told(np.concatenate([two[:20], two[-20:]]), -6.0, 6.0)
    assert (few.value.code, few.value.values["readings"]) == ("not_normal", 40)


def test_the_test_of_normality_rejects_as_often_as_it_says():
    rng = np.random.default_rng(12)
    chances = np.array([normality(x) for x in rng.normal(5, 2, (3000, 30))])
    for level in (0.01, 0.05, 0.2):
        assert (chances < level).mean() == pytest.approx(level, abs=0.35 * level + 0.004)
    assert normality(np.ones(20)) is None
    assert normality(np.arange(5.0)) is None


def test_a_transformation_keeps_the_order_of_readings():
    x = np.sort(np.random.default_rng(13).gamma(2, size=50))
    for power in (-1.0, 0.0, box_cox(x), 2.0):
        assert (np.diff(transformed(x, power)) > 0).all()


@pytest.mark.parametrize(("x", "code"), [([1.0, 1.0, 1.0, 1.0], "constant"), ([1.0, 2.0], "few_readings")])
def test_readings_without_spread_or_number_have_no_capability(x, code):
    with pytest.raises(NotTold) as why:
        told(np.array(x), 0.0, 5.0)
    assert why.value.code == code
    with pytest.raises(NotTold):
        told(np.array([1.0, 2.0, 3.0]), None, None)
