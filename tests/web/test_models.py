"""The page of a model: tried with a row, called from elsewhere, taken into use and rolled back."""

import contextlib
import html
import io
import json
import os
import re
import shutil
import subprocess
from pathlib import Path

import httpx
import numpy as np
import pandas as pd
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from fabwatch.fab import Fab
from fabwatch.web.pages.models import calls
from tests.models.made_picture_model import bomb, colours, kept, png, red

NASTY = {
    'gap [mm]"': 'it\'s \\ "null"',
    "Ätzer's #(lf)": "Wärme µ °C 雨",
    "null": None,
    "true": ']\\" #(#) ${x} $HOME `id` %d',
    "pressure": 30.125,
    "lines": "one\ntwo\ttabs",
}
"""A row whose names and values hold what some language reads as the end of a text."""


def test_a_row_is_predicted_with_its_reason_and_a_wrong_one_says_what_to_send(own_server):
    with own_server.client("decide") as client:
        page = client.get("/models/etch").text
        assert "etch@1" in page
        rows = json.dumps({"rows": [{"pressure": 36, "temperature": 190, "tool": "ETCH-02", "flow": 50}]})
        answer = client.get("/models/etch", params={"rows": rows}).text
        assert "FAIL" in answer
        assert "points" in answer
        assert "never seen:" not in answer
        odd = client.get("/models/etch", params={"rows": '{"rows": [{"tool": "ETCH-09", "pressure": "x"}]}'}).text
        assert "never seen: tool" in odd
        assert "no number: pressure" in odd
        assert "has no list of objects" in client.get("/models/etch", params={"rows": '{"rows": 3}'}).text
        assert client.get("/models/nope").status_code == 404


def test_the_calls_that_are_shown_name_the_server_and_a_row_that_works(own_server):
    with own_server.client("read") as client:
        page = client.get("/models/etch").text
    for language in ("curl", "Python", "Excel (Power Query)", "JMP", "R"):
        assert f"<summary>{language}</summary>" in page
    assert page.count(f"{own_server.address}/api/v1/models/etch/predict") == 5


def test_who_may_decide_takes_a_version_into_use_and_the_audit_says_why(own_server):
    with own_server.client("read") as client:
        assert "Use this version" not in client.get("/models/etch@1").text
        assert client.post("/models/etch@1/use", data={"reason": "tried for a week"}).status_code == 403
    with own_server.client("decide") as client:
        done = client.post("/models/etch@1/use", data={"reason": "tried for a week"}, headers={"Origin": own_server.address})
        assert done.status_code == 303
        assert "in use" in client.get(done.headers["location"]).text
        audit = client.get("/api/v1/audit").json()["entries"]
        assert (audit[0]["act"], audit[0]["reason"]) == ("use_model", "tried for a week")


def test_rows_come_as_csv_too_and_what_is_no_table_is_refused(own_server):
    with own_server.client("read") as client:

        def sent(content: bytes, kind: str) -> httpx.Response:
            return client.post("/api/v1/models/etch/predict", content=content, headers={"Content-Type": kind})

        good = sent(b"tool,pressure,temperature,flow\nETCH-01,30,200,50\nETCH-02,31,,50\n", "text/csv")
        assert [row["missing"] for row in good.json()["predictions"]] == [[], ["temperature"]]
        assert sent(b"\x00\x01", "application/vnd.apache.parquet").status_code == 409
        assert sent(b"x", "image/png").status_code == 409
        assert sent(b"x", "video/mp4").status_code == 415
        assert re.search("no JSON", sent(b"{", "application/json").json()["what"])
        assert sent(b'{"rows": [{"pressure": [1]}]}', "application/json").status_code == 422


def shown(server, model):
    """The calls on the page of a model, by language."""
    with server.client("read") as client:
        page = client.get(f"/models/{model}").text
    found = re.findall(r"<summary>([^<]*)</summary><pre[^>]*>(.*?)</pre>", page, re.DOTALL)
    return {language: html.unescape(text) for language, text in found}


