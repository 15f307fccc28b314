"""A table becomes a model that is tried honestly, explains itself, and says the same wherever it is asked."""

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import pandas as pd
import pytest
from sklearn.metrics import roc_auc_score

from fabwatch.fab import Fab
from fabwatch.models import carding, graph
from fabwatch.models.parity import compared
from fabwatch.models.schema import Rows
from fabwatch.terms.errors import BadQuestion, DecidedAlready, NewerModel, NoSuchPath, ParityFailed, UnknownModel
from tests.models.made_tables import truth, wafers

HOW: dict[str, Any] = {"target": "result", "time": "time", "positive": "FAIL", "learner": "linear", "minutes": 0.1}


@pytest.fixture(scope="module")
def fab(tmp_path_factory: pytest.TempPathFactory) -> Fab:
    fab = Fab(tmp_path_factory.mktemp("models") / "fab", create=True)
    fab.train_model(wafers(), name="etch", **HOW)
    return fab


@pytest.fixture(scope="module")
def curves(fab: Fab) -> Any:
    frame = wafers(rows=500)
    frame.loc[::7, "pressure"] = np.nan
    return fab.train_model(frame, name="curves", **{**HOW, "learner": "boosted", "minutes": 0.01})


@pytest.fixture(scope="module")
def trees(fab: Fab) -> Any:
    return fab.train_model(wafers(rows=500), name="trees", **{**HOW, "learner": "trees"})


def test_what_is_held_out_came_later_and_its_figures_are_those_of_another_library(fab: Fab) -> None:
    frame = wafers()
    card = fab.model_card("etch").card
    held = fab.registry.find("etch").held_out()
    assert frame["time"].iloc[held["place"]].min() > frame["time"].drop(held["place"]).max()
    assert len(held) == card["held_out"]["rows"] == 300
    area = roc_auc_score(truth(frame)[held["place"]], held["predicted_0"])
    assert card["held_out"]["value"] == pytest.approx(area)
    assert card["held_out"]["low"] < area < card["held_out"]["high"]
    assert card["held_out"]["value"] > 0.75 > card["floor"]["value"] == 0.5
    assert card["random_split"]["rows"] == 300


def test_each_column_that_is_left_out_is_named_with_the_reason(fab: Fab) -> None:
    frame = wafers(rows=600)
    fails = truth(frame)
    frame = frame.assign(
        nothing=np.nan,
        always=7,
        copy_of_flow=frame["flow"],
        row=range(600),
        barcode=[f"B{n:05d}" for n in range(600)],
        shipped_at="2026-03-01 08:00",
        scrapped=np.where(fails, "yes", "no"),
        verdict=np.where(fails, 1.0, 0.0) + np.random.default_rng(0).normal(0, 0.01, 600),
    )
    answer = fab.train_model(frame, name="dropped", **HOW)
    why = {one.column: one.why for one in answer.dropped}
    assert set(answer.columns) == {"tool", "pressure", "temperature", "flow"}
    expected = {
        "nothing": "empty",
        "always": "constant",
        "copy_of_flow": "the same as flow",
        "row": "counts the rows",
        "barcode": "names the row",
        "lot": "names what passes by",
        "scrapped": "leaks the target",
        "verdict": "leaks the target",
        "shipped_at": "a time|constant",
    }
    for column, reason in expected.items():
        assert re.search(reason, why[column]), (column, why[column])


def test_a_kept_column_that_leaks_is_learned_from_and_doubted(fab: Fab) -> None:
    frame = wafers(rows=600)
    frame["rework"] = truth(frame) + np.random.default_rng(0).normal(0, 0.05, 600)
    answer = fab.train_model(frame, name="kept", keep=("rework",), **HOW)
    assert "rework" in answer.columns
    assert any("rework" in doubt for doubt in answer.doubts)


