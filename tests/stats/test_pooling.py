"""Sister tools lend one another what each has too little of: against formulas, plain sums, lifelines and known truth."""

import math
import warnings

import numpy as np
import pytest

from fabwatch.quals.wear import fit_sisters
from fabwatch.stats.cycles import Cycles, Running, pieces
from fabwatch.stats.distributions import LOGNORMAL, WEIBULL
from fabwatch.stats.kinds import Prior
from fabwatch.stats.pooling import Fitted, Grid, Sisters, fit, log_likelihood
from fabwatch.terms.settings.answering import QualSettings
from tests.worn import SCENARIOS, worn_tools

pytestmark = pytest.mark.unit


def made_type(seed, sisters=30, shape=2.5, horizon=4.0):
    """Sister tools with known truth: cycles, the hidden failure of each running cycle, and its last good age."""
    rng = np.random.default_rng(seed)
    tool, lower, upper, truth, good = [], [], [], [], []
    for number in range(sisters):
        scale = 2000 * math.exp(rng.normal(0, 0.3))
        every, left = 2000 / rng.uniform(4, 10), 2000 * horizon * rng.uniform(0.5, 1.5)
        while True:
            fails = scale * rng.weibull(shape)
            found = (fails // every + 1) * every
            if found > left:
                break
            tool.append(number)
            lower.append(found - every)
            upper.append(found)
            left -= found
        tool.append(number)
        lower.append(left // every * every)
        upper.append(np.inf)
        truth.append(fails)
        good.append(lower[-1])
    return Cycles.of(tool, lower, upper), np.array(truth), np.array(good)


def weibull(age, point, grid):
    scale, shape = math.exp(grid.log_scale[point]), math.exp(grid.log_shape[point])
    return math.exp(-((age / scale) ** shape)) if math.isfinite(age) else 0.0


def test_the_likelihood_of_an_interval_is_survival_at_its_ends_subtracted():
    cycles = Cycles.of([0, 0, 1], [200, 0, 500], [400, 100, np.inf])
    grid = Grid.over(cycles)
    logs = log_likelihood(cycles, grid, 2)
    for point in (0, 333, 700):
        first = (weibull(200, point, grid) - weibull(400, point, grid)) * (1 - weibull(100, point, grid))
        if first > 1e-12:
            assert math.exp(logs[0, point]) == pytest.approx(first, rel=1e-6)
        if weibull(500, point, grid) > 1e-12:
            assert math.exp(logs[1, point]) == pytest.approx(weibull(500, point, grid), rel=1e-9)


def test_a_cycle_under_observation_since_an_age_is_likely_given_that_it_lived_till_then():
    late = Cycles.of([0, 0], [300, 200], [400, np.inf], entry=[250, 100])
    grid = Grid.over(late)
    logs = log_likelihood(late, grid, 1)
    for point in (333, 700):
        first = (weibull(300, point, grid) - weibull(400, point, grid)) / weibull(250, point, grid)
        second = weibull(200, point, grid) / weibull(100, point, grid)
        assert logs[0, point] == pytest.approx(math.log(first * second), rel=1e-6)


@pytest.mark.parametrize("passed", [(True, True, False), (True, False, True), (False, False, True), (True, True, True)])
def test_looks_that_can_err_weigh_every_interval_as_told_one_by_one(passed):
    """The chance of the looks given a failure in each interval, multiplied out look by look."""
    ages, sees, errs = (200.0, 500.0, 600.0), 0.8, 0.05
    found = pieces(ages, passed, sees, errs)
    edges = (0.0, *ages, math.inf)
    expected = 0.0
    grid = Grid.over(Cycles.of([0], [200], [600]))
    point = 500
    for i in range(4):
        chance = weibull(edges[i], point, grid) - weibull(edges[i + 1], point, grid)
        for j, ok in enumerate(passed):
            bad = j >= i
            chance *= ((1 - sees) if ok else sees) if bad else ((1 - errs) if ok else errs)
        expected += chance
    lower, upper, weight = zip(*found, strict=True)
    told = Cycles.of([0] * len(found), lower, upper, [0] * len(found), weight)
    assert math.exp(log_likelihood(told, grid, 1)[0, point]) == pytest.approx(expected, rel=1e-9)


def test_looks_that_never_err_leave_one_interval_and_what_follows_a_fail_says_nothing():
    assert pieces([100, 200, 300], [True, False, True], 1.0, 0.0) == [(100, 200, 1.0)]
    assert pieces([100, 200], [True, True], 1.0, 0.0) == [(200, math.inf, 1.0)]
    assert pieces([], [], 1.0, 0.0) == [(0.0, math.inf, 1.0)]


def test_chances_given_the_looks_are_those_of_plain_sums_over_the_grid():
    cycles, _, good = made_type(1, sisters=6)
    fitted = Sisters(cycles, 6).fitted()
    ages = good + 300
    for tool in range(6):
        plain = sum(
            weight * (1 - weibull(ages[tool], point, fitted.grid) / max(weibull(good[tool], point, fitted.grid), 1e-300))
            for point, weight in enumerate(fitted.weight[tool])
            if weibull(good[tool], point, fitted.grid) > 1e-290
        )
        assert fitted.bad_by(ages, Running.good_at(good))[tool] == pytest.approx(plain, rel=3e-5)
    assert fitted.weight.sum(axis=1) == pytest.approx(1)


def test_a_fault_that_can_be_missed_may_have_come_before_the_last_good_look():
    """Worked by hand: passes at 200, 400, 600, fail at 800, k = 2, eta = 1500, s = 0.8 give .001 .017 .135 .847."""
    running = Running([pieces([200, 400, 600, 800], [True, True, True, False], 0.8, 0.0)])
    grid = Grid(np.array([math.log(1500.0)]), np.array([math.log(2.0)]))
    fitted = Fitted(grid, np.ones((1, 1)))
    chances = [float(fitted.bad_by([age], running)[0]) for age in (200.0, 400.0, 600.0, 800.0)]
    assert np.diff([0.0, *chances]).round(3).tolist() == [0.001, 0.017, 0.135, 0.847]


def test_the_age_of_a_chance_is_where_that_chance_is_reached():
    cycles, _, good = made_type(2)
    fitted, running = Sisters(cycles, 30).fitted(), Running.good_at(good)
    ages = fitted.failure_ages(running, (0.1, 0.5, 0.9))
    for column, chance in enumerate((0.1, 0.5, 0.9)):
        assert fitted.bad_by(ages[:, column], running) == pytest.approx(chance, abs=1e-3)


@pytest.mark.parametrize("family", [WEIBULL, LOGNORMAL])
def test_a_family_is_what_its_formula_says(family):
    log_age, log_shape = np.linspace(-6, 3, 25), math.log(1.6)
    hazard = family.hazard(log_age, np.array(log_shape))
    sigma = math.pi / math.sqrt(6) / 1.6
    for x, worked in zip(log_age, hazard, strict=True):
        plain = math.exp(1.6 * x) if family is WEIBULL else -math.log(0.5 * math.erfc(x / sigma / math.sqrt(2)))
        assert worked == pytest.approx(plain, rel=1e-5)
    assert float(family.hazard(family.log_age(2.0, np.array(log_shape)), np.array(log_shape))) == pytest.approx(
        2.0, rel=1e-5
    )
    ages = np.geomspace(1e-9, 1e6, 400_001)
    area = np.trapezoid(np.exp(-family.hazard(np.log(ages), np.array(log_shape))), ages)
    assert float(family.mean(np.array(log_shape))) == pytest.approx(area, rel=1e-3)


def test_the_most_likely_weibull_of_one_tool_is_that_of_lifelines():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from lifelines import WeibullFitter

        cycles, _, _ = made_type(8, sisters=1, horizon=40.0)
        upper = np.where(np.isfinite(cycles.upper), cycles.upper, 1e9)
        theirs = WeibullFitter().fit_interval_censoring(np.maximum(cycles.lower, 1e-6), upper)
    fine = np.meshgrid(np.linspace(math.log(500), math.log(6000), 400), np.linspace(0.0, 2.0, 400), indexing="ij")
    grid = Grid(fine[0].ravel(), fine[1].ravel())
    best = int(np.argmax(log_likelihood(cycles, grid, 1)[0]))
    assert math.exp(grid.log_scale[best]) == pytest.approx(theirs.lambda_, rel=0.01)
    assert math.exp(grid.log_shape[best]) == pytest.approx(theirs.rho_, rel=0.02)


def held(made, stated=None, clock="wafers"):
    """How many 80 % windows held, how wide they are beside the oracle's, and the mean chance to be bad already of both."""
    by_type, inside, width, said, known = {}, [], [], [], []
    for one in made:
        by_type.setdefault((one.seed, one.tool_type), []).append(one)
    for sisters in by_type.values():
        wear = fit_sisters([one.stream for one in sisters], clock, stated or QualSettings())
        ages = wear.fitted.failure_ages(wear.running, (0.1, 0.9))
        now = np.array([one.stream.age.on(clock) for one in sisters])
        inside += [a <= one.truth <= b for (a, b), one in zip(ages, sisters, strict=True)]
        said += wear.fitted.bad_by(now, wear.running).tolist()
        known += [one.bad_now(clock) for one in sisters]
        width += [(b - a) / (one.failure_age(0.9) - one.failure_age(0.1)) for (a, b), one in zip(ages, sisters, strict=True)]
    return np.mean(inside), np.median(width), np.mean(said), np.mean(known)


@pytest.mark.parametrize("scenario", list(SCENARIOS))
def test_windows_of_eighty_per_cent_hold_about_eighty_per_cent(scenario):
    inside, width, said, known = held([one for seed in (10, 11) for one in worn_tools(seed, types=7, **SCENARIOS[scenario])])
    assert 0.74 <= inside <= 0.88
    assert width <= 1.6
    assert said == pytest.approx(known, abs=0.03)


def test_windows_hold_where_quals_miss_a_fifth_of_the_faults_and_cry_wolf():
    errs = {"sensitivity": 0.8, "false_alarm": 0.03}
    made = worn_tools(12, types=6, sisters=40, **errs)
    inside, _, said, _ = held(made, QualSettings(**errs))
    assert 0.74 <= inside <= 0.88
    bad = np.mean([one.truth <= one.stream.age.wafers for one in made])
    assert said == pytest.approx(bad, abs=0.06)


@pytest.mark.parametrize("sisters", [1, 3])
def test_few_sisters_get_windows_that_are_finite_and_hold(sisters):
    inside, *_ = held(worn_tools(13, types=120 // sisters, sisters=sisters))
    assert 0.70 <= inside <= 0.90


@pytest.mark.parametrize("clock", ["wafers", "days"])
def test_the_clock_of_the_wear_is_found(clock):
    made = worn_tools(14, types=10, sisters=30, clock=clock, pace_spread=0.3)
    by_type = {}
    for one in made:
        by_type.setdefault(one.tool_type, []).append(one.stream)
    found = [fit_sisters(some, "auto", QualSettings()).clock for some in by_type.values()]
    assert found.count(clock) >= 9


def test_a_tool_without_a_failure_gets_a_finite_window_from_its_sisters():
    cycles, _, good = made_type(5, sisters=12)
    lonely = Cycles.of([*cycles.tool, 12], [*cycles.lower, 10.0], [*cycles.upper, np.inf])
    late = Sisters(lonely, 13).fitted().failure_age(Running.good_at(np.append(good, 10.0)), 0.9)
    assert np.isfinite(late).all()
    assert late[12] < 5 * np.median(late[:12])


@pytest.mark.parametrize("upper", [900.0, np.inf])
def test_a_single_tool_with_a_single_cycle_is_answered_wide_and_finite(upper):
    fitted = Sisters(Cycles.of([0], [600], [upper]), 1).fitted()
    early, late = fitted.failure_ages(Running.good_at([0.0]), (0.1, 0.9))[0]
    assert 0 < early < late < np.inf
    assert late > 3 * early


def test_ages_in_lots_instead_of_wafers_change_only_the_unit():
    cycles, _, good = made_type(3, sisters=10)
    wafers = Sisters(cycles, 10).fitted().failure_age(Running.good_at(good), 0.5)
    in_lots = Cycles.of(cycles.tool, cycles.lower / 25, cycles.upper / 25)
    lots = Sisters(in_lots, 10).fitted().failure_age(Running.good_at(good / 25), 0.5)
    assert lots * 25 == pytest.approx(wafers, rel=1e-3)


def test_each_type_is_fitted_from_its_own_tools_alone():
    first, second = made_type(3, sisters=5)[0], made_type(4, sisters=7)[0]
    both = Cycles.of([*first.tool, *(second.tool + 5)], [*first.lower, *second.lower], [*first.upper, *second.upper])
    members, fitted = fit(both, [0] * 5 + [1] * 7)[1]
    assert members.tolist() == list(range(5, 12))
    assert np.array_equal(fitted.weight, Sisters(second, 7).fitted().weight)


@pytest.mark.parametrize("sisters", [1, 4, 12])
def test_the_order_of_sisters_changes_nothing(sisters):
    cycles, _, good = made_type(6, sisters=sisters, horizon=2.0)
    order = np.random.default_rng(1).permutation(sisters)
    there, back = Sisters(cycles, sisters), Sisters(cycles.of_tools(order), sisters)
    assert back.evidence == pytest.approx(there.evidence, abs=1e-6)
    edges = there.fitted().failure_ages(Running.good_at(good), (0.1, 0.9))
    assert back.fitted().failure_ages(Running.good_at(good[order]), (0.1, 0.9)) == pytest.approx(edges[order], rel=1e-6)


def test_a_type_drawn_from_is_that_of_plain_sums_over_a_fine_grid_of_all_four_numbers():
    """One tool, three cycles: the posterior of its log scale, summed over every mean and spread of its type."""
    cycles = Cycles.of([0, 0, 0], [300, 500, 200], [400, 700, np.inf])
    found = Sisters(cycles, 1, prior=Prior(scale=(6.3, 0.4), shape=(0.6, 0.3)))
    grid = found.grid
    likelihood = np.exp(log_likelihood(cycles, grid, 1)[0])
    total = np.zeros(grid.points.shape[0])
    for scale_spread in np.exp(np.log(0.3) + 0.5 * np.linspace(-3, 3, 13)):
        for shape_spread in np.exp(np.log(0.12) + 0.4 * np.linspace(-3, 3, 13)):
            chance = math.exp(-0.5 * (math.log(scale_spread / 0.3) / 0.5) ** 2)
            chance *= math.exp(-0.5 * (math.log(shape_spread / 0.12) / 0.4) ** 2)
            # A normal whose mean is normal is a wider normal.
            wide = scale_spread**2 + 0.4**2, max(shape_spread, np.diff(grid.axes[1])[0] / 2) ** 2 + 0.3**2
            scale, shape = (grid.log_scale - 6.3) ** 2 / wide[0], (grid.log_shape - 0.6) ** 2 / wide[1]
            prior = np.exp(-0.5 * (scale + shape))
            total += chance * likelihood * prior / prior.sum()
    total /= total.sum()
    for axis in (grid.log_scale, grid.log_shape):
        assert found.kind.weight[0] @ axis == pytest.approx(total @ axis, abs=0.04)
        spread = math.sqrt(total @ (axis - total @ axis) ** 2)
        assert math.sqrt(found.kind.weight[0] @ (axis - total @ axis) ** 2) == pytest.approx(spread, rel=0.12)


def test_the_doubt_of_a_type_shrinks_with_every_tool_and_never_vanishes():
    spreads = [Sisters(made_type(7, sisters=n)[0], n).kind.spread for n in (1, 5, 40)]
    assert spreads[0][0] > spreads[1][0] > spreads[2][0] > 0.02


def test_the_same_seed_gives_the_same_fit():
    cycles, _, _ = made_type(4, sisters=5)
    assert np.array_equal(Sisters(cycles, 5).fitted().weight, Sisters(cycles, 5).fitted().weight)


@pytest.mark.parametrize(("lower", "upper"), [([-1], [5]), ([5], [5]), ([6], [5]), ([np.inf], [np.inf])])
def test_impossible_ages_are_refused(lower, upper):
    with pytest.raises(ValueError, match="ages"):
        Cycles.of([0], lower, upper)


def test_what_is_said_of_a_tool_does_not_depend_on_which_others_are_asked_about():
    """One tool is well known and keeps few points of the grid, the others hardly failed and keep many."""
    rng = np.random.default_rng(3)
    fails = [(0, 900 * rng.weibull(3)) for _ in range(40)] + [(tool, 800.0) for tool in (1, 2, 3)]
    lower = [np.floor(age / 100) * 100 for _, age in fails]
    fitted = Sisters(Cycles.of([tool for tool, _ in fails], lower, np.add(lower, 100.0)), 4).fitted()
    running = Running.good_at([50.0, 100.0, 150.0, 200.0])
    ages = np.array([300.0, 400.0, 500.0, 600.0])
    together = fitted.bad_by(ages, running)
    for tool in range(4):
        alone = fitted.only([tool]).bad_by(ages[[tool]], running.only([tool]))
        assert float(alone[0]) == pytest.approx(float(together[tool]), rel=1e-12)
