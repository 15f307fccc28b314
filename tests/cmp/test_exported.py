"""The predicted removal rate as an ONNX file: it says elsewhere what fabwatch says here."""

import json
import sys
from datetime import datetime, timedelta

import numpy as np
import onnx
import onnxruntime
import pytest

from fabwatch.cli.app import _run
from fabwatch.cmp import onnx_export
from fabwatch.fab import Fab
from fabwatch.terms.doubts import joined
from fabwatch.terms.errors import ExtraMissing, ParityFailed
from tests.fabs import new_fab

BEGIN = datetime(2026, 2, 1)
RUNS = 90
SECONDS = 20


def readings(n):
    """Pressure and speed of run `n`, a sample a second; the rate goes with the pressure."""
    dice = np.random.default_rng(n)
    middle = 10 + dice.normal(0, 0.3)
    return middle + dice.normal(0, 0.02, SECONDS), 60 + dice.normal(0, 0.5, SECONDS)


def made(folder, known=RUNS, runs=RUNS + 2):
    """A log of runs, of which the first ones were measured an hour later; the last run but one has a strange speed."""
    log = ["time,tool,chamber,stage,lot,wafer,step,Pressure,Speed"]
    rates = ["WAFER,REMOVAL_RATE,RATE_UNIT,MEASURED_AT"]
    for n in range(runs):
        at = BEGIN + timedelta(hours=2 * n)
        pressure, speed = readings(n)
        speed = speed + (500 if n == RUNS else 0)
        for k in range(SECONDS):
            second = (at + timedelta(seconds=k)).isoformat()
            log.append(f"{second}Z,P1,4,A,L,W{n:03d},1,{pressure[k]:.6f},{speed[k]:.6f}")
        if n < known:
            rate = 70 + 8 * (pressure.mean() - 10) + np.random.default_rng(1000 + n).normal(0, 0.3)
            rates.append(f"W{n:03d},{rate:.6f},angstrom/s,{(at + timedelta(hours=1)).isoformat()}Z")
    folder.mkdir()
    (folder / "polisher.csv").write_text("\n".join(log) + "\n")
    (folder / "rates.csv").write_text("\n".join(rates) + "\n")
    return folder


@pytest.fixture(scope="module")
def fab(tmp_path_factory):
    folder = tmp_path_factory.mktemp("onnx")
    with new_fab(folder / "fab") as door:
        assert door.ingest(made(folder / "in")).clean
        yield door


def features_of(model, n):
    """The features by their names, from the readings themselves."""
    pressure, speed = readings(n)
    speed = speed + (500 if n == RUNS else 0)
    told = {"seconds": SECONDS - 1.0}
    for name, values in (("Pressure", pressure), ("Speed", speed)):
        rounded = np.array([float(f"{value:.6f}") for value in values])
        told[f"{name} mean"], told[f"{name} spread"] = rounded.mean(), rounded.std(ddof=1)
    names = json.loads({one.key: one.value for one in onnx.load_from_string(model).metadata_props}["features"])
    return [told[name] for name in names]


def run(model, rows, tool="P1", stage="A", chamber="4"):
    """What the file says by itself."""
    given = {"tool": tool, "stage": stage, "chamber": chamber}
    words = {name: np.array([word] * len(rows), object) for name, word in given.items()}
    session = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])
    names = [one.name for one in session.get_outputs()]
    return dict(zip(names, session.run(names, {**words, "features": np.array(rows)}), strict=True))


