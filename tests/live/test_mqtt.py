"""From a broker: acknowledged once on disk, each message once, whatever the broker, the network or this process does."""

import functools
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from fabwatch.fab import Fab
from fabwatch.fab.receiving import receive
from tests.live.brokers import MOSQUITTO, Broker
from tests.live.sources import made, move, moves, source, text, until

SECRET = "FABWATCH_TEST_MQTT"


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Broker]:
    running = Broker(tmp_path_factory.mktemp("broker"))
    yield running
    running.stop()


@pytest.fixture(autouse=True)
def _secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(SECRET, "only-for-tests")


def toml(broker: Broker, topic: str, more: str = "") -> str:
    own = f'client = "{topic.replace("/", "-")}"\n'
    return f'[live.mes]\nurl = "{broker.url}"\nsecret_env = "{SECRET}"\nkind = "moves"\nevery_s = 0.2\n{own}' + (
        more if "topics" in more else f'topics = "{topic}"\n{more}'
    )


@contextmanager
def receiving(fab: Fab) -> Iterator[None]:
    """Receive in a thread, as the service does in a process."""
    stop = threading.Event()
    thread = threading.Thread(target=lambda: receive(Fab(fab.path), stop=stop))
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join(20)
        assert not thread.is_alive()


def connected(fab: Fab) -> bool:
    return bool(until(lambda: source(fab).state == "connected"))


def came(fab: Fab, least: int) -> bool:
    return bool(source(fab).messages > least)


def test_messages_of_a_broker_become_rows_and_the_topic_says_where(tmp_path: Path, broker: Broker) -> None:
    fab = made(tmp_path / "fab", toml(broker, "one", 'topics = "one/{area}/{tool}/moves"\n'))
    with receiving(fab):
        assert connected(fab)
        for number in range(5):
            one = {name: value for name, value in move(number).items() if name != "tool"}
            broker.send("one/Etch/E7/moves", [json.dumps(one)])
        broker.send("elsewhere", [text(99)])
        assert until(lambda: moves(fab) == (5, 5))
    assert set(fab.sql("SELECT tool FROM moves")["tool"]) == {"E7"}
    assert source(fab).state == "stopped"


def test_what_came_while_nobody_received_comes_later_and_what_comes_twice_counts_once(
    tmp_path: Path, broker: Broker
) -> None:
    fab = made(tmp_path / "fab", toml(broker, "two"))
    with receiving(fab):
        assert connected(fab)
        broker.send("two", [text(n) for n in range(10)])
        assert until(lambda: source(fab).messages == 10)
    broker.send("two", [text(n) for n in range(5, 20)])
    with receiving(fab):
        assert until(lambda: moves(fab) == (20, 20))
    assert (source(fab).messages, source(fab).duplicates) == (20, 5)


def test_a_broker_that_goes_and_comes_again_is_connected_to_again(tmp_path: Path) -> None:
    broker = Broker(tmp_path / "broker")
    fab = made(tmp_path / "fab", toml(broker, "three"))
    with receiving(fab):
        assert connected(fab)
        broker.send("three", [text(n) for n in range(10)])
        assert until(lambda: source(fab).messages == 10)
        broker.stop()
        assert until(lambda: source(fab).state == "failing")
        assert "mes" in source(fab).error
        assert "127.0.0.1" not in source(fab).error
        broker.start()
        assert connected(fab)
        assert source(fab).error is None
        broker.send("three", [text(n) for n in range(10, 20)])
        assert until(lambda: moves(fab) == (20, 20))
    broker.stop()


KEEPS = pytest.mark.skipif(
    MOSQUITTO is None, reason="no broker here keeps what was not acknowledged: apt-get install mosquitto"
)


