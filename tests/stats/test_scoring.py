"""Scores of forecasts: against what even outcomes must give, known beta distributions, and by hand."""

import numpy as np
import pytest

from fabwatch.stats.scoring import brier, landed, positions, reliability_slope, tenths

pytestmark = pytest.mark.unit

EDGES = (0.1, 0.9)


def looked_at(places, every, until=1.0):
    """What is known of places when looks come every so often and end somewhere: bounds, or only that it is later."""
    low, high = np.floor(places / every) * every, np.minimum(np.ceil(places / every) * every, 1.0)
    open_ = places > until
    return np.where(open_, np.minimum(until, 0.999), low), np.where(open_, 1.0, high)


def test_outcomes_that_land_evenly_are_held_in_eight_of_ten():
    even = np.linspace(0.0025, 0.9975, 400)
    low, high = looked_at(even, 0.02)
    found = landed(low, high, EDGES, np.arange(400))
    assert (found.held, found.early, found.late) == pytest.approx((0.8, 0.1, 0.1), abs=0.01)


@pytest.mark.parametrize("every", [0.125, 0.016])
@pytest.mark.parametrize(("a", "b", "early", "late"), [(1, 1, 0.1, 0.1), (2, 1, 0.01, 0.19), (0.5, 0.5, 0.205, 0.205)])
def test_open_outcomes_and_wide_bounds_neither_flatter_nor_blame(every, a, b, early, late):
    """Two thirds of all outcomes are only known to come later than some chance: the shares stay those of the truth."""
    rng = np.random.default_rng(4)
    truth, until = rng.beta(a, b, 4000), rng.beta(1.2, 2.0, 4000)
    low, high = looked_at(truth, every, until)
    found = landed(low, high, EDGES, np.arange(4000))
    assert (found.early, found.late) == pytest.approx((early, late), abs=0.05)
    assert found.held + found.early + found.late == pytest.approx(1)
    assert found.held_low <= found.held <= found.held_high


def test_the_range_of_the_share_is_wide_where_all_outcomes_are_of_few_failures():
    places = np.repeat(np.random.default_rng(1).uniform(0, 1, 40), 10)
    low, high = looked_at(places, 0.02)
    few, many = landed(low, high, EDGES, np.repeat(np.arange(40), 10)), landed(low, high, EDGES, np.arange(400))
    assert few.held == pytest.approx(many.held, abs=0.03)
    assert few.held_high - few.held_low > 2 * (many.held_high - many.held_low)


def test_a_small_group_is_drawn_to_its_record_and_a_large_one_speaks_for_itself():
    rng = np.random.default_rng(3)
    low, high = looked_at(rng.uniform(0, 1, 2000), 0.02)
    record = landed(low, high, EDGES, np.arange(2000))
    small, large = (landed([0.96] * n, [0.98] * n, EDGES, np.arange(n), record) for n in (3, 300))
    assert record.held > small.held > large.held
    assert small.held_high - small.held_low > 0.1
    assert large.held < 0.4


def test_outcomes_spread_over_the_histogram_by_hand():
    """One known to lie in the first half, one still open beyond .6: two bins of five and two bins of four tenths each."""
    shares = [round(one.share, 6) for one in positions([0.0, 0.6], [0.5, 1.0], [0, 1])]
    assert shares == [0.1] * 5 + [0.0] + [0.125] * 4


def test_the_slope_of_reliability_is_that_of_least_squares_and_none_without_different_chances():
    said, came = [0.1, 0.2, 0.5, 0.6], [0, 0, 1, 1]
    slope = reliability_slope(said, came, range(4))
    assert slope.share == pytest.approx(np.polyfit(said, came, 1)[0])
    assert slope.low < slope.share < slope.high
    assert reliability_slope([0.3] * 5, [0, 1, 0, 1, 0], range(5)) is None


def test_no_outcome_at_all_is_refused():
    with pytest.raises(ValueError, match="no outcome"):
        landed([], [], EDGES, [])


def test_brier_and_tenths_by_hand():
    assert brier([0.2, 0.7], [0, 1]) == pytest.approx((0.04 + 0.09) / 2)
    first, last = tenths([0.11, 0.19, 1.0], [0, 1, 1])
    assert (first.low, first.high, first.count, first.said, first.came.share) == (0.1, 0.2, 2, pytest.approx(0.15), 0.5)
    assert (last.low, last.high, last.count, last.said, last.came.share) == (0.9, 1.0, 1, 1.0, 1.0)


def test_two_forecasts_of_one_qual_count_once_in_the_range():
    once, twice = tenths([0.3, 0.3], [1, 0], [0, 1])[0], tenths([0.3] * 4, [1, 1, 0, 0], [0, 0, 1, 1])[0]
    assert once.came == twice.came
    # Wilson's range of one in two at 90 %, worked by hand: .5 -+ 1.645 sqrt(.125 + .1691) / 2.353.
    assert (once.came.low, once.came.high) == pytest.approx((0.121, 0.879), abs=0.001)
