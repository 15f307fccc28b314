"""Nobody where they don't belong: every route against every kind of key, odd paths, wrong tries, sessions, areas."""

import contextlib
import shutil
import sqlite3
import statistics
import time
import tracemalloc

import httpx
import pytest

from fabwatch.api.access import Tries
from fabwatch.api.app import ROUTES, Parts
from fabwatch.api.faults import Refused
from fabwatch.api.keys import SCOPES, Keys
from fabwatch.terms.settings import Settings
from fabwatch.web.site import site
from tests.served import AS_OF, Server

OPEN = {"/health", "/signin", "/signin/oidc", "/signin/oidc/back", "/signin/oidc/end", "/static"}
FILLED = {"{tool}": "ETCH-1", "{name}": "ETCH-1", "{lot}": "L1", "{hold}": "H-0001", "{upload}": "none", "{load}": "none"}


def walked(app):
    """Every route of the application with its methods: whatever hangs in its router, pages included."""
    found = []
    pending = list(app.routes)
    while pending:
        route = pending.pop()
        inner = getattr(route, "routes", None) or getattr(getattr(route, "original_router", None), "routes", None)
        if inner:
            pending += inner
            continue
        path = getattr(route, "path_format", None) or getattr(route, "path", "")
        found += [(method, path, route) for method in getattr(route, "methods", None) or {"GET"}]
    return found


@pytest.fixture(scope="module")
def folder(own_folder):
    return own_folder


@pytest.fixture(scope="module")
def server(own_server):
    return own_server


@pytest.fixture(scope="module")
def routes(folder):
    app = site(Parts(folder, Settings()))
    found = walked(app)
    app.state.cache.close()
    assert len(found) > 40
    return found


def stranger(server, number):
    """Somebody at an address of this machine where nobody else is: whoever tries wrong keys there locks out nobody."""
    return httpx.Client(
        base_url=server.address, transport=httpx.HTTPTransport(local_address=f"127.0.0.{number}"), timeout=60
    )


def filled(path):
    for name, value in FILLED.items():
        path = path.replace(name, value)
    return path


def test_every_route_but_health_sign_in_and_static_files_needs_a_key(server, routes):
    with stranger(server, 2) as client:
        for method, path, _ in routes:
            if any(path.startswith(free) for free in OPEN):
                continue
            for headers in (
                {},
                {"Authorization": "Bearer nonsense"},
                {"Authorization": "Basic YTpi"},
                {"Authorization": ""},
            ):
                answer = client.request(method, filled(path), headers=headers)
                assert answer.status_code in (401, 429), (method, path, headers, answer.status_code)


def test_every_route_of_the_api_says_which_scope_it_needs(routes):
    declared = {path for path, methods in api_of(routes)}
    for method, path, route in routes:
        if path.startswith("/api/"):
            assert path in declared
            assert route.openapi_extra["x-scope"] in SCOPES, (method, path)
        elif not any(path.startswith(free) for free in OPEN):
            assert route.dependencies, f"{method} {path} asks for no scope"


def api_of(routes):
    return [(path, route.methods) for _, path, route in routes if path.startswith("/api/")]


def test_a_key_does_what_its_scope_covers_and_nothing_else(server, routes):
    for scope, acts in SCOPES.items():
        with server.client(scope) as client:
            for method, path, route in routes:
                if not path.startswith("/api/"):
                    continue
                needed = route.openapi_extra["x-scope"]
                answer = client.request(method, filled(path), **({"json": {}} if method == "POST" else {}))
                if needed in acts:
                    assert answer.status_code not in (401, 403), (scope, method, path)
                else:
                    assert answer.status_code == 403, (scope, method, path)
                    assert answer.json()["code"] == "OutsideScope"


def test_an_expired_or_revoked_key_opens_nothing(server, folder):
    store = Keys(folder)
    short, _ = store.create("short", "admin", days=0.5 / 86400)
    gone, key = store.create("gone", "admin")
    with httpx.Client(base_url=server.address, timeout=60) as client:
        assert client.get("/api/v1/fab", headers={"Authorization": f"Bearer {gone}"}).status_code == 200
        store.revoke(key.id)
        time.sleep(0.6)
        for secret in (short, gone):
            assert client.get("/api/v1/fab", headers={"Authorization": f"Bearer {secret}"}).status_code == 401
    store.close()