@KEEPS
def test_a_process_that_is_killed_under_a_flood_loses_and_doubles_nothing(tmp_path: Path, broker: Broker) -> None:
    fab = made(tmp_path / "fab", toml(broker, "flood"))

    def started() -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", "fabwatch", "live", "run", "--fab", str(fab.path)]
        return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    running = started()
    assert connected(fab)
    flood = threading.Thread(target=broker.send, args=("flood", [text(n) for n in range(800)]))
    flood.start()
    for messages in (150, 400):
        assert until(functools.partial(came, fab, messages))
        os.kill(running.pid, signal.SIGKILL)
        running.wait()
        running = started()
    flood.join()
    assert until(lambda: moves(fab) == (800, 800), 30)
    running.terminate()
    running.wait(20)
    assert (source(fab).messages, source(fab).rows) == (800, 800)


@KEEPS
def test_a_broker_that_stops_with_messages_for_us_sends_them_when_it_is_back(tmp_path: Path) -> None:
    broker = Broker(tmp_path / "broker")
    fab = made(tmp_path / "fab", toml(broker, "kept"))
    with receiving(fab):
        assert connected(fab)
    broker.send("kept", [text(n) for n in range(200)])
    broker.stop()
    broker.start()
    with receiving(fab):
        assert until(lambda: moves(fab) == (200, 200))
    broker.stop()


def test_a_full_queue_holds_the_broker_back_until_there_is_room(tmp_path: Path, broker: Broker) -> None:
    fab = made(tmp_path / "fab", toml(broker, "full", "queue_mb = 0.005\n").replace("every_s = 0.2", "every_s = 0.6"))
    with receiving(fab):
        assert connected(fab)
        broker.send("full", [text(n) for n in range(300)])
        assert until(lambda: "full" in (source(fab).error or ""))
        assert source(fab).queued_bytes <= 5_000
        assert until(lambda: moves(fab) == (300, 300), 40)
        assert until(lambda: source(fab).error is None)


def test_a_huge_message_is_set_aside_with_its_beginning_and_the_others_go_on(tmp_path: Path, broker: Broker) -> None:
    fab = made(tmp_path / "fab", toml(broker, "huge", "message_mb = 1\n"))
    with receiving(fab):
        assert connected(fab)
        broker.send("huge", [text(1), b'{"lot": "' + b"x" * (20 << 20) + b'"}', b"\x00\xff no text", text(2)])
        assert until(lambda: moves(fab) == (2, 2))
        assert until(lambda: len(fab.problems("unread_message")) == 2)
    first, second = sorted(fab.problems("unread_message"), key=lambda one: one.line)
    assert "20,971,531 bytes" in first.why
    assert first.raw.startswith('{"lot": "xxx')
    assert "UTF-8" in second.why


def test_a_wrong_password_is_said_without_it_and_tried_again_within_limits(
    tmp_path: Path, broker: Broker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(SECRET, "wrong-password-here")
    fab = made(tmp_path / "fab", toml(broker, "wrong"))
    with receiving(fab):
        assert until(lambda: source(fab).state == "failing")
        assert "refuses" in source(fab).error
        assert "wrong-password" not in source(fab).error
        monkeypatch.setenv(SECRET, "only-for-tests")
        assert connected(fab)
    monkeypatch.delenv(SECRET)
    with receiving(fab):
        assert until(lambda: f"{SECRET} is not set" in (source(fab).error or ""))


def test_messages_without_a_time_get_that_of_their_arrival_and_equal_ones_are_two(tmp_path: Path, broker: Broker) -> None:
    fab = made(tmp_path / "fab", toml(broker, "stamped", 'stamp = "end_at"\n'))
    still = json.dumps({name: value for name, value in move(1).items() if name != "end_at"})
    with receiving(fab):
        assert connected(fab)
        broker.send("stamped", [still, still])
        assert until(lambda: moves(fab) == (2, 2))


def test_a_name_in_the_message_makes_it_count_once(tmp_path: Path, broker: Broker) -> None:
    fab = made(tmp_path / "fab", toml(broker, "named", 'identity = "id"\nignore = ["id"]\n'))
    with receiving(fab):
        assert connected(fab)
        broker.send("named", [text(1, id=7), text(2, id=7), text(3, id=8)])
        assert until(lambda: moves(fab) == (2, 2))
    assert source(fab).duplicates == 1
