"""Names stand on a terminal as they stand in the files: nothing in them is a picture, a colour or a command."""

import csv

import pytest

from tests.commands import command
from tests.fabs import new_fab

NAMES = [":x:", "[red]R[/red]", ":smile:-1", "[link=x]"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    place = tmp_path_factory.mktemp("plain")
    with (place / "moves.csv").open("w", newline="") as moves, (place / "quals.csv").open("w", newline="") as quals:
        csv.writer(moves).writerows([["lot", "wafer", "tool", "end_at"], *(["L", f"w{n}", n, "2026-05-03"] for n in NAMES)])
        rows = [[n, n, "2026-05-0" + day, result] for n in NAMES for day, result in (("1", "pass"), ("4", "fail"))]
        csv.writer(quals).writerows([["tool", "qual_type", "processed_at", "passed"], *rows])
    with new_fab(place / "fab") as fab:
        assert fab.ingest([place / "moves.csv", place / "quals.csv"]).failed == 0
    return place / "fab"


@pytest.mark.parametrize("name", NAMES)
def test_a_name_is_printed_as_it_stands(folder, name):
    listed = command("risk", "--fab", folder)
    assert listed.code == 0
    assert name in listed.out
    contained = command("contain", name, "--fab", folder)
    assert name in contained.out + contained.err
    wrong = command("contain", f"{name}?", "--fab", folder)
    assert wrong.code == 1
    assert f"No tool {name}?" in wrong.err
