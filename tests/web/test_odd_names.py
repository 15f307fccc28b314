"""A tool may be called anything: its pages, routes, forms, tables and hold lists work all the same."""

import csv
import html
import io
import re
from datetime import datetime, timedelta
from urllib.parse import parse_qsl, quote, urljoin, urlsplit

import httpx
import pytest

from fabwatch.api.paths import part
from tests.fabs import new_fab
from tests.served import Server

NAMES = [
    "a/b",
    "a%2Fb",
    "50%",
    "T?x=1#y",
    "..",
    "../../etc",
    "two words",
    "=CMD1",
    "~home",
    "Ätz–1 µ",
    "<b>&amp;'\"",
    ":x:",
    "hold",
    "a+b;c,d\\e",
]
FOLLOWED = ("a/b", "50%", "T?x=1#y", "..", "../../etc")
"""The tools whose links are followed, all of them."""
AS_OF = "2026-05-21T00:00:00Z"
DAY0 = datetime(2026, 5, 1)


def written(folder, name, rows):
    text = io.StringIO()
    csv.writer(text).writerows(rows)
    (folder / f"{name}.csv").write_text(text.getvalue())


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    place = tmp_path_factory.mktemp("odd")
    folder = place / "exports"
    folder.mkdir()

    def at(days):
        return (DAY0 + timedelta(days=days)).isoformat() + "Z"

    moves: list[list[object]] = [["lot", "wafer", "tool", "chamber", "end_at"]]
    quals: list[list[object]] = [["tool", "qual_type", "processed_at", "passed", "reading", "unit", "lower", "upper"]]
    for name in NAMES:
        moves += [[f"L{n // 5} {name}", f"L{n // 5}.{n} {name}", name, "A/1", at(n / 3)] for n in range(60)]
        quals += [[name, "q/%?#", at(2 * n), "fail" if n in (4, 9) else "pass", 10 + n, "n", "", 30] for n in range(1, 10)]
    written(folder, "tools", [["tool", "tool_type", "area"], *([name, "E/?", "area #1 / 50%"] for name in NAMES)])
    written(folder, "moves", moves)
    written(folder, "quals", quals)
    with new_fab(place / "fab") as door:
        assert door.ingest(folder).failed == 0
    running = Server(place / "fab", "--as-of", AS_OF)
    yield running
    running.stop()


@pytest.fixture(scope="module")
def reader(server):
    headers = {"Accept": "text/html", "Accept-Language": "en"}
    with httpx.Client(base_url=server.address, headers=headers, timeout=120) as client:
        form = {"key": server.key("admin")}
        assert client.post("/signin", data=form, headers={"Sec-Fetch-Site": "same-origin"}).status_code == 303
        client.headers["Sec-Fetch-Site"] = "same-origin"
        yield client


def sent(client, method, path, **more):
    """The answer to a path as it stands, as a browser would send it: dots that lead up are followed before."""
    url = httpx.URL(client.base_url).copy_with(raw_path=urljoin("http://x/", path).removeprefix("http://x").encode())
    return client.request(method, url, **more)


@pytest.mark.parametrize("name", NAMES)
def test_the_routes_of_a_tool_with_an_odd_name_answer_about_that_tool(server, name):
    with server.client("admin") as client:
        for path in ("contain", "history", "readings", "curve"):
            answer = sent(client, "GET", f"/api/v1/{path}/{part(name)}")
            assert answer.status_code == 200 or answer.json()["code"] == "TooFewFailures", (path, answer.text)
            if answer.status_code == 200 and path != "curve":
                assert answer.json()["tool"] == name
        table = sent(client, "GET", f"/api/v1/history/{part(name)}?format=csv&limit=3")
        assert re.fullmatch(r'attachment; filename="[\w.-]+\.csv"', table.headers["content-disposition"])
        following = sent(client, "GET", f"/api/v1/readings/{part(name)}?limit=2").headers["link"]
        again = sent(client, "GET", re.search("<(.*?)>", following).group(1))
        assert again.json()["tool"] == name


@pytest.mark.parametrize("name", NAMES)
def test_wafers_of_a_tool_with_an_odd_name_are_held_released_and_decided_about_on_the_pages(reader, name):
    made = sent(reader, "POST", f"/contain/{part(name)}/hold", data={"reason": "an odd name", "names": f"L10 {name}"})
    assert made.status_code == 303, made.text
    hold = made.headers["location"]
    assert html.escape(name) in sent(reader, "GET", hold).text.replace("&#39;", "&#x27;").replace("&#34;", "&quot;")
    released = sent(
        reader, "POST", f"{hold}/dispose", data={"reason": "found good", "act": "release", "names": f"L10 {name}"}
    )
    assert (released.status_code, released.headers["location"]) == (303, hold)
    form = {"qual_type": "q/%?#", "name": "warning", "value": "900", "reason": "an odd name"}
    decided = sent(reader, "POST", f"/tools/{part(name)}/decide", data=form)
    assert decided.status_code == 303
    assert sent(reader, "GET", decided.headers["location"]).status_code == 200


def links(text):
    for link in re.findall(r'(?:href|hx-get|src|action)="([^"]*)"', text):
        yield html.unescape(link)


def test_every_link_of_every_page_leads_somewhere(reader):
    begin = [
        "/",
        "/plan",
        "/contain",
        "/holds",
        "/stats?by=tool",
        "/runs",
        "/cmp",
        "/record",
        "/load",
        "/reference",
        "/search?q=a",
    ]
    begin += [f"/{page}/{part(name)}" for name in FOLLOWED for page in ("tools", "contain")]
    others = [part(name) for name in NAMES if name not in FOLLOWED]
    seen, waiting, faults = set(), [(path, "") for path in begin], []
    while waiting:
        path, source = waiting.pop(0)
        place = urlsplit(path)
        mark = place.path, tuple(sorted(name for name, _ in parse_qsl(place.query)))
        if mark in seen or place.netloc or place.path.startswith("/static") or any(name in path for name in others):
            continue
        seen.add(mark)
        answer = sent(reader, "GET", path)
        forms = place.path.endswith(("/hold", "/dispose", "/decide", "/signout", "/golden", "/keep", "/retry"))
        if answer.status_code >= 400 and not (forms and answer.status_code == 405):
            if "TooFewFailures" not in answer.text and "no thickness" not in answer.text.casefold():
                faults.append((path, source, answer.status_code, answer.text[-300:] if "{" in answer.text else ""))
        elif not source and "html" in answer.headers.get("content-type", ""):
            waiting += [(urljoin(path, link), path) for link in links(answer.text) if not link.startswith(("#", "mailto"))]
    assert len(seen) > 60
    assert not faults, "\n".join(str(fault) for fault in faults[:20])


def test_a_name_goes_through_a_path_unchanged(reader):
    for name in NAMES:
        text = sent(reader, "GET", f"/tools/{part(name)}").text
        assert f"<title>{html.escape(name)}" in text.replace("&#39;", "&#x27;").replace("&#34;", "&quot;")
        assert quote(part(name), safe="%~") in text
    assert sent(reader, "GET", "/tools/nothing%2Fthere").status_code == 404
