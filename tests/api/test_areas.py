"""A key of one area learns nothing of another: what is not there and what is not theirs are answered alike, everywhere."""

import json
import re
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote

import httpx
import pytest

from fabwatch.fab import Fab
from fabwatch.fab.actions import ACTIONS
from fabwatch.fab.questions import QUESTIONS
from fabwatch.terms.questions import Kind, declared
from tests.fabs import new_fab
from tests.served import Server

AS_OF = "2026-05-21T00:00:00Z"
DAY0 = datetime(2026, 5, 1)
OWN, OTHER = "ALFA", "ZULU"
"""Each name of the world holds the name of its area."""


def stamp(days):
    return (DAY0 + timedelta(days=days)).isoformat() + "Z"


def files(folder, area):
    folder.mkdir(parents=True)
    tools = [f"{area}-T1", f"{area}-T2"]
    lines = {
        "tools": ["tool,tool_type,area", *(f"{tool},{area}-TYPE,{area}" for tool in tools)],
        "moves": ["lot,wafer,tool,chamber,recipe,product,step,step_no,route,end_at"],
        "quals": ["tool,qual_type,processed_at,passed,reading,unit,lower,upper"],
        "metrology": ["wafer,tool,head,product,polished_at,measured_at,incoming,after,seconds,unit,target,lower,upper"],
    }
    for tool in tools:
        for n in range(120):
            place = f"{tool},{area}-CH,{area}-REC,{area}-PROD,{area}-STEP,1,{area}-ROUTE"
            lines["moves"].append(f"{area}-L{n // 5},{area}-L{n // 5}.{n % 5},{place},{stamp(n / 6)}")
        for look in range(1, 10):
            failed = look in (4, 9)
            result = f"{'fail' if failed else 'pass'},{40 if failed else 10 + look},count,,30"
            lines["quals"].append(f"{tool},{area}-QUAL,{stamp(look * 2)},{result}")
        for n in range(20):
            when = f"{stamp(n / 2)},{stamp(n / 2 + 0.1)}"
            lines["metrology"].append(
                f"{area}-M{n},{tool},{area}-HEAD,{area}-PROD,{when},9000,{5000 + n},100,angstrom,5000,4850,5150"
            )
    for name, rows in lines.items():
        (folder / f"{name}.csv").write_text("\n".join(rows) + "\n")
    log = [f"time,tool,chamber,recipe,lot,wafer,step,{area}-Flow [sccm],{area}-Power [W],{area}-Bias [V],{area}-Heat [C]"]
    for n in range(12):
        for k in range(20):
            at = (DAY0 + timedelta(days=n, seconds=k)).isoformat() + ".250Z"
            value = 10 + (n * 7 + k * 3) % 5 / 50 + (5 if n == 10 else 0)
            names = f"{area}-T1,{area}-CH,{area}-REC,{area}-LOG,{area}-LOG.{n},{area}-STEP"
            log.append(f"{at},{names},{value},{300 + k % 3},{50 + k % 2},{60 + k % 5}")
    (folder / f"{area}.log").write_text("\n".join(log) + "\n")
    return folder


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    """A fab of two areas that have no name in common, with a hold, a decision and golden runs in each."""
    place = tmp_path_factory.mktemp("areas")
    fab = place / "fab"
    fab.mkdir()
    rules = [f'[rules.{a}-rule]\nsensor = "{a}-Flow"\ntool = "{a}*"\nabove = 14.0\n' for a in (OWN, OTHER)]
    (fab / "fab.toml").write_text(
        "\n".join(['[sources.logs]\nfiles = "*.log"\nkind = "log"\ncolumns = { time = "time" }\n', *rules])
    )
    with new_fab(fab) as door:
        for area in (OWN, OTHER):
            assert door.ingest(files(place / area, area)).failed == 0
        names = {}
        for area in (OWN, OTHER):
            hold = door.hold(f"{area}-T1", who="a", reason="for the test", as_of=AS_OF)
            runs = [run.run for run in door.runs(tool=f"{area}-T1").runs]
            door.choose_golden(runs[-4:], who="a", reason=f"{area} is good")
            door.decide(f"{area}-T1", f"{area}-QUAL", "warning", 20.0, who="a", reason=f"{area} wants it")
            names[area] = {
                "tool": f"{area}-T1",
                "area": area,
                "hold": hold.hold,
                "run": runs[0],
                "first": runs[0],
                "last": runs[0],
                "rule": f"{area}-rule",
                "sensor": f"{area}-Flow",
                "qual_type": f"{area}-QUAL",
                "chamber": f"{area}-CH",
                "recipe": f"{area}-REC",
                "step": f"{area}-STEP",
                "head": f"{area}-HEAD",
                "product": f"{area}-PROD",
                "names": f"{area}-L1",
                "runs": runs[0],
                "clock": f"{area}-QUAL",
                "q": area,
            }
    return fab, names


