"""The page of polish times: what is pasted, the worked cases, what is refused, what if, and an advice that is kept."""

import html
import re
import tomllib
from dataclasses import fields
from html.parser import HTMLParser
from pathlib import Path

import pytest

from fabwatch.cmp.polish import Rate, film_of, polish_time
from fabwatch.cmp.wafer import WaferToPolish
from fabwatch.terms.errors import BadQuestion
from fabwatch.web.pages.pasted_lines import number, pasted
from tests.fabs import new_fab
from tests.served import Server

CASES = tomllib.loads((Path(__file__).parent.parent / "cases" / "cmp" / "polish.toml").read_text())["case"]


class Sheet(HTMLParser):
    """The rows of the lot sheet: exact values of each cell, and its text."""

    def __init__(self, text):
        super().__init__()
        self.rows, self._inside, self._cell = [], False, None
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        given = dict(attributes)
        if tag == "table":
            self._inside = given.get("id") == "sheet"
        if self._inside and tag == "tr":
            self.rows.append([])
        if self._inside and tag in ("td", "th"):
            self._cell = {"text": "", "values": []}
            self.rows[-1].append(self._cell)
        if self._inside and tag == "data":
            self._cell["values"].append(float(given["value"]))

    def handle_endtag(self, tag):
        if tag == "table":
            self._inside = False

    def handle_data(self, data):
        if self._inside and self._cell is not None:
            self._cell["text"] += data


def sheet(reader, **asked):
    text = reader.get("/cmp", params=asked).text
    return Sheet(text).rows[1:], text


def wafer_of(ask):
    """The wafer of a worked case."""
    names = {field.name for field in fields(WaferToPolish)}
    return WaferToPolish(**{name: value for name, value in ask.items() if name in names})


def test_the_worked_cases_are_the_same_on_the_page(reader):
    for case in CASES:
        ask = dict(case["ask"])
        incoming, sites = ask.pop("incoming", None), ask.pop("sites", None)
        if sites and incoming is not None:
            # A line has the one or the other.
            continue
        head = "\t".join(["wafer", *(f"site {n}" for n in range(len(sites or [])))])
        wafer = "\t".join([f"{head}\nW", *map(repr, sites)]) if sites else f"W\t{incoming!r}"
        rework = {"rework": "1"} if ask.pop("rework", False) else {}
        rows, text = sheet(reader, wafers=wafer, **{name: str(value) for name, value in ask.items()}, **rework)
        if "refused" in case:
            assert case["refused"] in html.unescape(text), case["why"]
            continue
        rate = Rate(ask["rate"], ask.get("rate_unit", f"{ask['unit']}/s"), ask.get("rate_sd"))
        told = polish_time(film_of(wafer_of(case["ask"]), ask["unit"]), rate, None, ask.get("coverage", 0.9))
        assert len(rows) == 1, case["why"]
        _, _, seconds, interval, after, chance, doubts = rows[0]
        assert seconds["values"] == [told.seconds], case["why"]
        assert interval["values"] == ([] if told.low is None else [told.low, told.high])
        assert after["values"] == [told.predicted_after]
        assert chance["values"] == ([] if told.p_out_of_spec is None else [told.p_out_of_spec])
        assert doubts["text"] == "; ".join(doubt.sentence() for doubt in told.doubts)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("9000", 9000),
        ("9.000,5", 9000.5),
        ("9,000.5", 9000.5),
        ("9000,5", 9000.5),
        ("0,912", 0.912),
        ("9 012,5", 9012.5),
        ("9'012.5", 9012.5),
        ("9\u202f012,5", 9012.5),
        ("1,234,567", 1234567),
        ("9,012", None),
        ("90 12", None),
        ("nan", None),
        ("-", None),
        ("n/a", None),
    ],
)
def test_a_number_is_read_as_it_is_written_here_or_there(text, value):
    assert number(text) == value


