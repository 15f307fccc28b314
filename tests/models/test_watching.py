"""A model is watched after it was made: drift is named, chance is not, scores are kept, and people switch versions on."""

import json
import time
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy.stats import ks_2samp

from fabwatch.fab import Fab
from fabwatch.fab.models import Tally
from fabwatch.models.predicting import Ready, predict
from fabwatch.models.schema import Rows
from fabwatch.models.usual import FILE, usual_of
from fabwatch.terms.errors import BadQuestion
from tests.commands import command
from tests.models.made_tables import wafers

HOW: dict[str, Any] = {"target": "result", "time": "time", "positive": "FAIL", "learner": "linear", "minutes": 0.05}
ROWS = wafers(seed=1, rows=1_800)
OLD, NEW = ROWS.head(900), ROWS.tail(900).reset_index(drop=True)


@pytest.fixture(scope="module")
def fab(tmp_path_factory: pytest.TempPathFactory) -> Fab:
    fab = Fab(tmp_path_factory.mktemp("watching") / "fab", create=True)
    fab.train_model(OLD, name="etch", **HOW)
    return fab


def drifted(answer: Any) -> set[str]:
    return {one.column for one in answer.columns if one.drifted}


def test_rows_like_those_it_learned_from_are_fine_and_their_score_is_kept_once(fab: Fab) -> None:
    fab.train_model(OLD, name="kept", **HOW)
    first = fab.watch_model("kept", NEW)
    assert (first.verdict, first.alert, drifted(first)) == ("fine", False, set())
    assert first.score is not None
    assert first.score.verdict == "as promised"
    assert (first.score.first, first.score.last) == (NEW["time"].iloc[0], NEW["time"].iloc[-1])
    assert fab.watch_model("kept", NEW).scores == fab.watch_model("kept").scores
    assert len(fab.watch_model("kept").scores) == 1


def test_a_column_that_moved_and_a_tool_that_was_never_seen_are_named_and_nothing_else(fab: Fab) -> None:
    rows = NEW.assign(pressure=NEW["pressure"] + 1.5, tool=NEW["tool"].replace("ETCH-03", "ETCH-09"))
    answer = fab.watch_model("etch", rows.drop(columns="result"))
    assert drifted(answer) == {"pressure", "tool"}
    by_name = {one.column: one for one in answer.columns}
    assert by_name["tool"].outside == pytest.approx((rows["tool"] == "ETCH-09").mean())
    assert by_name["pressure"].now - by_name["pressure"].before == pytest.approx(1.5, abs=0.3)  # type: ignore[operator]
    assert answer.verdict == "inputs drift"
    assert answer.score is None
    assert any("no column 'result'" in doubt for doubt in answer.doubts)
    assert answer.odd["unseen"] == int((rows["tool"] == "ETCH-09").sum())
    assert answer.proposal is not None


def test_values_that_go_missing_are_drift_too(fab: Fab) -> None:
    rows = NEW.copy()
    rows.loc[np.random.default_rng(0).random(len(rows)) < 0.3, "flow"] = np.nan
    answer = fab.watch_model("etch", rows)
    assert drifted(answer) == {"flow"}
    assert next(one for one in answer.columns if one.column == "flow").missing == pytest.approx(rows["flow"].isna().mean())


def test_the_chance_of_a_column_is_that_of_another_library(fab: Fab) -> None:
    rows = NEW.assign(pressure=NEW["pressure"] + 0.2)
    own = {one.column: one for one in fab.watch_model("etch", rows).columns}
    held = fab.registry.find("etch").held_out()["place"]
    before = OLD["pressure"].drop(held)
    # Two looks at a column, at its values and at how many are missing.
    assert own["pressure"].p == pytest.approx(2 * ks_2samp(before, rows["pressure"], method="asymp").pvalue, rel=0.2)


