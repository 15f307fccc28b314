"""From a falling yield on the first page to the guilty chamber and its failed qual, and what the pages of results say."""

import re
import time

from tests.served import AS_OF


def whole(reader, address):
    """The page once it has filled in what it was waiting for."""
    until = time.monotonic() + 60
    while 'hx-trigger="load delay:1s"' in (page := reader.get(address, follow_redirects=True).text):
        assert time.monotonic() < until, f"{address} still waits"
        time.sleep(0.1)
    return page


def link(page, pattern):
    found = re.search(rf'href="({pattern}[^"]*)"', page)
    assert found, pattern
    return found.group(1).replace("&amp;", "&")


def test_a_falling_yield_leads_to_the_chamber_in_three_steps(reader):
    first = reader.get(f"/?as_of={AS_OF}").text
    assert "/yield/short" in first
    yields = whole(reader, link(first, "/yield\\?as_of="))
    assert "have a yield below" in yields
    found = whole(reader, link(yields, '/commonality\\?[^"]*below'))
    assert "bad wafers ran ETCH-2 chamber A after 21 May" in found
    assert "failed qual" in found
    tool = reader.get(link(found, "/tools/ETCH-2"), follow_redirects=True)
    assert tool.status_code == 200
    assert "ETCH-2" in tool.text


def test_a_page_asks_for_itself_with_every_wafer_that_its_address_names(reader):
    for address in ("/commonality?bad=L0001&bad=L0002", "/yield/split?wafers=A%3DL0001&wafers=B%3DL0002"):
        page = reader.get(address).text
        spanish = re.search(r'href="([^"]*lang=es)"', page)
        assert spanish
        assert spanish.group(1).replace("&amp;", "&") == f"{address}&lang=es"


def test_links_between_the_pages_of_results_keep_the_selection(reader):
    page = reader.get(f"/yield?lot=L0001&by=wafer&as_of={AS_OF}").text
    for path in ("/maps", "/defects", "/commonality"):
        assert f'href="{path}?as_of={AS_OF.replace(":", "%3A")}&amp;lot=L0001"' in page
    assert f'href="/plan?as_of={AS_OF.replace(":", "%3A")}"' in page
    shared = reader.get(f"/commonality?lot=L0001&wafer=L0001.03&as_of={AS_OF}").text
    assert re.search(r"<textarea name=\"bad_names\"[^>]*>L0001,L0001.03</textarea>", shared)


def test_names_that_are_pasted_on_the_page_are_compared_and_stand_in_its_address(reader):
    pasted = reader.get("/commonality", params={"bad_names": "lot\nL0001\nL0002\n", "as_of": AS_OF})
    assert pasted.status_code == 303
    assert pasted.headers["location"] == f"/commonality?as_of={AS_OF.replace(':', '%3A')}&bad=L0001&bad=L0002"
    page = whole(reader, pasted.headers["location"])
    assert "Too few lots" in page or "lots" in page
    assert re.search(r"<textarea name=\"bad_names\"[^>]*>L0001\nL0002</textarea>", page)
    refused = reader.get("/commonality", params={"bad_names": "lot,wafer\n"})
    assert refused.status_code == 422
    assert "no rows below it" in refused.text


def test_the_page_of_yield_counts_what_the_api_counts(reader, server):
    page = whole(reader, f"/yield?as_of={AS_OF}&by=product")
    total = server.get("/api/v1/yield", as_of=AS_OF).json()["total"]
    assert f"{total['good']:,} of {total['parts']:,} parts are good" in page
    assert re.search(r"<tr><th scope=\"row\">P1</th>", page)


def test_the_short_form_says_how_yield_changed(reader):
    said = reader.get(f"/yield/short?as_of={AS_OF}").text
    assert re.search(r"\d+\.\d% in the last 7 days, \d+\.\d% in the 7 before", said)
    assert "last 7" not in reader.get("/yield/short?as_of=2020-01-01T00:00Z").text


def test_a_threshold_that_no_wafer_is_below_is_said_with_the_lowest(reader):
    assert "the lowest is" in whole(reader, f"/commonality?below=0.1&as_of={AS_OF}")
    assert "No wafer has test results" in whole(reader, "/commonality?below=0.9&as_of=2020-01-01T00:00Z")
