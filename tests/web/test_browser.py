"""The pages in a real browser: no fault a screen reader meets, no other host, the keyboard alone, the slider."""

import os
import re
import struct
import time
from importlib.resources import files
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from tests.web.conftest import CHROMIUM, settled

PAGES = {
    "fab.html": ["/", "/?view=table"],
    "tool.html": ["/tools/ETCH-1", "/tools/CMP-9", "/tools/ETCH-1?view=table"],
    "contain_list.html": ["/contain"],
    "contain.html": ["/contain/ETCH-1"],
    "holds.html": ["/holds"],
    "alerts.html": ["/alerts", "/alerts?closed=true"],
    "connections.html": ["/connections"],
    "plan.html": ["/plan"],
    "record.html": ["/record"],
    "stats.html": ["/stats"],
    "yield.html": ["/yield", "/yield?by=wafer"],
    "maps.html": ["/maps", "/maps?lot=L0001"],
    "lot.html": ["/lots/L0001"],
    "defects.html": ["/defects"],
    "split.html": ["/yield/split", "/yield/split?wafers=A%3DL0001&wafers=B%3DL0002"],
    "screens.html": ["/yield/screens"],
    "nothing.html": ["/defects?lot=L0001"],
    "commonality.html": ["/commonality", "/commonality?below=0.7"],
    "models.html": ["/models"],
    "model.html": ["/models/etch@1", "/models/etch@1?rows=%7B%22rows%22%3A%5B%7B%22pressure%22%3A30%7D%5D%7D"],
    "compare_models.html": ["/models/etch@1/compare"],
    "spc.html": ["/spc", "/spc?tool=CMP-1"],
    "runs.html": ["/runs"],
    "run.html": ["/run?run=ETCH-1%2FLOG1%2FLOG1.19%4020260501T180000"],
    "chambers.html": ["/chambers?sensor=Pressure"],
    "sensors.html": ["/sensors?by=step"],
    "rules.html": ["/rules?rule=golden"],
    "cmp.html": ["/cmp?tool=CMP-1&target=5000&wafers=L9.01%099000%0AL9.02%094000&replay=1&changed=1&rate=41&keep=1"],
    "load.html": ["/load"],
    "reference.html": ["/reference"],
    "search.html": ["/search?q=zzz"],
    "message.html": ["/nowhere"],
}
ELSEWHERE = {"signin.html", "hold.html", "scrap.html", "file.html"}
"""Templates whose pages are scanned by tests of their own: before anybody signed in, and after something is on hold or was
sent."""


def test_there_is_a_browser_where_nothing_may_be_skipped():
    if not os.environ.get("CI"):
        pytest.skip("only CI must have a browser")
    assert CHROMIUM, "no Chromium: .ci/run installs it"


def test_every_template_of_a_page_has_its_addresses_here():
    templates = [Path(str(path)) for path in files("fabwatch.web").joinpath("templates").iterdir()]
    whole = {path.name for path in templates if path.read_text().startswith('{% extends "base.html" %}')}
    assert whole == PAGES.keys() | ELSEWHERE


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_page_has_a_fault_of_access_a_complaint_or_a_request_to_another_host(opened, server, scheme, pytestconfig):
    """Every page in both themes, in English in the one and in Spanish in the other; its other states in one."""
    once = {path for paths in PAGES.values() for path in paths[1:]}
    skipped = set() if scheme == "light" or pytestconfig.getoption("soak") else once
    readers = {language: opened(color_scheme=scheme, locale=language) for language in ("en", "es")}
    axe = Axe()
    for number, path in enumerate(path for paths in PAGES.values() for path in paths):
        if path in skipped:
            continue
        language = "en" if (number % 2 == 0) == (scheme == "light") else "es"
        page = readers[language]
        settled(page, f"{server.address}{path}")
        expect(page.locator("html")).to_have_attribute("lang", language)
        faults = axe.run(page)
        assert faults.violations_count == 0, (path, faults.generate_report())
    for page in readers.values():
        assert [text for text in page.complaints if "404" not in text] == []
        assert {url for url in page.asked if not url.startswith((server.address, "data:", "blob:"))} == set()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_sign_in_page_has_no_fault_of_access_either(browser, server, scheme):
    page = browser.new_page(color_scheme=scheme)
    page.goto(f"{server.address}/")
    assert page.url.endswith("/signin?next=%2F")
    assert Axe().run(page).violations_count == 0
    page.close()


def test_the_keys_are_listed_and_the_list_closes(opened, server):
    page = opened()
    page.keyboard.press("?")
    expect(page.locator("#keys")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator("#keys")).not_to_be_visible()


def test_ticks_are_counted_while_they_are_made(opened, server):
    page = opened()
    page.goto(f"{server.address}/contain/ETCH-2")
    boxes = page.locator("input[name=names]:not(:disabled)")
    page.locator("[data-all]").check()
    assert page.inner_text("[data-ticked]") == str(boxes.count())
    total = sum(int(boxes.nth(n).get_attribute("data-n")) for n in range(boxes.count()))
    assert page.inner_text("[data-ticked-wafers]").replace(",", "") == str(total)
    page.locator("[data-all]").uncheck()
    assert page.inner_text("[data-ticked]") == "0"


def test_charts_are_drawn_and_can_be_kept_as_pictures(opened, server):
    page = opened()
    settled(page, f"{server.address}/tools/ETCH-1?days=90")
    for name in ("history", "curve", "readings"):
        drawn = page.evaluate(
            """name => {
                const canvas = document.querySelector(`#${name} canvas`);
                const pixels = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data;
                return pixels.some((value) => value > 0);
            }""",
            name,
        )
        assert drawn, name
        with page.expect_download() as saved:
            page.click(f"[data-png={name}]")
        assert Path(saved.value.path()).read_bytes().startswith(b"\x89PNG\r\n\x1a\n")