def test_lines_from_a_spreadsheet_are_read_with_their_headings_or_without():
    plain = pasted("L9.01\t9012,5\nL9.02;9.103,0\n8888.5\nL9.04 9001\n")
    assert [(line.wafer, line.incoming) for line in plain] == [
        ("L9.01", 9012.5),
        ("L9.02", 9103),
        (None, 8888.5),
        ("L9.04", 9001),
    ]
    headed = pasted("Thickness (Å)\tPost (Å)\tHead\tWafer\n9000\t5000\tH1\t1\n9100\t5010\t2\t2\n")
    assert [(line.wafer, line.head, line.incoming) for line in headed] == [("1", "H1", 9000), ("2", "2", 9100)]
    sites = pasted("Wafer\tSite 1\tSite 2\tSite 3\nA\t9000,5\t\t9010\nB\t9000\tbad\t9010")
    assert (sites[0].wafer, sites[0].incoming, sites[0].sites) == ("A", None, (9000.5, 9010))
    assert "'bad' is not a thickness" in sites[1].fault
    three = pasted("L9.01\tH2\t9000")
    assert (three[0].wafer, three[0].head, three[0].incoming) == ("L9.01", "H2", 9000)
    assert pasted("wafer\tthk\n8888.5")[0].incoming == 8888.5
    assert pasted("\n \n") == []


def test_a_line_that_can_be_read_two_ways_or_not_at_all_is_refused_and_not_guessed():
    told = pasted("W1\tn/a\nW2\t9000\t9100\n12 900\nW4\nW5\t\n")
    assert [line.incoming for line in told] == [None] * 5
    assert "'n/a' is not a thickness" in told[0].fault
    assert "3 columns, and nothing says which" in told[1].fault
    assert "is one number or two" in told[2].fault
    assert [line.wafer for line in told[:2]] == ["W1", "W2"]
    with pytest.raises(BadQuestion, match="501 lines"):
        pasted("9000\n" * 501)


def test_a_comma_that_may_be_for_decimals_or_thousands_is_settled_by_the_other_numbers_or_refused(reader):
    way = {"unit": "um", "rate": "1", "rate_unit": "um/min"}
    rows, text = sheet(reader, wafers="W1\t5,012", target="5000.0", **way)
    assert rows[0][1]["values"] == [5012], "the point of the target says that the comma is for thousands"
    rows, _ = sheet(reader, wafers="W1\t5,012", target="5,0", **way)
    assert rows[0][1]["values"] == [5.012]
    rows, _ = sheet(reader, wafers="W1\t5,012\nW2\t5,01", target="5", **way)
    assert [row[1]["values"] for row in rows] == [[5.012], [5.01]]
    rows, text = sheet(reader, wafers="W1\t5,012", target="5", **way)
    assert "'5,012' can be 5.012 or 5012. Write it as one of them." in html.unescape(text)
    rows, text = sheet(reader, wafers="W1\t5012", target="5,000", **way)
    assert "'5,000'" in html.unescape(text)
    assert "can be 5.000 or 5000" in html.unescape(text)


def test_every_pasted_wafer_is_on_the_sheet_with_a_time_or_with_the_reason_why_not(reader):
    rows, _ = sheet(reader, tool="CMP-1", target="5000,0", wafers="wafer\tthk\nA\t9000,5\nB\t4000\nC\tthick\nD\t9100")
    assert [row[0]["text"] for row in rows] == list("ABCD")
    assert rows[0][1]["values"] == [9000.5]
    assert "below its target" in rows[1][1]["text"]
    assert "'thick' is not a thickness" in rows[2][1]["text"]
    assert rows[3][2]["values"][0] == pytest.approx(rows[0][2]["values"][0] * 4100 / 4000.5)


