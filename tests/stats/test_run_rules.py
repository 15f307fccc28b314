"""Run rules on series made by hand, and against plain loops."""

import itertools

import numpy as np
import pytest

from fabwatch.stats.run_rules import NELSON, WECO, broken_rules

pytestmark = pytest.mark.unit

QUIET = [0.4, -1.2, 0.9, 0.2, -0.3, 1.3, -0.6, -1.6, 0.1, 1.1]
"""Breaks none of the rules."""
SERIES = {
    "nelson1": ([0.1, -0.2, 3.1, 0.3, -3.2], [2, 4]),
    "nelson2": ([-0.1, *[0.2, 0.5, 0.3, 0.7, 0.1, 0.6, 0.2, 0.4, 0.3], 0.5, -0.1], [9, 10]),
    "nelson3": ([0.3, -1.0, -0.6, -0.2, 0.2, 0.6, 0.9, 0.1], [6]),
    "nelson4": ([0.3, -0.3] * 7 + [0.9, 1.0], [13, 14]),
    "nelson5": ([0.1, 2.1, 0.2, 2.2, 0.3, -2.1, 2.1], [3]),
    "nelson6": ([1.1, 1.2, 0.1, 1.3, 1.4, -0.2, 0.3], [4]),
    "nelson7": (
        [1.5, *[0.5, -0.4, 0.3, -0.6, 0.1, 0.2, -0.8, 0.9, -0.1, 0.6, -0.3, 0.4, 0.5, -0.2, 0.3], 0.2, 1.1],
        [15, 16],
    ),
    "nelson8": ([0.2, 1.1, -1.2, 1.3, -1.4, -1.1, 1.6, 1.2, -1.3, 0.1], [8]),
    "weco2": ([0.1, 2.1, 0.2, 2.2, 0.3], [3]),
    "weco3": ([1.1, 1.2, 0.1, 1.3, 1.4], [4]),
    "weco4": ([-0.1, 0.2, 0.5, 0.3, 0.7, 0.1, 0.6, 0.2, 0.4, -0.3], [8]),
}


@pytest.mark.parametrize("rule", SERIES)
def test_a_rule_marks_the_points_that_complete_its_pattern(rule):
    series, expected = SERIES[rule]
    marks = broken_rules(np.array(series), rule[:-1])
    assert np.flatnonzero(marks[rule]).tolist() == expected
    mirrored = broken_rules(-np.array(series), rule[:-1])
    assert np.flatnonzero(mirrored[rule]).tolist() == expected


def test_a_quiet_series_breaks_none():
    for rules in ("nelson", "weco"):
        assert not any(mark.any() for mark in broken_rules(np.array(QUIET), rules).values())


def test_one_point_less_is_no_pattern():
    for rule, (series, expected) in SERIES.items():
        cut = np.array(series[: expected[0]])
        assert not broken_rules(cut, rule[:-1])[rule].any(), rule


def plain(z):
    """Nelson's rules as loops over the last points."""
    found = {name: set() for name in NELSON}
    for n in range(len(z)):
        window = lambda k: z[n - k + 1 : n + 1] if n + 1 >= k else None  # noqa: B023, E731
        if abs(z[n]) > 3:
            found["nelson1"].add(n)
        if (w := window(9)) and (all(v > 0 for v in w) or all(v < 0 for v in w)):
            found["nelson2"].add(n)
        if (w := window(6)) and (w == sorted(w) or w == sorted(w, reverse=True)):
            found["nelson3"].add(n)
        if w := window(14):
            signs = [b > a for a, b in itertools.pairwise(w)]
            if all(a != b for a, b in itertools.pairwise(signs)):
                found["nelson4"].add(n)
        for name, sigma, hits, of in (("nelson5", 2, 2, 3), ("nelson6", 1, 4, 5)):
            w = z[max(n - of + 1, 0) : n + 1]
            for sign in (1, -1):
                if sign * z[n] > sigma and sum(sign * v > sigma for v in w) >= hits:
                    found[name].add(n)
        if (w := window(15)) and all(abs(v) < 1 for v in w):
            found["nelson7"].add(n)
        if (w := window(8)) and all(abs(v) > 1 for v in w) and min(w) < 0 < max(w):
            found["nelson8"].add(n)
    return found


def test_many_charts_at_once_are_judged_as_one_after_the_other_by_loops():
    z = np.random.default_rng(4).normal(0.2, 1.2, (40, 200))
    together = broken_rules(z)
    for n, row in enumerate(z):
        assert {name: set(np.flatnonzero(mark[n]).tolist()) for name, mark in together.items()} == plain(row.tolist())


def test_no_run_goes_over_a_missing_point():
    series = np.array([0.5] * 8 + [np.nan] + [0.5] * 8)
    assert not any(mark.any() for mark in broken_rules(series).values() if mark is not None)


def test_a_set_that_is_not_there_is_an_error():
    assert len(WECO) == 4
    with pytest.raises(KeyError):
        broken_rules(np.array([1.0]), "shewhart")
