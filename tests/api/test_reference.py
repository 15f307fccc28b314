"""Every example of the reference works when it is pasted, in the shell and in Python."""

import json
import os
import re
import shutil
import subprocess
import sys

import pytest

from fabwatch.api.app import ROUTES
from fabwatch.api.examples import reference
from fabwatch.api.routing import BASE
from fabwatch.fab import Fab
from fabwatch.fab.questions import QUESTIONS


@pytest.fixture(scope="module")
def server(own_server):
    with (own_server.fab / "fab.toml").open("a") as file:
        # Its messages wait: no other example sees what they say.
        file.write('\n[live.mes]\nkind = "moves"\nevery_s = 3600\n')
    return own_server


@pytest.fixture(scope="module")
def pasted(server, tmp_path_factory):
    """Runs an example in a folder with a moves.csv, as a reader would."""
    folder = tmp_path_factory.mktemp("pasted")
    (folder / "moves.csv").write_text("lot,wafer,tool,end_at\nX1,X1.01,ETCH-1,2026-05-01T00:00:00Z\n")
    env = {**os.environ, "FABWATCH_KEY": server.key("admin")}

    def run(*command, stdin=None):
        return subprocess.run(
            command, cwd=folder, env=env, input=stdin, capture_output=True, text=True, check=False, timeout=120
        )

    return run


def examples(server):
    described = server.get(f"{BASE}/openapi.json").json()
    with server.client("admin") as client:
        held = client.post("/api/v1/holds", json={"tool": "ETCH-1", "reason": "for the example"}).json()
        names = {"tool": "ETCH-1", "hold": held["hold"], "qual_type": "particles", "name": held["items"][0]["wafer"]}
        names["run"] = client.get("/api/v1/trace/runs").json()["runs"][0]["run"]
        with Fab(server.fab) as fab:
            fab.run_alerts()
        names |= {"case": "A-0001", "model": "etch@1", "column": "pressure"}
        names |= {"sensor": "Pressure", "polisher": "CMP-1", "lot": "L0001"}
        waiting = {"file": ("export_1.csv", b"tool,lot,wafers,Fertig um\nETCH-1,X9,25,2026-05-01 00:00:00\n")}
        client.post("/api/v1/loads", files=waiting)
        names["load"] = next(
            row["load"] for row in client.get("/api/v1/loads").json()["loads"] if row["path"].endswith("export_1.csv")
        )
        names["upload"] = client.post("/api/v1/loads", files={"file": ("t.csv", b"tool,area\nX,Y\n")}).json()["upload"]
    routes = [route for _, some in reference(described, server.address, names) for route in some]
    # What takes the last wafer off the list comes after what needs one there; what puts on hold finds nothing left.
    order = {"/holds/{hold}/scrap": 1, "/holds/{hold}/release": 2}
    return sorted(routes, key=lambda route: order.get(route.path.removeprefix(BASE), 0))


PASTE = """
import contextlib, io, json, sys
printed = []
for text in json.load(sys.stdin):
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        exec(text, {"__name__": "__main__"})
    printed.append(out.getvalue())
print(json.dumps(printed))
"""
"""Runs examples one after the other, each as if it were alone: a process for each would take longer than the examples."""


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
def test_every_example_works_when_pasted(server, pasted):
    in_python = []
    for route in examples(server):
        done = pasted("sh", "-c", route.curl + ' -s -o out -w "%{http_code}"')
        again = route.path.endswith("/holds") and route.method == "POST"
        assert done.stdout in (("409",) if again else ("200", "201", "202")), (route.curl, done.stdout, done.stderr)
        # The same decision a second time is refused; a question is answered again.
        if route.method == "GET" or route.path.endswith(("/decisions", "/retry")):
            in_python.append(route.python)
    done = pasted(sys.executable, "-c", PASTE, stdin=json.dumps(in_python))
    assert done.returncode == 0, done.stderr
    printed = json.loads(done.stdout)
    assert len(printed) == len(in_python) > 20
    assert all(printed), [text for text, out in zip(in_python, printed, strict=True) if not out]


def test_every_route_has_an_example_and_its_scope(server):
    routes = examples_only(server)
    assert len(routes) >= 27
    for route in routes:
        assert route.scope in ("read", "load", "decide", "admin")
        assert "{" not in route.curl.replace("{tool", "").split("'http")[1], route.curl
        assert route.summary


def examples_only(server):
    described = server.get(f"{BASE}/openapi.json").json()
    names = {
        "tool": "ETCH-1",
        "hold": "H-0001",
        "upload": "x",
        "load": "l",
        "qual_type": "particles",
        "name": "w",
        "run": "r",
        "sensor": "s",
        "model": "m",
        "column": "c",
    }
    return [route for _, some in reference(described, server.address, names) for route in some]


def test_every_question_with_a_path_has_its_route():
    """A group of questions that no part of the service takes up would only be missing."""
    known = {
        re.sub(r":[a-z]+}", "}", str(getattr(route, "path", ""))) for routes in ROUTES for route in routes.router.routes
    }
    assert {f"{BASE}{kind.spec.path}" for kind in QUESTIONS if kind.spec.path} <= known