def test_what_if_shows_the_times_of_another_rate_and_of_a_pad_that_was_not_changed(reader):
    # By then nothing had been changed yet.
    lot = {"tool": "CMP-1", "target": "5000", "wafers": "A\t9000", "as_of": "2026-05-02T12:00:00Z"}
    ((_, _, seconds, before, *_),), _ = sheet(reader, **lot)
    rows, text = sheet(reader, **lot, rate="50", changed="1")
    ((_, _, now, wide, _, _, unchanged, other, doubts),) = rows
    assert unchanged["values"] == seconds["values"]
    assert other["values"] == [80.0]
    assert wide["values"][1] - wide["values"][0] > before["values"][1] - before["values"][0]
    assert now["text"]
    assert "since the consumable was changed" in doubts["text"]
    assert "pad not changed" in text
    assert "50 angstrom/s" in text


def test_doubts_are_in_the_language_of_the_reader(reader):
    lot = {"tool": "CMP-1", "target": "5000", "wafers": "A\t9000", "as_of": "2026-05-02T12:00:00Z", "changed": "1"}
    pages = {language: reader.get("/cmp", params={**lot, "lang": language}).text for language in ("en", "es")}
    assert "results since the consumable was changed" in pages["en"]
    assert "resultados desde el cambio del consumible" in pages["es"]
    assert "results since the consumable was changed" not in pages["es"]
    assert "desde la primera registrada" in pages["es"]
    assert "smallest error on this record" not in pages["es"]


def test_the_sheet_can_be_copied_as_a_call_that_gives_the_same(reader, server):
    asked = {"tool": "CMP-1", "target": "5000", "lower": "4900", "wafers": "A'1\tH1\t9000,5\nB\tH9\t9100"}
    rows, text = sheet(reader, **asked)
    call = html.unescape(re.search(r"<pre[^>]*>(curl[^<]*)</pre>", text)[1])
    address, body = re.search(r"(http\S+) -d '(.*)'$", call).groups()
    with server.client("read") as client:
        told = client.post(address, content=body.replace("'\\''", "'"), headers={"Content-Type": "application/json"}).json()
    assert told["wafers"][0]["wafer"] == "A'1"
    assert rows[0][2]["values"] == [told["wafers"][0]["seconds"]]
    assert "No head of CMP-1 with metrology H9" in told["refused"][1]


def test_without_a_tool_or_a_rate_it_is_said_and_a_number_that_is_none_is_named(reader):
    assert "Name a tool, or enter a rate" in reader.get("/cmp", params={"target": "5000", "wafers": "9000"}).text
    told = reader.get("/cmp", params={"rate": "fast", "target": "5000", "wafers": "9000"}).text
    assert "rate must be a number" in told
    assert "The target thickness is missing" in reader.get("/cmp", params={"rate": "40", "wafers": "9000"}).text


def test_a_digit_that_is_no_number_in_the_address_is_no_fault_of_the_server(reader):
    lot = {"tool": "CMP-1", "target": "5000", "wafers": "A\t9000"}
    for path, asked in (("/cmp", {**lot, "keep": "²"}), ("/runs", {"offset": "²"}), ("/tools/ETCH-1", {"step": "²"})):
        assert reader.get(path, params=asked, follow_redirects=True).status_code == 200, path
    told = reader.get("/api/v1/cmp/predict", params={"first": "²"})
    assert told.status_code == 404


def test_in_a_fab_without_metrology_the_calculator_goes_by_a_rate_and_it_is_said_what_to_load(tmp_path):
    new_fab(tmp_path / "fab").close()
    server = Server(tmp_path / "fab")
    try:
        with server.client("read") as client:
            client.headers["Accept"] = "text/html"
            empty = client.get("/cmp")
            rows, text = sheet(client, rate="40", target="5000", wafers="A\t9000")
    finally:
        server.stop()
    assert empty.status_code == 200
    assert "How long?" in empty.text
    assert "No thickness or removal rate is on record" in empty.text
    assert "fabwatch ingest FILE" in text
    assert rows[0][2]["values"] == [100.0]