@pytest.mark.parametrize(("positive", "kind"), [("FAIL", "yes/no"), (None, "yes/no")])
def test_the_kind_of_problem_is_found_and_said(fab: Fab, positive: str | None, kind: str) -> None:
    answer = fab.train_model(wafers(rows=400), name="kinds", **{**HOW, "positive": positive})
    assert (answer.kind, answer.classes[1]) == (kind, "FAIL")


def test_a_number_and_several_classes_are_learned_too(fab: Fab) -> None:
    frame = wafers(rows=600)
    frame["thickness"] = (
        frame["pressure"] * 2 + (frame["tool"] == "ETCH-02") * 3 + np.random.default_rng(1).normal(0, 0.5, 600)
    )
    number = fab.train_model(frame.drop(columns="result"), "thickness", time="time", learner="linear", minutes=0.1, name="n")
    assert (number.kind, number.held_out["metric"]) == ("number", "rmse")
    assert 0.4 < number.held_out["value"] < 0.6 < number.floor["value"]
    frame["grade"] = np.select([frame["thickness"] > 64, frame["thickness"] > 59], ["thick", "good"], "thin")
    some = frame.drop(columns=["result", "thickness"])
    classes = fab.train_model(some, "grade", time="time", learner="linear", minutes=0.1, name="c")
    assert (classes.kind, classes.classes) == ("classes", ("good", "thick", "thin"))
    assert classes.held_out["accuracy"] > 0.8 > classes.floor["accuracy"]
    (one, *_) = fab.predict("c", some.tail(3), contributions=True).predictions
    assert one.prediction in classes.classes


def test_a_group_is_never_on_both_sides(fab: Fab) -> None:
    frame = wafers(rows=600)
    fab.train_model(frame, name="grouped", **{**HOW, "time": None, "group": "lot"})
    held = set(frame["lot"].iloc[fab.registry.find("grouped").held_out()["place"]])
    learned = set(frame["lot"]) - held
    sizes = frame.groupby("lot").size()
    assert fab.model_card("grouped").card["learned_from"] == sizes[list(learned)].sum()


def test_the_same_seed_makes_the_same_file_and_no_second_version(fab: Fab) -> None:
    again = fab.train_model(wafers(), name="etch", **HOW)
    assert (again.version, again.made) == (1, False)
    other = fab.train_model(wafers(), name="elsewhere", **HOW)
    assert other.digest == again.digest or other.version == 1


@pytest.mark.parametrize("name", ["etch", "curves", "trees"])
def test_contributions_sum_to_the_score_of_the_served_file(fab: Fab, curves: Any, trees: Any, name: str) -> None:
    rows = wafers(9, 60)
    rows.loc[3, "tool"] = "ETCH-99"
    rows.loc[4, "pressure"] = np.nan
    rows.loc[5, "flow"] = 1e12
    for one in fab.predict(name, rows, contributions=True).predictions:
        assert one.contributions is not None
        assert one.base is not None
        assert one.probability is not None
        assert sum(one.contributions.values()) + one.base == pytest.approx(one.score, abs=1e-6)
        assert one.probability == pytest.approx(1 / (1 + np.exp(-one.score)))


@pytest.mark.parametrize("name", ["etch", "curves", "trees"])
def test_the_file_says_the_same_to_whoever_runs_it(fab: Fab, curves: Any, trees: Any, name: str) -> None:
    version = fab.registry.find(name)
    rows = wafers(10, 40)
    session = onnxruntime.InferenceSession(version.onnx)
    (scores,) = session.run(["score"], {"rows": version.schema.matrix(Rows.of_frame(rows))})
    assert [one.score for one in fab.predict(name, rows).predictions] == pytest.approx(scores[:, 0].tolist())


