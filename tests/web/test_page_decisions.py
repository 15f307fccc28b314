"""What is decided and loaded on the pages counts from then on: holds, limits, polish times, late files."""

import csv
import io
import re

import pytest

from fabwatch.terms.tabular import csv_text
from tests.web.test_pages import whole


@pytest.fixture(scope="module")
def server(own_server):
    return own_server


def test_what_a_spreadsheet_would_run_is_neutralised_and_numbers_stay_numbers(reader, server):
    with server.client("admin") as client:
        at = "2026-06-09T20:00:00Z"
        text = f"lot,wafer,tool,end_at\n=cmd|' /C calc'!A0,@SUM(1).1,CMP-1,{at}\n+1,-2+3.01,CMP-1,{at}\n"
        assert client.post("/api/v1/loads", files={"file": ("formulas.csv", text.encode())}).json()["summary"]["rows"] == 2
        got = client.get("/api/v1/contain/CMP-1?format=csv&at=2026-06-09T04:48:00Z")
        if got.status_code == 404:
            at = re.search(r"20\S+Z", got.json()["hint"]).group()
            got = client.get(f"/api/v1/contain/CMP-1?format=csv&at={at}")
        rows = list(csv.DictReader(io.StringIO(client.get("/api/v1/loads?format=csv").text)))
    assert all(not str(value).startswith(("=", "+", "@")) for row in rows for value in row.values())
    assert any(row["rows"] == "2" for row in rows)
    said = csv_text([{"lot": "=1+1", "n": -5, "x": 2.5, "t": "@SUM", "m": "-2+3", "p": "+x", "ok": "L1"}])
    assert said.splitlines()[1] == "'=1+1,-5,2.5,'@SUM,'-2+3,'+x,L1"


def test_wafers_are_held_on_the_page_and_stand_in_the_audit_with_the_key(reader, server):
    ours = {"Sec-Fetch-Site": "same-origin"}
    page = reader.get("/contain/ETCH-1").text
    names = re.findall(r'name="names" value="([^"]+)"', page)
    made = reader.post("/contain/ETCH-1/hold", data={"reason": "particles", "names": names[:2]}, headers=ours)
    assert made.status_code == 303, made.text[-1500:]
    hold = reader.get(made.headers["location"])
    assert "particles" in hold.text
    code = made.headers["location"].rsplit("/", 1)[-1]
    item = re.findall(r'name="names" value="([^"]+)"', hold.text)[0]
    done = reader.post(f"/holds/{code}/dispose", data={"reason": "seen", "act": "scrap", "names": [item]}, headers=ours)
    assert done.status_code == 303
    entries = server.get("/api/v1/audit").json()["entries"]
    assert [entry["act"] for entry in entries[:2]] == ["scrap", "hold"]
    assert entries[0]["who"].startswith("test admin (")
    refused = reader.post("/contain/ETCH-1/hold", data={"reason": "x", "names": names[2:3]}, headers=ours)
    assert refused.status_code == 422
    assert "reason needs at least 3 characters" in refused.text


