"""Levels that groups share: kept up to date result by result, they say what one plain solution says."""

import math

import numpy as np
import pytest

from fabwatch.stats.tracks import CONSTANT, Place, Shape, Tracks

pytestmark = pytest.mark.unit
SHAPES = (Shape(4.0, 30.0, 0.0, 1.0, 0.4, 0.0), Shape(1.5, 10.0, 8.0, 60.0, 1.0, 0.3))
PARTS = {"a": frozenset("45"), "b": frozenset("56"), "c": frozenset("1")}


def results(n, seed=3):
    """Results of three groups, two of which have a chamber in common; they arrive a little out of order."""
    dice = np.random.default_rng(seed)
    found = []
    for i in range(n):
        group = "aab"[i // 5 % 3] if i % 7 else "c"
        features = dice.normal(0, 1, 2)
        place = Place(group, PARTS[group], float(i + dice.integers(-2, 3)), 3.0 * i, features)
        found.append((place, 50 + math.sin(i / 9) + features[0] + dice.normal(0, 0.5)))
    return found


def covariance(shape, one, other):
    """By the definition, term by term."""
    same = one.group == other.group
    overlap = len(one.parts & other.parts) / math.sqrt(len(one.parts) * len(other.parts))
    total = overlap * shape.shared * math.exp(-abs(one.shared_at - other.shared_at) / shape.shared_length)
    if same:
        total += CONSTANT + shape.own * math.exp(-abs(one.own_at - other.own_at) / shape.own_length)
        total += shape.slopes / 2 * float(one.features @ other.features)
    return total


def solved(shape, kept, scale, place):
    """Level, slopes and spread of the next result of a group by solving one system."""
    matrix = np.array([[covariance(shape, one, other) for other, _ in kept] for one, _ in kept])
    matrix += shape.noise * np.eye(len(kept))
    middle = {group: np.median([v for p, v in kept if p.group == group]) for group in {p.group for p, _ in kept}}
    # A group whose noise is not known yet tells nothing.
    residual = np.array([(value - middle[p.group]) / (scale(p.group) or math.inf) for p, value in kept])
    bare = Place(place.group, place.parts, place.own_at, place.shared_at, np.zeros(2))
    cross = np.array([covariance(shape, bare, other) for other, _ in kept])
    weights = np.linalg.solve(matrix, residual)
    slopes = sum(
        shape.slopes / 2 * w * p.features for w, (p, _) in zip(weights, kept, strict=True) if p.group == place.group
    )
    left = CONSTANT + shape.own + shape.shared + shape.noise - cross @ np.linalg.solve(matrix, cross)
    own = scale(place.group)
    return middle[place.group] + own * cross @ weights, own * np.zeros(2) + own * slopes, own * math.sqrt(left)


@pytest.mark.parametrize("n", [3, 25, 40, 41, 167, 200])
def test_the_levels_kept_up_to_date_are_those_of_one_plain_solution(n):
    tracks, window = Tracks(SHAPES, 40), 40
    rows = results(n)
    for place, value in rows:
        tracks.add(place, value)
    kept = rows[-window:]
    for group, parts in PARTS.items():
        place = Place(group, parts, n + 1.0, 3.0 * n + 1, np.zeros(2))
        expected = tracks.expect(place)
        if not any(p.group == group for p, _ in kept):
            assert expected is None
        elif tracks.scale(group) is not None:
            for k, shape in enumerate(SHAPES):
                level, slopes, spread = solved(shape, kept, tracks.scale, place)
                assert expected.levels[k] == pytest.approx(level, rel=1e-9)
                assert expected.slopes[k] == pytest.approx(slopes, rel=1e-7, abs=1e-9)
                assert expected.spreads[k] == pytest.approx(spread, rel=1e-7)


def test_the_noise_is_that_of_successive_differences_and_an_absurd_result_is_none():
    dice = np.random.default_rng(1)
    values = 70 + dice.normal(0, 2, 60)
    tracks, absurd = Tracks(SHAPES, 80), Tracks(SHAPES, 80)
    for i, value in enumerate(values):
        place = Place("a", PARTS["a"], float(i), float(i), np.zeros(2))
        tracks.add(place, value)
        absurd.add(place, 1e6 if i == 3 else value)
    assert tracks.scale("a") == pytest.approx(2, rel=0.2)
    assert tracks.scale("a") <= absurd.scale("a") < 1.5 * tracks.scale("a")
    level = [t.expect(Place("a", PARTS["a"], 61.0, 61.0, np.zeros(2))).levels for t in (tracks, absurd)]
    assert np.abs(level[0] - level[1]).max() < 1


def test_equal_results_tell_nothing_of_the_noise():
    tracks = Tracks(SHAPES, 20)
    for i in range(10):
        tracks.add(Place("a", PARTS["a"], float(i), float(i), np.zeros(2)), 70.0)
    expected = tracks.expect(Place("a", PARTS["a"], 11.0, 11.0, np.zeros(2)))
    assert tracks.scale("a") is None
    assert expected.levels == pytest.approx([70.0, 70.0])
    assert expected.spreads is None
