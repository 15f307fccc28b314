"""The gallery of wafer maps: filters, ticked wafers taken on, the page of a lot; drawn for real in a browser."""

import re
import time

import pytest

from tests.made_stdf import Stdf, simple
from tests.made_stdf import wafer as stdf_wafer
from tests.served import AS_OF
from tests.web.conftest import settled
from tests.yields.made_maps import text, wafer

SHAPES = {"01": "Edge-Ring", "02": "Center", "03": "none"}


@pytest.fixture(scope="module")
def server(own_server):
    """The fab of this file alone, with the maps of one lot whose wafers are known to the moves."""
    files = [("file", (f"L0001-{n}.map", text(wafer(shape, 3), "L0001", n).encode())) for n, shape in SHAPES.items()]
    with own_server.client("admin") as client:
        loaded = client.post("/api/v1/loads?wait=60", files=files)
        assert loaded.status_code == 200, loaded.text
    return own_server


@pytest.fixture(scope="module")
def own_reader(server):
    with server.client("admin") as client:
        client.headers.update({"Accept": "text/html", "Accept-Language": "en"})
        yield client


def whole(reader, address):
    """The page once it has filled in what it was waiting for."""
    until = time.monotonic() + 60
    while 'hx-trigger="load' in (page := reader.get(address, follow_redirects=True).text):
        assert time.monotonic() < until, f"{address} still waits"
        time.sleep(0.1)
    return page


def test_maps_are_filtered_by_pattern_and_sorted_by_likeness(own_reader):
    page = whole(own_reader, f"/maps?as_of={AS_OF}")
    assert "3 of 3 maps" in page
    for word in ("edge ring", "centre", "no pattern"):
        assert f"· {word}" in page
    ring = whole(own_reader, f"/maps?pattern=Edge-Ring&as_of={AS_OF}")
    assert re.findall(r'name="name" value="([^"]*)"', ring) == ["L0001,01"]
    like = whole(own_reader, f"/maps?like=L0001,02&as_of={AS_OF}")
    assert re.findall(r'name="name" value="([^"]*)"', like)[0] == "L0001,02"
    assert "· 100%" in like
    refused = own_reader.get("/maps?lot=L000X")
    assert "No lot L000X. Did you mean" in refused.text
    assert 'href="/maps">show everything</a>' in refused.text


def test_ticked_maps_are_taken_to_where_they_are_compared(own_reader):
    shared = own_reader.get("/maps/pick?name=L0001,01&name=L0001,02&to=commonality&as_of=now")
    assert (shared.status_code, shared.headers["location"]) == (
        303,
        "/commonality?as_of=now&bad=L0001%2C01&bad=L0001%2C02",
    )
    compared = own_reader.get("/maps/pick?name=L0001,01&lot=L0001&to=split")
    assert compared.headers["location"].startswith("/yield/split?wafers=picked%3DL0001%2C01&wafers=others%3DL0001%2C0")
    assert compared.headers["location"].count("others") == 2
    none = own_reader.get("/maps/pick?to=split")
    assert none.status_code == 422
    assert "tick the maps" in none.text


def test_picked_maps_are_compared_with_the_others_and_lines_can_be_pasted(own_reader):
    page = whole(own_reader, "/maps/pick?name=L0001,01&lot=L0001&to=split&as_of=now")
    assert "picked against others" in page
    assert 'class="wafer"' in page
    pasted = own_reader.get("/yield/split", params={"lines": "A L0001,02\nB L0001,01", "as_of": "now"})
    assert pasted.headers["location"] == "/yield/split?as_of=now&wafers=A%3DL0001%2C02&wafers=B%3DL0001%2C01"
    assert "B against A" in whole(own_reader, pasted.headers["location"])
    assert "No wafer of group B" in whole(own_reader, "/yield/split?wafers=A%3DL0001%2C02&wafers=B%3Dnone")
    assert own_reader.get("/yield/split", params={"lines": "A"}).status_code == 422


def test_a_lot_is_found_by_its_name_and_shows_what_it_passed_and_its_maps(own_reader):
    found = own_reader.get(f"/search?q=L0001&as_of={AS_OF}")
    assert found.headers["location"].startswith("/lots/L0001")
    page = whole(own_reader, f"/lots/L0001?as_of={AS_OF}")
    assert "next qual there" in page
    assert re.search(r"/tools/[A-Z]+-\d", page)
    assert page.count("data-cells=") == 3
    assert own_reader.get("/lots/nowhere").status_code in (404, 422)


def test_maps_are_drawn_with_a_colour_each_for_passed_and_failed_dies(opened, server):
    page = opened()
    settled(page, f"{server.address}/maps?as_of={AS_OF}")
    page.wait_for_selector("body[data-drawn=maps]")
    colours = page.evaluate(
        "[...document.querySelectorAll('canvas[data-cells]')].map((c) => new Set(new Uint32Array("
        "c.getContext('2d').getImageData(0, 0, c.width, c.height).data.buffer)).size)"
    )
    # No die, passed, failed: three colours on each map.
    assert colours == [3, 3, 3]
    assert page.complaints == []


def test_screens_and_the_mean_of_a_test_have_their_pictures(own_reader, server):
    with server.client("admin") as client:
        parts = simple({(n % 5, n // 5): 1 for n in range(25)}, lot="LT", name="LT-01").content
        assert client.post("/api/v1/loads?wait=60", files=[("file", ("lt.stdf", parts))]).status_code == 200
    drawn = whole(own_reader, "/maps?lot=LT&test=10&as_of=now")
    assert "10 place" in drawn
    # The value of each die is 10 x + y: from 0 in one corner to 44 in the other.
    assert re.search(r"from 0(\.0+)? \(light\) to 44", drawn)
    assert "3, 2: 32" in drawn
    screens = whole(own_reader, "/yield/screens?lot=LT&as_of=now")
    assert "No good part would be rejected" in screens
    assert own_reader.get("/maps?lot=LT&test=ten").status_code == 422


def test_the_link_to_the_next_rows_keeps_every_wafer(server):
    file = Stdf().far().mir("LS")
    for number in range(1, 5):
        stdf_wafer(file, {(n, 0): 1 + 4 * (n % number == 3) for n in range(12)}, f"LS-0{number}", first=number == 1)
    with server.client("admin") as client:
        sent = client.post("/api/v1/loads?wait=60", files=[("file", ("ls.stdf", file.mrr().content))])
        assert sent.status_code == 200
        groups = "&".join(f"wafers={'AB'[n % 2]}%3DLS%2CLS-0{n}" for n in range(1, 5))
        first = client.get(f"/api/v1/yield/split?{groups}&limit=1&as_of=now")
        address = re.match(r"<([^>]*)>", first.headers["Link"]).group(1)
        second = client.get(address)
    assert second.json()["groups"] == first.json()["groups"]
    assert [row["measure"] for row in first.json()["differences"] + second.json()["differences"]] == ["yield", "test"]
