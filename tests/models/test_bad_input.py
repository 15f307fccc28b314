"""What is wrong with a table, a row, a body or the files of a version is said, with the way out; the rest goes on."""

import contextlib
import hashlib
import http.client
import json
import os
import re
import select
import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import numpy as np
import onnx
import pandas as pd
import pytest
from onnx import TensorProto, helper

from fabwatch.fab import Fab
from tests.commands import command
from tests.models.made_tables import wafers

ROW = {"tool": "ETCH-01", "pressure": 30.0, "temperature": 200.0, "flow": 50.0}
PREDICT = "/api/v1/models/{model}/predict"
MB = 1 << 20
QUICK = ("--learner", "linear", "--minutes", "0.05")


def late_passes(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.assign(result=frame["result"].where(frame.index < 200, "PASS"))


TABLES: dict[str, tuple[Callable[[pd.DataFrame], pd.DataFrame], str]] = {
    "a target that is not there": (lambda frame: frame.rename(columns={"result": "results"}), "No column result.*results"),
    "a constant target": (lambda frame: frame.assign(result="PASS"), "'PASS' in every row"),
    "an empty target": (lambda frame: frame.assign(result=None), "is empty"),
    "a target in few rows": (
        lambda frame: frame.assign(result=frame["result"].where(frame.index < 30)),
        "30 rows have a target",
    ),
    "one class in the later rows": (late_passes, "held out the target is always 'PASS'"),
    "two columns of one name": (
        lambda frame: frame.rename(columns={"flow": "pressure"}),
        "Two columns .* called 'pressure'",
    ),
}


@pytest.mark.parametrize("case", TABLES)
def test_the_command_says_what_is_wrong_with_a_table_and_keeps_nothing(tmp_path: Path, case: str) -> None:
    change, why = TABLES[case]
    change(wafers(rows=300)).to_csv(tmp_path / "table.csv", index=False)
    how = ("--target", "result", "--time", "time", *QUICK)
    done = command("model", "train", tmp_path / "table.csv", *how, "--name", "bad", "--fab", tmp_path / "fab")
    assert done.code == 1
    error, hint, *more = done.err.splitlines()
    assert error.startswith("error: ")
    assert re.search(why, error), error
    assert hint.startswith("hint: ")
    assert more == []
    assert command("model", "list", "--json", "--fab", tmp_path / "fab").out.count('"model"') == 0


@pytest.fixture(scope="module")
def fab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fab]:
    with Fab(tmp_path_factory.mktemp("bad") / "fab", create=True) as door:
        yield door


def trained(fab: Fab, frame: pd.DataFrame, name: str, **more: Any) -> Any:
    how = {"time": "time", "positive": "FAIL", "learner": "linear", "minutes": 0.02, **more}
    return fab.train_model(frame, "result", name=name, **how)


def test_rows_without_a_target_are_neither_learned_from_nor_counted(fab: Fab) -> None:
    frame = wafers(rows=400)
    bare = frame.copy()
    # Readings that would turn everything round if they were learned from.
    bare.loc[::4, "pressure"] = 60 - bare.loc[::4, "pressure"]
    bare.loc[::4, "result"] = None
    answer = trained(fab, bare, "bare", minutes=0.5)
    assert answer.rows_ == 300
    assert answer.held_out["rows"] == 75
    assert answer.held_out == trained(fab, frame.drop(frame.index[::4]), "fewer", minutes=0.5).held_out


def test_a_column_of_ten_thousand_levels_is_left_out_with_the_reason_and_in_time(fab: Fab) -> None:
    frame = wafers(rows=20_000).drop(columns="lot")
    frame["recipe"] = [f"R{n}" for n in np.random.default_rng(0).integers(0, 10_000, len(frame))]
    began = time.monotonic()
    answer = trained(fab, frame, "levels", time=None)
    assert time.monotonic() - began < 60
    (why,) = [one.why for one in answer.dropped if one.column == "recipe"]
    assert "different texts: too many to learn from" in why
    assert answer.held_out["value"] > 0.75


FORMS = (
    "%d.%m.%Y %H:%M",
    "%m/%d/%Y",
    "%Y-%m-%dT%H:%M:%SZ",
    "%d %b %Y",
    "%d-%b-%Y %I:%M %p",
    "%b %d, %Y",
    "%Y/%m/%d",
    "%Y%m%dT%H%M%S",
)


@pytest.mark.parametrize("form", FORMS)
def test_dates_as_text_are_a_time_and_are_not_learned_from(fab: Fab, form: str) -> None:
    frame = wafers(rows=300)
    days = pd.Timestamp("2026-01-01") + pd.to_timedelta(np.random.default_rng(0).integers(0, 24 * 60, len(frame)), unit="h")
    answer = trained(fab, frame.assign(received=days.strftime(form)), f"dates{FORMS.index(form)}")
    (why,) = [one.why for one in answer.dropped if one.column == "received"]
    assert why.startswith("a time")