@pytest.fixture(scope="module")
def server(world):
    running = Server(world[0], "--as-of", AS_OF)
    yield running
    running.stop()


@pytest.fixture(scope="module")
def client(server):
    with server.client("admin", area=OWN) as one:
        one.headers["Sec-Fetch-Site"] = "same-origin"
        yield one


NOWHERE = "NEVER-THERE"


def variants(other, every):
    """Values of a parameter: another area's, and that one letter off."""
    return [other, other[:-1], *([other + "1", f"x{other}", other.lower()] if every else [])]


def told(answer, value):
    """What an answer says apart from the name that was asked for, and from what differs from request to request."""
    text = answer.text
    for written in {value, quote(value), quote(value, safe=""), json.dumps(value)[1:-1], value.replace("&", "&amp;")}:
        text = text.replace(written, "·")
    # Each request has a number of its own.
    text = re.sub(r',?"request_id":"[0-9a-f]+"', "", text)
    return answer.status_code, re.sub(r'"(how|snapshot)":.*?[}]', "", text)


def requests_of_the_api(names):
    """One request per route and text field: the method, the path and the body, made by the value of the field."""
    own = names[OWN]
    kinds: tuple[Any, ...] = (*QUESTIONS, *ACTIONS)
    for kind in kinds:
        spec, fields = kind.spec, declared(kind)
        if not spec.path:
            continue
        texts = [f for f in fields if f.kind in (Kind.TEXT, Kind.TEXTS) and f.public in own]
        base = {f.public: own[f.public] for f in texts if f.required or f.public in ("tool", "run")}
        base |= {f.public: 1.0 for f in fields if f.required and f.kind is Kind.NUMBER}
        for field in texts:

            def made(value, spec=spec, base=base, field=field, kind=kind, fields=fields):
                stated = {**base, field.public: value}
                if field.public == "area":
                    stated.pop("tool", None)
                path = "/api/v1" + re.sub(r"\{(\w+)\}", lambda m: quote(stated.pop(m.group(1)), safe=""), spec.path)
                if kind in QUESTIONS:
                    return "GET", path, {"params": stated}
                listed = {f.public for f in fields if f.kind is Kind.TEXTS}
                body = {name: [v] if name in listed else v for name, v in stated.items()}
                if any(f.public == "reason" for f in fields):
                    body["reason"] = "by a key of one area"
                if any(f.public == "counts" for f in fields):
                    body["counts"] = True
                if kind.__name__ == "Decide":
                    body["name"] = "warning"
                return "POST", path, {"json": body}

            yield f"{kind.__name__} {field.public}", own[field.public], names[OTHER][field.public], made


PAGES = """
/?area=
/tools/{tool}
/tools/ALFA-T1?qual_type=
/tools/ALFA-T1?chamber=
/contain?area=
/contain/{tool}
/contain/ALFA-T1?qual_type=
/contain/ALFA-T1?chamber=
/contain/{tool}/added?seen=2026-05-20T00:00:00Z
/holds/{hold}
/run?run=
/run?run=&tool=ALFA-T1
/run/row?run=
/run/pictures?run=
/run/pictures?sensor=&run=OWN
/runs?tool=
/sensors?tool=
/sensors?tool=ALFA-T1&sensor=
/sensors?tool=ALFA-T1&step=
/sensors?tool=ALFA-T1&recipe=
/chambers?tool=&sensor=ALFA-Flow
/chambers?tool=ALFA-T1&sensor=
/chambers?tool=ALFA-T1&sensor=ALFA-Flow&step=
/chambers?tool=ALFA-T1&sensor=ALFA-Flow&recipe=
/rules?rule=&tool=ALFA-T1
/rules?rule=golden&tool=
/cmp?tool=
/cmp?tool=ALFA-T1&head=&wafers=9000&target=5000
/cmp?tool=ALFA-T1&product=&wafers=9000&target=5000
/record?tool=
/record?area=
/stats?tool=
/stats?area=
/stats?tool=ALFA-T1&qual_type=
/spc?tool=
/spc?area=
/spc?tool=ALFA-T1&qual_type=
/spc/short?tool=
/plan?area=
/search?q=
/search/list?q=
"""
FORMS = {
    "/contain/{tool}/hold": {"reason": "not theirs"},
    "/contain/ALFA-T1/hold?names": {"reason": "not theirs"},
    "/contain/ALFA-T1/hold?qual_type": {"reason": "not theirs"},
    "/contain/ALFA-T1/hold?chamber": {"reason": "not theirs"},
    "/holds/{hold}/dispose": {"reason": "not theirs", "act": "scrap"},
    "/spc/freeze?tool": {"reason": "not theirs"},
    "/tools/{tool}/decide": {"reason": "not theirs", "qual_type": "ALFA-QUAL", "name": "warning", "value": "9"},
    "/tools/ALFA-T1/decide?qual_type": {"reason": "not theirs", "name": "warning", "value": "9"},
    "/run/golden?run": {"reason": "not theirs", "act": "choose"},
    "/rules?rule": {"reason": "not theirs", "act": "on"},
    "/cmp/keep?tool": {"incoming": "9000", "target": "5000", "reason": "not theirs"},
}