def test_the_file_says_of_the_next_run_what_fabwatch_says_of_it(fab):
    # After the last result, before the two runs that have none.
    model = fab.rate_model(as_of=BEGIN + timedelta(hours=2 * RUNS - 0.5)).onnx
    strange, last = fab.predicted_rates().runs[-2:]
    told = run(model, [features_of(model, RUNS), features_of(model, RUNS + 1)])
    assert last.by == "level and log"
    for n, wanted in enumerate((strange, last)):
        assert told["predicted"][n] == pytest.approx(wanted.predicted, rel=1e-9)
        assert told["low"][n] == pytest.approx(wanted.low, rel=1e-9)
        assert told["high"][n] == pytest.approx(wanted.high, rel=1e-9)
    assert "LogUnlike: Speed" in joined(strange.doubts)
    assert last.doubts == ()
    assert told["trusted"].tolist() == [False, True]


def test_a_group_that_is_not_known_and_a_log_without_its_sensors_are_told_apart_from_one_that_is(fab):
    model = fab.rate_model().onnx
    rows = [features_of(model, RUNS + 1)]
    known = run(model, rows)
    for place in ({"tool": "P2"}, {"stage": "B"}, {"chamber": "4;5"}, {"tool": "", "stage": "", "chamber": ""}):
        told = run(model, rows, **place)
        assert np.isnan(told["predicted"]).all()
        assert not told["trusted"].any()
    without = run(model, [[np.nan] * len(rows[0])])
    # Without a log the level of the group is what is left.
    assert abs(without["predicted"][0] - 70) < 3
    assert without["predicted"][0] != known["predicted"][0]


def test_the_file_explains_itself_and_stands_alone(fab):
    answer = fab.rate_model(as_of="2026-02-09T00:00:00Z")
    model = onnx.load_from_string(answer.onnx)
    about = {one.key: one.value for one in model.metadata_props}
    assert json.loads(about["groups"]) == [["P1", "A", "4"]]
    assert json.loads(about["features"]) == list(answer.features)
    assert (about["as_of"], about["coverage"]) == ("2026-02-09T00:00:00Z", "0.9")
    assert "PHM" not in model.doc_string
    assert "trusted (false" in model.doc_string
    assert all(one.data_location == onnx.TensorProto.DEFAULT for one in model.graph.initializer)
    assert answer.largest <= 1e-9
    # Runs as they were, the last 25 without each feature in turn, the group without all, and 25 of a group nobody knows.
    assert answer.compared == 92 + 25 * len(answer.features) + 1 + 25
    assert fab.rate_model(as_of="2026-02-09T00:00:00Z").onnx == answer.onnx


def test_a_file_that_says_something_else_is_not_given(fab, monkeypatch):
    monkeypatch.setattr(onnx_export, "CLIP", 1.0)
    with pytest.raises(ParityFailed, match="differs from fabwatch for") as stop:
        fab.rate_model()
    assert "fabwatch cmp predict" in stop.value.hint


def test_without_the_packages_it_is_said_how_to_get_them(fab, monkeypatch):
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with pytest.raises(ExtraMissing, match="onnxruntime") as stop:
        fab.rate_model()
    assert "fabwatch[onnx]" in stop.value.hint


def test_the_command_writes_it_and_the_service_gives_the_same_model(fab, server, tmp_path, capsys):
    out = tmp_path / "rate.onnx"
    assert _run(["cmp", "export", "--fab", str(fab.path), "--out", str(out), "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert said["bytes"] == out.stat().st_size
    assert said["groups"] == ["P1 A 4"]
    assert _run(["cmp", "export", "--fab", str(fab.path), "--out", str(tmp_path / "nowhere" / "x.onnx")]) == 1
    assert "hint: give a file in an existing folder" in capsys.readouterr().err
    with Fab(server.fab) as served:
        wanted = served.rate_model(as_of="2026-06-10T06:30:00Z").onnx
    got = server.get("/api/v1/cmp/model", "read")
    assert (got.status_code, got.headers["content-type"]) == (200, "application/octet-stream")
    # A decision since makes a new snapshot, whose number is written into the file, and changes nothing else.
    graphs = [
        onnx.load_from_string(content).graph.SerializeToString(deterministic=True) for content in (got.content, wanted)
    ]
    assert graphs[0] == graphs[1]
