"""Variance components and gauge studies, against made truth and published figures."""

import numpy as np
import pytest

from fabwatch.stats.gauge import gauge_study
from fabwatch.stats.nested import components

pytestmark = pytest.mark.unit


def test_components_of_equal_groups_are_those_of_the_mean_squares():
    x = np.array([[3.0, 5.0], [6.0, 8.0], [1.0, 3.0]])
    rows = components(x.ravel(), [np.repeat(np.arange(3), 2)], ["between", "within"])
    means = x.mean(axis=1)
    between, within = 2 * means.var(ddof=1), x.var(axis=1, ddof=1).mean()
    assert (rows[0].mean_square, rows[1].mean_square) == pytest.approx((between, within))
    assert rows[0].variance == pytest.approx((between - within) / 2)
    assert sum(row.share for row in rows) == pytest.approx(1)
    assert (rows[0].df, rows[1].df, rows[1].f) == (2, 3, None)


def test_components_of_unequal_groups_are_without_bias():
    rng = np.random.default_rng(6)
    lots, wafers = np.repeat(np.arange(30), 6), np.arange(180) // 2
    sizes = np.tile([1, 2, 3], 60)
    found = []
    for _ in range(200):
        lot, wafer = rng.normal(0, 3, 30), rng.normal(0, 2, 90)
        levels = [np.repeat(lots, sizes), np.repeat(wafers, sizes)]
        x = lot[levels[0]] + wafer[levels[1]] + rng.normal(0, 1, sizes.sum())
        found.append([row.variance for row in components(x, levels, ["lot", "wafer", "site"])])
    assert np.mean(found, axis=0) == pytest.approx([9, 4, 1], rel=0.06)


def test_a_level_without_a_degree_of_freedom_is_an_error():
    with pytest.raises(ValueError, match="within"):
        components(np.array([1.0, 2.0, 3.0]), [np.arange(3)], ["between", "within"])


BOOK = """21 20 20 20 19 21|24 23 24 24 23 24|20 21 19 21 20 22|27 27 28 26 27 28|19 18 19 18 18 21|23 21 24 21 23 22
22 21 22 24 22 20|19 17 18 20 19 18|24 23 25 23 24 24|25 23 26 25 24 25|21 20 20 20 21 20|18 19 17 19 18 19
23 25 25 25 25 25|24 24 23 25 24 25|29 30 30 28 31 30|26 26 25 26 25 27|20 20 19 20 20 20|19 21 19 19 21 23
25 26 25 24 25 25|19 19 18 17 19 17"""
"""Montgomery, table 8.6: 20 parts, of each two readings by three operators."""


def test_the_study_of_the_book_has_its_variances():
    """Montgomery, 8.7.2: repeatability 0.88, reproducibility 0.0106 (interaction pooled), parts 10.25."""
    cells = [part.split() for part in BOOK.replace("\n", "|").split("|")]
    study = gauge_study(np.array(cells, float).reshape(20, 3, 2))
    assert study.interaction == 0
    assert study.repeatability == pytest.approx(0.88, abs=0.005)
    assert study.reproducibility == pytest.approx(0.0106, abs=0.0003)
    assert study.part == pytest.approx(10.25, abs=0.01)
    assert study.study_variation == pytest.approx((study.gauge / study.total) ** 0.5)
    assert study.distinct_categories == 4
    assert study.tolerance_share(55) == pytest.approx(6 * study.gauge**0.5 / 55)


def test_an_operator_who_reads_some_parts_otherwise_shows_as_interaction():
    rng = np.random.default_rng(10)
    parts, twist = rng.normal(0, 3, (10, 1, 1)), rng.normal(0, 2, (10, 3, 1))
    study = gauge_study(parts + twist + rng.normal(0, 0.5, (10, 3, 4)))
    assert study.interaction == pytest.approx(4, rel=0.5)
    assert study.interaction_p < 1e-6
    assert study.repeatability == pytest.approx(0.25, rel=0.3)
    with pytest.raises(ValueError, match="at least 2"):
        gauge_study(np.ones((1, 2, 2)))
