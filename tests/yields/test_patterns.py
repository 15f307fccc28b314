"""Patterns of wafer maps: made maps are named, alike maps are found, figures are those of the definitions."""

import json
from importlib import resources
from types import SimpleNamespace

import numpy as np
import pytest

from fabwatch.terms.errors import BadQuestion
from fabwatch.yields.patterns import collection as collection_module
from fabwatch.yields.patterns.classes import PATTERNS
from fabwatch.yields.patterns.classify import classify, embed, score
from fabwatch.yields.patterns.collection import Collection, read_collection
from fabwatch.yields.patterns.model import FEW, FILES, FINE, Model
from fabwatch.yields.patterns.preparing import cropped, overlap, square, turned
from fabwatch.yields.patterns.score import auroc, calibration_error, confusion, macro_f1, per_class
from fabwatch.yields.patterns.similar import nearest
from tests.yields.made_maps import wafer

pytestmark = pytest.mark.unit


def collection(grids, labels):
    shape = np.array([grid.shape for grid in grids])
    starts = np.concatenate([[0], np.cumsum(shape.prod(axis=1))])
    return Collection(np.concatenate([grid.ravel() for grid in grids]), shape, np.array(labels), starts)


def as_map(grid, name):
    return SimpleNamespace(lot="A1", wafer=name, origin="made", notch="down", doubts=(), grid=grid)


@pytest.fixture(scope="module")
def made():
    return [as_map(wafer(pattern, seed), f"{pattern} {seed}") for pattern in PATTERNS for seed in range(3)]


@pytest.fixture(scope="module")
def said(made):
    return classify(made).maps


def test_made_maps_are_called_what_they_were_made_as(said):
    right = [one.pattern == one.wafer.rpartition(" ")[0] for one in said]
    assert sum(right) >= 24, [(one.wafer, one.pattern) for one in said]


def test_maps_of_one_pattern_are_most_similar_to_each_other(said):
    for one in said:
        if one.wafer.startswith(("Center", "Edge-Ring", "Near-full", "Donut")):
            assert one.similar[0].wafer.rpartition(" ")[0] == one.wafer.rpartition(" ")[0]
            assert len(one.similar) == 10
            assert one.wafer not in [other.wafer for other in one.similar]


def test_two_patterns_on_one_map_are_both_said():
    both = np.maximum(wafer("Center", 1), np.where(wafer("Edge-Ring", 2) == 2, 2, 0)).astype(np.uint8)
    both[wafer("none") == 0] = 0
    (one,) = classify([as_map(both, "mixed")]).maps
    assert {part.pattern for part in one.patterns} >= {"Center", "Edge-Ring"}


def test_a_map_without_a_pattern_is_said_to_show_one_thing_alone(said):
    for one in said:
        if one.pattern == "none":
            assert [part.pattern for part in one.patterns] == ["none"]


def test_what_looks_like_no_known_pattern_is_said_to_be_unknown(said):
    round_one = wafer("none", 3)
    row, column = np.mgrid[: round_one.shape[0], : round_one.shape[1]]
    middle = (np.array(round_one.shape) - 1) / 2
    cross = (abs(row - middle[0]) < 3) | (abs(column - middle[1]) < 3)
    odd = [np.where((round_one > 0) & fails, 2, round_one).astype(np.uint8) for fails in (column % 4 < 2, cross)]
    stripes, crossed = classify([as_map(grid, "odd") for grid in odd]).maps
    assert stripes.unknown
    assert crossed.distance > max(one.distance for one in said if one.pattern in ("none", "Center", "Edge-Ring"))
    assert not any(one.unknown for one in said if one.pattern in ("none", "Center", "Edge-Ring"))


def test_answers_are_the_same_each_time_and_alone_or_together(made):
    together, alone = classify(made[:6]).maps, [classify([one]).maps[0] for one in made[:6]]
    assert [one.pattern for one in together] == [one.pattern for one in alone]
    assert [one.probability for one in together] == pytest.approx([one.probability for one in alone], abs=1e-3)


def test_a_turned_wafer_shows_the_same_pattern():
    grid = wafer("Edge-Loc", 3)
    views = classify([as_map(np.rot90(grid, turn).copy(), str(turn)) for turn in range(4)]).maps
    assert {one.pattern for one in views} == {"Edge-Loc"}


@pytest.mark.parametrize("grid", [np.zeros((5, 5), np.uint8), np.full((1, 1), 2, np.uint8), np.full((1, 300), 1, np.uint8)])
def test_maps_that_show_nothing_are_answered_all_the_same(grid):
    (one,) = classify([as_map(grid, "odd")]).maps
    assert one.pattern in PATTERNS
    assert np.isfinite(one.probability)


def test_no_maps_give_no_answers():
    assert classify([]).maps == ()
    assert embed([]).shape == (0, 128)


def test_a_square_keeps_the_share_of_failed_and_present_area():
    grid = wafer("Center", 5, size=37)
    drawn = square(grid, 64) / 255
    assert drawn[0].mean() == pytest.approx((grid == 2).mean(), abs=0.003)
    assert drawn[1].mean() == pytest.approx((grid != 0).mean(), abs=0.003)
    assert overlap(37, 64).sum(axis=1) == pytest.approx(np.ones(64))


def test_empty_rows_and_columns_around_a_wafer_change_nothing():
    grid = wafer("Loc", 1)
    assert np.array_equal(cropped(np.pad(grid, 7)), cropped(grid))
    assert np.array_equal(square(np.pad(grid, ((3, 9), (0, 4))), 64), square(grid, 64))


def test_the_eight_views_are_eight_different_ones():
    grid = np.arange(9).reshape(1, 1, 3, 3)
    assert len({turned(grid, view).tobytes() for view in range(8)}) == 8


