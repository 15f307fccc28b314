"""The page Load shows each file column by column; a wrong guess is picked from a list, tried and written down."""

import re
import time

import httpx
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from tests.fabs import new_fab
from tests.served import AS_OF, EVIL, Server

ODD = "EQP,Los,Menge,Fertig um,Rest\n" + "".join(f"E{n},L{n},25,0{n}/04/2026 10:00,x\n" for n in range(1, 8))
OURS = '# ours\n[fab]\nname = "Fab 7"   # north\n'


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    fab = tmp_path_factory.mktemp("page") / "fab"
    new_fab(fab).close()
    (fab / "fab.toml").write_text(OURS)
    running = Server(fab, "--as-of", AS_OF)
    yield running
    running.stop()


def sent(server, name, text):
    with server.client("load") as client:
        assert client.post("/api/v1/loads", files={"file": (name, text.encode())}).status_code == 200
        loads = client.get("/api/v1/loads").json()["loads"]
    return next(row["load"] for row in loads if row["path"].endswith(name))


def pick(page, header, column):
    page.get_by_role("row", name=re.compile(f"^{re.escape(header)} ")).locator("select").select_option(column)


def test_a_dropped_file_is_told_what_it_is_and_loaded_without_leaving_the_page(opened, server, tmp_path):
    file = tmp_path / "nightly_20260501.csv"
    file.write_text(ODD)
    page = opened("load")
    page.goto(f"{server.address}/load")
    page.set_input_files("input[type=file] >> nth=0", str(file))
    page.click("[data-drop] button")
    part = page.locator(".reading")
    expect(part).to_contain_text("waits: not recognised")
    expect(part.locator("table.explain tbody tr")).to_have_count(8)
    for header, column in (("Los", "lot"), ("Menge", "wafers"), ("Fertig um", "end_at")):
        pick(page, header, column)
    part.get_by_role("button", name="Try", exact=True).click()
    expect(part).to_contain_text("day or month first?")
    assert (server.fab / "fab.toml").read_text() == OURS
    part.get_by_label("date format").select_option("%d/%m/%Y %H:%M")
    part.get_by_label("zone of times").fill("Europe/Berlin")
    part.get_by_role("button", name="Try", exact=True).click()
    expect(part).to_contain_text("can be loaded")
    expect(part.locator("table").nth(1).locator("tbody tr")).to_have_count(5)
    expect(part).to_contain_text("1 Apr 2026 08:00")
    assert Axe().run(page).violations_count == 0
    part.get_by_label("Why; it stands in the audit").fill("the new export")
    part.get_by_role("button", name="Write to fab.toml and load").click()
    page.wait_for_url("**/load?upload=*")
    expect(page.locator("#upload")).to_contain_text("1 loaded (7 rows)")
    expect(page.locator(".reading")).to_contain_text("is loaded")
    text = (server.fab / "fab.toml").read_text()
    assert text.startswith(OURS)
    assert 'columns = { lot = "Los", wafers = "Menge", end_at = "Fertig um" }' in text
    assert page.complaints == []


def test_the_kind_of_a_file_is_changed_and_the_lists_of_columns_follow(opened, server):
    load = sent(server, "kind.csv", "tool,area\nK1,Etch\nK2,Etch\n")
    page = opened("load")
    page.goto(f"{server.address}/load/files/{load}")
    expect(page.locator(".reading")).to_contain_text("is loaded")
    page.get_by_label("kind of file").select_option("counters")
    page.get_by_role("button", name="Try", exact=True).click()
    expect(page.locator(".reading")).to_contain_text("missing: counter")
    assert "value" in page.locator("select[name=c1]").inner_text()
    # A key that may only read sees it, and has nothing to change it with.
    reader = opened("read")
    reader.goto(f"{server.address}/load/files/{load}")
    expect(reader.locator("select[name=c0]")).to_be_disabled()
    expect(reader.get_by_role("button", name="Try", exact=True)).to_have_count(0)


def test_it_works_without_any_script(browser, server):
    load = sent(server, "plain.csv", ODD.replace("L1", "P1"))
    context = browser.new_context(java_script_enabled=False, locale="es")
    page = context.new_page()
    page.goto(f"{server.address}/signin?next=%2Fload%2Ffiles%2F{load}")
    page.fill("#key", server.key("load"))
    page.click("main button")
    pick(page, "Rest", "lot")
    pick(page, "Los", "lot")
    page.get_by_role("button", name="Probar", exact=True).click()
    expect(page.get_by_role("alert")).to_contain_text("lot is chosen for two columns")
    # What was chosen is still there.
    assert page.locator("select[name=c1]").input_value() == page.locator("select[name=c4]").input_value() == "lot"
    pick(page, "Rest", "")
    for header, column in (("Menge", "wafers"), ("Fertig um", "end_at")):
        pick(page, header, column)
    page.locator("[name=time_format]").fill("%d/%m/%Y %H:%M")
    page.get_by_role("button", name="Probar", exact=True).click()
    expect(page.locator(".reading")).to_contain_text("se puede cargar")
    page.get_by_role("button", name="Anotar en fab.toml y cargar").click()
    expect(page.get_by_role("alert")).to_contain_text("reason of 3")
    page.locator("[name=reason]").fill("un motivo")
    page.get_by_role("button", name="Anotar en fab.toml y cargar").click()
    page.wait_for_url("**/load?upload=*")
    assert "[sources.plain]" in (server.fab / "fab.toml").read_text()
    context.close()


