"""The pages in a real browser: no fault a screen reader meets, no other host, the keyboard alone, the slider, the drop."""

import os
import re
import shutil
import time
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect, sync_playwright

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
PAGES = [
    "/",
    "/?view=table",
    "/tools/ETCH-1",
    "/tools/CMP-9",
    "/tools/ETCH-1?view=table",
    "/contain",
    "/contain/ETCH-1",
    "/holds",
    "/plan",
    "/record",
    "/stats",
    "/runs",
    "/run?run=ETCH-1%2FLOG1%2FLOG1.19%4020260501T180000",
    "/chambers?sensor=Pressure",
    "/sensors?by=step",
    "/rules?rule=golden",
    "/cmp?tool=CMP-1&target=5000&wafers=L9.01%099000%0AL9.02%094000&replay=1&changed=1&rate=41&keep=1",
    "/load",
    "/reference",
    "/search?q=zzz",
    "/nowhere",
]


def test_there_is_a_browser_where_nothing_may_be_skipped():
    if not os.environ.get("CI"):
        pytest.skip("only CI must have a browser")
    assert CHROMIUM, "no Chromium: .ci/run installs it"


@pytest.fixture(scope="module")
def browser():
    if CHROMIUM is None:
        pytest.skip("no Chromium is installed: apt-get install chromium")
    with sync_playwright() as play:
        running = play.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield running
        running.close()


@pytest.fixture
def opened(browser, server):
    """Opens pages as somebody who is signed in, and keeps what the browser complained of and whom it asked."""
    contexts = []

    def opening(scope="admin", **wishes):
        context = browser.new_context(**{"locale": "en", "viewport": {"width": 1366, "height": 800}, **wishes})
        context.set_default_timeout(20_000)
        page = context.new_page()
        page.complaints, page.asked = [], []
        page.on("console", lambda said: page.complaints.append(said.text) if said.type == "error" else None)
        page.on("pageerror", lambda fault: page.complaints.append(str(fault)))
        page.on("request", lambda request: page.asked.append(request.url))
        page.goto(f"{server.address}/signin")
        page.fill("#key", server.key(scope))
        page.press("#key", "Enter")
        page.wait_for_url(re.compile(r".*/$"))
        contexts.append(context)
        return page

    yield opening
    for context in contexts:
        context.close()


def settled(page, address):
    """Goes there and waits until the page has filled in what it was waiting for."""
    page.goto(address)
    for _ in range(60):
        if not page.locator("[hx-trigger^='load']").count():
            return
        page.wait_for_timeout(250)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("language", ["en", "es"])
def test_no_page_has_a_fault_of_access_a_complaint_or_a_request_to_another_host(opened, server, language, scheme):
    page = opened(color_scheme=scheme, locale=language)
    axe = Axe()
    for path in PAGES:
        settled(page, f"{server.address}{path}")
        expect(page.locator("html")).to_have_attribute("lang", language)
        found = axe.run(page)
        assert found.violations_count == 0, (path, found.generate_report())
    assert [text for text in page.complaints if "404" not in text] == []
    assert {url for url in page.asked if not url.startswith((server.address, "data:", "blob:"))} == set()


def test_the_sign_in_page_has_no_fault_of_access_either(browser, server):
    page = browser.new_page()
    page.goto(f"{server.address}/")
    assert page.url.endswith("/signin?next=%2F")
    assert Axe().run(page).violations_count == 0
    page.close()