def test_scores_are_those_counted_by_hand():
    label, answer = np.array([0, 0, 0, 8, 8, 7]), np.array([0, 0, 8, 8, 0, 7])
    classes = per_class(confusion(label, answer))
    assert (classes["Center"].precision, classes["Center"].recall) == (2 / 3, 2 / 3)
    assert classes["none"].f1 == pytest.approx(0.5)
    assert classes["Donut"].f1 is None
    assert macro_f1(classes) == pytest.approx((2 / 3 + 0.5 + 1) / 3)
    assert macro_f1(classes, without_none=True) == pytest.approx((2 / 3 + 1) / 2)


def test_calibration_error_is_the_gap_between_sureness_and_truth():
    probability = np.tile([0.8] + [0.025] * 8, (10, 1))
    assert calibration_error(probability, np.array([0] * 8 + [1] * 2)) == pytest.approx(0)
    assert calibration_error(probability, np.array([0] * 5 + [1] * 5)) == pytest.approx(0.3)


def test_auroc_counts_pairs():
    known, unknown = np.array([1.0, 2, 3]), np.array([2.0, 4])
    pairs = [1.0 if far > near else 0.5 if far == near else 0.0 for near in known for far in unknown]
    assert auroc(known, unknown) == pytest.approx(np.mean(pairs))


def test_the_nearest_are_those_of_every_pair_compared():
    rows = np.random.default_rng(0).normal(size=(30, 5)).astype(np.float32)
    unit = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    places, cosines = nearest(rows, rows, 4, same=True)
    for place in range(30):
        others = sorted((n for n in range(30) if n != place), key=lambda n: -float(unit[place] @ unit[n]))
        assert places[place].tolist() == others[:4]
        assert cosines[place][0] == pytest.approx(float(unit[place] @ unit[others[0]]), abs=1e-5)


def test_a_score_says_n_f1_calibration_confusion_and_time():
    grids = [wafer(pattern, 11 + seed) for pattern in PATTERNS for seed in range(2)]
    answer = score(collection(grids, np.repeat(np.arange(9), 2)))
    said = answer.to_dict()
    assert said["n"] == 18
    assert set(said["per_class"]) == set(PATTERNS)
    assert 0.6 < said["macro_f1"] <= 1
    assert said["ms_per_map"] > 0
    assert sum(sum(row.values()) for row in said["confusion"].values()) == 18
    assert "macro-F1" in said["sentence"]


def saved(tmp_path, **arrays):
    file = tmp_path / "maps.npz"
    np.savez(file, **arrays)
    return file


GOOD = {"pixels": np.ones(4, np.uint8), "shape": np.array([[2, 2]], np.uint16), "label": np.array([8], np.uint8)}


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"pixels": np.ones(5, np.uint8)}, "cells by their shapes"),
        ({"pixels": np.full(4, 7, np.uint8)}, "not 0, 1 or 2"),
        ({"label": np.array([9])}, "label that is not"),
        ({"label": np.array([1, 2])}, "do not belong together"),
        ({"shape": np.array([[0, 4]])}, "without rows"),
        ({"pixels": np.ones(4)}, "whole numbers"),
        ({"label": np.array([], int), "shape": np.zeros((0, 2), int), "pixels": np.zeros(0, int)}, "no map"),
    ],
)
def test_labelled_maps_that_do_not_fit_together_are_refused_with_the_reason(tmp_path, change, why):
    assert len(read_collection(saved(tmp_path, **GOOD))) == 1
    with pytest.raises(BadQuestion, match=why):
        read_collection(saved(tmp_path, **{**GOOD, **change}))


def test_an_npz_that_would_run_code_or_is_none_is_refused(tmp_path):
    with pytest.raises(BadQuestion):
        read_collection(saved(tmp_path, **{**GOOD, "label": np.array([{}], dtype=object)}))
    (tmp_path / "no.npz").write_bytes(b"PK\x03\x04 not a zip")
    with pytest.raises(BadQuestion):
        read_collection(tmp_path / "no.npz")


def test_an_npz_that_unpacks_to_too_much_is_refused_before_it_is_unpacked(tmp_path, monkeypatch):
    monkeypatch.setattr(collection_module, "SIZE_LIMIT", 300)
    with pytest.raises(BadQuestion, match="unpacks to"):
        read_collection(saved(tmp_path, **GOOD))


def test_the_file_of_the_network_is_small_and_its_card_names_licence_and_both_citations():
    package = resources.files("fabwatch.yields.patterns")
    for file in FILES.values():
        assert len(package.joinpath(file).read_bytes()) < 3_000_000
    card = json.loads(package.joinpath("card.json").read_text())
    assert len(card["citations"]) == 2
    assert "Jyh-Shing Roger Jang" in card["licence"]
    assert card["split"]["report_only"] > 2_000
    assert card["figures"]["largest_difference_from_torch"] < 1e-4
    for file, known in ((FILES[FINE], card), (FILES[FEW], card["few_dies"])):
        settings = Model(package.joinpath(file).read_bytes()).settings
        assert known["chosen_on_validation"]["temperature"] == settings.temperature
        assert len(settings.prior) == len(PATTERNS)


@pytest.mark.real
def test_real_maps_are_told_apart_as_the_card_says(data):
    whole = read_collection(data / "maps" / "wm811k_val.npz")
    chance = np.random.default_rng(1)
    places = np.concatenate([chance.permutation(np.flatnonzero(whole.label == place))[:60] for place in range(9)])
    answer = score(collection(whole.grids(places), whole.label[places]))
    assert answer.macro_f1 > 0.85
