"""Numbers and times that are none are refused with a hint, in every parameter of every route, page and form; never a 500."""

import json
import re
from typing import Any

import pytest

from fabwatch.fab.actions import ACTIONS
from fabwatch.fab.questions import QUESTIONS
from fabwatch.terms.questions import Kind, declared

KINDS: tuple[Any, ...] = (*QUESTIONS, *ACTIONS)
NUMBERS = ["nan", "NaN", "inf", "-inf", "Infinity", "1e308", "-1e308", "1e999", "0x10", "9" * 400, "١٢٣x", " "]
TIMES = [
    "nan",
    "inf",
    "1e308",
    "-1e308",
    "0000-01-01",
    "9999-12-31T23:59:59Z",
    "2026-13-01",
    "9" * 39,
    "2026-05-01T00:00:00+99:99",
]
VALID = {
    "model": "etch@1",
    "tool": "ETCH-1",
    "qual_type": "particles",
    "sensor": "Pressure",
    "rule": "golden",
    "name": "warning",
    "reason": "for the test",
    "hold": "H-0001",
    "lot": "L0001",
    "counts": True,
}


@pytest.fixture(scope="module")
def run(server):
    return server.get("/api/v1/trace/runs").json()["runs"][0]["run"]


@pytest.fixture(scope="module")
def client(server):
    with server.client("admin") as one:
        yield one


def fields_of(kinds):
    for kind in KINDS:
        if kind.spec.path:
            for field in declared(kind):
                if field.kind in kinds:
                    yield kind, field


def stated(kind, run):
    values = {**VALID, "run": run, "runs": [run]}
    return {f.public: values.get(f.public, 1.0) for f in declared(kind) if f.required}


def placed(path, values):
    """The path with its names, which `values` loses."""
    for name in re.findall(r"\{(\w+)\}", path):
        path = path.replace("{" + name + "}", str(values.pop(name, VALID[name])))
    return f"/api/v1{path}"


def refused(answer):
    assert 400 <= answer.status_code < 500, (str(answer.request.url)[:300], answer.status_code, answer.text[:300])
    body = answer.json()
    assert body["hint"]
    assert "Traceback" not in answer.text


@pytest.mark.parametrize(
    ("kind", "field"),
    [pytest.param(k, f, id=f"{k.__name__} {f.public}") for k, f in fields_of((Kind.NUMBER, Kind.WHOLE, Kind.TIME))],
)
def test_what_is_no_number_or_time_of_ours_is_refused_by_every_route(client, run, kind, field):
    base = stated(kind, run)
    for value in TIMES if field.kind is Kind.TIME else NUMBERS:
        values = {**base, field.public: value}
        path = placed(kind.spec.path, values)
        if kind in QUESTIONS:
            refused(client.get(path, params=values))
        else:
            refused(client.post(path, json=values))
    if kind in ACTIONS and field.kind is not Kind.TIME:
        for raw in ("NaN", "Infinity", "-Infinity", "1e999", "-1e308", "9" * 400):
            text = json.dumps({**base, field.public: "@"}).replace('"@"', raw)
            path = placed(kind.spec.path, dict(base))
            refused(client.post(path, content=text, headers={"Content-Type": "application/json"}))


@pytest.mark.parametrize("name", ["limit", "offset"])
def test_the_rows_of_a_page_are_counted_in_whole_numbers(client, name):
    for value in [*NUMBERS, "-1", "1.5"]:
        refused(client.get("/api/v1/risk", params={name: value}))


@pytest.mark.parametrize("name", ["incoming", "target", "lower", "upper", "incoming_sd", "rate", "rate_sd", "coverage"])
def test_polish_times_take_no_number_that_is_none(client, name):
    for raw in ("NaN", "Infinity", "-Infinity", "1e308", "-1e308", "1e999", "9" * 400, '"nan"', "true"):
        body = {"incoming": 9000, "target": 5000, "rate": 40, name: "@"}
        text = json.dumps(body).replace('"@"', raw)
        refused(client.post("/api/v1/cmp/polish-time", content=text, headers={"Content-Type": "application/json"}))
        if name in ("incoming", "target", "lower", "upper", "incoming_sd"):
            wafers = json.dumps({"rate": 40, "target": 5000, "wafers": [{"incoming": 9000, name: "@"}]}).replace('"@"', raw)
            refused(client.post("/api/v1/cmp/polish-time", content=wafers, headers={"Content-Type": "application/json"}))


PAGES = """
/run?run=RUN&since=
/run?run=RUN&until=
/run/pictures?run=RUN&since=
/run/row?run=RUN&at=
/tools/ETCH-1?days=
/plan?days=
/cmp?tool=CMP-1&wafers=9000&target=
/cmp?tool=CMP-1&target=5000&wafers=
/cmp?rate=
/cmp?rate=40&target=5000&wafers=9000&coverage=
/cmp?rate=40&target=5000&wafers=9000&rate_sd=
/record?coverage=
/?as_of=
/?known_at=
/plan?as_of=
/contain/ETCH-1?seen=
/contain/ETCH-1?at=
/contain/ETCH-1/added?seen=
/stats?since=
/sensors?until=
/runs?offset=
/stats?offset=
/load?offset=
/tools/ETCH-1?step=
/tools/ETCH-1?every=
/cmp?rate=40&target=5000&wafers=9000&keep=
"""
LENIENT = ("step", "every", "keep", "offset", "wafers", "rate", "target", "coverage", "rate_sd")
"""Where the page says so beside the field, or shows its usual choice."""


@pytest.mark.parametrize("line", PAGES.split())
def test_no_page_breaks_on_a_number_or_time_that_is_none(client, run, line):
    name = re.search(r"(\w+)=$", line).group(1)
    for value in (*NUMBERS[:-1], *TIMES):
        path = line.replace("RUN", run.replace("/", "%2F").replace("@", "%40"))
        answer = client.get(path + value.replace("+", "%2B"), headers={"Accept": "text/html"})
        assert answer.status_code < 500, (path, value, answer.text[-500:])
        if name not in LENIENT and value in ("nan", "inf", "1e308", "-1e308"):
            assert answer.status_code >= 400, (path, value)


FORMS = {
    "/tools/ETCH-1/decide": ({"qual_type": "particles", "name": "warning", "reason": "for the test"}, "value"),
    "/cmp/keep": ({"tool": "CMP-1", "incoming": "9000", "target": "5000", "reason": "for the test"}, "incoming"),
    "/cmp/keep ": ({"tool": "CMP-1", "incoming": "9000", "target": "5000", "reason": "for the test"}, "chosen"),
    "/contain/ETCH-1/hold": ({"reason": "for the test"}, "at"),
}


@pytest.mark.parametrize("path", FORMS)
def test_no_form_takes_a_number_or_time_that_is_none(client, path):
    form, name = FORMS[path]
    for value in ("nan", "inf", "-inf", "1e308", "-1e308", "1e999"):
        refused(client.post(path.strip(), data={**form, name: value}))
