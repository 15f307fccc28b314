"""Control charts against published results, and against plain formulas that share no code with the package."""

import itertools
import math
import statistics

import numpy as np
import pytest

from fabwatch.stats import charts
from fabwatch.stats.charts import Estimate
from fabwatch.stats.control_constants import c4, d2, d3, deviation_limits, range_limits

pytestmark = pytest.mark.unit

PRINTED = {
    2: (1.128, 0.853, 0.7979, 0, 3.267, 0, 3.267),
    3: (1.693, 0.888, 0.8862, 0, 2.575, 0, 2.568),
    5: (2.326, 0.864, 0.9400, 0, 2.114, 0, 2.089),
    7: (2.704, 0.833, 0.9594, 0.076, 1.924, 0.118, 1.882),
    10: (3.078, 0.797, 0.9727, 0.223, 1.777, 0.284, 1.716),
    15: (3.472, 0.756, 0.9823, 0.347, 1.653, 0.428, 1.572),
    25: (3.931, 0.708, 0.9896, 0.459, 1.541, 0.565, 1.435),
}
"""n: d2, d3, c4, D3, D4, B3, B4 as Montgomery prints them (appendix VI)."""


@pytest.mark.parametrize("n", PRINTED)
def test_constants_are_those_of_the_printed_table(n):
    found = (d2(n), d3(n), c4(n), *range_limits(n), *deviation_limits(n))
    # The printed D4 is made from rounded constants, so that its last digit may differ by one.
    assert found == pytest.approx(PRINTED[n], abs=1.2e-3)


def test_constants_are_those_of_a_simulation():
    x = np.random.default_rng(3).normal(size=(200_000, 6))
    spread = np.ptp(x, axis=1)
    assert (d2(6), d3(6)) == pytest.approx((spread.mean(), spread.std()), abs=5e-3)
    assert c4(6) == pytest.approx(x.std(axis=1, ddof=1).mean(), abs=3e-3)


EWMA_READINGS = "52.0 47.0 53.0 49.3 50.1 47.0 51.0 50.1 51.2 50.5 49.6 47.6 49.9 51.3 47.8 51.2 52.6 52.4 53.6 52.1"
EWMA_PRINTED = (
    "50.60 49.52 50.56 50.18 50.16 49.21 49.75 49.85 50.26 50.33 50.11 49.36 49.52 50.05 49.38 49.92 50.73 51.23 51.94 51.99"
)


def test_the_ewma_of_the_handbook_has_its_printed_digits():
    """NIST/SEMATECH e-Handbook 6.3.2.4: center 50, s 2.0539, weight 0.3, limits 52.5884 and 47.4115."""
    x = np.array(EWMA_READINGS.split(), float)
    lines = charts.ewma(x, Estimate(50.0, 2.0539, 19), 0.3)
    assert [f"{value:.2f}" for value in lines.values] == EWMA_PRINTED.split()
    assert (lines.upper[-1], lines.lower[-1]) == pytest.approx((52.5884, 47.4115), abs=2e-4)
    assert not lines.outside.any()


def test_a_cusum_is_the_plain_recursion():
    rng = np.random.default_rng(1)
    x = rng.normal(10, 1, 30)
    x[20:] += 1.5
    high = low = 0.0
    expected = []
    for value in x.tolist():
        high = max(0.0, value - 10 - 0.5 + high)
        low = max(0.0, 10 - 0.5 - value + low)
        expected.append((high, low))
    found = charts.cusum(x, Estimate(10.0, 1.0, 29))
    assert list(zip(found.high.tolist(), (-found.low).tolist(), strict=True)) == pytest.approx(expected)
    assert found.lines.outside.tolist() == [max(pair) > 5 for pair in expected]
    assert found.lines.outside[-1]


def test_individuals_are_judged_by_their_mean_moving_range():
    x = [3.0, 5.0, 4.0, 6.0, 2.0]
    ranges = [abs(b - a) for a, b in itertools.pairwise(x)]
    of = charts.estimate_individuals(np.array(x))
    assert (of.center, of.sigma) == pytest.approx((statistics.fmean(x), statistics.fmean(ranges) / (2 / math.sqrt(math.pi))))
    lines = charts.individuals(np.array(x), of)
    assert lines.upper[0] - of.center == pytest.approx(3 * of.sigma)
    moving = charts.moving_range(np.array(x), of)
    assert math.isnan(moving.values[0])
    assert moving.upper[0] == pytest.approx(3.2665 * statistics.fmean(ranges), rel=1e-4)


