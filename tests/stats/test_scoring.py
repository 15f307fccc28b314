"""Scores of forecasts: against what even outcomes must give, worked by hand."""

import numpy as np
import pytest

from fabwatch.stats.scoring import brier, landed, tenths


def test_outcomes_that_land_evenly_are_below_a_tenth_in_a_tenth():
    even = np.linspace(0.005, 0.995, 400)
    below = landed(even - 0.004, even + 0.004, (0.1, 0.5, 0.9))
    assert below == pytest.approx([0.1, 0.5, 0.9], abs=0.01)


def test_open_outcomes_neither_flatter_nor_blame():
    """Half of all outcomes are only known to come later than some chance: the shares stay those of the truth."""
    rng = np.random.default_rng(4)
    truth, seen_until = rng.beta(2, 1, 6000), rng.uniform(0, 1.6, 6000)
    known = truth <= seen_until
    low = np.where(known, np.maximum(truth - 0.02, 0), np.minimum(seen_until, 1.0))
    high = np.where(known, np.minimum(truth + 0.02, 1), 1.0)
    below = landed(low, high, (0.1, 0.5, 0.9))
    assert below == pytest.approx([0.01, 0.25, 0.81], abs=0.025)


def test_nothing_known_of_any_outcome_says_that_they_land_evenly():
    assert landed([0.0, 0.0], [1.0, 1.0], (0.1, 0.9)) == pytest.approx([0.1, 0.9])


def test_no_outcome_at_all_is_refused():
    with pytest.raises(ValueError, match="no outcome"):
        landed([], [], (0.1,))


def test_brier_and_tenths_by_hand():
    assert brier([0.2, 0.7], [0, 1]) == pytest.approx((0.04 + 0.09) / 2)
    assert tenths([0.11, 0.19, 1.0], [0, 1, 1]) == [(0.1, 0.2, 2, pytest.approx(0.15), 0.5), (0.9, 1.0, 1, 1.0, 1.0)]
