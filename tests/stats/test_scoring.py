"""Scores of forecasts: against what even outcomes must give, known beta distributions, and by hand."""

import numpy as np
import pytest

from fabwatch.stats.scoring import brier, landed, tenths

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


def test_the_range_of_the_share_is_wide_where_all_outcomes_are_of_few_tools():
    places = np.repeat(np.random.default_rng(1).uniform(0, 1, 40), 10)
    low, high = looked_at(places, 0.02)
    few, many = landed(low, high, EDGES, np.repeat(np.arange(40), 10)), landed(low, high, EDGES, np.arange(400))
    assert few.held == many.held
    assert few.held_high - few.held_low > 2 * (many.held_high - many.held_low)


def test_no_outcome_at_all_is_refused():
    with pytest.raises(ValueError, match="no outcome"):
        landed([], [], EDGES, [])


def test_brier_and_tenths_by_hand():
    assert brier([0.2, 0.7], [0, 1]) == pytest.approx((0.04 + 0.09) / 2)
    assert tenths([0.11, 0.19, 1.0], [0, 1, 1]) == [(0.1, 0.2, 2, pytest.approx(0.15), 0.5), (0.9, 1.0, 1, 1.0, 1.0)]