def test_an_infinite_reading_counts_as_missing_wherever_it_comes_from(fab: Fab) -> None:
    frame = wafers(rows=300)
    frame.loc[::10, "flow"] = -np.inf
    trained(fab, frame, "endless")
    rows = [{**ROW, "flow": value} for value in (None, float("inf"), float("-inf"), float("nan"), "inf", 1e400)]
    said = fab.predict("endless", rows).predictions
    assert {one.score for one in said} == {said[0].score}
    (flow,) = [one for one in fab.model_card("endless").card["schema"] if one["name"] == "flow"]
    assert flow["low"] > 0


SHAPES: dict[str, tuple[str, bytes, int, str]] = {
    "a row that is a list": ("json", b'{"rows": [[1, 2, 3, 4]]}', 422, 'list of objects called "rows"'),
    "rows that are an object": ("json", b'{"rows": {"pressure": 30}}', 422, 'list of objects called "rows"'),
    "a body that is a list": ("json", b'[{"pressure": 30}]', 422, 'list of objects called "rows"'),
    "no rows": ("json", b'{"rows": []}', 422, "no rows to predict"),
    "another field": ("json", b'{"rows": [{"pressure": 30}], "row": 1}', 422, "field 'row'"),
    "a value that is an object": ("json", b'{"rows": [{"pressure": {"value": 30}}]}', 422, "pressure is an object"),
    "no column of the model": ("json", b'{"rows": [{"Pressure [mTorr]": 30}]}', 409, "None of the columns"),
    "a line with too many values": ("csv", b"tool,pressure\nA,30\nA,30,200,50\n", 409, "cannot be read as a table"),
    "two columns of one name": ("csv", b"pressure,pressure\n30,31\n", 409, "called 'pressure'"),
    "a header alone": ("csv", b"tool,pressure\n", 409, "has no rows"),
    "a file of other columns": ("csv", b"a,b\n1,2\n", 409, "None of the columns"),
    "a cut Parquet file": ("parquet", b"PAR1\x15\x04", 409, "cannot be read as a table"),
}  # fmt: skip
KINDS = {"json": "application/json", "csv": "text/csv", "parquet": "application/vnd.apache.parquet"}


@pytest.mark.parametrize("case", SHAPES)
def test_a_row_of_the_wrong_shape_is_refused_over_http_with_a_way_out(own_server: Any, case: str) -> None:
    kind, content, status, why = SHAPES[case]
    with own_server.client() as client:
        answer = client.post(PREDICT.format(model="etch"), content=content, headers={"Content-Type": KINDS[kind]})
    assert (answer.status_code, why in answer.json()["what"]) == (status, True), answer.text
    assert answer.json()["hint"]


def test_a_csv_line_with_fewer_values_than_names_lacks_the_last_ones(own_server: Any) -> None:
    with own_server.client() as client:
        content = b"tool,pressure,temperature,flow\nETCH-01,30\n"
        answer = client.post(PREDICT.format(model="etch"), content=content, headers={"Content-Type": "text/csv"})
    (row,) = answer.json()["predictions"]
    assert row["missing"] == ["temperature", "flow"]


def highest_memory(process: int) -> int:
    """Bytes of memory that a process took at most."""
    lines = Path(f"/proc/{process}/status").read_text().splitlines()
    return sum(int(line.split()[1]) << 10 for line in lines if line.startswith("VmHWM"))


def connection(server: Any, headers: dict[str, str]) -> http.client.HTTPConnection:
    """A POST of rows whose body is still to be sent."""
    made = http.client.HTTPConnection(urlsplit(server.address).netloc, timeout=20)
    made.putrequest("POST", PREDICT.format(model="etch"))
    for name, value in {"Authorization": f"Bearer {server.key()}", "Content-Type": "text/csv", **headers}.items():
        made.putheader(name, value)
    made.endheaders()
    return made


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="memory is read from /proc")
def test_two_hundred_megabytes_of_rows_are_refused_early_and_take_no_memory(own_server: Any) -> None:
    with own_server.client() as client:
        client.post(PREDICT.format(model="etch"), json={"rows": [ROW]}).raise_for_status()
        before = highest_memory(own_server.process.pid)
        # Its length is stated: refused before a byte of it is sent.
        with contextlib.closing(connection(own_server, {"Content-Length": str(200 * MB)})) as stating:
            stated = stating.getresponse()
            said = json.loads(stated.read())
        assert (stated.status, said["what"]) == (413, "That is more than 32 MB.")
        assert "fabwatch model predict" in said["hint"]
        # Its length is not stated: refused on the way, and what comes after it is thrown away.
        sending, sent, refused_at = connection(own_server, {"Transfer-Encoding": "chunked"}), 0, None
        with contextlib.closing(sending):
            while sent < 200 * MB:
                sending.send(b"%x\r\n" % MB + b"1" * MB + b"\r\n")
                sent += MB
                if refused_at is None and select.select([sending.sock], [], [], 0)[0]:
                    refused_at = sent
            assert 32 * MB <= refused_at < 100 * MB
            assert sending.sock.recv(12) == b"HTTP/1.1 413"
        assert highest_memory(own_server.process.pid) - before < 100 * MB
        again = client.post(PREDICT.format(model="etch"), json={"rows": [ROW]})
        assert again.json()["predictions"][0]["prediction"] in ("PASS", "FAIL")


