"""Nobody holds up another by being slow, by sending too much, or by opening many connections."""

import json
import socket
import threading
import time
from contextlib import ExitStack

import httpx
import pytest

from tests.served import AS_OF, Server

QUICK = 2.0
"""Seconds in which somebody with a right key is answered meanwhile, on a busy machine."""
SILENCE = 1.0
"""Longest silence of /health on a busy machine; about 0.1 s on an idle one."""


class Hasty(Server):
    """A server whose deadlines are short."""

    program = (
        "-c",
        "import fabwatch.web.connections as c, fabwatch.api.middleware.bodies as b; "
        "c.HEADER_S = 1.0; c.LINGER_S = 1.0; b.GRACE_S = 1.0; b.OPEN_S = 0.7; c.MOST = 60; c.MOST_PER_ADDRESS = 40; "
        "import sys; from fabwatch.cli import main; sys.argv[0] = 'fabwatch'; main()",
    )


@pytest.fixture(scope="module")
def server(own_folder):
    running = Hasty(own_folder, "--as-of", AS_OF)
    running.get("/api/v1/risk")
    yield running
    running.stop()


@pytest.fixture
def line(server):
    """Opens connections to the server."""
    with ExitStack() as open_lines:
        port = httpx.URL(server.address).port

        def opening(text=b"", number=1):
            one = socket.create_connection(("127.0.0.1", port), timeout=20, source_address=(f"127.0.0.{number}", 0))
            open_lines.enter_context(one)
            one.sendall(text)
            return one

        yield opening


def head(path, length, *headers, method="POST"):
    lines = [f"{method} {path} HTTP/1.1", "Host: x", f"Content-Length: {length}", *headers]
    return "\r\n".join([*lines, "", ""]).encode()


def bearer(server, scope="read"):
    return f"Authorization: Bearer {server.key(scope)}"


def status(one):
    return int(one.recv(12)[9:])


def closed(one, within=5.0):
    """Whether the server ends the connection in that time."""
    one.settimeout(within)
    try:
        while one.recv(1 << 16):
            pass
    except TimeoutError:
        return False
    except OSError:
        return True
    return True


def answered_quickly(server):
    began = time.monotonic()
    answer = server.get("/api/v1/risk")
    assert answer.status_code == 200
    assert time.monotonic() - began < QUICK


FORM = "Content-Type: application/x-www-form-urlencoded"
SLOW = {
    "the sign-in form": lambda server: head("/signin", 100, FORM),
    "a body without a key": lambda server: head("/api/v1/holds", 1 << 19),
    "a body that is too long": lambda server: head("/api/v1/risk", 1 << 30),
    "a body of a GET": lambda server: head("/api/v1/risk", 100, method="GET"),
    "a body with a key": lambda server: head("/api/v1/cmp/polish-time", 1 << 20, bearer(server)),
    "an upload with a key": lambda server: head(
        "/api/v1/loads", 1 << 20, bearer(server, "load"), "Content-Type: multipart/form-data; boundary=x"
    ),
    "a header that does not end": lambda server: b"GET / HTTP/1.1\r\nHost: x\r\nX-A: ",
    "nothing at all": lambda server: b"",
}


@pytest.mark.parametrize("kind", SLOW)
def test_slow_bodies_and_headers_hold_up_nobody_and_are_ended(server, line, kind):
    text = SLOW[kind](server)
    lines = [line(text + (b"k" if text.endswith(b"\r\n\r\n") else b""), number) for number in (11, 12) for _ in range(40)]
    for _ in range(3):
        answered_quickly(server)
    assert all(closed(one) for one in lines[-3:])


def test_many_half_headers_do_not_use_up_the_descriptors(server, line):
    lines = [line(b"GET / HTTP/1.1\r\nHost: x\r\nX-A: ") for _ in range(400)]
    answered_quickly(server)
    # The oldest are let go; who comes after them is served, from the same address too.
    assert closed(lines[0], 1.0)


def test_a_connection_that_is_used_again_and_again_stays(server):
    with server.client() as client:
        for _ in range(4):
            assert client.get("/api/v1/fab").status_code == 200
            time.sleep(0.4)


