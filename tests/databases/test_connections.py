"""How the fab stands with what is outside of it: what fails is said with its reason, and people are told when it goes on."""

import json
import sqlite3
from pathlib import Path

import pytest

from fabwatch.fab import Fab
from tests.commands import command
from tests.conftest import NOW

TOML = """
[databases.mes]
url = "sqlite://{folder}/mes.db"
[databases.mes.pull.moves]
query = "SELECT lot, wafers, tool, done AS end_at FROM moves"
zone = "UTC"
[publish.out]
to = "{folder}/out"
what = ["moves"]
[live.push]
kind = "moves"
[alerts.channels.night]
url = "http://127.0.0.1:9/secret-part"
[alerts]
rules = ["connection"]
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    own = tmp_path / "fab"
    own.mkdir()
    (own / "fab.toml").write_text(TOML.format(folder=tmp_path))
    Fab(own, create=True).close()
    return own


def standing(folder: Path) -> dict[str, dict[str, object]]:
    code, out, err = command("connections", "--json", "--fab", folder)
    assert code == 0, err
    return {one["what"]: one for one in json.loads(out)["connections"]}


def database(folder: Path) -> sqlite3.Connection:
    return sqlite3.connect(folder.parent / "mes.db")


def test_a_connection_that_nobody_used_says_that_and_shows_no_secret(folder: Path) -> None:
    found = standing(folder)
    assert {what: one["state"] for what, one in found.items()} == {
        "pull": "never", "publish": "never", "live": "stopped", "channel": "never"
    }  # fmt: skip
    assert found["channel"]["place"] == "http://127.0.0.1:9"


def test_what_fails_is_said_with_its_reason_until_it_goes_well_again(folder: Path) -> None:
    for failures in (1, 2):
        assert command("pull", "--fab", folder)[0] == 2
        own = standing(folder)["pull"]
        assert (own["state"], own["failures"], own["done_at"]) == ("failing", failures, None)
        assert "unable to open" in str(own["error"])
    with database(folder) as connection:
        connection.execute("CREATE TABLE moves (lot TEXT, wafers INTEGER, tool TEXT, done TEXT)")
        connection.execute("INSERT INTO moves VALUES ('L1', 25, 'T1', '2026-05-01 10:00:00')")
    assert command("pull", "--fab", folder)[0] == 0
    assert command("publish", "out", "--fab", folder)[0] == 0
    found = standing(folder)
    for what in ("pull", "publish"):
        assert (found[what]["state"], found[what]["failures"], found[what]["rows"], found[what]["error"]) == (
            "ok",
            0,
            1,
            None,
        )
        assert found[what]["done_at"] is not None


def test_people_are_told_of_a_database_that_fails_twice_and_the_case_closes_when_it_is_back(folder: Path) -> None:
    def open_cases() -> list[str]:
        with Fab(folder, clock=lambda: NOW) as fab:
            fab.run_alerts()
            return [one.text for one in fab.alerts().cases]

    command("pull", "--fab", folder)
    assert open_cases() == []
    command("pull", "--fab", folder)
    (text,) = open_cases()
    assert "pull mes.moves has failed 2 times" in text
    with database(folder) as connection:
        connection.execute("CREATE TABLE moves (lot TEXT, wafers INTEGER, tool TEXT, done TEXT)")
    assert command("pull", "--fab", folder)[0] == 0
    assert open_cases() == []


def test_a_note_that_cannot_be_read_is_none(folder: Path) -> None:
    command("pull", "--fab", folder)
    (path,) = (folder / "connections").glob("pull.*.json")
    path.write_text("{")
    assert standing(folder)["pull"]["state"] == "never"
