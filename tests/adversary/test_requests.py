"""Odd requests of every kind, made from a number: none is answered 500, none takes long, and the server stays as it was."""

import json
import random
import time
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import quote

import httpx
import pytest

from fabwatch.api.app import Parts
from fabwatch.terms.settings import Settings
from fabwatch.web.site import site
from tests.api.test_gate import walked
from tests.served import AS_OF, Server

QUICK, LONG = 800, 100_000
METHODS = ["GET"] * 12 + ["POST"] * 6 + ["HEAD", "OPTIONS", "PUT", "DELETE", "PATCH", "TRACE"]
TEXTS = [
    "",
    "ETCH-1",
    "CMP-1",
    "ETCH-11",
    "H-0001",
    "particles",
    "Pressure",
    "golden",
    "*",
    "A",
    "nan",
    "inf",
    "-1",
    "0",
    "1e308",
    "9" * 50,
    "2026-05-20",
    "2026-05-20T06:30Z",
    "now",
    "0001-01-01",
    "true",
    "null",
    "[]",
    "{}",
    "..",
    "../../etc/passwd",
    "a/b",
    "%",
    "%00",
    "\x00",
    "\n",
    "'; DROP TABLE loads; --",
    '"',
    "<img src=x onerror=alert(1)>",
    "é",
    "\ud800",
    "😀",
    "\u202e",
    "x" * 300,
    "x" * 5_000,
    "=1+1",
    ":x:",
    "warning",
    "csv",
    "json",
    "angstrom",
    "es",
]
HEADERS = [
    {},
    {},
    {"Accept": "text/html"},
    {"Accept": "*/*;q=x"},
    {"Accept-Language": "es;q=0.1,xx;q=z"},
    {"Cookie": "fabwatch=x; lang"},
    {"If-None-Match": '"x", *'},
    {"Range": "bytes=5-1"},
    {"X-Forwarded-For": "a, b"},
    {"X-Forwarded-Proto": "javascript"},
    {"Host": "elsewhere.example:99999"},
    {"Expect": "100-continue"},
    {"Upgrade": "websocket", "Connection": "upgrade"},
    {"Sec-Fetch-Site": "cross-site"},
    {"Origin": "null"},
    {"HX-Request": "true"},
    {"Content-Encoding": "gzip"},
    {"Authorization": "Basic x"},
    {"Authorization": "Bearer x y"},
    {"Authorization": "Bearer fw_a_b"},
]
KINDS = [
    "application/json",
    "application/x-www-form-urlencoded",
    "multipart/form-data; boundary=x",
    "multipart/form-data",
    "text/csv",
    "application/json; charset=utf-16",
    "application/x-www-form-urlencoded; charset=nonsense",
    "",
    "a/b/c;;",
]


@pytest.fixture(scope="module")
def paths(own_folder):
    app = site(Parts(own_folder, Settings()))
    found = sorted(
        {(path, tuple(getattr(route.endpoint, "known", ()))) for _, path, route in walked(app) if hasattr(route, "endpoint")}
    )
    app.state.cache.close()
    assert len(found) > 40
    return found


@pytest.fixture(scope="module")
def server(own_folder):
    running = Server(own_folder, "--as-of", AS_OF)
    yield running
    running.stop()


def text_of(made):
    text = made.choice(TEXTS)
    return text if made.random() < 0.8 else text[: made.randrange(len(text) + 1)] + chr(made.randrange(1, 0x300))


def value_of(made, depth=0):
    kinds = [lambda: text_of(made), lambda: made.choice([None, True, 0, -1, 1.5, 1e300, 10**30])]
    if depth < 3:
        kinds.append(lambda: [value_of(made, depth + 1) for _ in range(made.randrange(4))])
        kinds.append(lambda: {text_of(made): value_of(made, depth + 1) for _ in range(made.randrange(4))})
    return made.choice(kinds)()


def escaped(text):
    return quote(text.encode("utf-8", "surrogatepass"), safe="")