@pytest.fixture(scope="module")
def odd_names(own_folder):
    """A model whose columns and levels are called as nobody hopes for."""
    chance = np.random.default_rng(1)
    names = ['gap [mm]"', "Ätzer's #(lf)"]
    frame = pd.DataFrame({name: chance.choice(['it\'s "null"', "µ ]\\ °C", "#(cr)"], 300) for name in names})
    frame["pressure"] = chance.normal(30, 2, 300)
    frame["result"] = np.where(frame["pressure"] + (frame[names[0]] == "#(cr)") > 31, "FAIL", "PASS")
    with Fab(own_folder) as fab:
        fab.train_model(frame, "result", name="odd", learner="linear", minutes=0.01)
        return fab.predict("odd", [fab.registry.find("odd").schema.example()]).predictions[0].prediction


@pytest.mark.parametrize("model", ["etch", "odd"])
def test_the_python_call_is_run_as_it_is_shown(own_server, odd_names, model):
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        exec(shown(own_server, model)["Python"], {"KEY": own_server.key()})
    assert f"'prediction': '{odd_names if model == 'odd' else ''}" in out.getvalue()
    assert "'missing': []" in out.getvalue()
    assert "'unseen': []" in out.getvalue()


@pytest.mark.skipif(not shutil.which("curl") or not shutil.which("sh"), reason="there is no curl")
@pytest.mark.parametrize("model", ["etch", "odd"])
def test_the_curl_call_is_run_as_it_is_shown(own_server, odd_names, model):
    environment = {**os.environ, "FABWATCH_KEY": own_server.key()}
    command = ["sh", "-c", shown(own_server, model)["curl"]]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True, timeout=30)
    (row,) = json.loads(done.stdout)["predictions"]
    assert (row["missing"], row["unseen"]) == ([], [])


def text_of_shell(call):
    """Between single quotes nothing has a meaning; the next one ends the text."""
    return call.split(" -d '")[1].split("'")[0]


def text_of_python(call):
    (rows,) = [line for line in call.splitlines() if line.startswith("rows = ")]
    names = {}
    exec(rows, names)
    return json.dumps({"rows": names["rows"]})


def text_of_m(call):
    """A quote is written twice, #(#) is a number sign, and every other #( would be another sign."""
    rest = call.split('body = "')[1]
    inner = re.match(r'(?:[^"]|"")*', rest).group()
    assert rest[len(inner) :].startswith('",\n')
    assert re.fullmatch(r"(?:[^#]|#(?!\()|#\(#\))*", inner)
    return inner.replace('""', '"').replace("#(#)", "#")


def text_of_jmp(call):
    """Nothing has a meaning until the first bracket, backslash and quote."""
    inner, rest = call.split('JSON( "\\[')[1].split(']\\"', 1)
    assert rest.startswith(" )\n")
    return inner


def text_of_r(call):
    """A backslash takes the sign after it as it is, but for those that are letters."""
    rest = call.split("req_body_raw(")[1]
    inner = re.match(r'"((?:[^"\\]|\\.)*)", "application/json"\)', rest, re.DOTALL).group(1)
    assert {pair[1] for pair in re.findall(r"\\.", inner)} <= {'"', "\\"}
    return re.sub(r"\\(.)", r"\1", inner)


READERS = {
    "curl": text_of_shell,
    "Python": text_of_python,
    "Excel (Power Query)": text_of_m,
    "JMP": text_of_jmp,
    "R": text_of_r,
}


@pytest.mark.parametrize("language", READERS)
def test_the_body_of_each_call_is_read_back_as_the_row_whatever_it_holds(language):
    by_language = dict(calls("http://127.0.0.1:8000/api/v1/models/m/predict", NASTY))
    assert by_language.keys() == READERS.keys()
    assert json.loads(READERS[language](by_language[language])) == {"rows": [NASTY]}


