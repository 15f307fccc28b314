"""Intervals of shares against the beta distribution of another library, and by hand."""

import pytest
from scipy.stats import beta

from fabwatch.stats.intervals import of_share

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(("hits", "of"), [(0, 10), (1, 10), (5, 10), (10, 10), (3, 2000), (1999, 2000), (37, 458), (1, 1)])
@pytest.mark.parametrize("coverage", [0.8, 0.9, 0.99])
def test_the_exact_interval_is_that_of_clopper_and_pearson(hits, of, coverage):
    tail = (1 - coverage) / 2
    low, high = of_share(hits, of, coverage)
    assert low == pytest.approx(0.0 if hits == 0 else beta.ppf(tail, hits, of - hits + 1), rel=1e-9)
    assert high == pytest.approx(1.0 if hits == of else beta.ppf(1 - tail, hits + 1, of - hits), rel=1e-9)


def test_none_of_ten_may_be_a_quarter():
    # By hand: (1 - p)^10 = 0.05.
    assert of_share(0, 10)[1] == pytest.approx(1 - 0.05**0.1)


def test_what_is_no_share_is_said():
    with pytest.raises(ValueError, match="got 3 of 2"):
        of_share(3, 2)