def test_what_is_odd_about_a_row_is_named(fab: Fab) -> None:
    rows = [
        {"tool": "ETCH-01", "pressure": 30.0, "temperature": 200.0, "flow": 50.0},
        {"tool": "ETCH-77", "pressure": 300.0, "temperature": None},
        {"tool": "ETCH-01", "pressure": "thirty", "temperature": "201.5", "flow": 50, "colour": "red"},
    ]
    answer = fab.predict("etch", rows)
    plain, odd, wrong = answer.predictions
    assert [plain.unseen, plain.out_of_range, plain.missing, plain.not_numbers] == [()] * 4
    assert (odd.unseen, odd.out_of_range, odd.missing) == (("tool",), ("pressure",), ("temperature", "flow"))
    assert (wrong.not_numbers, wrong.missing) == (("pressure",), ())
    assert answer.unknown_columns == ("colour",)


def test_a_wrong_export_is_refused_with_the_rows(fab: Fab) -> None:
    version = fab.registry.find("etch")
    model = version.model
    right = graph.built(model, len(version.schema.columns), "yes/no", {})
    rows = version.schema.matrix(Rows.of_frame(wafers(11, 50)))
    assert compared(model, right, version.schema, rows).difference < 1e-9
    model.slopes.coefficients[0] *= 1.01  # type: ignore[union-attr]
    with pytest.raises(ParityFailed, match=r"differs from the model in [\d,]+ of [\d,]+ rows"):
        compared(model, right, version.schema, rows)


def test_a_version_is_used_rolled_back_and_retired_with_who_and_why_in_the_audit(fab: Fab) -> None:
    fab.train_model(wafers(rows=400), name="staged", **HOW)
    fab.train_model(wafers(rows=500), name="staged", **HOW)
    assert fab.predict("staged", wafers(1, 5)).version == 2
    fab.use_model("staged@1", who="ana", reason="the one that we know")
    assert fab.predict("staged", wafers(1, 5)).version == 1
    fab.use_model("staged@2", who="ana", reason="more rows")
    with pytest.raises(DecidedAlready):
        fab.use_model("staged@2", who="ana", reason="once more")
    fab.use_model("staged@1", who="bo", reason="roll back")
    fab.retire_model("staged@2", who="bo", reason="it failed on ETCH-03")
    stages = {one.version: (one.stage, one.who) for one in fab.models().versions if one.model == "staged"}
    assert stages == {1: ("in use", "bo"), 2: ("retired", "bo")}
    acts = [entry.act for entry in fab.audit() if "staged" in entry.about]
    assert acts == ["retire_model", "use_model", "use_model", "use_model"]


def test_a_file_that_was_changed_or_is_of_a_newer_release_is_not_used(fab: Fab) -> None:
    fab.train_model(wafers(rows=400), name="touched", **HOW)
    folder = fab.registry.find("touched").folder
    content = (folder / "model.onnx").read_bytes()
    (folder / "model.onnx").write_bytes(content[:-1] + b"x")
    with pytest.raises(BadQuestion, match="was changed"):
        fab.predict("touched", wafers(1, 5))
    card = json.loads((folder / "card.json").read_text())
    (folder / "card.json").write_text(json.dumps({**card, "format": 99}))
    with pytest.raises(NewerModel):
        fab.predict("touched", wafers(1, 5))
    stages = {one.model: one.stage for one in fab.models().versions}
    assert (stages["touched"], stages["etch"]) == ("unreadable", "tried")
    assert fab.train_model(wafers(rows=400), name="touched", **HOW).version == 2


BAD: dict[str, tuple[dict[str, Any], str]] = {
    "a target that is not there": ({"target": "reslt"}, "Did you mean result"),
    "a constant target": ({"target": "one"}, "nothing to learn"),
    "an empty target": ({"target": "none"}, "is empty"),
    "a positive that is not there": ({"positive": "BROKEN"}, "No value of result BROKEN"),
    "a time that is none": ({"time": "tool"}, "holds no times"),
    "a group that is not there": ({"group": "batch"}, "No column batch"),
    "a name that is a path": ({"name": "../etc"}, "cannot be called"),
    "no time at all": ({"minutes": 0}, "minutes must be above 0"),
    "a cost of nothing": ({"cost": 0}, "cost must be above 0"),
    "too many classes": ({"target": "barcode", "positive": None}, "different values"),
    "a column to keep that is not there": ({"keep": ("presure",)}, "Did you mean pressure"),
}