def copied(folder: Path, name: str) -> Path:
    """The folder of a version of another model, a copy of etch@1."""
    place = folder / "models" / name / "1"
    shutil.rmtree(place.parent, ignore_errors=True)
    shutil.copytree(folder / "models" / "etch" / "1", place)
    return place


def put(place: Path, content: bytes) -> None:
    """Put another ONNX file in place of that of a version, as somebody would who knows the card."""
    card = json.loads((place / "card.json").read_text())
    card["onnx"]["sha256"] = hashlib.sha256(content).hexdigest()
    (place / "card.json").write_text(json.dumps(card))
    (place / "model.onnx").write_bytes(content)


def outside(tensor: TensorProto, path: str) -> None:
    """Let a tensor take its numbers from another file."""
    for name in ("raw_data", "double_data", "float_data", "int64_data"):
        tensor.ClearField(name)
    tensor.data_location = TensorProto.EXTERNAL
    entry = tensor.external_data.add()
    entry.key, entry.value = "location", path


def of_a_constant(model: onnx.ModelProto, place: Path) -> None:
    outside(model.graph.initializer[0], "secret.bin")


def of_an_absolute_path(model: onnx.ModelProto, place: Path) -> None:
    outside(model.graph.initializer[0], str(place / "secret.bin"))


def of_an_attribute(model: onnx.ModelProto, place: Path) -> None:
    (trees,) = [node for node in model.graph.node if node.op_type == "TreeEnsembleRegressor"]
    (values,) = [one for one in trees.attribute if one.name == "nodes_values_as_tensor"]
    outside(values.t, "secret.bin")


def of_memory(model: onnx.ModelProto, place: Path) -> None:
    outside(model.graph.initializer[0], "*/_ORT_MEM_ADDR_/*")


def of_another_maker(model: onnx.ModelProto, place: Path) -> None:
    (last,) = [node for node in model.graph.node if node.output[0] == "prediction"]
    last.op_type, last.domain = "QuickGelu", "com.microsoft"


def of_another_maker_that_is_named(model: onnx.ModelProto, place: Path) -> None:
    of_another_maker(model, place)
    model.opset_import.append(helper.make_opsetid("com.microsoft", 1))


def of_a_loop(model: onnx.ModelProto, place: Path) -> None:
    (last,) = [node for node in model.graph.node if node.output[0] == "prediction"]
    body = helper.make_graph(
        [helper.make_node("Identity", ["score"], ["out"])],
        "body",
        [],
        [helper.make_tensor_value_info("out", TensorProto.DOUBLE, None)],
    )
    model.graph.initializer.append(helper.make_tensor("always", TensorProto.BOOL, [], [True]))
    del last.input[:]
    last.input.append("always")
    last.op_type = "If"
    last.attribute.extend([helper.make_attribute("then_branch", body), helper.make_attribute("else_branch", body)])


def of_functions(model: onnx.ModelProto, place: Path) -> None:
    own = helper.make_function(
        "own", "Twice", ["x"], ["y"], [helper.make_node("Add", ["x", "x"], ["y"])], [helper.make_opsetid("", 17)]
    )
    model.functions.append(own)


FILES: dict[str, tuple[Callable[[onnx.ModelProto, Path], None], str]] = {
    "numbers of a constant in another file": (of_a_constant, "data from outside of itself"),
    "numbers of a constant at an absolute path": (of_an_absolute_path, "data from outside of itself"),
    "numbers of an attribute in another file": (of_an_attribute, "data from outside of itself"),
    "numbers at an address in memory": (of_memory, "data from outside of itself"),
    "an operator of another maker": (of_another_maker, "operators of com.microsoft|operator QuickGelu"),
    "an operator of another maker, named": (of_another_maker_that_is_named, "operators of com.microsoft|operator QuickGelu"),
    "a graph within the graph": (of_a_loop, "operator If"),
    "functions of its own": (of_functions, "functions of its own"),
}