def test_rows_of_the_table_that_it_was_made_from_do_not_count_as_new(fab: Fab) -> None:
    answer = fab.watch_model("etch", OLD)
    assert (answer.rows_, answer.verdict, answer.score) == (0, "too few rows", None)
    both = fab.watch_model("etch", pd.concat([OLD, NEW]))
    assert both.rows_ == len(NEW)
    assert any("900 rows are left out" in doubt for doubt in both.doubts)


def test_no_better_than_no_model_is_an_alert_and_a_new_version_is_made_but_not_switched_on(fab: Fab) -> None:
    fab.train_model(OLD, name="turned", **HOW)
    fab.use_model("turned@1", who="a person", reason="tried for a week")
    rows = wafers(seed=2, rows=1_800)
    rows["time"] = pd.date_range("2026-06-01", periods=len(rows), freq="h").strftime("%Y-%m-%d %H:%M")
    # What was high is low: the cause turned round, and the old version is wrong from now on.
    rows["pressure"], rows["temperature"] = 60 - rows["pressure"], 400 - rows["temperature"]
    answer = fab.watch_model("turned", rows, retrain=True, minutes=0.05)
    assert answer.alert
    assert answer.score is not None
    assert answer.score.verdict == "no better than the floor"
    made = answer.retrained
    assert made is not None
    assert (made.model, made.version) == ("turned", 2)
    assert made.difference is not None
    assert made.difference > 0.2
    assert made.p is not None
    assert made.p < 1e-6
    assert "fabwatch model use turned@2" in (answer.proposal or "")
    assert [(one.version, one.stage) for one in fab.models().versions if one.model == "turned"] == [
        (2, "tried"),
        (1, "in use"),
    ]


def test_where_nothing_changed_hardly_a_column_is_called_drift_although_wafers_of_a_lot_are_alike(tmp_path: Path) -> None:
    fab = Fab(tmp_path / "fab", create=True)
    named = judged = 0
    for seed in range(6):
        rows = _lots(seed, 0.0)
        fab.train_model(rows.head(600), "y", name=f"m{seed}", time="time", group="lot", learner="linear", minutes=0.01)
        answer = fab.watch_model(f"m{seed}", rows.tail(600))
        named += len(drifted(answer))
        judged += len(answer.columns)
        found = drifted(fab.watch_model(f"m{seed}", _lots(seed, 2.0).tail(600)))
        assert {"c0", "c1", "c2"} <= found
    assert judged == 6 * 20
    assert named <= 1


def _lots(seed: int, shift: float) -> pd.DataFrame:
    """60 lots of 20 wafers; half of what a column is comes from its lot. Three columns move in the second half."""
    chance = np.random.default_rng(seed)
    lot = np.repeat(np.arange(60), 20)
    frame = pd.DataFrame(
        {f"c{n}": chance.normal(0, 1, 60)[lot] * 0.7 + chance.normal(0, 0.7, 1_200) for n in range(20)}
    ).assign(lot=[f"L{n}" for n in lot], time=np.arange(1_200))
    for name in ("c0", "c1", "c2"):
        frame.loc[600:, name] += shift
    frame["y"] = np.where(frame["c0"] + frame["c4"] + chance.normal(0, 1, 1_200) > 0, "F", "P")
    return frame


def test_what_a_version_knew_is_worked_out_again_where_its_file_is_gone(fab: Fab) -> None:
    version = fab.train_model(OLD, name="older", **HOW)
    found = fab.registry.find(f"{version.model}@{version.version}")
    kept = usual_of(found).to_bytes()
    (found.folder / FILE).unlink()
    assert json.loads(usual_of(found).to_bytes()) == json.loads(kept)


