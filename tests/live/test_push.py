"""Messages over HTTP: answered once they are on disk, loaded by the service itself, refused with the way out."""

import json
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from fabwatch.fab import Fab
from tests.live.sources import move, text, until
from tests.served import Server

PLACE = "/api/v1/live"
TOML = """
[live.mes]
kind = "moves"
every_s = 0.2

[live.small]
kind = "moves"
queue_mb = 0.001
message_mb = 0.01
every_s = 3600
"""


@pytest.fixture(scope="module")
def pushed(own_folder: Path) -> Iterator[Server]:
    with (own_folder / "fab.toml").open("a") as file:
        file.write(TOML)
    running = Server(own_folder)
    yield running
    running.stop()


@pytest.fixture
def client(pushed: Server) -> Iterator[httpx.Client]:
    with pushed.client("load") as client:
        yield client


def of_lots(server: Server, *lots: str) -> int:
    found = moves_of(server)
    return sum(found.get(lot, 0) for lot in lots)


def moves_of(server: Server) -> dict[str, int]:
    with Fab(server.fab) as fab:
        rows = fab.sql("SELECT lot, count(*) AS n FROM moves GROUP BY lot")
    return dict(zip(rows["lot"], rows["n"].astype(int), strict=True))


def test_a_message_is_in_the_answers_seconds_later_and_counts_once(pushed: Server, client: httpx.Client) -> None:
    wafer = json.dumps(move(1, lot="PUSH-1", tool="ETCH-1"))
    for new in (True, False):
        answer = client.post(f"{PLACE}/mes", content=wafer)
        assert (answer.status_code, answer.json()) == (202, {"source": "mes", "new": new})
    lines = "\n".join(json.dumps(move(n, lot="PUSH-2", tool="ETCH-1")) for n in range(3))
    assert client.post(f"{PLACE}/mes", content=lines).json()["new"]
    assert client.post(f"{PLACE}/mes", json=[move(7, lot="PUSH-3", tool="ETCH-1")]).json()["new"]
    named = {"Idempotency-Key": "one"}
    assert client.post(f"{PLACE}/mes", json=move(8, lot="PUSH-3", tool="ETCH-1"), headers=named).json()["new"]
    assert not client.post(f"{PLACE}/mes", json=move(9, lot="PUSH-3", tool="ETCH-1"), headers=named).json()["new"]
    assert until(lambda: of_lots(pushed, "PUSH-1", "PUSH-2", "PUSH-3") == 6)
    with pushed.client("read") as reader:
        (mes, _) = reader.get(PLACE).json()["sources"]
    assert (mes["state"], mes["messages"], mes["duplicates"], mes["queued"]) == ("waiting", 4, 2, 0)


@pytest.mark.soak
def test_a_server_that_is_killed_after_it_answered_has_lost_nothing(pushed: Server) -> None:
    with pushed.client("load") as client:
        for number in range(20):
            assert client.post(f"{PLACE}/mes", json=move(number, lot="KILLED", tool="ETCH-1")).status_code == 202
    pushed.stop(signal.SIGKILL)
    again = Server(pushed.fab)
    pushed.process, pushed.address = again.process, again.address
    assert until(lambda: of_lots(pushed, "KILLED") == 20)


def test_a_full_queue_says_when_to_come_back(client: httpx.Client) -> None:
    answers = [client.post(f"{PLACE}/small", content=text(number)) for number in range(20)]
    assert {answer.status_code for answer in answers} == {202, 503}
    last = answers[-1]
    assert (last.json()["code"], last.headers["Retry-After"]) == ("QueueFull", "2")
    assert "small" in last.json()["what"]


@pytest.mark.parametrize("body", ["", "no message", '{"lot": ', '"text"', "[1]", b"\xff\xfe\x00", "[" * 20_000])
def test_what_is_no_message_is_refused_with_the_way_out(client: httpx.Client, body: Any) -> None:
    answer = client.post(f"{PLACE}/mes", content=body)
    assert (answer.status_code, answer.json()["code"]) == (400, "NotUnderstood")
    assert answer.json()["hint"]


def test_what_is_too_long_or_goes_nowhere_is_refused(client: httpx.Client) -> None:
    long = json.dumps([move(number) for number in range(200)])
    assert client.post(f"{PLACE}/small", content=long).status_code == 413
    assert client.post(f"{PLACE}/mes", content=b"[" + b" " * (33 << 20) + b"]").status_code == 413
    answer = client.post(f"{PLACE}/mess", content=text(1))
    assert (answer.status_code, "mes" in answer.json()["hint"]) == (404, True)


def test_only_a_key_that_may_load_into_the_whole_fab_may_send(pushed: Server) -> None:
    for scope, more in (("read", {}), ("load", {"area": "Etch"})):
        with pushed.client(scope, **more) as client:
            assert client.post(f"{PLACE}/mes", content=text(1)).status_code == 403
    assert httpx.post(f"{pushed.address}{PLACE}/mes", content=text(1)).status_code == 401
    assert moves_of(pushed).get("L0", 0) == 0