def test_the_slider_redraws_without_asking_the_server(opened, server):
    page = opened()
    settled(page, f"{server.address}/tools/ETCH-1")
    page.wait_for_selector("#curve canvas")
    page.asked.clear()
    page.evaluate(
        "const s = document.getElementById('every'); s.value = 3; s.dispatchEvent(new Event('input', {bubbles: true}))"
    )
    rows = page.locator("#what-if details table tbody tr")
    assert page.inner_text("[data-show=risk]").split()[0] == rows.nth(3).locator("td").nth(0).text_content()
    assert page.asked == []


@pytest.mark.parametrize("path", ["/", "/tools/ETCH-1", "/contain/ETCH-1", "/plan", "/load"])
def test_a_narrow_screen_has_nothing_beyond_its_edge(opened, server, path):
    page = opened(viewport={"width": 360, "height": 740})
    settled(page, f"{server.address}{path}")
    assert page.evaluate("document.documentElement.scrollWidth") <= 360


def test_a_page_prints_without_what_only_a_screen_needs(opened, server):
    page = opened()
    settled(page, f"{server.address}/contain/ETCH-1")
    page.emulate_media(media="print")
    expect(page.locator(".top nav")).not_to_be_visible()
    expect(page.locator("footer")).to_be_visible()
    assert "as of" in page.inner_text("footer")
    assert "/contain/ETCH-1" in page.inner_text("footer")


def test_a_page_works_without_any_script(browser, server):
    context = browser.new_context(java_script_enabled=False, locale="en")
    page = context.new_page()
    page.goto(f"{server.address}/signin?next=%2Ftools%2FETCH-1%3Fevery%3D20")
    page.fill("#key", server.key("admin"))
    page.click("main button")
    assert page.url.endswith("/tools/ETCH-1?every=20")
    for _ in range(40):
        if page.locator("[data-show=wafers]").count():
            break
        time.sleep(0.25)
        page.reload()
    assert "wafers" in page.inner_text("[data-show=wafers]")
    page.goto(f"{server.address}/?view=table")
    assert page.locator("tbody tr").count() >= 5
    context.close()


def test_a_run_is_looked_at_closer_with_the_mouse_and_the_keys_and_a_click_shows_its_rows(opened, server):
    page = opened()
    settled(page, f"{server.address}/run?run=ETCH-1%2FLOG1%2FLOG1.19%4020260501T180000&sensor=Pressure")
    figure = page.locator("figure.trace").first
    plot = page.locator(".plot").first
    box = plot.bounding_box()
    assert float(figure.get_attribute("data-until")) == 39.0
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + 20)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.75, box["y"] + 30, steps=4)
    assert page.locator(".plot .cross").count() == page.locator(".plot").count()
    page.mouse.up()
    page.wait_for_url(re.compile("since=19.5.*until=29.2"))
    # The address holds the stretch: loaded anew, it is the same picture.
    line = page.locator("path.line").first.get_attribute("d")
    settled(page, page.url)
    assert page.locator("path.line").first.get_attribute("d") == line
    page.locator("#pictures").focus()
    page.keyboard.press("ArrowRight")
    page.wait_for_url(re.compile("since=21.9"))
    page.keyboard.press("0")
    page.wait_for_url(lambda url: "since" not in url)
    box = page.locator(".plot").first.bounding_box()
    page.mouse.click(box["x"] + box["width"] * 25 / 39, box["y"] + 20)
    expect(page.locator("#row table tbody tr")).to_have_count(7)
    expect(page.locator("#row")).to_contain_text("2026-05-01T18:00:25.250Z,ETCH-1,A,LOG1,LOG1.19,2,")
    assert page.complaints == []


def test_a_lot_is_pasted_with_decimal_commas_and_its_sheet_prints_alone(opened, server):
    page = opened()
    page.goto(f"{server.address}/cmp")
    page.select_option("select[name=unit]", "nm")
    page.fill("input[name=target]", "500,0")
    page.fill("textarea[name=wafers]", "wafer\tThickness (nm)\nL9.01\t900,0\nL9.02\t904\nL9.03\t90")
    page.click("summary:has-text('own rate, limits')")
    # The unit of the rate goes with that of the thickness until another is chosen: 4 nm a second.
    page.fill("input[name=rate]", "4")
    page.click("button:has-text('How long?')")
    times = page.locator("#sheet .seconds data")
    expect(times).to_have_count(2)
    assert [float(one.get_attribute("value")) for one in times.all()] == pytest.approx([100.0, 101.0], rel=1e-9)
    expect(page.locator("#sheet")).to_contain_text("below its target")
    page.emulate_media(media="print")
    expect(page.locator("#sheet")).to_be_visible()
    expect(page.locator("textarea")).not_to_be_visible()
    expect(page.get_by_text("State of each tool and head")).not_to_be_visible()
    assert page.complaints == []


PICTURE = Path(__file__).parent.parent.parent / "docs" / "fab.png"


def test_the_picture_of_the_readme_is_the_fab_page_in_its_size(opened, server, tmp_path):
    page = opened()
    settled(page, f"{server.address}/")
    # FABWATCH_PICTURES=1 refreshes it where the page has changed.
    fresh = PICTURE if os.environ.get("FABWATCH_PICTURES") else tmp_path / "fab.png"
    page.screenshot(path=fresh)
    sizes = [struct.unpack(">II", path.read_bytes()[16:24]) for path in (PICTURE, fresh)]
    assert [width for width, _ in sizes] == [1366, 1366]
    assert fresh.read_bytes().startswith(b"\x89PNG")
    assert "docs/fab.png" in (PICTURE.parent.parent / "README.md").read_text()