def test_what_several_processes_were_asked_is_added_up_by_day_and_no_row_is_kept(fab: Fab) -> None:
    fab.train_model(OLD, name="asked", **HOW)
    version = fab.registry.find("asked")
    moved = NEW.assign(pressure=NEW["pressure"] + 3)
    tallies = [Tally(soon=60), Tally(soon=60)]
    for part, tally in zip(np.array_split(np.arange(len(moved)), 2), tallies, strict=True):
        ready = Ready.of(fab.registry.find("asked"))
        predict(ready, Rows.of_frame(moved.iloc[part]), fab.models().header, seen=tally.add)
    for tally in tallies:
        tally.write()
    (day,) = (version.folder / "asked").glob("*.json")
    assert json.loads(day.read_text())["rows"] == len(moved)
    answer = fab.watch_model("asked")
    assert answer.rows_ == len(moved)
    assert drifted(answer) == {"pressure"}
    assert answer.prediction is not None
    assert answer.prediction.drifted


def test_the_command_prints_the_same_answer_and_wrong_input_leads_out(fab: Fab, tmp_path: Path) -> None:
    NEW.to_csv(tmp_path / "new.csv", index=False)
    own = json.loads(command("model", "watch", "etch", "--on", tmp_path / "new.csv", "--fab", fab.path, "--json").out)
    assert own["rows"] == len(NEW)
    assert own["verdict"] == "fine"
    assert own["score"]["value"] == pytest.approx(fab.watch_model("etch", NEW).score.value)  # type: ignore[union-attr]
    with pytest.raises(BadQuestion, match="no rows to learn from"):
        fab.watch_model("etch", retrain=True)
    with pytest.raises(BadQuestion, match="no column 'result'"):
        fab.watch_model("etch", NEW.drop(columns="result"), retrain=True)
    with pytest.raises(BadQuestion, match="already"):
        fab.watch_model("etch", OLD, retrain=True)


def test_the_service_counts_what_it_was_asked_for_people_and_for_monitors(own_server: Any) -> None:
    rows = wafers(seed=3, rows=400)[["tool", "pressure", "temperature", "flow"]]
    rows["tool"] = "ETCH-77"
    with own_server.client("admin") as client:

        def measures() -> dict[str, float]:
            lines = client.get("/metrics").text.splitlines()
            return {name: float(value) for name, _, value in (line.rpartition(" ") for line in lines if line[0] != "#")}

        which = '{model="etch",version="1"}'
        before = measures()[f"fabwatch_model_rows_total{which}"]
        sent = client.post("/api/v1/models/etch@1/predict", json={"rows": rows.to_dict("records")})
        assert len(sent.json()["predictions"]) == 400
        for _ in range(60):
            time.sleep(0.25)
            after = measures()
            if after[f"fabwatch_model_rows_total{which}"] >= before + 400:
                break
        assert after[f"fabwatch_model_rows_total{which}"] >= before + 400
        assert after['fabwatch_model_odd_values_total{kind="unseen",model="etch",version="1"}'] >= 400
        watched = client.get("/api/v1/models/etch@1/watch").json()
        assert next(one for one in watched["columns"] if one["column"] == "tool")["drifted"]
        assert "ETCH-77" not in json.dumps(watched)
        page = client.get("/models/etch@1").text
        assert "Since it was made" in page
        assert client.get("/metrics?x=1").status_code == 422


def test_outcomes_that_a_script_sends_are_scored_and_shown(own_server: Any) -> None:
    rows = wafers(seed=4, rows=300)
    with own_server.client("load") as client:
        csv = rows.to_csv(index=False).encode()
        answer = client.post("/api/v1/models/etch@1/outcomes", content=csv, headers={"Content-Type": "text/csv"}).json()
        assert answer["score"]["rows"] == 300
        assert answer["score"]["verdict"] == "as promised"
        scores = client.get("/api/v1/models/etch@1/watch").json()["scores"]
        assert [one["rows"] for one in scores] == [300]
    with own_server.client("read") as client:
        assert "as promised" in client.get("/models/etch@1").text
        assert 'of="newer rows"' in client.get("/metrics").text
        refused = client.post("/api/v1/models/etch@1/outcomes", content=csv, headers={"Content-Type": "text/csv"})
        assert refused.status_code == 403
