"""What nobody asks for is refused with the nearest name that exists: on pages, by forms and by routes alike."""

import httpx
import pytest
from fastapi.routing import APIRoute

from fabwatch.api.app import Parts
from fabwatch.terms.settings import Settings
from fabwatch.web.site import site
from tests.api.test_gate import walked

FILLED = {"{tool}": "ETCH-1", "{name}": "ETCH-1", "{lot}": "L1", "{hold}": "H-0001", "{upload}": "none", "{load}": "none"}
OPEN_TO_ALL = ("/static", "/signout", "/load")


@pytest.fixture(scope="module")
def routes(own_folder):
    app = site(Parts(own_folder, Settings()))
    found = [(method, path) for method, path, route in walked(app) if isinstance(route, APIRoute)]
    app.state.cache.close()
    assert len(found) > 40
    return found


@pytest.fixture(scope="module")
def client(own_server):
    with own_server.client("admin") as one:
        one.headers["Sec-Fetch-Site"] = "same-origin"
        yield one


def filled(path):
    for name, value in FILLED.items():
        path = path.replace(name, value)
    return path


def test_every_page_and_route_refuses_a_parameter_that_it_does_not_know(client, routes):
    for method, path in routes:
        if path == "/signin/oidc/back":
            continue  # providers send what they like beside the code
        if method == "GET" and "openapi" not in path and "uploads" not in path:
            answer = client.get(filled(path), params={"as_off": "2026-05-01", "rule": "golden", "sensor": "x", "run": "x"})
            assert answer.status_code == 422, (path, answer.status_code)
            assert answer.json()["code"] in ("UnknownParameter", "BadRequest"), (path, answer.text)
    answer = client.get("/plan", params={"as_off": "2026-05-01"})
    assert answer.json()["what"] == "query.as_off is not known."
    assert "as_of" in answer.json()["hint"]


def test_every_form_refuses_a_field_that_it_does_not_know(client, routes):
    for method, path in routes:
        if method == "POST" and not path.startswith("/api/") and not path.startswith(OPEN_TO_ALL):
            form = {"reason": "a reason", "reson": "x", "key": "k", "act": "release", "name": "warning", "qual_type": "q"}
            form |= {"tool": "CMP-1", "incoming": "1", "target": "1"}
            answer = client.post(filled(path), data=form)
            assert answer.status_code == 422, (path, answer.status_code, answer.text)
            assert answer.json()["code"] == "UnknownParameter", (path, answer.text)


def test_a_reader_sees_the_refusal_as_a_page_in_the_language_of_the_reader(client):
    page: httpx.Response = client.get("/plan?dayz=3", headers={"Accept": "text/html", "Accept-Language": "es"})
    assert page.status_code == 422
    assert 'lang="es"' in page.text
    assert "days" in page.text
