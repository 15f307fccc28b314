"""Where a hidden fault began: against worked numbers and plain Bayes."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fabwatch.stats.survival import fault_began, weibull_survival

pytestmark = pytest.mark.unit


def test_the_worked_example_of_an_imperfect_qual():
    """Passes at 200, 400, 600, fail at 800 wafers, Weibull k = 2, eta = 1500, sensitivity 0.8."""
    chances = fault_began([0, 200, 400, 600, 800], 0.8, weibull_survival(2, 1500))
    assert chances.round(3).tolist() == [0.001, 0.017, 0.135, 0.847]


def test_a_perfect_qual_puts_the_fault_behind_the_last_good_one():
    assert fault_began([0, 200, 400], 1.0).tolist() == [0, 1]


def test_without_wear_each_wafer_is_as_likely():
    assert fault_began([0, 30, 40], 0.5).tolist() == pytest.approx([0.6, 0.4])


def test_the_weibull_survival_is_the_textbook_one():
    assert weibull_survival(1, 100)(np.array([0.0, 100.0])).tolist() == pytest.approx([1, np.exp(-1)])
    assert weibull_survival(2, 100)(np.array([50.0])).tolist() == pytest.approx([np.exp(-0.25)])


@given(st.lists(st.integers(0, 500), min_size=1, max_size=6), st.floats(0.05, 1), st.floats(0.5, 4))
def test_the_chances_are_those_of_plain_bayes(steps, sensitivity, shape):
    ages = [0]
    for step in steps:
        ages.append(ages[-1] + step)
    weights = []
    for i in range(1, len(ages)):
        fails_here = np.exp(-((ages[i - 1] / 800) ** shape)) - np.exp(-((ages[i] / 800) ** shape))
        missed = 1.0
        for _look in range(i, len(ages) - 1):
            missed *= 1 - sensitivity
        weights.append(fails_here * missed)
    chances = fault_began(ages, sensitivity, weibull_survival(shape, 800))
    assert chances.sum() == pytest.approx(1)
    if sum(weights) > 1e-12:
        assert chances.tolist() == pytest.approx([w / sum(weights) for w in weights], abs=1e-9)


@pytest.mark.parametrize(("ages", "sensitivity"), [([0], 1), ([0, 5, 3], 1), ([0, 5], 0), ([0, 5], 1.1)])
def test_impossible_input_is_refused(ages, sensitivity):
    with pytest.raises(ValueError, match=r"ages|sensitivity"):
        fault_began(ages, sensitivity)


def test_no_wafer_between_the_looks_leaves_the_last_interval():
    assert fault_began([0, 0, 0], 0.9).tolist() == [0, 1]
