"""Files over HTTP: each exactly once, nothing lost, and every bad one answered with a reason."""

import gzip
import json
import signal
import socket
import time
import zlib

import httpx
import pytest

from fabwatch.fab import Fab
from tests.fabs import new_fab
from tests.served import AS_OF, Server, exports

FORM = "multipart/form-data; boundary=x"
FORM_WITHOUT_A_FILE = b'--x\r\nContent-Disposition: form-data; name="a"\r\n\r\nb\r\n--x--\r\n'
MOVES = "lot,wafer,tool,end_at\n"


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    fab = tmp_path_factory.mktemp("uploads") / "fab"
    new_fab(fab).close()
    (fab / "fab.toml").write_text("[server]\nupload_mb = 8\n")
    running = Server(fab, "--as-of", AS_OF)
    yield running
    running.stop()


def send(server, *files, scope="load", **params):
    with server.client(scope) as client:
        return client.post("/api/v1/loads", files=[("file", each) for each in files], params=params)


def test_files_that_are_sent_are_loaded_once_and_the_answers_follow(server, tmp_path):
    folder = exports(tmp_path)
    there = len(server.get("/api/v1/loads").json()["loads"])
    files = [(path.name, path.read_bytes()) for path in sorted(folder.iterdir())]
    answer = send(server, *files)
    assert answer.status_code == 200
    assert answer.json()["state"] == "done"
    summary = answer.json()["summary"]
    assert (summary["loaded"], summary["failed"], summary["set_aside"]) == (len(files), 0, 0)
    again = send(server, *[(f"renamed-{name}", content) for name, content in files]).json()["summary"]
    assert (again["loaded"], again["already"], again["rows"]) == (0, len(files), 0)
    with Fab(server.fab) as fab:
        assert server.get("/api/v1/risk").json()["total"] == fab.risk(as_of=AS_OF).to_dict()["total"]
    assert len(server.get("/api/v1/loads").json()["loads"]) == there + len(files)


def test_a_bad_line_is_set_aside_and_told_with_the_line_as_it_stands(server):
    text = MOVES + "L9000,L9000.01,CMP-1,2026-05-01T00:00:00Z\nL9001,,CMP-1,not a time\n"
    summary = send(server, ("bad.csv", text.encode())).json()["summary"]
    assert (summary["rows"], summary["set_aside"]) == (1, 1)
    problem = server.get("/api/v1/problems", limit=1).json()["problems"][0]
    assert problem["raw"] == "L9001,,CMP-1,not a time"
    assert problem["hint"]


def test_a_file_that_nobody_knows_waits_in_the_inbox(server):
    answer = send(server, ("odd.csv", b"a,b,c\n1,2,3\n"))
    assert answer.json()["summary"]["files"][0]["status"] == "inbox"
    assert server.get("/api/v1/inbox").json()["files"]
    with server.client("load") as client:
        answer = client.post("/api/v1/inbox/retry")
        assert answer.status_code == 200
        assert {file["status"] for file in answer.json()["summary"]["files"]} == {"inbox"}