@pytest.mark.parametrize("length", [100, 5 << 20])
def test_who_sends_a_body_without_a_key_is_told_so_before_it_has_arrived(server, line, length):
    one = line(head("/api/v1/loads", length, "Content-Type: multipart/form-data; boundary=x"))
    began = time.monotonic()
    assert status(one) == 401
    assert time.monotonic() - began < QUICK


EARLY = {
    "without a key": lambda server: head("/api/v1/holds", 100),
    "with a key for less": lambda server: head("/api/v1/loads", 100, bearer(server)),
    "a form of files where none is due": lambda server: head(
        "/api/v1/holds", 100, bearer(server, "decide"), "Content-Type: multipart/form-data; boundary=x"
    ),
    "too long": lambda server: head("/api/v1/holds", 1 << 30, bearer(server, "decide")),
    "a body of a GET": lambda server: head("/health", 100, method="GET"),
    "to a page that is not there": lambda server: head("/nothing", 100, FORM),
}


@pytest.mark.parametrize("kind", EARLY)
def test_an_answer_before_the_body_is_read_says_that_the_connection_ends(server, line, kind):
    one = line(EARLY[kind](server))
    header = one.recv(1 << 16).partition(b"\r\n\r\n")[0].lower()
    assert b"connection: close" in header, header


def test_who_sends_all_of_a_refused_body_before_listening_hears_the_refusal(server):
    port = httpx.URL(server.address).port
    for path, code in (("/api/v1/loads", 401), ("/signin", 413)):
        with socket.create_connection(("127.0.0.1", port), timeout=20) as one:
            one.sendall(head(path, 20 << 20) + b"x" * (20 << 20))
            assert status(one) == code


class Silence:
    """How long /health does not answer."""

    def __init__(self, server):
        self.longest = 0.0
        self._server, self._over = server, threading.Event()
        self._thread = threading.Thread(target=self._watch)

    def _watch(self):
        with httpx.Client(base_url=self._server.address, timeout=60) as client:
            while not self._over.is_set():
                began = time.monotonic()
                client.get("/health")
                self.longest = max(self.longest, time.monotonic() - began)
                time.sleep(0.01)

    def __enter__(self):
        self._thread.start()
        time.sleep(0.05)
        return self

    def __exit__(self, *_):
        self._over.set()
        self._thread.join()


def parts(number, size=1):
    head = 'Content-Disposition: form-data; name="file"; filename="a.csv"'
    return (f"--x\r\n{head}\r\n\r\n{'z' * size}\r\n" * number + "--x--\r\n").encode()


JSON, FILES = {"Content-Type": "application/json"}, {"Content-Type": "multipart/form-data; boundary=x"}
FIELDS = {"Content-Type": "application/x-www-form-urlencoded", "Sec-Fetch-Site": "same-origin"}
POLISH, HOLDS, HOLD = "/api/v1/cmp/polish-time", "/api/v1/holds", "/contain/ETCH-1/hold"
WAFERS = '{"rate":40,"target":5000,"wafers":['
LARGE = {
    "500,000 names": (POLISH, JSON, "{" + ",".join(f'"k{n}":1' for n in range(500_000)) + "}"),
    "100,000 names": (POLISH, JSON, "{" + ",".join(f'"k{n}":1' for n in range(100_000)) + "}"),
    "names in a wafer": (POLISH, JSON, WAFERS + "{" + ",".join(f'"k{n}":1' for n in range(100_000)) + "}]}"),
    "many faults": (POLISH, JSON, WAFERS + ",".join(['{"target":"x"}'] * 10_000) + "]}"),
    "empty lists": (POLISH, JSON, WAFERS + "[]," * 1_000_000 + "[]]}"),
    "deep lists": (POLISH, JSON, "[" * 200_000 + "]" * 200_000),
    "deep objects": (POLISH, JSON, '{"a":' * 100_000 + "1" + "}" * 100_000),
    "a long name": (HOLDS, JSON, '{"' + "k" * 1_000_000 + '":1}'),
    "numbers for names": (HOLDS, JSON, '{"tool":"ETCH-1","reason":"abc","names":[' + "1," * 400_000 + "1]}"),
    "form a&a": (HOLD, FIELDS, "a&" * 500_000),
    "form a=&a=": (HOLD, FIELDS, "a=&" * 300_000),
    "form of one field": (HOLD, FIELDS, "reason=" + "a" * 1_000_000),
    "sign-in a&a": ("/signin", FIELDS, "a&" * 500_000),
    "sign-in parts": ("/signin", FILES, parts(900)),
    "parts for a form": (HOLD, FILES, parts(900)),
    "2,000 files": ("/api/v1/loads?wait=0", FILES, parts(2_000)),
    "lines like the end": ("/api/v1/loads?wait=0", FILES, "--x\r\n\r\n" + "\r\n--" * 2_000_000),
}