@pytest.mark.parametrize("case", BAD)
def test_what_cannot_be_learned_is_refused_with_a_way_out(fab: Fab, case: str) -> None:
    changed, why = BAD[case]
    frame = wafers(rows=300).assign(one="x", none=None, barcode=[f"B{n}" for n in range(300)])
    before = len(fab.models().versions)
    with pytest.raises(BadQuestion, match=why) as refused:
        fab.train_model(frame, **{**HOW, "name": "bad", **changed})
    assert refused.value.hint
    assert len(fab.models().versions) == before


def test_one_answer_alone_in_the_later_rows_is_said(fab: Fab) -> None:
    frame = wafers(rows=300)
    frame.loc[200:, "result"] = "PASS"
    with pytest.raises(BadQuestion, match="held out the target is always 'PASS'"):
        fab.train_model(frame, name="one", **HOW)


TABLES = {
    "two columns of one name.csv": (b"a,b,a\n1,2,3\n", "called 'a'"),
    "a column without a name.csv": (b"a,,b\n1,2,3\n", "has no name"),
    "empty.csv": (b"", "is empty"),
    "a header alone.csv": (b"a,b\n", "has no rows"),
    "cut.parquet": (b"PAR1\x00\x01", "cannot be read"),
    "a picture.csv": (b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR", "no table of text"),
}


@pytest.mark.parametrize("name", TABLES)
def test_a_file_that_is_no_table_is_refused_with_the_reason(fab: Fab, tmp_path: Path, name: str) -> None:
    content, why = TABLES[name]
    (tmp_path / name).write_bytes(content)
    with pytest.raises(BadQuestion, match=why):
        fab.train_model(tmp_path / name, "a")
    with pytest.raises(NoSuchPath):
        fab.train_model(tmp_path / "nowhere.csv", "a")


def test_infinities_commas_and_other_alphabets_are_read(fab: Fab, tmp_path: Path) -> None:
    frame = wafers(rows=300)
    frame.loc[5, "flow"] = np.inf
    frame["tool"] = frame["tool"].str.replace("ETCH", "ÄTZER")
    frame.to_csv(tmp_path / "german.csv", sep=";", decimal=",", index=False, encoding="cp1252")
    answer = fab.train_model(tmp_path / "german.csv", **{**HOW, "name": "german"})
    schema = {column["name"]: column for column in fab.model_card("german").card["schema"]}
    assert schema["pressure"]["kind"] == "number"
    assert "ÄTZER-01" in schema["tool"]["levels"]
    assert answer.held_out["rows"] == 75


def test_unknown_models_offer_the_nearest(fab: Fab) -> None:
    with pytest.raises(UnknownModel, match="Did you mean etch"):
        fab.predict("ettch", wafers(1, 5))
    with pytest.raises(UnknownModel, match="has no version 9"):
        fab.predict("etch@9", wafers(1, 5))


def test_a_monotone_column_never_lowers_the_answer(fab: Fab) -> None:
    how = {**HOW, "learner": "boosted", "minutes": 0.01, "rising": ("pressure",)}
    fab.train_model(wafers(rows=400), name="rising", **how)
    rows = [{"tool": "ETCH-01", "pressure": float(p), "temperature": 200.0, "flow": 50.0} for p in np.linspace(22, 38, 60)]
    chances = [one.probability for one in fab.predict("rising", rows).predictions]
    assert np.diff(np.array(chances, float)).min() >= -1e-9


def test_drifting_numbers_are_taken_as_departures_where_that_does_better(fab: Fab) -> None:
    chance = np.random.default_rng(0)
    n = 1_200
    frame = pd.DataFrame({"time": pd.date_range("2026-01-01", periods=n, freq="h").astype(str)})
    departures = chance.normal(size=(n, 6))
    # Each sensor jumps with every maintenance, all of them in the first part of the record.
    jumps = np.where(np.arange(n)[:, None] % 100 == 0, chance.normal(0, 8, (n, 6)), 0.0) * (np.arange(n)[:, None] < 700)
    frame[[f"s{k}" for k in range(6)]] = np.cumsum(jumps, axis=0) + departures
    frame["result"] = np.where(departures.sum(axis=1) + chance.normal(0, 1, n) > 2.5, "FAIL", "PASS")
    answer = fab.train_model(frame, name="drift", **HOW)
    assert "departures from the rows before" in answer.learner
    assert answer.held_out["value"] > 0.8


def test_the_threshold_follows_the_cost_of_a_miss(fab: Fab) -> None:
    found = [fab.train_model(wafers(), name=f"cost{cost}", **{**HOW, "cost": cost}).held_out for cost in (1, 20)]
    assert found[0]["threshold"] > found[1]["threshold"]
    assert found[0]["recall"] < found[1]["recall"]


def test_a_made_table_with_nothing_in_it_is_not_praised(fab: Fab) -> None:
    frame = wafers(rows=500)
    frame["result"] = np.random.default_rng(3).permutation(frame["result"])
    answer = fab.train_model(frame, name="noise", **HOW)
    assert any("not surely better" in doubt for doubt in answer.doubts)
    assert answer.proof["shuffled"]["p"] > 0.05


@pytest.mark.parametrize("name", ["etch", "curves", "trees", "c"])
def test_an_exported_model_says_the_same_without_fabwatch(
    fab: Fab, tmp_path: Path, curves: Any, trees: Any, name: str
) -> None:
    if name == "c":
        frame = wafers(rows=400).assign(grade=lambda f: np.select([f["flow"] > 52, f["flow"] > 48], ["a", "b"], "c"))
        fab.train_model(frame, "grade", name="c", learner="linear", minutes=0.05)
    rows = [
        {"tool": "ETCH-01", "pressure": 30.0, "temperature": 200.0, "flow": 50.0},
        {"tool": "ETCH-77", "pressure": 300.0, "temperature": None, "result": "PASS"},
        {"tool": " ETCH-02 ", "pressure": "thirty", "temperature": "201.5", "flow": True},
    ]
    fab.export_model(name, "lambda", tmp_path / "out")
    body = {"rows": rows, "contributions": name != "trees"}
    program = "import handler, json, sys; json.dump(handler.handler({'body': sys.stdin.read()}), sys.stdout)"
    done = subprocess.run(
        [sys.executable, "-I", "-c", f"import sys; sys.path.insert(0, '.'); {program}"],
        cwd=tmp_path / "out", input=json.dumps(body), capture_output=True, text=True, check=True, timeout=60,
    )  # fmt: skip
    answered = json.loads(done.stdout)
    assert answered["statusCode"] == 200
    own = fab.predict(name, rows, contributions=name != "trees").to_dict()["predictions"]
    for theirs, ours in zip(json.loads(answered["body"])["predictions"], own, strict=True):
        assert theirs == {key: pytest.approx(ours[key]) if key != "prediction" else ours[key] for key in theirs}
    assert "fabwatch" not in (tmp_path / "out" / "predictor.py").read_text().split('"""', 2)[2]


def test_an_exported_service_answers_over_http(fab: Fab, tmp_path: Path) -> None:
    fab.export_model("etch", "fastapi", tmp_path / "out")
    program = """
import json, sys
sys.path.insert(0, ".")
from fastapi.testclient import TestClient
from app import app
client = TestClient(app)
good = client.post("/api/v1/models/etch/predict", json=json.load(open("example.json")))
bad = client.post("/api/v1/models/etch/predict", json={"rows": [{"x": 1}]})
print(json.dumps([good.status_code, good.json(), bad.status_code, client.get("/health").json()]))
"""
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=tmp_path / "out", capture_output=True, text=True, check=True, timeout=60
    )
    good, answer, bad, health = json.loads(done.stdout)
    assert (good, bad, health) == (200, 422, {"model": "etch", "version": 1})
    ours = fab.predict("etch", [fab.registry.find("etch").schema.example()]).predictions[0]
    assert answer["predictions"][0]["probability"] == pytest.approx(ours.probability)