def requests_of_pages(names):
    own = names[OWN]
    for line in PAGES.split():
        name = (re.search(r"\{(\w+)\}", line) or re.search(r"(\w+)=(?=&|$)", line)).group(1)

        def made(value, line=line, name=name):
            filled = line.replace("OWN", quote(own["run"], safe="")).replace("{" + name + "}", quote(value, safe=""))
            path = re.sub(rf"\b{name}=(?=&|$)", f"{name}={quote(value, safe='')}", filled)
            return "GET", path, {"headers": {"Accept": "text/html", "Accept-Language": "en"}}

        yield f"page {line}", own[name], names[OTHER][name], made
    for line, form in FORMS.items():
        path, _, name = line.partition("?")
        name = name or re.search(r"\{(\w+)\}", line).group(1)

        def sent(value, path=path, name=name, form=form):
            inside = "{" + name + "}" in path
            data = form if inside else {**form, name: value}
            return "POST", path.replace("{" + name + "}", quote(value, safe="")), {"data": data}

        yield f"form {line}", own[name], names[OTHER][name], sent


def test_what_is_not_there_and_what_belongs_to_another_area_are_answered_alike(world, client, pytestconfig):
    every = pytestconfig.getoption("soak")

    def faults_of(request):
        what, _, other, made = request

        def answered(value):
            method, path, more = made(value)
            return told(client.request(method, path, **more), value)

        nowhere = answered(NOWHERE)
        answers = [(value, answered(value)) for value in variants(other, every)]
        alike = all(answer == nowhere and OTHER.casefold() not in answer[1].casefold() for _, answer in answers)
        return [] if alike and nowhere[0] < 500 else [(what, nowhere, answers)]

    requests = [*requests_of_the_api(world[1]), *requests_of_pages(world[1])]
    with ThreadPoolExecutor(4) as pool:
        faults = [fault for faults in pool.map(faults_of, requests) for fault in faults]
    assert not faults, "\n".join(str(fault)[:1000] for fault in faults[:20])


def test_no_answer_to_a_key_of_one_area_holds_a_name_of_another(world, client):
    names = world[1]
    plain = ["/", "/plan", "/contain", "/holds", "/stats", "/spc", "/runs", "/cmp", "/record", "/rules", "/sensors", "/load"]
    asked = [("GET", path, {"headers": {"Accept": "text/html"}}) for path in plain]
    asked += [made(own) for _, own, _, made in [*requests_of_the_api(names), *requests_of_pages(names)]]
    faults = []
    for method, path, more in asked:
        if method == "GET":
            answer = client.request(method, path, **more)
            if answer.status_code >= 500 or OTHER.casefold() in answer.text.casefold():
                place = answer.text.casefold().find(OTHER.casefold())
                faults.append((path, answer.status_code, answer.text[max(place - 200, 0) : place + 100]))
    assert not faults, "\n".join(str(fault) for fault in faults[:20])


def test_a_key_of_one_area_still_sees_and_decides_what_is_its_own(world, server, client):
    names = world[1][OWN]
    for path in (f"/api/v1/holds/{names['hold']}", f"/api/v1/contain/{names['tool']}", "/api/v1/trace/rules"):
        assert client.get(path).status_code == 200, path
    assert {rule["rule"] for rule in client.get("/api/v1/trace/rules").json()["rules"]} >= {"golden", names["rule"]}
    body = {"runs": [names["run"]], "reason": "theirs to choose"}
    assert client.post("/api/v1/trace/goldens", json=body).status_code == 201
    body = {"reason": "theirs to release"}
    assert client.post(f"/api/v1/holds/{names['hold']}/release", json=body).status_code == 200


def test_nothing_of_another_area_was_changed_by_all_that_was_tried(world, server, client):
    other = world[1][OTHER]
    with httpx.Client(base_url=server.address, headers={"Authorization": f"Bearer {server.key('admin')}"}) as whole:
        hold = whole.get(f"/api/v1/holds/{other['hold']}").json()
        goldens = whole.get("/api/v1/trace/goldens").json()["goldens"]
    assert {item["state"] for item in hold["items"]} == {"held"}
    assert len([golden for golden in goldens if OTHER in json.dumps(golden)]) == 1
    with Fab(world[0]) as fab:
        assert len([row for row in fab.holds() if OTHER in row.tool]) == 1
