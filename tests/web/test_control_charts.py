"""The page of control charts: marks by shape and word, the table twin, frozen limits, and what the page of a tool says."""

import re
import time

import pytest

from tests.served import AS_OF


@pytest.fixture(scope="module")
def own_reader(own_server):
    """Somebody with every right on a fab of this file alone."""
    with own_server.client("admin") as client:
        client.headers.update({"Accept": "text/html", "Accept-Language": "en"})
        yield client


def whole(reader, address):
    """The page once its charts are drawn."""
    until = time.monotonic() + 60
    while 'hx-trigger="load' in (page := reader.get(address).text):
        assert time.monotonic() < until, f"{address} still waits"
        time.sleep(0.1)
    return page


def test_a_chart_marks_broken_points_by_shape_and_word_and_has_its_table(own_reader):
    page = whole(own_reader, f"/spc?tool=CMP-1&metrology=rate&as_of={AS_OF}")
    assert "not in control" in page
    assert page.count('class="broken"') > 5
    assert "nine in a row on one side" in page
    assert re.search(r"<table>.*✕ nelson", page, re.DOTALL)
    assert "LCL" in page
    assert "UCL" in page
    assert "/api/v1/spc?" in page
    spanish = whole(own_reader, f"/spc?tool=CMP-1&metrology=rate&as_of={AS_OF}&lang=es")
    assert "fuera de control" in spanish
    assert "no hay límites de especificación" in spanish
    # The language that was chosen is kept for the next page.
    own_reader.cookies.clear()


def test_what_cannot_be_charted_is_said_on_the_page_with_the_way_out(own_reader):
    assert "no chart" in whole(own_reader, "/spc?tool=CMP-1&qual_type=particles&chart=xbar-s")
    wrong = own_reader.get("/spc?tool=CMP-1&rules=shewhart")
    assert wrong.status_code == 422
    assert "nelson, weco" in wrong.text


def test_limits_are_frozen_on_the_page_and_named_by_their_version(own_reader):
    form = {"tool": "CMP-1", "metrology": "rate", "reason": "a good month", "until": "2026-05-01T14:00Z"}
    sent = own_reader.post("/spc/freeze", data=form, headers={"Sec-Fetch-Site": "same-origin"})
    assert sent.status_code == 303
    assert sent.headers["location"].startswith("/spc?tool=CMP-1")
    page = whole(own_reader, "/spc?tool=CMP-1&metrology=rate&as_of=now")
    assert "Limits of version 1" in page
    assert "a good month" in page


def test_the_page_of_a_tool_says_what_its_charts_say_together(own_reader):
    page = own_reader.get(f"/spc/short?tool=CMP-1&as_of={AS_OF}").text
    assert "charts in control" in page
    assert "broke their rules together" in page
    assert "/spc/short?tool=CMP-1" in own_reader.get("/tools/CMP-1").text