def test_files_tried_again_take_their_turn_and_nobody_need_wait_for_them(server):
    send(server, ("odder.csv", b"d,e\n1,2\n"))
    text = MOVES + "".join(f"L7{n},L7{n}.1,CMP-1,2026-05-01T00:00:00Z\n" for n in range(120_000))
    assert send(server, ("before.csv", text.encode()), wait=0).status_code == 202
    with server.client("load") as client:
        answers = [client.post("/api/v1/inbox/retry", params={"wait": 0}) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [202] * 3
    # One that has not begun yet stands for all who ask.
    (upload,) = {answer.json()["upload"] for answer in answers}
    for _ in range(600):
        job = server.get(f"/api/v1/loads/uploads/{upload}", "load").json()
        if job["state"] == "done":
            break
        time.sleep(0.1)
    assert "odder.csv" in " ".join(job["files"])
    assert job["done"] == job["total"] == len(job["files"])


def test_an_upload_need_not_be_waited_for(server):
    text = MOVES + "".join(f"L8{n},L8{n}.1,CMP-1,2026-05-01T00:00:00Z\n" for n in range(20_000))
    answer = send(server, ("many.csv", text.encode()), wait=0)
    assert answer.status_code == 202
    upload = answer.json()["upload"]
    for _ in range(200):
        told = server.get(f"/api/v1/loads/uploads/{upload}", "load").json()
        if told["state"] == "done":
            break
        time.sleep(0.1)
    assert told["summary"]["rows"] == 20_000
    assert server.get("/api/v1/loads/uploads/none", "load").status_code == 404


BAD = {
    "a program": (("run.exe", b"MZ\x90\x00"), 415, "NotData"),
    "a program by another name": (("moves.csv", b"\x7fELF\x02"), 415, "NotData"),
    "a script": (("moves.sh", b"rm"), 415, "NotData"),
    "a pickle": (("model.pkl", b"\x80\x04"), 415, "NotData"),
    "a way up": (("../../fab.toml", b"x"), 422, "UnsafeName"),
    "a way up, the other way": (("..\\..\\fab.toml", b"x"), 422, "UnsafeName"),
    "an absolute name": (("/etc/passwd", b"x"), 422, "UnsafeName"),
    "a hidden file": ((".env", b"x"), 422, "UnsafeName"),
    "a name too long": (("m" * 300 + ".csv", b"x"), 422, "UnsafeName"),
}


@pytest.mark.parametrize("name", BAD)
def test_what_is_no_data_is_refused_with_a_reason_and_nothing_is_kept(server, name):
    file, status, code = BAD[name]
    before = sorted(server.fab.rglob("*"))
    answer = send(server, file)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert answer.json()["hint"]
    kept = {path for path in set(server.fab.rglob("*")) - set(before) if path.is_file() and "sqlite" not in path.name}
    assert not kept


def test_an_upload_over_the_limit_is_refused_before_it_is_read(server):
    with server.client("load") as client:
        began = time.monotonic()
        answer = client.post("/api/v1/loads", files={"file": ("big.csv", b"x" * (9 << 20))})
        assert (answer.status_code, answer.json()["code"]) == (413, "TooLong")
        head = f"POST /api/v1/loads HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {server.key('load')}\r\n"
        head += f"Content-Type: multipart/form-data; boundary=x\r\nContent-Length: {2 << 30}\r\n\r\n--x\r\n"
        with socket.create_connection(("127.0.0.1", httpx.URL(server.address).port), timeout=10) as line:
            line.sendall(head.encode())
            assert line.recv(100).startswith(b"HTTP/1.1 413")
        assert time.monotonic() - began < 20
    assert server.get("/health").status_code == 200


def test_a_bomb_is_set_aside_and_the_server_stays_up(server):
    squeeze = zlib.compressobj(9, zlib.DEFLATED, 31)
    bomb = b"".join(squeeze.compress(b"0" * (1 << 20)) for _ in range(1100)) + squeeze.flush()
    assert len(bomb) < 8 << 20
    answer = send(server, ("bomb.csv.gz", bomb))
    assert answer.json()["summary"]["failed"] == 1
    assert server.get("/api/v1/areas").status_code == 200


def test_bodies_that_cannot_be_read_are_told_in_one_shape(server):
    with server.client("admin") as client:
        asked = [
            client.post("/api/v1/loads", content=b"lot\n"),
            client.post(
                "/api/v1/loads", content=FORM_WITHOUT_A_FILE, headers={"Content-Type": "multipart/form-data; boundary=x"}
            ),
            client.post("/api/v1/loads", content=b"junk", headers={"Content-Type": FORM}),
            client.post("/api/v1/loads", content=b"junk", headers={"Content-Type": "multipart/form-data"}),
            client.post("/api/v1/holds", content=b"{not json", headers={"Content-Type": "application/json"}),
            client.post("/api/v1/holds", json=["a", "list"]),
            client.post("/api/v1/holds", json={"tool": "ETCH-1"}),
            client.post("/api/v1/holds", json={"tool": "ETCH-1", "reason": "why", "at": "yesterday"}),
            client.get("/api/v1/risk", params={"as_of": "9999-12-31T00:00:00Z"}),
            client.get("/api/v1/risk", params={"as_of": "yesterday"}),
            client.get("/api/v1/risk", params={"known_at": "1970-01-02"}),
            client.get("/api/v1/risk", params={"limit": "-1"}),
            client.get("/api/v1/risk", params={"area": "x" * 5000}),
            client.get("/api/v1/contain/ETCH-11"),
            client.get("/api/v1/nothing"),
            client.put("/api/v1/risk"),
        ]
        for answer in asked:
            assert 400 <= answer.status_code < 500, (answer.request.url, answer.status_code, answer.text)
            assert set(answer.json()) == {"code", "what", "where", "hint", "request_id"}, answer.text
            assert all(answer.json().values()), answer.text
    assert "ETCH-1" in asked[-3].json()["what"]


def test_killed_in_the_middle_of_a_load_and_started_again_the_answers_are_the_same(own_folder):
    server = Server(own_folder, "--as-of", AS_OF)
    before = {path: server.get(path).json() for path in ("/api/v1/areas", "/api/v1/tools")}
    text = MOVES + "".join(f"K{n},K{n}.1,KILLED,2026-05-01T00:00:00Z\n" for n in range(60_000))
    packed = gzip.compress(text.encode(), 1)
    answer = send(server, ("killed.csv.gz", packed), wait=0)
    assert answer.status_code == 202
    server.stop(signal.SIGKILL)
    again = Server(server.fab, "--as-of", AS_OF)
    try:
        for _ in range(300):
            loaded = [row for row in again.get("/api/v1/loads").json()["loads"] if row["path"].endswith("killed.csv.gz")]
            if loaded:
                break
            time.sleep(0.1)
        assert [(row["status"], row["rows"]) for row in loaded] == [("loaded", 60_000)]
        tools = again.get("/api/v1/tools").json()["tools"]
        assert {row["tool"]: row["wafers"] for row in tools if row["tool"] != "KILLED"} == {
            row["tool"]: row["wafers"] for row in before["/api/v1/tools"]["tools"]
        }
        assert next(row for row in tools if row["tool"] == "KILLED")["status"] == "none"
    finally:
        again.stop()


def test_an_empty_fab_says_what_to_load_and_the_command_line_loads_it_while_the_server_runs(tmp_path):
    folder = exports(tmp_path / "exports")
    fab = tmp_path / "fab"
    new_fab(fab).close()
    running = Server(fab, "--as-of", AS_OF)
    try:
        assert running.get("/api/v1/areas").json()["areas"] == []
        assert running.get("/api/v1/tools").json()["tools"] == []
        assert running.get("/api/v1/forecast").status_code == 404
        assert "Nothing is loaded yet" in running.get("/", lang="en").text
        with Fab(fab) as door:
            door.ingest(folder)
            own = door.areas(as_of=AS_OF).to_dict()
        for _ in range(50):
            answer = running.get("/api/v1/areas")
            told = answer.json()
            if told["areas"] == own["areas"]:
                break
            # Until the forecasts are there the status is what is on record.
            time.sleep(0.2)
        assert json.dumps(told["areas"]) == json.dumps(own["areas"])
    finally:
        running.stop()