def body_of(made, known):
    names = [*known, "reason", "names", "tool", "file"]
    kind = made.choice(KINDS)
    fields = {made.choice(names): value_of(made) for _ in range(made.randrange(6))}
    if "json" in kind and made.random() < 0.9:
        return kind, json.dumps(fields).encode(made.choice(["utf-8", "utf-8", "utf-16"]))
    if "urlencoded" in kind:
        return kind, "&".join(f"{escaped(name)}={escaped(str(value))}" for name, value in fields.items()).encode()
    if "multipart" in kind:
        name = json.dumps(text_of(made)[:300], ensure_ascii=False)
        part = f'--x\r\nContent-Disposition: form-data; name="file"; filename={name}\r\n\r\n{text_of(made)}\r\n'
        return kind, (part * made.randrange(3) + made.choice(["--x--\r\n", ""])).encode("utf-8", "surrogatepass")
    return kind, made.randbytes(made.randrange(200))


def request_of(seed, paths, keys):
    """The request with a number: method, path as it is sent, headers and body."""
    made = random.Random(seed)
    path, known = made.choice(paths)
    parts = [escaped(text_of(made)[:400]) if segment.startswith("{") else segment for segment in path.split("/")]
    raw = "/".join(parts)
    if made.random() < 0.05:
        raw = made.choice(
            [raw + "/", "/" + raw, raw.upper(), raw.replace("/", "/./"), raw + "%", raw + ";x=1", raw + "%2f.."]
        )
    names = [*known, "as_of", "known_at", "tool", "limit", "offset", "lang", "x"]
    pairs = [f"{escaped(made.choice(names))}={escaped(text_of(made))}" for _ in range(made.choice([0, 1, 1, 2, 3]))]
    headers = {**made.choice(HEADERS)}
    if made.random() < 0.9 and "Authorization" not in headers:
        headers["Authorization"] = f"Bearer {made.choice(keys)}"
    method, body = made.choice(METHODS), b""
    if method in ("POST", "PUT", "PATCH"):
        headers["Content-Type"], body = body_of(made, known)
    headers.setdefault("Sec-Fetch-Site", "same-origin")
    return method, (raw + ("?" + "&".join(pairs) if pairs else "")).encode(), headers, body


def most_seconds(method, raw):
    """How long an answer may take.

    Two wait for the end of a load, half a minute if the request says no more. The score of all past forecasts is worked
    out once after each load and for each other time, by one worker: who asks for it then, after others, waits for that.
    """
    path = raw.partition(b"?")[0].replace(b"/.", b"").rstrip(b"/")
    if method == "POST" and path.endswith((b"/api/v1/loads", b"/api/v1/inbox/retry")):
        return 35
    return 60 if path.endswith((b"/score", b"/record", b"/record/short")) else 5


@pytest.mark.parametrize("number", [QUICK, pytest.param(LONG, marks=pytest.mark.soak)])
def test_no_request_is_answered_500_or_takes_long(server, paths, number):
    keys = [server.key("admin"), server.key("read"), server.key("admin", area="CMP")]
    for path in ("/api/v1/forecast", "/api/v1/forecast/score", "/record/short", "/api/v1/trace/faults"):
        # What is worked out once a day, or once a load, takes its time the first time.
        server.get(path)
    faults: list[tuple[object, ...]] = []

    def sent(seeds):
        with httpx.Client(base_url=server.address, timeout=90) as client:
            for seed in seeds:
                method, raw, headers, body = request_of(seed, paths, keys)
                try:
                    url = httpx.URL(server.address).copy_with(raw_path=raw)
                    request = client.build_request(method, url, headers=headers, content=body or None)
                except (httpx.InvalidURL, httpx.LocalProtocolError, UnicodeError, ValueError):
                    continue
                began = time.monotonic()
                try:
                    answer = client.send(request)
                except httpx.HTTPError as fault:
                    faults.append((seed, method, raw, repr(fault)))
                    continue
                busy = answer.status_code == 503 and "TooBusy" in answer.text
                if (answer.status_code >= 500 and not busy) or time.monotonic() - began > most_seconds(method, raw):
                    faults.append(
                        (seed, method, raw, body[:200], answer.status_code, time.monotonic() - began, answer.text[:200])
                    )

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(sent, [range(first, number, 4) for first in range(4)]))
    assert not faults, "\n".join(str(fault) for fault in faults[:20])
    assert server.get("/health").status_code == 200
    assert server.get("/api/v1/risk").status_code == 200