@pytest.mark.parametrize("kind", LARGE)
def test_a_large_body_of_any_kind_is_refused_while_others_are_answered(server, kind):
    path, headers, text = LARGE[kind]
    body = text if isinstance(text, bytes) else text.encode()
    with server.client("admin") as client, Silence(server) as silence:
        began = time.monotonic()
        answer = client.post(path, content=body, headers=headers)
        assert time.monotonic() - began < 5
    assert 400 <= answer.status_code < 500, answer.text[:200]
    assert set(answer.json()) == {"code", "what", "where", "hint", "request_id"}
    assert len(answer.content) < 2_000
    assert silence.longest < SILENCE


def test_a_large_upload_is_copied_and_hashed_while_others_are_answered(server):
    with server.client("load") as client, Silence(server) as silence:
        answer = client.post("/api/v1/loads?wait=0", files={"file": ("one-long-line.csv", b"z" * (64 << 20))})
    assert answer.status_code == 202
    assert silence.longest < SILENCE


def test_a_body_in_tiny_pieces_holds_up_nobody(server, line):
    one = line(head("/api/v1/holds", 0, bearer(server)).replace(b"Content-Length: 0", b"Transfer-Encoding: chunked"))
    with Silence(server) as silence:
        one.sendall(b"1\r\n \r\n" * 100_000 + b"0\r\n\r\n")
        assert 400 <= status(one) < 500
    assert silence.longest < SILENCE


PLENTY = {
    "60 kB of parameters": ("/api/v1/risk?" + "a=1&" * 15_000, {}),
    "2,000 parameters": ("/api/v1/risk?" + "a&" * 2_000, {}),
    "a million parameters": ("/api/v1/risk?" + "a=1&" * 1_000_000, {}),
    "a long parameter": ("/api/v1/risk?" + "k" * 30_000 + "=1", {}),
    "a long path": ("/api/v1/contain/" + "k" * 30_000, {}),
    "2,000 headers": ("/api/v1/risk", {f"X-{n}": "a" for n in range(2_000)}),
    "a long header": ("/api/v1/risk", {"X": "a" * 70_000}),
    "a long cookie": ("/plan", {"Cookie": "fabwatch=" + "a" * 60_000}),
    "many languages": ("/plan", {"Accept-Language": ",".join(["xx"] * 20_000)}),
    "health too": ("/health", {"X": "a" * 20_000}),
    "sign-in too": ("/signin?" + "a=1&" * 15_000, {}),
}


@pytest.mark.parametrize("kind", PLENTY)
def test_too_much_in_the_address_or_the_headers_is_refused_in_one_shape(server, line, kind):
    path, headers = PLENTY[kind]
    lines = [f"GET {path} HTTP/1.1", "Host: x", "Connection: close", bearer(server)]
    text = "\r\n".join([*lines, *(f"{name}: {value}" for name, value in headers.items()), "", ""]).encode()
    one = line(text)
    answer = b""
    while more := one.recv(1 << 16):
        answer += more
    assert 400 <= int(answer[9:12]) < 500
    body = json.loads(answer.partition(b"\r\n\r\n")[2])
    assert set(body) == {"code", "what", "where", "hint", "request_id"}
    assert body["code"]
    assert body["hint"]
    assert len(answer) < 3_000


def test_what_is_no_http_at_all_is_refused_in_the_same_shape(server, line):
    one = line(b"\x16\x03\x01 hello\r\n\r\n")
    assert status(one) == 400
    answered_quickly(server)
