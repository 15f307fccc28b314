"""fabwatch maps: the contract of its JSON, and bad files that never stop the others."""

import csv
import io
import json

import numpy as np
import pytest

from tests.commands import command
from tests.yields.made_maps import text, wafer


@pytest.fixture
def files(tmp_path):
    paths = []
    for number, pattern in enumerate(("Center", "Edge-Ring", "none")):
        path = tmp_path / f"{pattern}.map"
        path.write_text(text(wafer(pattern, number), number=str(number + 1)))
        paths.append(path)
    return paths


def test_classify_prints_the_contract(files):
    code, out, _ = command("maps", "classify", *files, "--json")
    maps = json.loads(out)["maps"]
    assert code == 0
    assert [(one["lot"], one["wafer"], one["pattern"]) for one in maps] == [
        ("A1", "1", "Center"),
        ("A1", "2", "Edge-Ring"),
        ("A1", "3", "none"),
    ]
    assert all({"lot", "wafer", "pattern", "probability", "unknown", "similar"} <= one.keys() for one in maps)
    assert [len(one["similar"]) for one in maps] == [2, 2, 2]


def test_a_bad_file_is_named_with_its_reason_and_the_others_are_answered(files, tmp_path):
    (tmp_path / "bad.map").write_bytes(bytes(range(256)))
    (tmp_path / "bomb.xml").write_text('<!DOCTYPE a [<!ENTITY x "x">]><Map>&x;</Map>')
    code, out, err = command("maps", "classify", tmp_path / "bad.map", *files, tmp_path / "bomb.xml", "--json")
    answer = json.loads(out)
    assert code == 2
    assert len(answer["maps"]) == 3
    assert [file["file"].rpartition("/")[2] for file in answer["refused"]] == ["bad.map", "bomb.xml"]
    assert "bad.map" in err
    assert err.count("hint:") == 2


def test_a_folder_of_maps_is_a_list_of_files_and_a_table_for_people(files, tmp_path):
    code, out, _ = command("maps", "classify", tmp_path)
    assert code == 0
    assert "Edge-Ring" in out
    assert "3 maps: 2 show a pattern" in out
    _, out, _ = command("maps", "classify", tmp_path, "--csv")
    assert [row["pattern"] for row in csv.DictReader(io.StringIO(out))] == ["Center", "Edge-Ring", "none"]


def test_what_is_doubtful_about_a_file_is_said(tmp_path):
    path = tmp_path / "cut.map"
    path.write_text(text(wafer("Center")).replace("NOTCH: down\n", "")[:-30])
    code, out, _ = command("maps", "classify", path)
    assert code == 0
    assert "NotchNotStated" in out
    assert "MapCut" in out


def test_a_file_that_is_not_there_is_an_error(tmp_path):
    code, _, err = command("maps", "classify", tmp_path / "nowhere.map")
    assert code == 1
    assert "does not exist" in err
    assert "hint:" in err


def saved(path, grids, labels):
    pixels, shape = np.concatenate([grid.ravel() for grid in grids]), np.array([grid.shape for grid in grids], np.uint16)
    np.savez_compressed(path, pixels=pixels, shape=shape, label=np.array(labels, np.uint8))
    return path


def test_score_prints_the_contract(tmp_path):
    path = saved(tmp_path / "m.npz", [wafer("Center", 1), wafer("none", 2), wafer("none", 3)], [0, 8, 8])
    code, out, _ = command("maps", "score", path, "--json")
    answer = json.loads(out)
    assert code == 0
    assert {
        "n",
        "accuracy",
        "macro_f1",
        "macro_f1_without_none",
        "per_class",
        "ece",
        "ms_per_map",
        "confusion",
    } <= answer.keys()
    assert (answer["n"], answer["accuracy"]) == (3, 1.0)
    assert answer["per_class"]["none"] == {"n": 2, "precision": 1.0, "recall": 1.0, "f1": 1.0}
    assert answer["per_class"]["Donut"]["f1"] is None
    _, out, _ = command("maps", "score", path)
    assert "macro-F1 1.000" in out


def test_score_refuses_what_is_no_collection(tmp_path):
    (tmp_path / "x.npz").write_text("no")
    code, _, err = command("maps", "score", tmp_path / "x.npz", "--json")
    assert code == 1
    assert "not a readable .npz" in err
    assert command("maps", "score", tmp_path / "nowhere.npz")[0] == 1
