"""Polish times: worked cases in data, the same in Python, on the command line and over HTTP; and what is refused."""

import json
import tomllib
from pathlib import Path

import pytest

from fabwatch.cli.app import _run
from fabwatch.cmp.polish import Bounds, Film, Rate, polish_time
from fabwatch.terms.doubts import joined
from fabwatch.terms.errors import BadQuestion

pytestmark = pytest.mark.unit

CASES = tomllib.loads((Path(__file__).parent.parent / "cases" / "cmp" / "polish.toml").read_text())["case"]


def asked(ask):
    film = Film(
        ask.get("incoming"),
        ask["target"],
        ask["unit"],
        ask.get("incoming_sd", 0.0),
        ask.get("lower"),
        ask.get("upper"),
        rework=ask.get("rework", False),
        sites=ask.get("sites", ()),
    )
    rate = Rate(ask["rate"], ask.get("rate_unit", f"{ask['unit']}/s"), ask.get("rate_sd"))
    return polish_time(film, rate, None, ask.get("coverage", 0.9))


def command(ask):
    words = ["cmp", "polish-time", "--json"]
    for name, value in ask.items():
        words += [f"--{name.replace('_', '-')}"] + (
            [] if value is True else [" ".join(map(str, value)) if isinstance(value, list) else str(value)]
        )
    return words


def test_there_are_forty_cases_or_more():
    assert len(CASES) >= 40


@pytest.mark.parametrize("case", CASES, ids=[case["why"] for case in CASES])
def test_a_worked_case_is_as_it_was_worked_out(case, capsys):
    code = _run(command(case["ask"]))
    told = capsys.readouterr()
    if "refused" in case:
        with pytest.raises(BadQuestion, match=case["refused"]) as stop:
            asked(case["ask"])
        assert stop.value.hint
        assert code == 1
        assert case["refused"] in told.err
        assert "hint: " in told.err
        return
    answer = asked(case["ask"]).to_dict()
    assert json.loads(told.out) == answer
    for name, wanted in (("seconds", "seconds"), ("low", "low"), ("high", "high"), ("predicted_after", "after")):
        if wanted in case:
            assert answer[name] == pytest.approx(case[wanted], rel=1e-9, abs=1e-9)
    if "out" in case:
        assert answer["p_out_of_spec"] == pytest.approx(case["out"], rel=1e-9)
    assert any(case.get("doubt", "") in doubt for doubt in [*answer["doubts"], ""])
    if not {"rate_sd", "incoming_sd", "sites"} & case["ask"].keys():
        # Nothing is known of the spread: no interval is made up.
        assert (answer["low"], answer["high"], answer["p_out_of_spec"]) == (None, None, None)


def test_the_worked_cases_are_the_same_over_http(server):
    with server.client("read") as client:
        for case in CASES:
            got = client.post("/api/v1/cmp/polish-time", json=case["ask"])
            if "refused" in case:
                assert got.status_code in (409, 422), case["why"]
                assert got.json()["hint"]
                assert got.status_code == 422 or case["refused"] in got.json()["what"]
            else:
                assert got.json() == asked(case["ask"]).to_dict(), case["why"]


def test_ten_thousand_wafers_over_http_are_answered_each_by_itself(server):
    wafers = [{"incoming": 9000 + n / 10, "wafer": f"W{n}"} for n in range(9_999)] + [{"incoming": 10}]
    with server.client("read") as client:
        got = client.post("/api/v1/cmp/polish-time", json={"target": 5000, "rate": 40, "rate_sd": 1, "wafers": wafers})
    told = got.json()
    assert len(told["wafers"]) == 10_000
    assert told["wafers"][40]["seconds"] == pytest.approx(100.1)
    assert told["wafers"][-1] is None
    assert "below its target" in told["refused"][-1]


def test_what_a_wafer_does_not_say_for_itself_is_as_it_is_said_for_all(server):
    said = {"rate": 40, "target": 5000, "lower": 4900, "upper": 5100, "rate_sd": 1, "wafer": "ignored"}
    wafers = [{"incoming": 9000}, {"incoming": 9000, "target": 4000, "upper": None, "wafer": "W2"}]
    with server.client("read") as client:
        first, second = client.post("/api/v1/cmp/polish-time", json={**said, "wafers": wafers}).json()["wafers"]
        assert first == asked({**said, "incoming": 9000, "unit": "angstrom"}).to_dict()
        both = client.post("/api/v1/cmp/polish-time", json={"rate": 40, "tool": "CMP-1", "incoming": 9000, "target": 5000})
    assert (first["seconds"], second["seconds"], second["wafer"]) == (100, 125, "W2")
    assert first["p_out_of_spec"] is not None
    # Its lower limit of 4,900 lies above its own target.
    assert second["p_out_of_spec"] > 0.9
    assert both.status_code == 409
    assert "Either a rate or a tool" in both.json()["what"]


def test_deadband_step_and_bounds_hold_whatever_is_asked():
    bounds = Bounds(least_s=20, most_s=150, step_s=5, deadband_s=1, last_s=100)
    for incoming, seconds, said in (
        (9030, 100.0, "deadband"),
        (9100, 102.5, None),
        (9400, 105.0, "StepLimited"),
        (8600, 95.0, "StepLimited"),
    ):
        told = polish_time(Film(incoming, 5000), Rate(40), bounds)
        assert told.seconds == seconds
        assert said is None or said in told.reason + joined(told.doubts)
    assert polish_time(Film(5100, 5000), Rate(40), Bounds(least_s=20)).seconds == 20
    assert polish_time(Film(9000, 5000), Rate(40), Bounds(offset_s=2.5)).seconds == 102.5
    assert polish_time(Film(9000, 5000), Rate(40), Bounds(offset_s=2.5)).predicted_after == pytest.approx(5000)


def test_a_thickness_that_is_missing_is_refused_with_the_way_to_give_it():
    with pytest.raises(BadQuestion, match="incoming thickness is missing") as stop:
        polish_time(Film(None, 5000), Rate(40))
    assert "--incoming" in stop.value.hint
    with pytest.raises(BadQuestion, match="target thickness is missing"):
        polish_time(Film(9000, float("nan")), Rate(40))


def test_a_rate_or_a_tool_is_needed_and_not_both(capsys):
    assert _run(["cmp", "polish-time", "--incoming", "9000", "--target", "5000"]) == 1
    assert "Either a rate or a tool" in capsys.readouterr().err
