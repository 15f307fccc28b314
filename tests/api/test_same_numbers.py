"""Command line, API, Python and page give the same numbers."""

import csv
import io
import json

import pytest

from fabwatch.fab import Fab
from tests.commands import command
from tests.served import AS_OF, DAY0, TOOLS, exports, rows_of

ANSWERS = {
    "risk": (["risk"], "/risk", "tools"),
    "risk by area": (["risk", "--by", "area"], "/risk?by=area", "tools"),
    "risk of a tool": (["risk", "--tool", "ETCH-2"], "/risk?tool=ETCH-2", "tools"),
    "contain": (["contain", "ETCH-1"], "/contain/ETCH-1", "items"),
    "forecast": (["forecast"], "/forecast", "tools"),
    "forecast of a tool": (["forecast", "--tool", "CMP-1"], "/forecast?tool=CMP-1", "tools"),
    "score": (["forecast", "score"], "/forecast/score", None),
    "interval": (["interval"], "/interval", "tools"),
    "interval of an area": (["interval", "--area", "Etch"], "/interval?area=Etch", "tools"),
    "plan": (["plan"], "/plan", "items"),
    "plan of an area": (["plan", "--area", "CMP", "--days", "3"], "/plan?area=CMP&days=3", "items"),
    "tools": (["tools"], "/tools", "tools"),
    "tools of an area": (["tools", "--area", "CMP"], "/tools?area=CMP", "tools"),
    "areas": (["areas"], "/areas", "areas"),
    "history": (["history", "ETCH-1"], "/history/ETCH-1", "points"),
    "curve": (["curve", "CMP-2"], "/curve/CMP-2", "tools"),
    "stats": (["stats", "--by", "area"], "/stats?by=area", "groups"),
    "readings": (["readings", "ETCH-1"], "/readings/ETCH-1", "readings"),
    "overview": (["overview"], "/fab", None),
}


def printed(folder, *arguments):
    finished = command(*arguments, "--as-of", AS_OF, "--fab", folder)
    assert finished.code == 0, finished.err
    return finished.out


def without_snapshot(answer):
    answer["how"].pop("snapshot")
    return answer


@pytest.mark.parametrize("name", ANSWERS)
def test_the_command_line_and_the_api_say_the_same(server, folder, name):
    arguments, path, _ = ANSWERS[name]
    answer = server.get(f"/api/v1{path}")
    assert answer.status_code == 200
    assert without_snapshot(answer.json()) == without_snapshot(json.loads(printed(folder, *arguments, "--json")))


@pytest.mark.parametrize("name", [name for name, (_, _, rows) in ANSWERS.items() if rows])
def test_a_csv_has_as_many_rows_as_the_api_counts(server, folder, name):
    arguments, path, _ = ANSWERS[name]
    mark = "&" if "?" in path else "?"
    answer = server.get(f"/api/v1{path}{mark}format=csv")
    assert answer.headers["content-type"].startswith("text/csv")
    found = list(csv.DictReader(io.StringIO(answer.text)))
    if name != "curve":
        assert len(found) == int(server.get(f"/api/v1{path}").headers["x-total-count"])
    assert answer.text == printed(folder, *arguments, "--csv")


def test_python_says_the_same_as_the_api(server, folder):
    with Fab(folder) as fab:
        for ask, path in ((fab.tools, "/tools"), (fab.areas, "/areas"), (fab.risk, "/risk"), (fab.stats, "/stats")):
            assert without_snapshot(ask(as_of=AS_OF).to_dict()) == without_snapshot(server.get(f"/api/v1{path}").json())


def test_the_tools_add_up_to_the_areas_and_to_a_plain_count(server, tmp_path):
    moves = rows_of(exports(tmp_path) / "moves.csv")
    quals = rows_of(tmp_path / "quals.csv")
    plain = {}
    for tool, (area, _) in TOOLS.items():
        good = [
            q["processed_at"] for q in quals if q["tool"] == tool and q["passed"] == "pass" and q["processed_at"] <= AS_OF
        ]
        if good:
            wafers = {m["wafer"] for m in moves if m["tool"] == tool and max(good) < m["end_at"] <= AS_OF}
            plain[area] = plain.get(area, 0) + len(wafers)
    tools, areas = server.get("/api/v1/tools").json(), server.get("/api/v1/areas").json()
    by_area = {}
    for row in tools["tools"]:
        by_area[row["area"]] = by_area.get(row["area"], 0) + (row["wafers"] if row["since"] else 0)
    assert plain == by_area == {row["area"]: row["wafers"] for row in areas["areas"]}
    assert sum(plain.values()) == tools["wafers"] == areas["wafers"] > 0
    page = server.get("/", **{"lang": "en"}).text
    shown = [int(part.split('"')[0]) for part in page.split('data-wafers="')[1:]]
    assert sum(shown) == tools["wafers"]


def test_a_page_of_rows_says_how_many_there_are_and_where_the_next_is(server):
    every = server.get("/api/v1/risk").json()["tools"]
    got, path = [], "/api/v1/risk?limit=3"
    while path:
        answer = server.get(path)
        assert int(answer.headers["x-total-count"]) == len(every)
        got += answer.json()["tools"]
        link = answer.headers.get("link", "")
        path = link.split(">")[0].lstrip("<") if link else ""
    assert got == every


def test_an_answer_that_has_not_changed_is_not_sent_again(server, folder):
    first = server.get("/api/v1/risk")
    with server.client() as client:
        again = client.get("/api/v1/risk", headers={"If-None-Match": first.headers["etag"]})
        other = client.get("/api/v1/risk?tool=CMP-1", headers={"If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert other.status_code == 200


def test_a_question_of_a_time_long_ago_is_answered_from_what_had_happened_by_then(server, folder):
    early = (DAY0.replace(day=8)).isoformat()
    with Fab(folder) as fab:
        assert server.get("/api/v1/risk", as_of=early).json()["total"] == fab.risk(as_of=early).to_dict()["total"]