ODD_PATHS = """
//api/v1/risk
/api//v1/risk
/api/v1/risk/
/API/v1/risk
/api/v1/%2e%2e/v1/risk
/%61pi/v1/risk
/x/../api/v1/risk
/static/../api/v1/risk
/static/%2e%2e/api/v1/risk
/static/..%2f..%2fapi%2fv1%2frisk
/health/../api/v1/risk
/signin/x
/static/%2e%2e/%2e%2e/%2e%2e/etc/passwd
"""


@pytest.mark.parametrize("path", ODD_PATHS.split())
def test_an_odd_path_leads_past_the_gate_nowhere(server, path):
    with httpx.Client(base_url=server.address, timeout=60) as client:
        for method in ("GET", "HEAD", "OPTIONS", "POST", "PUT", "DELETE", "TRACE"):
            url = httpx.URL(server.address).copy_with(raw_path=path.encode())
            answer = client.request(method, url)
            assert answer.status_code in (401, 404, 405), (method, path, answer.status_code)
            assert b"wafers" not in answer.content
            assert b"root:" not in answer.content


def test_head_and_options_need_a_key_too(server):
    with httpx.Client(base_url=server.address, timeout=60) as client:
        assert client.head("/api/v1/risk").status_code == 401
        assert client.options("/api/v1/risk").status_code == 401
    with server.client() as client:
        head = client.head("/api/v1/risk")
        assert (head.status_code, head.content) == (200, b"")


def test_ten_wrong_keys_in_a_minute_are_answered_429_and_a_right_one_is_let_in(server):
    with stranger(server, 3) as client:
        seen = [client.get("/api/v1/fab", headers={"Authorization": f"Bearer fw_x_{n}"}) for n in range(14)]
    assert seen[-1].status_code == 429
    assert int(seen[-1].headers["retry-after"]) > 0
    assert seen[-1].json()["code"] == "TooManyTries"
    assert server.get("/api/v1/fab").status_code == 200


def test_wrong_tries_are_forgotten_after_a_minute():
    at = [0.0]
    tries = Tries(lambda: at[0])
    for _ in range(10):
        tries.wrong("a")
    with pytest.raises(Refused):
        tries.wrong("a")
    tries.wrong("b")
    at[0] = 61.0
    tries.wrong("a")


def test_wrong_tries_at_ever_other_long_paths_and_addresses_take_no_more_memory():
    tracemalloc.start()
    tries = Tries(lambda: 0.0)

    def many(numbers):
        for n in numbers:
            with contextlib.suppress(Refused):
                tries.wrong(f"10.0.{n % 200}.1", f"/{n}" + "x" * 20_000)
        return tracemalloc.get_traced_memory()[0]

    first, second = many(range(4_000)), many(range(4_000, 40_000))
    tracemalloc.stop()
    assert first < 5 << 20
    assert second < 12 << 20


def test_wrong_tries_are_counted_by_the_address_that_a_stated_proxy_names_and_by_no_other(own_folder, tmp_path):
    behind = tmp_path / "fab"
    shutil.copytree(own_folder, behind)
    with (behind / "fab.toml").open("a") as settings:
        settings.write('\n[server]\nproxies = ["127.0.0.4"]\n')
    running = Server(behind, "--as-of", AS_OF)
    try:
        for number, believed in ((4, True), (5, False)):
            with stranger(running, number) as client:

                def tried(n, address, client=client):
                    headers = {"Authorization": f"Bearer fw_x_{n}", "X-Forwarded-For": address, "X-Forwarded-Proto": "https"}
                    return client.get("/api/v1/fab", headers=headers).status_code

                # Who asks the proxy may state an address too: the last one is the one that the proxy saw.
                others = [tried(n, f"203.0.113.9, 198.51.100.{n}") for n in range(14)]
                assert (set(others) == {401}) is believed
                same = [tried(n, f"203.0.113.{n}, 198.51.100.99") for n in range(14)]
                assert same[-1] == 429
                headers = {"Sec-Fetch-Site": "same-origin", "X-Forwarded-Proto": "https"}
                entered = client.post("/signin", data={"key": running.key()}, headers=headers)
                assert ("secure" in entered.headers["set-cookie"].casefold()) is believed
    finally:
        running.stop()