@pytest.mark.parametrize("case", FILES)
def test_an_onnx_file_of_somebody_elses_is_refused_before_it_runs_and_others_are_served(
    own_server: Any, own_folder: Path, case: str
) -> None:
    change, why = FILES[case]
    place = copied(own_folder, "other")
    model = onnx.load_from_string((place / "model.onnx").read_bytes())
    change(model, place)
    put(place, model.SerializeToString())
    # Whoever opened it would wait for ever: nobody writes to it.
    os.mkfifo(place / "secret.bin")
    done = command("model", "predict", "other", table(own_folder), "--fab", own_folder)
    assert done.code == 1
    assert re.search(rf"error: The ONNX file .*({why}).*\nhint: ", done.err), done.err
    with own_server.client() as client:
        client.timeout = httpx.Timeout(20)
        answer = client.post(PREDICT.format(model="other"), json={"rows": [ROW]})
        assert (answer.status_code, bool(answer.json()["hint"])) == (422, True)
        assert f"error: {answer.json()['what']}" in done.err
        client.post(PREDICT.format(model="etch"), json={"rows": [ROW]}).raise_for_status()


@pytest.mark.parametrize("content", [b"", b"\xff" * 40, b"PK\x03\x04 a zip file", b"\x3a\x05ab"])
def test_bytes_that_are_no_onnx_file_are_refused(own_folder: Path, content: bytes) -> None:
    put(copied(own_folder, "other"), content)
    done = command("model", "predict", "other", table(own_folder), "--fab", own_folder)
    assert done.code == 1
    assert done.err.startswith("error: The ONNX file "), done.err
    assert "\nhint: train it again, or bring" in done.err


def table(folder: Path) -> Path:
    """Rows to predict, as a file."""
    path = folder.parent / "rows.csv"
    pd.DataFrame([ROW]).to_csv(path, index=False)
    return path


def changed(**fields: Any) -> Callable[[str], str]:
    return lambda text: json.dumps({**json.loads(text), **fields})


def without(name: str) -> Callable[[str], str]:
    return lambda text: json.dumps({key: value for key, value in json.loads(text).items() if key != name})


CARDS: dict[str, tuple[Callable[[str], str], str]] = {
    "of a newer fabwatch": (changed(format=2, fabwatch="9.0"), "made by fabwatch 9.0, in a form that this one does not"),
    "of a newer fabwatch, all else unknown": (lambda text: '{"format": 7, "fabwatch": "9.1"}', "was made by fabwatch 9.1"),
    "that is cut": (lambda text: text[:200], "cannot be read"),
    "that is empty": (lambda text: "", "cannot be read"),
    "that is a list": (lambda text: "[]", "is not whole"),
    "that is a number": (lambda text: "3", "is not whole"),
    "that is an empty object": (lambda text: "{}", "is not whole"),
    "nested without end": (lambda text: "[" * 100_000, "cannot be read"),
    "whose columns are a number": (changed(schema=3), "schema is missing or of another type"),
    "whose columns are of another form": (changed(schema=[{"name": "pressure"}]), "its columns cannot be read"),
    "without figures": (changed(held_out={}), "held_out.metric is missing"),
    "without a hash": (changed(onnx={}), "onnx.sha256 is missing"),
    "without classes": (changed(classes=[]), "classes is missing"),
    "without a recipe": (without("recipe"), "recipe is missing"),
}  # fmt: skip


@pytest.mark.parametrize("case", CARDS)
def test_a_card_that_cannot_be_used_hides_no_other_model_and_says_why(own_server: Any, own_folder: Path, case: str) -> None:
    change, why = CARDS[case]
    path = copied(own_folder, "other") / "card.json"
    path.write_text(change(path.read_text()))
    done = command("model", "list", "--json", "--fab", own_folder)
    assert done.code == 0, done.err
    listed = {one["model"]: one["stage"] for one in json.loads(done.out)["versions"]}
    assert listed.keys() == {"etch", "other"}
    for asked in (("predict", "other", table(own_folder)), ("card", "other")):
        done = command("model", *asked, "--fab", own_folder)
        assert (done.code, why in done.err, "\nhint: " in done.err) == (1, True, True), done.err
        assert "unexpected" not in done.err
    with own_server.client() as client:
        answer = client.post(PREDICT.format(model="other"), json={"rows": [ROW]})
        assert (answer.status_code, why in answer.json()["what"], bool(answer.json()["hint"])) == (422, True, True), (
            answer.text
        )
        assert client.get("/models").status_code == 200
        assert client.get("/models/other").status_code == 422
        client.post(PREDICT.format(model="etch"), json={"rows": [ROW]}).raise_for_status()


def test_a_version_whose_onnx_file_is_gone_says_so(own_folder: Path) -> None:
    (copied(own_folder, "other") / "model.onnx").unlink()
    done = command("model", "predict", "other", table(own_folder), "--fab", own_folder)
    assert (done.code, done.err.startswith("error: The ONNX file of other@1 cannot be read")) == (1, True), done.err