def test_the_three_tasks_are_done_with_the_keyboard_alone(opened, server):
    page = opened()

    def tab_to(wanted, most=200):
        for _ in range(most):
            page.keyboard.press("Tab")
            if page.evaluate("wanted => document.activeElement.matches(wanted)", wanted):
                return
        raise AssertionError(f"Tab never reached {wanted}")

    # Which tool now? The first of the list.
    settled(page, f"{server.address}/")
    page.keyboard.press("/")
    page.keyboard.type("etch-1")
    page.wait_for_selector("#hits a")
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile(r".*/tools/ETCH-1"))
    settled(page, page.url)
    # How often? The slider moves by arrows, its words follow, and the address keeps what is looked at.
    tab_to("#every")
    before = page.inner_text("[data-show=wafers]")
    for _ in range(5):
        page.keyboard.press("ArrowRight")
    assert page.inner_text("[data-show=wafers]") != before
    page.wait_for_function("new URL(location.href).searchParams.has('every')")
    shown = page.inner_text("[data-show=wafers]")
    settled(page, page.url)
    assert page.inner_text("[data-show=wafers]") == shown
    # What to hold? Ticks, a reason, Enter.
    page.keyboard.press("g")
    page.keyboard.press("c")
    page.wait_for_url(re.compile(r".*/contain"))
    page.goto(f"{server.address}/contain/ETCH-1")
    tab_to("#reason")
    page.keyboard.type("particles, by keyboard")
    tab_to("button.button")
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile(r".*/holds/H-\d+"))
    assert "by keyboard" in page.inner_text("main")


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


def test_files_are_loaded_by_the_form_and_the_page_says_what_became_of_them(opened, server):
    page = opened()
    page.goto(f"{server.address}/load")
    content = "lot,wafer,tool,end_at\nB1,B1.01,CMP-1,2026-06-01T00:00:00Z\nB2,,CMP-1,no time\n"
    page.set_input_files(
        "input[type=file] >> nth=0", {"name": "byhand.csv", "mimeType": "text/csv", "buffer": content.encode()}
    )
    page.click("[data-drop] button")
    page.wait_for_url(re.compile(r".*upload="))
    page.wait_for_selector("#upload >> text=1 rows set aside", timeout=30_000)
    page.reload()
    assert "byhand.csv" in page.inner_text("main")
    assert "B2,,CMP-1,no time" in page.inner_text("main")
    page.set_input_files("input[type=file] >> nth=0", {"name": "run.exe", "mimeType": "text/csv", "buffer": b"MZ"})
    page.click("[data-drop] button")
    page.wait_for_selector("#upload .doubt")
    assert "not data" in page.inner_text("#upload")


def test_files_and_folders_can_be_dropped_on_the_page(opened, server):
    page = opened()
    page.goto(f"{server.address}/load")
    page.evaluate(
        """() => {
            const form = document.querySelector("[data-drop]"), carried = new DataTransfer();
            carried.items.add(new File(["lot,wafer,tool,end_at\\nD1,D1.01,CMP-1,2026-06-02T00:00:00Z\\n"], "dropped.csv"));
            const event = new DragEvent("drop", { bubbles: true, cancelable: true, dataTransfer: carried });
            const entry = (file) => ({ isFile: true, isDirectory: false, file: (done) => done(file) });
            const items = [{ webkitGetAsEntry: () => entry(carried.files[0]) }];
            Object.defineProperty(event, "dataTransfer", { value: { items } });
            form.dispatchEvent(event);
        }"""
    )
    page.wait_for_url(re.compile(r".*upload="))
    page.wait_for_selector("#upload >> text=dropped.csv")


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


def test_a_rule_is_tried_and_switched_on_from_its_page(opened, server):
    page = opened()
    settled(page, f"{server.address}/rules")
    page.click("text=golden")
    page.fill("input[name=reason]", "tried on the record of May")
    page.click("button:has-text('Let it count'):not(:has-text('no more'))")
    page.wait_for_url(re.compile(r".*/rules$"))
    expect(page.locator("tr", has_text="golden").locator(".chip")).to_contain_text("counts")
    expect(page.locator("tr", has_text="golden")).to_contain_text("tried on the record of May")


def test_a_lot_is_pasted_with_decimal_commas_and_its_sheet_prints_alone(opened, server):
    page = opened()
    page.goto(f"{server.address}/cmp")
    page.select_option("select[name=unit]", "nm")
    page.fill("input[name=target]", "500,0")
    page.fill("textarea[name=wafers]", "wafer\tThickness (nm)\nL9.01\t900,0\nL9.02\t904\nL9.03\t90")
    page.click("summary:has-text('a rate of your own')")
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
    expect(page.get_by_text("How each tool and head stands")).not_to_be_visible()
    assert page.complaints == []