def test_a_key_is_kept_as_a_hash_alone_and_its_file_is_its_owners(folder):
    store = Keys(folder)
    secret, key = store.create("kept", "read")
    store.close()
    assert len(secret.split("_", 2)[2]) >= 43
    with contextlib.closing(sqlite3.connect(folder / "keys.sqlite")) as stored:
        rows = stored.execute("SELECT * FROM keys WHERE id = ?", (key.id,)).fetchall()
    assert secret.split("_", 2)[2] not in str(rows)
    assert (folder / "keys.sqlite").stat().st_mode & 0o077 == 0


def test_the_time_of_a_check_does_not_tell_how_much_of_a_key_is_right(tmp_path, folder):
    store = Keys(folder)
    secret, _ = store.create("timed", "read")
    half = secret[:30] + "x" * (len(secret) - 30)
    kinds = {"one sign right": secret[:12] + "_" + "x" * 43, "half right": half, "no such id": "fw_00000000_" + "x" * 43}
    took = {name: [] for name in kinds}
    for _ in range(20_000 // len(kinds)):
        for name, token in kinds.items():
            begin = time.perf_counter_ns()
            assert store.check(token) is None
            took[name].append(time.perf_counter_ns() - begin)
    store.close()
    middle = {name: statistics.median(values) for name, values in took.items()}
    spread = statistics.median(abs(value - middle["half right"]) for value in took["half right"])
    assert abs(middle["one sign right"] - middle["half right"]) <= max(3 * spread, 2_000)
    assert abs(middle["no such id"] - middle["half right"]) <= max(0.5 * middle["half right"], 2_000)


def test_a_key_of_one_area_sees_that_area_alone(server):
    with server.client("admin", area="CMP") as client:
        assert {row["tool"] for row in client.get("/api/v1/tools").json()["tools"]} == {"CMP-1", "CMP-2", "CMP-9"}
        assert {row["area"] for row in client.get("/api/v1/risk").json()["tools"]} == {"CMP"}
        assert {row["area"] for row in client.get("/api/v1/forecast").json()["tools"]} == {"CMP"}
        others = "/risk?area=Etch /risk?tool=ETCH-1 /contain/ETCH-1 /history/ETCH-1 /forecast?tool=ETCH-1 /stats?tool=ETCH-2"
        whole = "/curve/ETCH-1 /readings/ETCH-1 /loads /fab /audit /keys /areas"
        for path in f"{others} {whole}".split():
            answer = client.get(f"/api/v1{path}")
            assert (answer.status_code, answer.json()["code"]) == (403, "OutsideArea"), path
        assert client.post("/api/v1/holds", json={"tool": "ETCH-1", "reason": "no reason"}).status_code == 403
        page = client.get("/", headers={"Accept": "text/html"}).text
        assert "CMP-1" in page
        assert "ETCH" not in page
        assert client.get("/tools/ETCH-1", headers={"Accept": "text/html"}).status_code == 403


def signed_in(server, scope="admin"):
    client = httpx.Client(base_url=server.address, headers={"Accept": "text/html"}, timeout=60)
    entered = client.post(
        "/signin", data={"key": server.key(scope), "next": "/plan"}, headers={"Sec-Fetch-Site": "same-origin"}
    )
    assert (entered.status_code, entered.headers["location"]) == (303, "/plan")
    return client


def test_a_page_leads_whoever_has_no_key_to_the_sign_in_page_and_back(server):
    with httpx.Client(base_url=server.address, headers={"Accept": "text/html"}) as client:
        turned = client.get("/tools/ETCH-1?days=7")
        assert turned.status_code == 303
        assert turned.headers["location"] == "/signin?next=%2Ftools%2FETCH-1%3Fdays%3D7"
        assert client.get("/signin?next=//elsewhere.example").text.count('value="/"') == 1
        wrong = client.post("/signin", data={"key": "fw_a_b"}, headers={"Sec-Fetch-Site": "same-origin"})
        assert wrong.status_code in (401, 429)
        assert not client.cookies


def test_a_session_ends_with_signing_out_and_with_its_key(server, folder):
    with contextlib.closing(signed_in(server)) as client:
        cookie = client.cookies["fabwatch"]
        assert client.get("/plan").status_code == 200
        assert client.post("/signout", headers={"Sec-Fetch-Site": "same-origin"}).status_code == 303
        client.cookies.set("fabwatch", cookie)
        assert client.get("/plan").status_code == 303
    store = Keys(folder)
    _, key = store.create("leaves", "read")
    session, _ = store.sign_in(key)
    assert store.signed_in(session) is not None
    store.revoke(key.id)
    assert store.signed_in(session) is None
    store.close()


def test_a_page_of_another_server_cannot_decide_with_a_session(server):
    with contextlib.closing(signed_in(server)) as client:
        for headers in ({"Sec-Fetch-Site": "cross-site"}, {"Origin": "http://elsewhere.example"}, {}):
            answer = client.post("/contain/ETCH-1/hold", data={"reason": "not ours"}, headers=headers)
            assert answer.status_code == 403, headers


def test_every_answer_forbids_foreign_scripts_frames_and_sniffing(server):
    for path in ("/health", "/api/v1/risk", "/", "/static/page.js"):
        headers = server.get(path).headers
        assert "script-src 'self'" in headers["content-security-policy"]
        assert "unsafe" not in headers["content-security-policy"]
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["x-frame-options"] == "DENY"


def test_the_routes_of_the_api_are_those_that_were_declared():
    assert sum(len(routes.answers) for routes in ROUTES) >= 27


def test_what_was_answered_to_one_key_is_not_shown_to_a_key_of_another_area(server):
    for path in (
        "/api/v1/tools",
        "/api/v1/tools?format=csv",
        "/api/v1/risk",
        "/api/v1/forecast",
        "/api/v1/plan",
        "/",
        "/plan",
        "/contain",
    ):
        whole, tag = "", ""
        for area in (None, "CMP", "Etch", None, "Etch"):
            with server.client("read", **({"area": area} if area else {})) as client:
                client.headers["Accept"] = "text/html" if path.count("/") == 1 else "*/*"
                answer = client.get(path)
                seen = {name for name in ("CMP-1", "ETCH-1") if name in answer.text}
                if area is None:
                    whole, tag = answer.text, answer.headers.get("etag", "")
                    continue
                assert seen <= {"CMP-1" if area == "CMP" else "ETCH-1"}, (path, area)
                if "CMP-1" in whole and "ETCH-1" in whole:
                    assert answer.text != whole
                # Nor is a tag from elsewhere good for it.
                assert client.get(path, headers={"If-None-Match": tag}).status_code == 200


def test_a_key_of_one_area_sees_the_runs_of_its_tools_alone(server):
    run = server.get("/api/v1/trace/runs").json()["runs"][0]["run"]
    with server.client("read", area="CMP") as client:
        for path in (
            "/trace/runs",
            "/trace/summary",
            "/trace/faults",
            "/trace/runs?tool=ETCH-1",
            "/trace/faults?tool=ETCH-1",
            "/trace/stats",
            "/trace/chambers?sensor=Pressure",
            "/trace/backtest?rule=golden",
            "/trace/goldens",
        ):
            assert client.get(f"/api/v1{path}").status_code == 403, path
        assert client.get("/api/v1/trace/run", params={"run": run}).status_code == 403
        assert client.get("/api/v1/trace/summary", params={"tool": "CMP-1", "run": run}).status_code == 403
    with server.client("read", area="Etch") as client:
        assert client.get("/api/v1/trace/runs?tool=ETCH-1").json()["runs"]
        assert client.get("/api/v1/trace/run", params={"run": run}).status_code == 200


def test_where_no_provider_is_stated_people_are_told_to_use_a_key(server):
    page = {"accept": "text/html"}
    shown = httpx.get(f"{server.address}/signin/oidc", headers=page)
    assert shown.status_code == 404
    assert "People do not sign in with an account here." in shown.text
    assert "with your account" not in httpx.get(f"{server.address}/signin", headers=page).text
