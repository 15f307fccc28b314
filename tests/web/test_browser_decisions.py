"""What people decide and load with a browser: by the keyboard alone, by the form, by dropping, on the page of a rule."""

import re

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from tests.web.conftest import settled


@pytest.fixture(scope="module")
def server(own_server):
    return own_server


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


def test_files_are_loaded_by_the_form_and_the_page_says_what_became_of_them(opened, server):
    page = opened()
    page.goto(f"{server.address}/load")
    content = "lot,wafer,tool,end_at\nB1,B1.01,CMP-1,2026-06-01T00:00:00Z\nB2,,CMP-1,no time\n"
    page.set_input_files(
        "input[type=file] >> nth=0", {"name": "byhand.csv", "mimeType": "text/csv", "buffer": content.encode()}
    )
    page.click("[data-drop] button")
    page.wait_for_url(re.compile(r".*upload="))
    page.wait_for_selector("#upload >> text=1 rows set aside", timeout=60_000)
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


def test_a_rule_is_tried_and_switched_on_from_its_page(opened, server):
    page = opened()
    settled(page, f"{server.address}/rules")
    page.click("text=golden")
    page.fill("input[name=reason]", "tried on the record of May")
    page.click("button:has-text('Switch on')")
    page.wait_for_url(re.compile(r".*/rules$"))
    expect(page.locator("tr", has_text="golden").locator(".chip")).to_contain_text("on")
    expect(page.locator("tr", has_text="golden")).to_contain_text("tried on the record of May")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_pages_of_a_hold_list_and_of_its_scrapping_have_no_fault_of_access(opened, server, scheme):
    with server.client("admin") as client:
        items = client.get("/api/v1/contain/ETCH-2").json()["items"]
        wafer = items[["light", "dark"].index(scheme)]["wafer"]
        hold = {"tool": "ETCH-2", "reason": f"seen in {scheme}", "names": [wafer]}
        held = client.post("/api/v1/holds", json=hold).json()
    page = opened(color_scheme=scheme)
    settled(page, f"{server.address}/holds/{held['hold']}")
    expect(page.locator("main")).to_contain_text(f"seen in {scheme}")
    faults = Axe().run(page)
    assert faults.violations_count == 0, faults.generate_report()
    page.check("input[name=names]")
    page.click("button.final")
    expect(page.locator("h1")).to_contain_text("Scrap 1 wafer")
    faults = Axe().run(page)
    assert faults.violations_count == 0, faults.generate_report()
    assert page.complaints == []