@pytest.fixture(scope="module")
def pictures(own_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A fab with a model of colours; a red picture to send to it."""
    kept(own_folder, colours(tmp_path_factory.mktemp("colours") / "<b>colours"), "colours")
    return png(red())


def test_a_picture_is_named_with_what_speaks_for_it_and_those_that_are_like_it(own_server, pictures):
    with own_server.client("read") as client:
        page = client.get("/models/colours").text
        assert 'type="file"' in page
        assert "How each class is found" in page
        assert "data-binary @picture.png" in page

        def sent(content: bytes, path: str = "colours", **headers: str) -> httpx.Response:
            files = {"picture": ("<i>one.png", content)}
            return client.post(f"/models/{path}/picture", files=files, headers={"Origin": own_server.address, **headers})

        shown = sent(pictures)
        assert shown.status_code == 200
        assert "<strong>red</strong>" in shown.text
        assert "&lt;i&gt;one.png" in shown.text
        assert "<i>" not in shown.text
        assert shown.text.count('class="speaks"') == 16
        assert shown.text.count('src="data:image/png;base64,') == 5
        assert "no picture that is known" in sent(b"hello").text
        assert "takes rows of a table, not pictures" in sent(pictures, "etch").text
        assert sent(pictures, "nope").status_code == 404
        form = client.post("/models/colours/picture", data={"picture": "x"}, headers={"Origin": own_server.address})
        assert form.status_code == 422
    nobody = httpx.post(f"{own_server.address}/models/colours/picture", files={"picture": ("a.png", pictures)})
    assert nobody.status_code == 401


def test_a_picture_is_chosen_and_shown_in_a_browser_without_a_fault_of_access(own_server, pictures, browser):
    context = browser.new_context(locale="es")
    page = context.new_page()
    complaints: list[str] = []
    page.on("console", lambda told: complaints.append(told.text) if told.type == "error" else None)
    page.goto(f"{own_server.address}/signin")
    page.fill("#key", own_server.key("read"))
    page.press("#key", "Enter")
    page.wait_for_url(re.compile(r".*/$"))
    page.goto(f"{own_server.address}/models/colours")
    page.set_input_files("[name=picture]", {"name": "one.png", "mimeType": "image/png", "buffer": pictures})
    page.click("#try form button")
    expect(page.locator("svg.heated rect")).to_have_count(16)
    expect(page.locator("#try")).to_contain_text("Las más parecidas")
    assert page.evaluate("[...document.images].every(image => image.naturalWidth === 32)")
    assert Axe().run(page).violations_count == 0
    assert complaints == []
    context.close()


def test_a_picture_is_predicted_over_http_and_what_is_none_leaves_the_server_up(own_server, pictures):
    with own_server.client("read") as client:

        def sent(content: bytes, kind: str, path: str = "colours", **more: str) -> httpx.Response:
            headers = {"Content-Type": kind}
            return client.post(f"/api/v1/models/{path}/predict", content=content, headers=headers, params=more)

        (row,) = sent(pictures, "image/png", contributions="true").json()["predictions"]
        assert row["prediction"] == "red"
        assert sum(map(sum, row["heat"])) + row["base"] == pytest.approx(row["score"], abs=1e-4)
        assert [one["label"] for one in row["similar"]] == ["red"] * 5
        assert sent(png(red(), "WEBP"), "image/webp").json()["predictions"][0]["heat"] is None
        for content in (b"", b"hello", pictures[:300], bomb()):
            refused = sent(content, "image/png")
            assert (refused.status_code, refused.json()["code"]) == (409, "CannotPredict"), refused.text
        assert sent(pictures, "image/png", "etch").status_code == 409
        assert sent(b'{"rows": [{"pressure": 30}]}', "application/json").status_code == 409
        assert sent(b"a,b\n1,2\n", "text/csv").status_code == 409
        assert sent(pictures, "image/png").status_code == 200
        listed = {one["model"]: one["kind"] for one in client.get("/api/v1/models").json()["versions"]}
        assert (listed["etch"], listed["colours"]) == ("yes/no", "pictures")
        assert client.get("/api/v1/models/colours").json()["card"]["pictures"]["size"] == 32
