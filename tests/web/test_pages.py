"""The pages without a browser: what they say, that they say it again, and that no name of a lot does anything."""

import csv
import io
import re
import time

import pytest

from tests.served import AS_OF, EVIL

PAGES = [
    "/",
    "/?view=table",
    "/?area=Etch",
    "/tools/ETCH-1",
    "/tools/ETCH-1?days=7&view=table",
    "/tools/CMP-9",
    "/contain",
    "/contain/ETCH-1",
    "/contain/ETCH-1?view=wafers",
    "/holds",
    "/plan",
    "/plan?area=CMP",
    "/record",
    "/stats",
    "/yield",
    "/yield?by=chamber&lot=L0001&retests=position",
    "/commonality",
    "/commonality?below=0.7",
    "/spc",
    "/spc?tool=CMP-1",
    "/runs",
    "/run?run=ETCH-1%2FLOG1%2FLOG1.19%4020260501T180000",
    "/chambers?sensor=Pressure",
    "/sensors?by=step",
    "/rules?rule=golden",
    "/cmp?tool=CMP-1&target=5000&wafers=L9.01%099000%0AL9.02%094000&replay=1&changed=1&rate=41&keep=1",
    "/stats?by=tool&area=Etch",
    "/load",
    "/reference",
    "/search?q=CMP",
]
WAITS = re.compile(r'hx-trigger="load[^>]*hx-select')
STAMP = re.compile(r"seen=[^&\"]+")


def whole(reader, address):
    """The page once it has filled in what it was waiting for."""
    until = time.monotonic() + 60
    while WAITS.search((answer := reader.get(address, follow_redirects=True)).text):
        assert time.monotonic() < until, f"{address} still waits for something"
        time.sleep(0.2)
    return answer


@pytest.mark.parametrize("path", PAGES)
def test_a_page_says_the_same_when_it_is_loaded_again_in_both_languages(reader, path):
    mark = "&" if "?" in path else "?"
    seen = {}
    for language in ("en", "es"):
        first, again = (whole(reader, f"{path}{mark}lang={language}") for _ in range(2))
        assert first.status_code == again.status_code == 200
        assert STAMP.sub("", first.text) == STAMP.sub("", again.text)
        assert f'<html lang="{language}">' in first.text
        seen[language] = first.text
    assert seen["en"] != seen["es"]


def test_every_link_of_every_page_leads_somewhere(reader):
    known = set()
    for path in PAGES:
        known |= set(re.findall(r'(?:href|hx-get|src)="(/[^"]*)"', reader.get(path, follow_redirects=True).text))
    assert len(known) > 60
    for link in sorted(known):
        answer = reader.get(link.replace("&amp;", "&"), follow_redirects=True)
        assert answer.status_code == 200, (link, answer.status_code, answer.text[:300])


def test_the_csv_behind_a_page_has_as_many_rows_as_the_api_counts(server, reader):
    for path in ("/", "/tools/ETCH-1", "/contain/ETCH-1", "/plan", "/stats"):
        for link in re.findall(r'href="(/api/v1/[^"]*format=csv[^"]*)"', reader.get(path).text):
            address = link.replace("&amp;", "&")
            rows = list(csv.DictReader(io.StringIO(reader.get(address).text)))
            answer = server.get(re.sub(r"[?&]format=csv", "", address), "admin")
            if "x-total-count" in answer.headers and "/curve/" not in address:
                assert len(rows) == int(answer.headers["x-total-count"]), address


def test_a_lot_that_is_named_like_a_script_does_nothing(server, reader):
    told = server.get("/api/v1/contain/ETCH-1", at="2026-05-16T00:00:00Z", as_of="2026-05-20")
    if told.status_code != 200:
        hint = told.json()["hint"]
        told = server.get("/api/v1/contain/ETCH-1", at=re.search(r"20\S+Z", hint).group(), as_of="2026-05-20")
    lots = {item["lot"] for item in told.json()["items"]}
    at = told.json()["until"]
    if EVIL not in lots:
        at = "2026-05-04T00:00:00Z"
    page = reader.get("/contain/ETCH-1", params={"at": at, "as_of": AS_OF}).text
    assert EVIL not in page
    assert "<img" not in page
    for path in (f"/search?q={EVIL}", f"/tools/{EVIL}", f"/?area={EVIL}", f"/stats?tool={EVIL}", f"/nothing/{EVIL}"):
        assert EVIL not in reader.get(path, follow_redirects=True).text, path


def test_what_goes_wrong_is_a_page_with_a_way_out(reader):
    for path, status in (
        ("/tools/NOPE", 404),
        ("/nowhere", 404),
        ("/?as_of=yesterday", 422),
        ("/plan?days=x", 422),
        ("/tools/ETCH-1?days=-1", 422),
    ):
        answer = reader.get(path)
        assert answer.status_code == status, path
        assert "<p>Fix: " in answer.text
        assert "Traceback" not in answer.text


def test_a_run_that_left_the_path_is_on_top_and_its_page_says_what_moved(reader):
    listed = reader.get("/runs").text
    rows = re.findall(r"<tr><th scope=\"row\">.*?</tr>", listed, re.DOTALL)
    assert len(rows) == 20
    assert "faulty" in rows[0]
    assert any("LOG1.19" in row and "faulty" in row for row in rows[:5])
    link = next(re.search(r'href="(/run\?[^"]+)"', row)[1] for row in rows if "LOG1.19" in row)
    page = whole(reader, link.replace("&amp;", "&")).text
    assert "Pressure in step 2" in page
    assert '<path class="band" d="M' in page
    assert '<line class="alarm"' in page
    assert "pressure &lt;b&gt;high&lt;/b&gt;, valve 3" in page
    assert "<b>high" not in page
    assert "Presión" not in page
    spanish = whole(reader, link.replace("&amp;", "&") + "&lang=es").text
    assert "en el paso 2" in spanish


def test_a_run_that_is_not_there_is_a_page_with_a_way_out(reader):
    for link in ("/run", "/run?run=nothing"):
        answer = reader.get(link)
        assert answer.status_code in (404, 422)
        assert "<p>Fix: " in answer.text
