"""Readers of pages: people who have signed in, with a browser and without."""

import re
import shutil
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.served import Server

expect.set_options(timeout=30_000)
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")

HEADERS = {"Accept": "text/html", "Accept-Language": "en"}
_SIGNED_IN: dict[str, dict[str, str]] = {}


@pytest.fixture
def reader(server: Server) -> Iterator[httpx.Client]:
    """Somebody with every right; a language that a test chooses is not kept for the next one."""
    with httpx.Client(base_url=server.address, headers=HEADERS, timeout=120) as client:
        if server.address not in _SIGNED_IN:
            form = {"key": server.key("admin")}
            entered = client.post("/signin", data=form, headers={"Sec-Fetch-Site": "same-origin"})
            assert entered.status_code == 303
            _SIGNED_IN[server.address] = dict(client.cookies)
            # Until the forecasts stand, a page says that they are being made.
            client.get("/api/v1/forecast")
            client.get("/api/v1/forecast/score")
        client.cookies.update(_SIGNED_IN[server.address])
        yield client


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    if CHROMIUM is None:
        pytest.skip("no Chromium is installed: apt-get install chromium")
    with sync_playwright() as play:
        running = play.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield running
        running.close()


@pytest.fixture
def opened(browser: Browser, server: Server) -> Iterator[Callable[..., Page]]:
    """Opens pages as somebody who is signed in, and keeps what the browser complained of and whom it asked."""
    contexts = []

    def opening(scope="admin", **wishes):
        context = browser.new_context(**{"locale": "en", "viewport": {"width": 1366, "height": 800}, **wishes})
        context.set_default_timeout(60_000)
        page: Any = context.new_page()
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


def settled(page: Page, address: str) -> None:
    """Goes there and waits until the page has filled in what it was waiting for."""
    page.goto(address)
    expect(page.locator("[hx-trigger^='load']")).to_have_count(0, timeout=60_000)
