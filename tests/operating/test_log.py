"""The log as JSON: one object a line, a line for each request, with a name that the answer has too and no secret."""

import json
import logging
import re
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from fabwatch.terms.log_lines import JsonLines
from tests.served import AS_OF, Server

Line = dict[str, Any]


class Logged:
    """A server whose log goes to a file."""

    def __init__(self, folder: Path):
        with (folder / "fab.toml").open("a") as stated:
            stated.write('\n[server]\nlog = "json"\n')
        self.file = folder.parent / "server.log"
        # The log is read while the server runs, so it must not wait in a pipe.
        to_file = f"import sys, runpy; sys.stderr = open({str(self.file)!r}, 'w', buffering=1); sys.argv[0] = 'fabwatch'; "
        before = Server.program
        Server.program = ("-c", f"{to_file} runpy.run_module('fabwatch', run_name='__main__')")
        try:
            self.server = Server(folder, "--as-of", AS_OF)
        finally:
            Server.program = before

    def lines(self) -> list[Line]:
        return [json.loads(line) for line in self.file.read_text().splitlines()]

    def of(self, request_id: str) -> Line:
        for _ in range(100):
            hits = [line for line in self.lines() if line.get("request_id") == request_id]
            if hits:
                return hits[0]
            time.sleep(0.05)
        raise AssertionError(f"no line of {request_id}")


@pytest.fixture(scope="module")
def logged(own_folder: Path) -> Iterator[Logged]:
    running = Logged(own_folder)
    yield running
    running.server.stop()


def test_a_request_has_one_line_with_its_name_key_route_status_and_time(logged: Logged) -> None:
    with logged.server.client("read") as client:
        answer = client.get("/api/v1/contain/CMP-1", headers={"X-Request-Id": "shift-7.a_1"})
    assert answer.headers["x-request-id"] == "shift-7.a_1"
    line = logged.of("shift-7.a_1")
    assert list(line) == ["time", "level", "message", "request_id", "key", "method", "route", "status", "ms"]
    assert line["route"].startswith("/api/v1/contain/{")
    assert (line["level"], line["method"], line["status"]) == ("info", "GET", 200)
    assert line["ms"] > 0
    assert line["key"] == logged.server.key("read").split("_")[1]
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", line["time"])


def test_no_key_and_nothing_that_was_asked_for_stands_in_the_log(logged: Logged) -> None:
    key = logged.server.key("read")
    with logged.server.client("read") as client:
        client.get("/api/v1/risk", params={"tool": "SECRET-TOOL"})
        client.get("/api/v1/risk", headers={"Authorization": "Bearer fw_00000000_guess"})
        last = client.get(f"/signin?next=/{key}").headers["x-request-id"]
    logged.of(last)
    text = logged.file.read_text()
    assert not any(word in text for word in (key, "SECRET-TOOL", "guess"))


def test_an_error_names_its_request_in_the_body_the_header_and_the_log(logged: Logged) -> None:
    with logged.server.client("read") as client:
        for path, status in (("/api/v1/history/NOPE", 404), ("/api/v1/nothing", 404), ("/api/v1/risk?x=1", 422)):
            answer = client.get(path)
            assert answer.status_code == status
            assert answer.json()["request_id"] == answer.headers["x-request-id"]
            assert logged.of(answer.json()["request_id"])["status"] == status
        del client.headers["Authorization"]
        refused = client.get("/api/v1/risk")
        line = logged.of(refused.json()["request_id"])
        assert (refused.status_code, line["status"], line["key"]) == (401, 401, "")
        long = client.get("/api/v1/risk", headers={"X": "x" * 9000})
        assert (long.status_code, long.json()["request_id"]) == (431, long.headers["x-request-id"])


@pytest.mark.parametrize("stated", ["", "a b", "x" * 65, 'a"b', "{}", "é".encode("latin-1"), "a\tb", None])
def test_a_name_that_is_none_is_replaced(logged: Logged, stated: Any) -> None:
    with logged.server.client("read") as client:
        answer = client.get("/health", headers={} if stated is None else {"X-Request-Id": stated})
    assert re.fullmatch(r"[0-9a-f]{16}", answer.headers["x-request-id"])


def test_every_line_of_the_log_is_an_object_by_itself(logged: Logged) -> None:
    lines = logged.lines()
    assert len(lines) > 5
    assert all({"time", "level", "message"} <= set(line) for line in lines)


def test_a_text_with_line_ends_and_a_traceback_stay_in_one_line() -> None:
    try:
        raise ValueError("two\nlines\u2028three")
    except ValueError:
        record = logging.LogRecord("fabwatch", logging.ERROR, "", 0, "a\nb %s", ("\u0085",), sys.exc_info())
    line = JsonLines(lambda: "r-1").format(record)
    assert line.isascii()
    assert line.splitlines() == [line]
    read = json.loads(line)
    assert (read["level"], read["message"], read["request_id"]) == ("error", "a\nb \u0085", "r-1")
    assert "ValueError: two\nlines" in read["error"]


def test_as_text_the_log_says_only_what_is_wrong(server: Any) -> None:
    answer = server.get("/api/v1/risk")
    assert answer.headers["x-request-id"]
    import select

    readable, _, _ = select.select([server.process.stderr], [], [], 0.2)
    assert readable == []