def test_means_of_equal_subgroups_have_the_limits_of_the_book():
    groups = [np.array(row) for row in np.random.default_rng(5).normal(20, 2, (25, 5))]
    of = charts.subgroups(np.concatenate(groups), np.full(25, 5))
    mean = statistics.fmean(float(group.mean()) for group in groups)
    r = statistics.fmean(float(group.max() - group.min()) for group in groups)
    s = statistics.fmean(statistics.stdev(group.tolist()) for group in groups)
    for by, half in (("r", 0.577 * r), ("s", 1.427 * s)):
        lines = charts.means(of, charts.estimate_subgroups(of, by))
        assert (lines.center[0], lines.upper[0]) == pytest.approx((mean, mean + half), rel=1e-3)
    assert charts.spreads(of, charts.estimate_subgroups(of, "r"), "r").center[0] == pytest.approx(r)
    assert charts.spreads(of, charts.estimate_subgroups(of, "s"), "s").center[0] == pytest.approx(s)


def test_a_smaller_subgroup_has_wider_limits_and_a_single_one_no_spread():
    of = charts.subgroups(np.array([1.0, 2.0, 3.0, 4.0, 2.0, 1.0, 4.0]), np.array([4, 1, 2]))
    lines = charts.means(of, charts.estimate_subgroups(of, "s"))
    half = (lines.upper - lines.center).tolist()
    assert half[1] == pytest.approx(2 * half[0])
    assert math.isnan(charts.spreads(of, charts.estimate_subgroups(of, "s"), "s").values[1])
    with pytest.raises(ValueError, match="no subgroup"):
        charts.estimate_subgroups(charts.subgroups(np.array([1.0, 2.0]), np.array([1, 1])), "r")


def test_t_squared_is_the_distance_by_the_inverse_covariance():
    rng = np.random.default_rng(2)
    x = rng.multivariate_normal([1, 2], [[2, 1], [1, 3]], 40)
    of = charts.estimate_multivariate(x)
    inverse = np.linalg.inv(np.cov(x.T))
    plain = [float((row - x.mean(axis=0)) @ inverse @ (row - x.mean(axis=0))) for row in x]
    lines = charts.t_squared(x, of)
    assert lines.values.tolist() == pytest.approx(plain)
    # A chart of its own points cannot go beyond (m - 1)^2 / m; one of other points can.
    assert lines.upper[0] < 39**2 / 40 < math.inf
    assert charts.t_squared(x, of, phase_one=False).upper[0] > lines.upper[0]
    with pytest.raises(ValueError, match="more than 3"):
        charts.estimate_multivariate(x[:3])
    with pytest.raises(ValueError, match="depend"):
        charts.estimate_multivariate(np.column_stack([x[:, 0], 2 * x[:, 0]]))


def test_false_alarms_of_t_squared_are_as_stated():
    rng = np.random.default_rng(8)
    first = second = points = 0
    for _ in range(400):
        x = rng.normal(size=(30, 3))
        of = charts.estimate_multivariate(x)
        first += int(charts.t_squared(x, of, 0.05).outside.sum())
        second += int(charts.t_squared(rng.normal(size=(30, 3)), of, 0.05, phase_one=False).outside.sum())
        points += 30
    assert (first / points, second / points) == pytest.approx((0.05, 0.05), abs=0.008)


def test_t_squared_of_subgroups_has_the_stated_false_alarms():
    rng = np.random.default_rng(9)
    out = points = 0
    for _ in range(300):
        groups = rng.normal(size=(25, 4, 2))
        of = charts.estimate_multivariate_subgroups(groups)
        out += int(charts.t_squared(groups.mean(axis=1), of, 0.05).outside.sum())
        points += 25
    assert out / points == pytest.approx(0.05, abs=0.008)


def test_constant_readings_break_no_rule_and_any_departure_from_them_does():
    lines = charts.individuals(np.array([5.0, 5.0, 6.0]), Estimate(5.0, 0.0, 2))
    assert np.isnan(lines.z[:2]).all()
    assert lines.z[2] == math.inf