def test_hostile_headers_cells_and_names_stay_text(opened, server):
    quoted = '"' + EVIL.replace('"', '""') + '"'
    name = "<img src=x onerror=alert(1)>.csv"
    load = sent(server, name, f"{quoted},{{{{7*7}}}},</select><script>alert(1)</script>\n{quoted},2,3\n")
    page = opened("load")
    dialogs = []

    def noted(dialog):
        dialogs.append(dialog.message)
        dialog.dismiss()

    page.on("dialog", noted)
    for path in (f"/load/files/{load}", "/load"):
        page.goto(f"{server.address}{path}")
        expect(page.locator(".reading").first).to_be_visible()
        page.locator(".reading").first.get_by_role("button", name="Try", exact=True).click()
        expect(page.locator(".reading").first).to_contain_text("nothing stored")
    assert page.locator("main img, main script").count() == 0
    assert dialogs == []
    page.goto(f"{server.address}/load/files/{load}")
    expect(page.locator("table.explain")).to_contain_text(EVIL)
    expect(page.locator("table.explain")).to_contain_text("{{7*7}}")


@pytest.mark.parametrize("width", [360, 1366])
def test_no_width_has_anything_beyond_its_edge_and_no_fault_of_access(opened, server, width):
    header = ",".join(f"{'Very long name of a sensor ' * 3}{n}" for n in range(30))
    load = sent(server, "wide.csv", f"{header}\n{','.join(['x' * 80] * 30)}\n")
    page = opened(viewport={"width": width, "height": 800}, locale="es")
    page.goto(f"{server.address}/load/files/{load}")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert Axe().run(page).violations_count == 0


def test_a_form_that_is_forged_or_stale_is_answered_as_a_page(server):
    load = sent(server, "forged.csv", ODD.replace("L1", "F1"))
    headers = {"Accept": "text/html", "Sec-Fetch-Site": "same-origin"}
    with httpx.Client(base_url=server.address, headers=headers, timeout=60) as client:
        client.post("/signin", data={"key": server.key("load")})
        form = {"kind": "moves", "shown": "moves", "h0": "EQP", "c0": "nonsense", "reason": "forged", "seen": "stale"}
        answer = client.post(f"/load/files/{load}/source", data=form)
        assert (answer.status_code, "&#39;nonsense&#39; is not a column" in answer.text) == (422, True)
        form |= {"c0": "tool"}
        answer = client.post(f"/load/files/{load}/source", data=form)
        assert (answer.status_code, "changed meanwhile" in answer.text) == (422, True)
        assert client.post("/load/files/none/try", data=form).status_code == 404
        assert client.get("/load/files/none").status_code == 404
        assert client.post(f"/load/files/{load}/try", data={}).status_code == 200
        other = client.post(f"/load/files/{load}/source", data=form, headers={"Sec-Fetch-Site": "cross-site"})
        assert other.status_code == 403


def big(tmp_path, lot):
    path = tmp_path / f"big_{lot}.csv"
    lines = (f"{lot}{n // 25},{lot}{n // 25}.{n % 25},B{n % 7},2026-05-01T00:00:00Z" for n in range(400_000))
    path.write_text("\n".join(["lot,wafer,tool,end_at", *lines]) + "\n")
    return path


def test_the_bar_of_a_load_moves_by_events_and_the_page_is_new_at_its_end(opened, server, tmp_path):
    page = opened("load")
    page.goto(f"{server.address}/load")
    page.set_input_files("input[type=file] >> nth=0", str(big(tmp_path, "V")))
    page.click("[data-drop] button")
    expect(page.locator("[data-figures]")).to_contain_text("MB")
    first = float(page.locator("#upload progress").get_attribute("value"))
    page.wait_for_function(
        "from => { const bar = document.querySelector('#upload progress'); return !bar || bar.value > from }", arg=first
    )
    expect(page.locator("#upload")).to_contain_text("1 loaded (400,000 rows)")
    assert any(url.endswith("/events") for url in page.asked)
    assert not [url for url in page.asked if "polled=1" in url]
    assert page.complaints == []


def test_a_page_whose_stream_is_refused_asks_now_and_then_instead(opened, server, tmp_path):
    page = opened("load")
    page.route("**/events", lambda route: route.fulfill(status=503, body="{}"))
    page.goto(f"{server.address}/load")
    page.set_input_files("input[type=file] >> nth=0", str(big(tmp_path, "W")))
    page.click("[data-drop] button")
    expect(page.locator("#upload")).to_contain_text("1 loaded (400,000 rows)", timeout=60_000)
    assert [url for url in page.asked if "polled=1" in url]


def test_a_load_is_looked_at_again_without_any_script(browser, server, tmp_path):
    with server.client("load") as client:
        content = big(tmp_path, "X").read_bytes()
        upload = client.post("/api/v1/loads", files={"file": ("x.csv", content)}, params={"wait": 0}).json()["upload"]
    context = browser.new_context(java_script_enabled=False, locale="en")
    page = context.new_page()
    page.goto(f"{server.address}/signin?next=%2Fload%3Fupload%3D{upload}")
    page.fill("#key", server.key("load"))
    page.click("main button")
    upload_now = page.locator("#upload")
    expect(upload_now).to_be_visible()  # before it stands there, the page of the key would have no link either
    end = time.monotonic() + 120
    while "loading" in upload_now.inner_text() and time.monotonic() < end:
        page.get_by_role("link", name="look again").click()
        time.sleep(0.3)
    expect(page.locator("#upload")).to_contain_text("1 loaded (400,000 rows)")
    context.close()
