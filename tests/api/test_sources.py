"""What a file is, said over HTTP: shown, tried, written into fab.toml and loaded by the running server."""

import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.fabs import new_fab
from tests.served import AS_OF, Server

ODD = "EQP,Los,Menge,Fertig um,Rest\nE1,L1,25,03/04/2026 10:00,x\nE2,L2,25,04/04/2026 10:00,y\n"
COLUMNS = {"Los": "lot", "Menge": "wafers", "Fertig um": "end_at", "Rest": None}
JSON = {"Content-Type": "application/json"}
KEYS = {"kind": "moves", "zone": "Europe/Berlin", "time_format": "%d/%m/%Y %H:%M"}
OURS = '# ours\n[fab]\nname = "Fab 7"   # north\n'


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    fab = tmp_path_factory.mktemp("sources") / "fab"
    new_fab(fab).close()
    (fab / "fab.toml").write_text(OURS)
    running = Server(fab, "--as-of", AS_OF)
    yield running
    running.stop()


@pytest.fixture
def client(server):
    with server.client("load") as loading:
        yield loading


def sent(client, name, text):
    done = client.post("/api/v1/loads", files={"file": (name, text.encode())}).json()
    assert done["state"] == "done"
    loads = client.get("/api/v1/loads").json()["loads"]
    return next(row["load"] for row in loads if row["path"].endswith(name))


def test_a_file_that_waits_is_tried_written_and_loaded_by_the_running_server(server, client):
    load = sent(client, "export_20260501.csv", ODD)
    told = client.get(f"/api/v1/loads/{load}/explain").json()
    assert (told["status"], told["covered"], len(told["columns"])) == ("inbox", False, 5)
    table = client.get(f"/api/v1/loads/{load}/explain", params={"format": "csv"}).text
    assert table.splitlines()[1].startswith("EQP,tool,alias,text")
    body: dict[str, Any] = {"keys": KEYS, "columns": COLUMNS}
    tried = client.post(f"/api/v1/loads/{load}/try", json=body).json()
    assert (tried["status"], tried["sample"][0]["end_at"]) == ("would load", "2026-04-03T08:00:00Z")
    assert (server.fab / "fab.toml").read_text() == OURS
    body |= {"reason": "the new export", "seen": told["seen"]}
    done = client.post(f"/api/v1/loads/{load}/source", json=body)
    assert (done.status_code, done.json()["state"], done.json()["summary"]["rows"]) == (200, "done", 2)
    assert (server.fab / "fab.toml").read_text().startswith(OURS)
    entry = server.get("/api/v1/audit").json()["entries"][0]
    assert (entry["act"], entry["reason"]) == ("source", "the new export")
    assert entry["who"].startswith("test load (")
    # The next file of the source needs nobody.
    assert sent(client, "export_20260502.csv", ODD.replace("L1", "L9"))
    assert client.get("/api/v1/loads").json()["loads"][0]["status"] == "loaded"
    again = client.post(f"/api/v1/loads/{load}/source", json={**body, "keys": {"decimal": ","}})
    assert (again.status_code, again.json()["code"]) == (409, "NotWritten")


def test_a_file_that_was_loaded_wrongly_is_read_anew(server, client):
    load = sent(client, "status.csv", "tool,area\nX1,Litho\nX2,Litho\n")
    body = {"keys": {"kind": "tools"}, "columns": {"area": "tool_type"}, "reason": "it is the type"}
    done = client.post(f"/api/v1/loads/{load}/source", json=body).json()
    assert (done["state"], done["summary"]["rows"]) == ("done", 2)
    (line,) = [row for row in client.get("/api/v1/loads").json()["loads"] if row["path"].endswith("status.csv")]
    told = client.get(f"/api/v1/loads/{line['load']}/explain").json()
    assert [column["column"] for column in told["columns"]] == ["tool", "tool_type"]


def test_of_several_people_at_once_each_statement_is_written_or_refused(server, client):
    loads = [sent(client, f"several{'abcdef'[n]}.csv", ODD.replace("L1", f"S{n}")) for n in range(6)]
    body = {"keys": KEYS, "columns": COLUMNS, "reason": "all at once"}
    with ThreadPoolExecutor(6) as people:
        codes = list(people.map(lambda load: client.post(f"/api/v1/loads/{load}/source", json=body).status_code, loads))
    assert set(codes) <= {200, 202, 409}
    text = (server.fab / "fab.toml").read_text()
    written = sum(code != 409 for code in codes)
    assert text.count("[sources.several") == written > 0
    entries = [entry for entry in server.get("/api/v1/audit").json()["entries"] if entry["reason"] == "all at once"]
    assert len(entries) == written


BAD = {
    "a column twice": ({"columns": {"Los": "lot", "Rest": "lot"}}, 409, "chosen for two columns"),
    "no such column": ({"columns": {"Los": "<b>"}}, 409, "'<b>' is not a column"),
    "no such kind": ({"keys": {"kind": "mooves"}}, 409, "is not a kind of file"),
    "no such key": ({"keys": {"zoone": "UTC"}}, 409, "near it: zone"),
    "an unknown field": ({"colums": {}}, 422, "not known"),
    "a list for a table": ({"keys": {"constants": [1, None]}}, 409, ""),
    "half a character": ({"source": "\ud800"}, 422, ""),
    "half a character in a key": ({"keys": {"words": {"\ud800": "pass"}}}, 409, "surrogates"),
    "half a character in a header": ({"columns": {"\ud800": "tool"}}, 422, ""),
    "a long name": ({"source": "x" * 61}, 422, ""),
    "no object": ([], 422, ""),
}


@pytest.mark.parametrize("name", BAD)
def test_what_cannot_be_meant_is_refused_in_one_shape(server, client, name):
    body, status, what = BAD[name]
    load = sent(client, "bad_export.csv", ODD.replace("L1", "B1"))
    answer = client.post(f"/api/v1/loads/{load}/try", content=json.dumps(body), headers=JSON)
    assert answer.status_code == status, answer.text
    assert set(answer.json()) == {"code", "what", "where", "hint", "request_id"}
    assert what in answer.json()["what"]


def test_who_may_only_read_sees_how_a_file_is_read_and_changes_nothing(server, client):
    load = sent(client, "bad_export.csv", ODD.replace("L1", "B1"))
    with server.client("read") as reader:
        assert reader.get(f"/api/v1/loads/{load}/explain").status_code == 200
        for path in ("try", "source"):
            answer = reader.post(f"/api/v1/loads/{load}/{path}", json={"reason": "no right"})
            assert (answer.status_code, answer.json()["code"]) == (403, "OutsideScope")
    with server.client("load", area="Etch") as narrow:
        assert narrow.get(f"/api/v1/loads/{load}/explain").status_code == 403
        assert narrow.post(f"/api/v1/loads/{load}/try", json={}).status_code == 403


def test_an_unknown_load_and_a_file_that_is_gone_are_answered_with_a_way_out(server, client):
    for path, more in (("explain", None), ("try", {}), ("source", {"reason": "a reason"})):
        send = client.get if more is None else client.post
        answer = send(f"/api/v1/loads/none/{path}", **({} if more is None else {"json": more}))
        assert (answer.status_code, answer.json()["what"]) == (404, "No load none.")
    load = sent(client, "gone.csv", "tool,area\nG1,Etch\n")
    for path in server.fab.glob("uploads/*/gone.csv"):
        path.unlink()
    answer = client.post(f"/api/v1/loads/{load}/try", json={})
    assert (answer.status_code, answer.json()["hint"]) == (404, "send it again")
