"""A page shows and reads times on the clocks of the fab, in one form; JSON and CSV keep UTC."""

import re

import pytest

from tests.served import AS_OF, Server

ISO = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d)?Z")


@pytest.fixture(scope="module")
def server(own_folder):
    settings = own_folder / "fab.toml"
    settings.write_text('[fab]\nzone = "America/New_York"\n' + settings.read_text())
    running = Server(own_folder, "--as-of", AS_OF)
    yield running
    running.stop()


def seen(page):
    """What is read on a page: without its head, addresses, calls to copy and data for its charts."""
    main = re.search(r"<main.*?</main>", page, re.DOTALL)[0]
    return re.sub(r"<(script|pre|code)\b.*?</\1>|<[^>]*>", " ", main, flags=re.DOTALL)


def test_times_are_those_of_the_fab_with_its_name_and_in_one_form(reader, server):
    contained = server.get("/api/v1/contain/ETCH-1")
    assert contained.json()["until"].endswith("Z")
    for path in ("/contain/ETCH-1", "/tools/ETCH-1", "/", "/plan", "/stats?since=2026-05-20"):
        page = reader.get(path, follow_redirects=True).text
        assert "America/New_York" in page, path
        assert not ISO.search(seen(page)), (path, ISO.search(seen(page)))
    # Half past six in the morning in UTC is half past two in New York.
    assert "10 Jun 2026 02:30" in reader.get("/").text


def test_a_time_that_a_reader_writes_is_of_the_same_clocks(reader, server):
    assert seen(reader.get("/contain?as_of=2026-06-05 02:30").text) == seen(
        reader.get("/contain?as_of=2026-06-05T06:30Z").text
    )
    form = reader.get("/stats?since=2026-05-20T08:00Z").text
    assert 'value="2026-05-20T04:00"' in form
