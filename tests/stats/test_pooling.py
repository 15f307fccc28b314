"""Sister tools lend one another what each has too little of: against plain formulas, plain sums and simulated truth."""

import math

import numpy as np
import pytest

from fabwatch.stats.pooling import Cycles, Grid, fit, log_likelihood


def made_fab(seed, types=4, sisters=30, shape=2.5, horizon=4.0):
    """A made fab with known truth: every tool runs for a time, is checked, and is restored when a check finds it failed."""
    rng = np.random.default_rng(seed)
    tool, lower, upper, groups, truth, good = [], [], [], [], [], []
    for kind in range(types):
        middle = rng.uniform(800, 4000)
        for _ in range(sisters):
            scale = middle * math.exp(rng.normal(0, 0.3))
            every, left = middle / rng.uniform(4, 10), middle * horizon * rng.uniform(0.5, 1.5)
            while True:
                fails = scale * rng.weibull(shape)
                found = (fails // every + 1) * every
                if found > left:
                    break
                tool.append(len(groups))
                lower.append(found - every)
                upper.append(found)
                left -= found
            tool.append(len(groups))
            lower.append(left // every * every)
            upper.append(np.inf)
            truth.append(fails)
            good.append(lower[-1])
            groups.append(kind)
    return Cycles.of(tool, lower, upper), groups, np.array(truth), np.array(good)


def test_the_likelihood_of_an_interval_is_survival_at_its_ends_subtracted():
    cycles = Cycles.of([0, 0, 1], [200, 0, 500], [400, 100, np.inf])
    grid = Grid.over(cycles)
    logs = log_likelihood(cycles, grid, 2)
    for point in (0, 333, 700):
        scale, shape = math.exp(grid.log_scale[point]), math.exp(grid.log_shape[point])

        def survival(age, scale=scale, shape=shape):
            return math.exp(-((age / scale) ** shape))

        first = (survival(200) - survival(400)) * (1 - survival(100))
        if first > 1e-12:
            assert math.exp(logs[0, point]) == pytest.approx(first, rel=1e-6)
        if survival(500) > 1e-12:
            assert math.exp(logs[1, point]) == pytest.approx(survival(500), rel=1e-9)


def test_chances_given_the_last_good_qual_are_those_of_plain_sums_over_the_grid():
    cycles, groups, _, good = made_fab(1, types=1, sisters=6)
    fitted = fit(cycles, groups)
    ages = good + 300
    for tool in range(6):
        plain = 0.0
        for point, weight in enumerate(fitted.weight[tool]):
            scale, shape = math.exp(fitted.grid.log_scale[point]), math.exp(fitted.grid.log_shape[point])
            hazard = min((ages[tool] / scale) ** shape, 700) - min((good[tool] / scale) ** shape, 700)
            plain += weight * (1 - math.exp(-hazard))
        assert fitted.bad_by(ages, good)[tool] == pytest.approx(plain, rel=1e-9)
    assert fitted.weight.sum(axis=1) == pytest.approx(1)


def test_the_age_of_a_chance_is_where_that_chance_is_reached():
    cycles, groups, _, good = made_fab(2)
    fitted = fit(cycles, groups)
    for chance in (0.1, 0.5, 0.9):
        assert fitted.bad_by(fitted.failure_age(good, chance), good) == pytest.approx(chance, abs=1e-6)


def test_windows_of_eighty_per_cent_hold_about_eighty_per_cent():
    held = []
    for seed in range(4):
        cycles, groups, truth, good = made_fab(seed)
        fitted = fit(cycles, groups)
        held += list((truth >= fitted.failure_age(good, 0.1)) & (truth <= fitted.failure_age(good, 0.9)))
    assert 0.74 <= np.mean(held) <= 0.87


def test_a_tool_without_a_failure_gets_a_finite_window_from_its_sisters():
    cycles, groups, _, good = made_fab(5, types=1, sisters=12)
    lonely = Cycles.of([*cycles.tool, 12], [*cycles.lower, 10.0], [*cycles.upper, np.inf])
    fitted = fit(lonely, [*groups, 0])
    sisters = fitted.failure_age(np.append(good, 10.0), 0.9)
    assert np.isfinite(sisters).all()
    assert sisters[12] < 5 * np.median(sisters[:12])


def test_windows_hold_as_often_where_most_tools_have_never_failed():
    held = []
    for seed in range(4):
        cycles, groups, truth, good = made_fab(seed, sisters=40, horizon=0.8)
        fitted = fit(cycles, groups)
        held += list((truth >= fitted.failure_age(good, 0.1)) & (truth <= fitted.failure_age(good, 0.9)))
    assert 0.74 <= np.mean(held) <= 0.88


@pytest.mark.parametrize("upper", [900.0, np.inf])
def test_a_single_tool_with_a_single_cycle_is_answered_wide_and_finite(upper):
    fitted = fit(Cycles.of([0], [600], [upper]), [0])
    early, late = fitted.failure_age([0.0], 0.1)[0], fitted.failure_age([0.0], 0.9)[0]
    assert 0 < early < late < np.inf
    assert late > 3 * early


def test_ages_in_lots_instead_of_wafers_change_only_the_unit():
    cycles, groups, _, good = made_fab(3, types=2, sisters=10)
    wafers = fit(cycles, groups).failure_age(good, 0.5)
    lots = fit(Cycles.of(cycles.tool, cycles.lower / 25, cycles.upper / 25), groups).failure_age(good / 25, 0.5)
    assert lots * 25 == pytest.approx(wafers, rel=0.02)


def test_the_same_seed_gives_the_same_fit():
    cycles, groups, _, _ = made_fab(4, types=1, sisters=5)
    assert np.array_equal(fit(cycles, groups).weight, fit(cycles, groups).weight)


@pytest.mark.parametrize(("lower", "upper"), [([-1], [5]), ([5], [5]), ([6], [5]), ([np.inf], [np.inf])])
def test_impossible_ages_are_refused(lower, upper):
    with pytest.raises(ValueError, match="ages"):
        Cycles.of([0], lower, upper)
