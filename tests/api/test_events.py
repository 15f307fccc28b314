"""How far an upload is, as events: they move in bytes, end with the load, and hold up nobody."""

import asyncio
import json
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest

from fabwatch.api.events import MOST_STREAMS, Streams
from fabwatch.api.faults import Refused
from fabwatch.api.uploads import Upload
from tests.fabs import new_fab
from tests.served import AS_OF, Server

PATH = "/api/v1/loads/uploads"


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    fab = tmp_path_factory.mktemp("events") / "fab"
    new_fab(fab).close()
    running = Server(fab, "--as-of", AS_OF)
    yield running
    running.stop()


def moves(lot, rows):
    lines = (f"{lot}{n // 25},{lot}{n // 25}.{n % 25},E{n % 7},2026-05-01T00:00:00Z" for n in range(rows))
    return "\n".join(["lot,wafer,tool,end_at", *lines]).encode() + b"\n"


def sent(client, name, content):
    return client.post("/api/v1/loads", files={"file": (name, content)}, params={"wait": 0}).json()["upload"]


def events_of(lines):
    """The events of a stream, each a name and what it says."""
    name = ""
    for line in lines:
        if line.startswith("event: "):
            name = line.removeprefix("event: ")
        elif line.startswith("data: "):
            yield name, json.loads(line.removeprefix("data: "))


def test_the_bytes_of_a_load_move_and_the_stream_ends_with_it(server):
    content = moves("M", 300_000)
    with server.client("load") as client:
        upload = sent(client, "moves_m.csv", content)
        with client.stream("GET", f"{PATH}/{upload}/events") as stream:
            assert stream.headers["content-type"].startswith("text/event-stream")
            told = list(events_of(stream.iter_lines()))
        assert [name for name, _ in told] == ["progress"] * (len(told) - 1) + ["end"]
        states = [state for _, state in told]
        read = [state["read"] for state in states]
        assert read == sorted(read)
        assert len(set(read)) > 3
        assert (states[-1]["state"], read[-1], states[-1]["size"]) == ("done", len(content), len(content))
        assert any(state["storing"] for state in states)
        fast = [state for state in states if state["bytes_per_s"]]
        for state in fast:
            assert state["left_s"] >= 0
        # Whoever asks after its end is told just that.
        again = client.get(f"{PATH}/{upload}/events")
        ((name, last),) = events_of(again.text.splitlines())
        assert (name, last["state"]) == ("end", "done")
        assert client.get(f"{PATH}/{upload}").json()["read"] == len(content)


def test_a_stream_needs_a_key_that_may_load_and_an_upload_that_there_is(server):
    with server.client("load") as client:
        upload = sent(client, "moves_k.csv", moves("K", 10))
        assert client.get(f"{PATH}/none/events").status_code == 404
    with server.client("read") as reader:
        assert reader.get(f"{PATH}/{upload}/events").status_code == 403
    assert httpx.get(f"{server.address}{PATH}/{upload}/events").status_code == 401
    with server.client("load", area="Etch") as narrow:
        assert narrow.get(f"{PATH}/{upload}/events").status_code == 403


def test_a_client_that_goes_away_leaves_no_place_taken(server):
    with server.client("load") as client:
        upload = sent(client, "moves_g.csv", moves("G", 500_000))
        for _ in range(MOST_STREAMS + 8):
            with client.stream("GET", f"{PATH}/{upload}/events") as stream:
                if stream.status_code == 503:
                    # The server has not noticed yet that the others are gone.
                    time.sleep(0.5)
                else:
                    next(stream.iter_lines())
        began = time.monotonic()
        while client.get(f"{PATH}/{upload}").json()["state"] in ("waiting", "loading"):
            assert time.monotonic() - began < 120
            time.sleep(0.2)
        assert client.get(f"{PATH}/{upload}/events").status_code == 200


class Stub:
    """Uploads of which one goes on for as long as it is wanted."""

    def __init__(self):
        self.job = Upload("u", "loading", ["a.csv"], total=1, size=100)

    def find(self, upload):
        if upload != self.job.upload:
            raise Refused(404, "UnknownUpload", "No upload of that name.", "none")
        return self.job


def collected(streams, upload="u"):
    async def run():
        return [str(piece) async for piece in streams.follow(upload).body_iterator]

    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, run()).result()


def test_a_stream_of_a_load_that_does_not_end_ends_itself_and_says_nothing_twice():
    stub: Any = Stub()
    streams = Streams(stub, longest=0.7)
    (only,) = collected(streams)
    assert only.startswith("event: progress\n")
    assert streams.open == 0


def test_an_upload_that_is_forgotten_ends_its_stream():
    stub: Any = Stub()
    streams = Streams(stub, longest=5)

    async def run():
        pieces = streams.follow("u").body_iterator
        first = await anext(aiter(pieces))
        stub.job = Upload("other", "done", [])
        return first, [piece async for piece in pieces]

    with ThreadPoolExecutor(1) as thread:
        first, rest = thread.submit(asyncio.run, run()).result()
    assert first.startswith("event: progress")
    assert rest == []
    assert streams.open == 0


def test_more_streams_than_there_are_places_for_are_told_to_ask_now_and_then():
    stub: Any = Stub()
    streams = Streams(stub)
    streams.open = MOST_STREAMS
    with pytest.raises(Refused) as stop:
        streams.follow("u")
    assert (stop.value.status, stop.value.code) == (503, "TooBusy")
    assert "GET /api/v1/loads/uploads" in stop.value.hint
