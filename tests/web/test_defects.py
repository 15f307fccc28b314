"""The page of defects: each inspection with its density and its kill ratio where the dies were tested."""

import pytest

from tests.made_stdf import simple
from tests.sources.test_klarf import file


@pytest.fixture(scope="module")
def own_reader(own_server):
    with own_server.client("admin") as client:
        client.headers.update({"Accept": "text/html", "Accept-Language": "en"})
        yield client


def test_without_inspections_the_page_says_what_to_load(own_reader):
    assert "load KLARF files" in own_reader.get("/defects").text


def test_each_inspection_stands_with_its_density_and_opens_its_lot(own_reader, own_server):
    with own_server.client("admin") as client:
        parts = simple({(0, 0): 1, (1, 0): 5, (0, 1): 1, (1, 1): 1}, lot="L1", name="L1-03").content
        files = [("file", ("a.klarf", file().encode())), ("file", ("a.stdf", parts))]
        assert client.post("/api/v1/loads?wait=60", files=files).status_code == 200
    page = own_reader.get("/defects?as_of=now").text
    rows = own_reader.get("/api/v1/defects?as_of=now", headers={"Accept": "application/json"}).json()["wafers"]
    assert len(rows) == 1
    assert f">{rows[0]['lot']}</a>" in page
    assert f"/lots/{rows[0]['lot']}" in page
    assert f'<td class="n">{rows[0]["defects"]:,}</td>' in page
    nothing = own_reader.get("/defects?lot=nowhere").text
    assert "Nothing here for this selection" in nothing
    assert "No lot nowhere" in nothing
