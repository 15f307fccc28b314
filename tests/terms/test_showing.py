"""An answer shows itself: three lines at a prompt, a table in a notebook."""

import dataclasses
import importlib
import pkgutil

import fabwatch
from fabwatch.terms.answers import Answer
from tests.diary import NOW


def test_an_answer_is_three_lines_at_a_prompt(log):
    log.ran(*range(5)).qual(1, True).qual(4, False)
    with log.fab() as fab:
        answer = fab.risk(as_of=NOW)
        first, second, third = repr(answer).splitlines()
        assert first == f"<Risk as of {answer.to_dict()['as_of']}>"
        assert second == answer.sentence()
        assert third.startswith(f"{len(answer.rows())} row")
        assert ".df()" in third


def test_in_a_notebook_an_answer_is_its_sentence_and_its_first_rows_and_nothing_in_it_runs(fab, write):
    rows = "".join(f"<b>L{n}</b>,<b>L{n}</b>.1,T,2026-05-01T00:{n:02d}:00Z\n" for n in range(25))
    fab.ingest(write("m.csv", "lot,wafer,tool,end_at\n" + rows))
    fab.ingest(write("q.csv", "tool,qual_type,processed_at,passed\nT,p,2026-05-01T01:00:00Z,fail\n"))
    answer = fab.contain("T")
    page = answer._repr_html_()
    assert page.count("<tr>") == 1 + 20
    assert "… and 5 more rows" in page
    assert "&lt;b&gt;L24&lt;/b&gt;" in page
    assert "<b>" not in page
    assert "25 wafers of 25 lots" in page
    assert answer.how.method[:30] in page


def test_every_kind_of_answer_shows_itself_so():
    for module in pkgutil.walk_packages(fabwatch.__path__, "fabwatch."):
        if "answers" in module.name:
            importlib.import_module(module.name)
    kinds = {kind for kind in Answer.__subclasses__() if dataclasses.is_dataclass(kind)}
    assert len(kinds) > 20
    assert {kind.__repr__ for kind in kinds} == {Answer.__repr__}
