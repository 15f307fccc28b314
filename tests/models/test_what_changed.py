"""From A to B: the cause of a difference is named first, and no difference is said where there is none."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from fabwatch.fab import Fab
from fabwatch.models import carding
from fabwatch.stats.discrimination import accuracy_difference, auc_difference, error_difference
from fabwatch.terms.errors import BadQuestion
from tests.models.made_tables import truth, wafers

HOW: dict[str, Any] = {"target": "result", "time": "time", "positive": "FAIL", "learner": "linear", "minutes": 0.1}
DRAWS = 200
Pair = tuple[pd.DataFrame, dict[str, Any], pd.DataFrame, dict[str, Any]]


def of_split() -> Pair:
    # Wafers of a lot are alike, and each lot is different: rows at random see the lot, later rows do not.
    frame = wafers(2)
    chance = np.random.default_rng(5)
    lots = {lot: chance.normal(0, 6) for lot in frame["lot"].unique()}
    score = frame["lot"].map(lots) + chance.normal(0, 1, len(frame))
    frame["result"] = np.where(score > 0, "FAIL", "PASS")
    frame["tag"] = frame["lot"].map({lot: f"T{n}" for n, lot in enumerate(lots)})
    frame = frame.drop(columns="lot")
    return frame, {"keep": ("tag",)}, frame, {"keep": ("tag",), "time": None}


def of_leak() -> Pair:
    frame = wafers()
    leaking = frame.assign(rework=truth(frame) + np.random.default_rng(3).normal(0, 0.4, len(frame)))
    return frame, {}, leaking, {}


def of_label() -> Pair:
    frame = wafers()
    other = frame.copy()
    turned = np.random.default_rng(4).random(len(frame)) < 0.25
    other.loc[turned, "result"] = np.where(truth(frame)[turned], "PASS", "FAIL")
    return other, {}, frame, {}


def of_window() -> Pair:
    early = wafers(7)
    # What held last year held the other way round.
    mixed = early.copy()
    mixed["pressure"] = (60 - early["pressure"]).round(3)
    mixed["time"] = pd.date_range("2025-06-01", periods=len(mixed), freq="h").strftime("%Y-%m-%d %H:%M")
    late = wafers(8)
    return pd.concat([mixed, late], ignore_index=True), {}, late, {}


def of_column() -> Pair:
    frame = wafers()
    return frame.drop(columns="pressure"), {}, frame, {}


def of_seed() -> Pair:
    frame = wafers(3, 300)
    return frame, {"time": None, "seed": 1}, frame, {"time": None, "seed": 4}


def of_category() -> Pair:
    frame = wafers()
    late = np.arange(len(frame)) > 850
    other = frame.copy()
    other.loc[late, "tool"] = other.loc[late, "tool"].str.replace("ETCH-0", "Etcher ")
    return other, {}, frame, {}


def of_duplicates() -> Pair:
    frame = wafers(6, 300)
    own = {"time": None, "keep": ("noise",)}
    frame["noise"] = np.random.default_rng(9).choice([f"W{n}" for n in range(140)], len(frame))
    twice = pd.concat([frame, frame], ignore_index=True)
    return frame, own, twice, own


def of_unit() -> Pair:
    frame = wafers()
    late = np.arange(len(frame)) > 700
    other = frame.copy()
    other.loc[late, "pressure"] = (other.loc[late, "pressure"] * 7.50062).round(6)
    return other, {}, frame, {}


PAIRS: dict[str, Callable[[], Pair]] = {
    "split": of_split,
    "leak": of_leak,
    "label": of_label,
    "window": of_window,
    "column": of_column,
    "seed": of_seed,
    "category": of_category,
    "duplicates": of_duplicates,
    "unit": of_unit,
}


@pytest.fixture
def fab(tmp_path: Path) -> Fab:
    return Fab(tmp_path / "fab", create=True)


@pytest.mark.parametrize("cause", PAIRS)
def test_the_cause_of_a_difference_is_named_first(fab: Fab, cause: str) -> None:
    before, how_before, after, how_after = PAIRS[cause]()
    fab.train_model(before, name="m", **{**HOW, **how_before})
    fab.train_model(after, name="m", **{**HOW, **how_after})
    answer = fab.compare_models("m@1", "m@2", after)
    assert answer.causes[0].cause == cause
    first = answer.causes[0].points
    assert first is not None
    reported = [answer.reported[f"m@{n}"]["value"] for n in (1, 2)]
    assert sum(one.points or 0 for one in answer.causes) == pytest.approx(100 * (reported[1] - reported[0]))


def test_another_library_is_named_where_nothing_else_differs(fab: Fab, monkeypatch: pytest.MonkeyPatch) -> None:
    frame = wafers(rows=400)
    fab.train_model(frame, name="m", **HOW)
    monkeypatch.setattr(carding, "library_versions", lambda: {"scikit-learn": "0.1"})
    fab.train_model(frame, name="m", **HOW)
    answer = fab.compare_models("m@1", "m@2", frame)
    assert [one.cause for one in answer.causes] == ["library"]
    assert "scikit-learn" in answer.causes[0].detail
    assert answer.p == 1.0
    assert "no difference that is sure" in answer.sentence()


def test_rows_that_were_learned_from_are_left_out_of_a_comparison(fab: Fab) -> None:
    frame = wafers()
    fab.train_model(frame, name="m", **HOW)
    fab.train_model(frame.drop(columns="pressure"), name="m", **HOW)
    answer = fab.compare_models("m@2", "m@1", frame)
    assert answer.rows_ == 300
    assert any("900 rows are left out" in doubt for doubt in answer.doubts)
    assert answer.difference is not None
    assert answer.difference > 0.05
    assert {part.of for part in answer.slices} == {"time", "tool"}


def test_foreign_predictions_are_compared_alike_and_refused_for_other_rows(fab: Fab, tmp_path: Path) -> None:
    frame = wafers()
    fab.train_model(frame, name="m", **HOW)
    own = fab.predict("m", frame)
    said = pd.DataFrame(
        {"row": [one.row for one in own.predictions], "probability": [one.probability for one in own.predictions]}
    )
    said.sample(frac=1, random_state=1).to_csv(tmp_path / "theirs.csv", index=False)
    answer = fab.compare_models(str(tmp_path / "theirs.csv"), "m", frame)
    assert (answer.difference, answer.p) == (0.0, 1.0)
    said.head(50).to_csv(tmp_path / "few.csv", index=False)
    with pytest.raises(BadQuestion, match="50 rows, which are not the 1,200"):
        fab.compare_models(str(tmp_path / "few.csv"), "m", frame)


def test_models_that_do_not_differ_are_said_to_differ_at_most_as_often_as_stated() -> None:
    chance = np.random.default_rng(0)
    found = {"auc": 0, "accuracy": 0, "rmse": 0}
    for _ in range(DRAWS):
        value = chance.normal(size=200)
        positive = value + chance.normal(size=200) > 0.8
        one, two = (value + chance.normal(0, 0.7, 200) for _ in range(2))
        found["auc"] += auc_difference(positive, one, two).p < 0.05
        found["accuracy"] += accuracy_difference((one > 1) == positive, (two > 1) == positive).p < 0.05
        found["rmse"] += error_difference(one - value, two - value).p < 0.05
    assert all(count <= 0.05 * DRAWS + 2.6 * np.sqrt(DRAWS * 0.05 * 0.95) for count in found.values()), found