def test_scrapping_is_a_second_step_that_names_what_and_how_many_and_needs_no_script(reader, server):
    ours = {"Sec-Fetch-Site": "same-origin"}
    with server.client("admin") as client:
        made = client.post("/api/v1/holds", json={"tool": "ETCH-1", "reason": "two steps"})
    hold = made.json()["hold"]
    page = reader.get(f"/holds/{hold}").text
    release, scrap = (re.search(rf"<button[^>]*{mark}[^>]*>[^<]*</button>", page)[0] for mark in ('"release"', "/scrap"))
    assert 'class="final"' in scrap
    assert 'class="final"' not in release
    assert ("✕ Scrap selected …" in scrap, "Release selected" in release) == (True, True)
    names = [item["wafer"] for item in server.get(f"/api/v1/holds/{hold}").json()["items"]][:3]
    asked = reader.post(f"/holds/{hold}/scrap", data={"names": names, "reason": "typed for a release"}, headers=ours)
    assert asked.status_code == 200
    assert f"Scrap 3 wafers of {hold}?" in asked.text
    assert all(f'name="names" value="{name}"' in asked.text for name in names)
    assert "typed for a release" not in asked.text
    assert server.get(f"/api/v1/holds/{hold}").json()["scrapped"] == 0
    form = asked.text.partition('<form method="post" action="/holds/')[2].partition("</form>")[0]
    sent = {"names": re.findall(r'name="names" value="([^"]+)"', form), "act": "scrap", "reason": "scratched"}
    assert reader.post(f"/holds/{hold}/dispose", data=sent, headers=ours).status_code == 303
    assert server.get(f"/api/v1/holds/{hold}").json()["scrapped"] == 3
    for path in ("scrap", "dispose"):
        nothing = reader.post(f"/holds/{hold}/{path}", data={"act": "scrap", "reason": "again"}, headers=ours)
        assert nothing.status_code == 422
        assert "Nothing that is on hold was selected" in nothing.text


def test_the_form_of_a_decision_is_not_filled_with_the_value_of_another_one(reader):
    page = whole(reader, "/tools/CMP-1").text
    form = page.partition('action="/tools/CMP-1/decide"')[2].partition("</form>")[0]
    assert 'name="value"' in form
    assert not re.search(r'<input name="value"[^>]*\svalue=', form)


def test_a_limit_that_is_decided_on_the_page_counts_from_then_on(reader, server):
    ours = {"Sec-Fetch-Site": "same-origin"}
    given = {"qual_type": "particles", "name": "inhibit", "value": "7,0", "reason": "agreed", "chamber": "*"}
    assert reader.post("/tools/CMP-2/decide", data=given, headers=ours).status_code == 303
    assert [one["value"] for one in server.get("/api/v1/decisions", tool="CMP-2").json()["decisions"]] == [7.0]
    bad = reader.post("/tools/CMP-2/decide", data={**given, "value": "seven"}, headers=ours)
    assert bad.status_code == 422


def test_late_data_is_told_on_the_containment_page(server, reader):
    with server.client("admin") as client:
        before = client.get("/api/v1/contain/ETCH-2").json()
        seen = server.get("/api/v1/fab").json()["last_load_at"]
        late = f"lot,wafer,tool,chamber,end_at\nLATE,LATE.01,ETCH-2,A,{before['until']}\n"
        assert client.post("/api/v1/loads", files={"file": ("late.csv", late.encode())}).json()["summary"]["rows"] == 1
        assert client.get("/api/v1/contain/ETCH-2").json()["wafers"] == before["wafers"] + 1
    part = reader.get("/contain/ETCH-2/added", params={"seen": seen, "qual_type": "particles", "at": before["until"]}).text
    assert "<strong>1</strong> wafers added since" in part
    assert "new" in reader.get("/contain/ETCH-2", params={"seen": seen}).text


def test_a_time_that_was_chosen_instead_is_kept_from_the_page_with_its_reason(reader, server):
    text = reader.get("/cmp", params={"tool": "CMP-1", "target": "5000", "wafers": "A\t9000\nB\t9100", "keep": "2"}).text
    form = text.partition('action="/cmp/keep"')[2].partition("</form>")[0]
    given = dict(re.findall(r'name="(\w+)" value="([^"]*)"', form))
    assert (given["wafer"], given["incoming"], given["head"]) == ("B", "9100.0", "H1")
    kept = reader.post(
        "/cmp/keep",
        data={**given, "chosen": "104,5", "reason": "the last three came out thick"},
        headers={"Sec-Fetch-Site": "same-origin"},
    )
    assert kept.status_code == 303
    (row, *_) = server.get("/api/v1/cmp/advices", "read").json()["advices"]
    assert (row["wafer"], row["chosen_s"], row["reason"]) == ("B", 104.5, "the last three came out thick")
