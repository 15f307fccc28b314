"""One tool, one truth: every face shows one status and one cause of a tool at one moment, and the plan acts on it."""

import html
import json
import random
import re
from datetime import timedelta

import pytest

from fabwatch.web.translation import moments_in
from tests.commands import command
from tests.conftest import NOW
from tests.fabs import new_fab
from tests.risk import messy, oracle
from tests.served import Server

ORDER = ("failed", "restored", "limit", "out_of_spec", "warning", "doubtful", "never", "unknown", "good")
STATUS = dict(zip(ORDER, ("act",) * 4 + ("watch",) * 2 + ("none",) * 2 + ("ok",), strict=True))
TIMES = [messy.START + timedelta(hours=hours) for hours in (150, 288)]
FAB_TOML = "[quals.rate]\nwarning = 20\ninhibit = 60\n"
TIGHT = 15
"""The inhibit limit that a person sets for one chamber."""


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A messy fab with restores, a limit and an interval set by people, and a tool without moves; and a server of it."""
    rng = random.Random(7)
    moves, quals = messy.make(7)
    quals = [qual for qual in quals if qual["qual_type"] != "thickness"]
    folder = tmp_path_factory.mktemp("truth")
    (folder / "fab").mkdir()
    (folder / "fab" / "fab.toml").write_text(FAB_TOML)
    restores = [
        {"tool": tool, "chamber": rng.choice(("A", None)) if tool != "CVD-1" else None, "done_at": messy._moment(rng)}
        for tool in ("ETCH-1", "ETCH-2", "CVD-1")
        for _ in range(4)
    ]
    areas = {"ETCH-1": "Etch", "ETCH-2": "Etch", "CVD-1": "CVD", "NEVER-1": "Etch", "IDLE-1": "CVD"}
    files = {
        "a": [messy.MOVE_HEADER, *messy.move_lines(moves, rng)],
        "q": [messy.QUAL_HEADER, *messy.qual_lines(quals, rng)],
        "m": ["tool,chamber,done_at,kind", *(f"{r['tool']},{r['chamber'] or ''},{r['done_at']}Z,repair" for r in restores)],
        "t": ["tool,tool_type,area", *(f"{tool},{tool[:3]},{area}" for tool, area in areas.items())],
    }
    for name, lines in files.items():
        (folder / f"{name}.csv").write_text("\n".join(lines) + "\n")
    with new_fab(folder / "fab", clock=lambda: NOW) as fab:
        assert fab.ingest([folder / f"{name}.csv" for name in files]).clean
    with new_fab(folder / "fab", clock=lambda: TIMES[0]) as fab:
        fab.decide("ETCH-1", "particles", "inhibit", TIGHT, who="ana", reason="tight", chamber="A")
        fab.decide("ETCH-2", "rate", "interval_days", 3, who="ana", reason="often")
    with new_fab(folder / "fab", clock=lambda: NOW) as fab:
        server = Server(folder / "fab", "--as-of", TIMES[-1].isoformat())
        yield fab, server, (moves, quals, restores), areas
        server.stop()


def covers(row, chamber):
    return chamber is None or row["chamber"] in (None, chamber)


def on_record(rows, tool, kind, as_of):
    """The causes on record of the checks of a tool, and of its limits as a whole, in plain loops: {chamber: cause}."""
    moves, quals, restores = rows
    known = [q for q in quals if (q["resulted_at"] or q["processed_at"]) <= as_of and q["processed_at"] <= as_of]
    own = [q for q in known if (q["tool"], q["qual_type"]) == (tool, kind)]
    chambered = any(q["chamber"] for q in own)
    names = sorted(
        {m["chamber"] for m in moves if m["tool"] == tool and m["chamber"]} | {q["chamber"] for q in own} - {None}
    )
    causes = {}
    for name in [*(names if chambered else []), "*"]:
        place = None if name == "*" else name
        good = max((q["processed_at"] for q in own if q["passed"] and covers(q, place)), default=None)
        failed = max((q["processed_at"] for q in own if not q["passed"] and covers(q, place)), default=None)
        if chambered and place is None:
            goods = [oracle.last_good(known, tool, chamber, kind, as_of) for chamber in names]
            good, failed = None if None in goods else min(goods), None
        wafers = oracle.counts(oracle.at_risk(moves, known, tool, name, kind, as_of, as_of))[0]
        tight = TIGHT if (tool, kind, name) == ("ETCH-1", "particles", "A") and as_of >= TIMES[0] else None
        inhibit = tight or (60 if kind == "rate" else None)
        warning = 20 if kind == "rate" else None
        if failed is not None and (good is None or failed >= good):
            again = [r for r in restores if r["tool"] == tool and failed <= r["done_at"] <= as_of and covers(r, place)]
            causes[name] = "restored" if again else "failed"
        elif inhibit is not None and wafers >= inhibit:
            causes[name] = "limit"
        elif good is None and not (chambered and place is None):
            causes[name] = "never"
        elif warning is not None and wafers >= warning and good is not None:
            causes[name] = "warning"
        else:
            causes[name] = "good"
    return causes


def worst(causes):
    return min(causes, key=ORDER.index)


@pytest.mark.parametrize("as_of", TIMES)
def test_the_cause_on_record_of_every_check_is_that_of_plain_loops(made, as_of):
    fab, _, rows, _ = made
    seen = set()
    for row in fab.risk(as_of=as_of).tools:
        if row.qual_type is None:
            assert (row.cause.cause, row.status) == ("never", "none")
            continue
        causes = on_record(rows, row.tool, row.qual_type, as_of)
        expected = worst(causes.values()) if row.chamber == "*" else causes[row.chamber]
        assert (row.cause.cause, row.status) == (expected, STATUS[expected]), row
        seen.add(expected)
    assert len(seen) > 1


@pytest.mark.parametrize("as_of", TIMES)
def test_python_command_line_and_api_give_every_tool_the_same_status_and_cause(made, as_of):
    fab, server, _, areas = made
    stamp = as_of.isoformat() + "Z"
    answer = fab.tools(as_of=as_of)
    told = {row.tool: (row.status, row.cause.sentence()) for row in answer.tools}
    assert told.keys() == areas.keys()
    folder = server.fab
    for faces in (
        json.loads(command("tools", "--as-of", stamp, "--json", "--fab", folder).out),
        server.get("/api/v1/tools", as_of=stamp).json(),
    ):
        assert {row["tool"]: (row["status"], row["cause"]["sentence"]) for row in faces["tools"]} == told
    for area in server.get("/api/v1/areas", as_of=stamp).json()["areas"]:
        own = [told[tool][0] for tool, place in areas.items() if place == area["area"]]
        assert (area["act"], area["watch"]) == (own.count("act"), own.count("watch"))
    facts = {
        tool: worst(row.cause.cause for row in fab.risk(as_of=as_of).tools if row.tool == tool and row.chamber == "*")
        for tool in areas
    }
    for row in answer.tools:
        assert ORDER.index(row.cause.cause) <= ORDER.index(facts[row.tool])
        assert row.cause.cause == facts[row.tool] or row.cause.cause in ("out_of_spec", "doubtful", "unknown")


def test_tiles_and_tool_pages_show_it_too_and_a_tile_opens_the_check_at_fault(made):
    fab, server, _, areas = made
    rows = fab.tools(as_of=TIMES[-1]).tools
    assert len(rows) == len(areas)
    with server.client("admin") as client:
        client.get("/api/v1/tools")
        board = html.unescape(client.get("/", params={"lang": "en"}, headers={"Accept": "text/html"}).text)
        for row in rows:
            cell = re.search(rf'<a class="cell (\w+)" href="([^"]+)">\s*<strong>{row.tool}<.*?</a>', board, re.DOTALL)
            assert cell[1] == row.status
            sentence = moments_in(row.cause.sentence(), "en", "UTC")
            assert row.status == "ok" or sentence in cell[0]
            assert row.cause.qual_type is None or f"qual_type={row.cause.qual_type}" in cell[2]
            page = client.get(cell[2], headers={"Accept": "text/html"})
            assert page.status_code == 200
            heading = html.unescape(page.text.partition("<h1>")[2].partition("</div>")[0])
            assert f'class="chip {row.status}"' in heading
            assert sentence in heading


@pytest.mark.parametrize("as_of", TIMES)
def test_what_has_to_be_checked_now_is_in_the_plan_of_today_and_a_part_of_the_plan_is_the_plan_filtered(made, as_of):
    fab, _, _, areas = made
    whole = fab.plan(as_of=as_of)
    for row in fab.tools(as_of=as_of).tools:
        due = [item for item in whole.items if item.tool == row.tool and item.day == 0]
        if row.status == "act":
            assert row.cause.cause in {item.reason for item in due}, row
            assert (row.next_check_day, row.next_check_reason) == (0.0, row.cause.cause) or due
        else:
            assert not {item.reason for item in due} & {"failed", "restored", "limit", "out_of_spec"}, row
    for area in set(areas.values()):
        assert fab.plan(area=area, as_of=as_of).items == tuple(item for item in whole.items if item.area == area)
    assert fab.plan(tool="ETCH-1", as_of=as_of).items == tuple(item for item in whole.items if item.tool == "ETCH-1")
    assert fab.plan(qual_type="rate", as_of=as_of).items == tuple(i for i in whole.items if i.qual_type == "rate")


@pytest.mark.parametrize("as_of", TIMES)
def test_the_list_to_contain_names_the_chamber_and_type_that_failed_and_each_link_leads_there(made, as_of):
    fab, server, _, _ = made
    stamp = as_of.isoformat() + "Z"
    chambered = {(r.tool, r.qual_type) for r in fab.risk(as_of=as_of).tools if r.chamber != "*"}
    wanted = {
        (row.tool, row.qual_type, row.chamber, row.failed_at)
        for row in fab.risk(as_of=as_of).tools
        if row.failed_at and (row.chamber != "*" or (row.tool, row.qual_type) not in chambered)
    }
    with server.client("admin") as client:
        links = []
        for path in ("/contain", "/"):
            page = client.get(path, params={"as_of": stamp}, headers={"Accept": "text/html"}).text
            links += re.findall(r'href="(/contain/[^"]+)"', page)
        led = set()
        for link in links:
            address = html.unescape(link)
            answer = client.get(address, headers={"Accept": "text/html"})
            assert answer.status_code == 200, address
            held = client.get(f"/api/v1{address}").json()
            led.add((held["tool"], held["qual_type"], held["chamber"], held["until"]))
    assert {(tool, kind, chamber, at.isoformat() + "Z") for tool, kind, chamber, at in wanted} <= led


def test_a_good_qual_of_one_chamber_is_no_all_clear_for_another(log):
    log.ran(*range(6)).qual(1, True, chamber="A").qual(1, True, chamber="B")
    with log.qual(4, False, chamber="A").qual(5, True, chamber="B").fab() as fab:
        (row,) = fab.tools().tools
        assert (row.status, row.cause.cause, row.cause.chamber, row.cause.qual_type) == ("act", "failed", "A", "p")
        assert {r.chamber: r.cause.cause for r in fab.risk().tools} == {"*": "failed", "A": "failed", "B": "good"}


def test_what_is_not_known_yet_is_grey_and_never_ok(log):
    from fabwatch.fab.boards import board

    log.typed("T", "U", "IDLE").ran(*range(6)).qual(5, True).ran(*range(6), tool="U")
    with log.fab() as fab:
        waiting = board(fab.risk(), None, None, fab.settings.fab, 7.0)
        assert {row.tool: row.cause.cause for row in waiting.tools} == {"T": "unknown", "U": "never", "IDLE": "never"}
        assert {row.status for row in waiting.tools} == {"none"}