def test_an_export_never_writes_over_what_is_there(fab: Fab, tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("years of work")
    with pytest.raises(BadQuestion, match="is there already"):
        fab.export_model("etch", "onnx", tmp_path / "mine")
    with pytest.raises(BadQuestion, match="exported as onnx, fastapi, lambda"):
        fab.export_model("etch", "war", tmp_path / "new")
    with pytest.raises(NoSuchPath):
        fab.export_model("etch", "onnx", tmp_path / "nowhere" / "new")
    assert [path.name for path in tmp_path.iterdir()] == ["mine"]


@pytest.mark.real
def test_secom_is_tried_forward_in_time(fab: Fab, data: Path) -> None:
    path = data / "secom" / "secom.csv"
    answer = fab.train_model(path, "label", time="time", positive="1", learner="linear", minutes=0.3)
    inner = {one["learner"]: one["score"] for one in answer.challengers}
    assert answer.split == "forward"
    assert answer.held_out["value"] > 0.65
    assert inner[answer.learner] > 0.65
    assert {"secom_row", "s005"} <= {one.column for one in answer.dropped}
    assert answer.onnx["parity"] <= 1e-5
    assert answer.held_out["positives"] < carding.FEW_POSITIVES
    assert any("positives were held out" in doubt for doubt in answer.doubts)


def test_what_would_change_an_answer_does_change_it(fab: Fab, curves: Any) -> None:
    for name in ("etch", "curves"):
        card = fab.model_card(name).card
        rows = wafers(seed=9, rows=60)
        levels = {column["name"]: column["levels"] for column in card["schema"] if column["kind"] == "category"}
        turned = 0
        for n, one in enumerate(fab.predict(name, rows, contributions=True).predictions):
            assert one.changes is not None
            for change in one.changes:
                other = rows.iloc[[n]].assign(**{change.column: change.to})
                assert fab.predict(name, other).predictions[0].prediction == change.prediction != one.prediction
                assert change.column not in levels or change.to in levels[change.column]
                turned += 1
            if one.changes:
                assert one.changes[0].column in (one.sentence or "")
        assert turned > 60


def test_trees_and_numbers_do_not_say_what_would_change_them(fab: Fab, trees: Any) -> None:
    (one,) = fab.predict(f"{trees.model}@{trees.version}", wafers(rows=1), contributions=True).predictions
    assert one.changes is None
    assert fab.predict("etch", wafers(rows=1)).predictions[0].changes is None


def test_a_search_that_was_stopped_goes_on_where_it_was_and_makes_the_same_file(tmp_path: Path) -> None:
    frame, tried = wafers(rows=500), []
    how = {**HOW, "learner": None, "minutes": 0.05}
    whole = Fab(tmp_path / "whole", create=True).train_model(frame, name="etch", **how)

    class Stopped(Exception):
        pass

    def stopping(text: str, part: float) -> None:
        tried.append(text)
        if len([one for one in tried if one.startswith("trying")]) == 4:
            raise Stopped

    fab = Fab(tmp_path / "stopped", create=True)
    with pytest.raises(Stopped):
        fab.train_model(frame, name="etch", say=stopping, **how)
    first = {text for text in tried[:-1] if text.startswith("trying linear")}
    tried.clear()
    again = fab.train_model(frame, name="etch", say=lambda text, part: tried.append(text), **how)
    assert len(first) == 3
    assert not first & set(tried)
    assert again.digest == whole.digest
    assert fab.registry.names() == ["etch"]
