"""An engineer's story in the browser: train, see the leak, compare, switch on, call from elsewhere, see drift, roll back."""

import ast
import contextlib
import io
import json
import re
import time

import httpx
import numpy as np
import pytest
from playwright.sync_api import expect

from tests.commands import command
from tests.models.made_tables import truth, wafers
from tests.web.conftest import settled


@pytest.fixture(scope="module")
def server(own_server):
    return own_server


def test_from_a_leak_to_a_version_that_is_used_called_watched_and_rolled_back(opened, server, tmp_path):
    rows = wafers(seed=11, rows=900)
    # Whether a wafer was reworked is known after it failed: it tells the answer.
    rework = truth(rows) + np.random.default_rng(0).normal(0, 0.1, len(rows))
    rows.assign(rework=rework).to_csv(tmp_path / "first.csv", index=False)
    how = ("--target", "result", "--time", "time", "--positive", "FAIL", "--learner", "linear", "--minutes", ".05")
    told = ("--name", "story", "--fab", server.fab, "--json")
    first = command("model", "train", tmp_path / "first.csv", *how, "--keep", "rework", *told)
    assert json.loads(first.out)["held_out"]["value"] > 0.98

    # The leak is seen on the page of the first version, and left out of the second.
    page = opened()
    settled(page, f"{server.address}/models")
    page.click("text=story@1")
    expect(page.locator("main")).to_contain_text("rework")
    expect(page.locator(".doubt").filter(has_text="look whether it is known before the target")).to_be_visible()
    second = json.loads(command("model", "train", tmp_path / "first.csv", *how, "--leave", "rework", *told).out)
    assert 0.7 < second["held_out"]["value"] < 0.95

    # What changed? The leak, by name.
    page.goto(f"{server.address}/models/story@2")
    page.click("text=Compare with another version")
    expect(page.locator("select[name=against]")).to_have_value("story@1")
    page.check("input[name=causes]")
    page.click("button:has-text('Compare')")
    expect(page.locator("table.bars")).to_contain_text("leak", timeout=90_000)
    expect(page.locator("table.bars tr").first).to_contain_text("rework")

    # Switched on by a person, with a reason.
    page.goto(f"{server.address}/models/story@2")
    page.fill("input[name=reason]", "the first one learned from a leak")
    page.click("text=Use this version")
    expect(page.locator("h1")).to_contain_text("in use")

    # Called from Python and from Excel as the page shows it.
    calls = {}
    for language in ("Python", "Excel (Power Query)"):
        page.click(f"summary:text-is('{language}')")
        calls[language] = page.locator(f"details:has(summary:text-is('{language}')) pre").inner_text()
    said = pasted_python(calls["Python"], server.key("read"))
    assert said == pasted_excel(calls["Excel (Power Query)"], server.key("read"))
    assert said[0]["prediction"] in ("PASS", "FAIL")

    # The tool changes: what is asked drifts, and outcomes show what that costs.
    later = wafers(seed=12, rows=600)
    later["pressure"], later["temperature"] = 60 - later["pressure"], 400 - later["temperature"]
    later["pressure"] += 4
    with server.client("admin") as client:
        columns = later[["tool", "pressure", "temperature", "flow"]]
        client.post("/api/v1/models/story/predict", json={"rows": columns.to_dict("records")})
        csv = later.to_csv(index=False).encode()
        client.post("/api/v1/models/story/outcomes", content=csv, headers={"Content-Type": "text/csv"})
    since = page.locator("#since")
    for _ in range(40):
        page.goto(f"{server.address}/models/story@2")
        if "pressure" in since.inner_text():
            break
        time.sleep(0.3)
    expect(since.locator("tr", has_text="pressure")).to_contain_text("yes")
    expect(since.locator(".chip")).to_contain_text("no better than no model")
    expect(since).to_contain_text("--retrain")

    # Rolled back.
    page.goto(f"{server.address}/models/story@1")
    page.fill("input[name=reason]", "back until the cause is found")
    page.click("text=Use this version")
    expect(page.locator("h1")).to_contain_text("in use")
    page.goto(f"{server.address}/models")
    expect(page.get_by_role("row", name="story@1 in use")).to_contain_text("back until the cause is found")
    assert page.complaints == []


def pasted_python(text, key):
    """Runs a snippet as it is shown, but for what it prints."""
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(compile(text, "pasted", "exec"), {"KEY": key})
    found: list[dict[str, object]] = ast.literal_eval(printed.getvalue())
    return found


def pasted_excel(text, key):
    """What Power Query would send, read from the text of the query."""
    address = re.search(r'Web\.Contents\("([^"]+)"', text).group(1)
    body = re.search(r'body = "((?:[^"]|"")*)"', text).group(1).replace('""', '"')
    assert re.search(r'Authorization = "Bearer " & KEY, #"Content-Type" = "application/json"', text)
    headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
    return httpx.post(address, content=body, headers=headers).json()["predictions"]
