"""On the page of a tool chambers are never mixed: a series, a row of statistics and a status for each."""

import pytest

from fabwatch.fab.answers import Window
from fabwatch.web.pages.tool import chambers_of, individuals
from tests.fabs import new_fab

MOVES = "lot,wafer,tool,chamber,end_at\nL,L.1,T,A,2026-05-01T12:00:00Z\nL,L.2,T,B,2026-05-01T12:00:00Z\n"
QUALS = """tool,chamber,qual_type,processed_at,passed,reading,unit,upper
T,A,particles,2026-05-01T00:00:00Z,pass,5,count,30
T,B,particles,2026-05-01T01:00:00Z,pass,15,count,30
T,A,particles,2026-05-02T00:00:00Z,fail,35,count,30
T,B,particles,2026-05-02T01:00:00Z,pass,17,count,30
"""


@pytest.fixture
def fab(tmp_path):
    (tmp_path / "q.csv").write_text(QUALS)
    (tmp_path / "m.csv").write_text(
        "lot,wafer,tool,chamber,end_at\nL,L.1,T,A,2026-05-01T12:00:00Z\nL,L.2,T,B,2026-05-01T12:00:00Z\n"
    )
    with new_fab(tmp_path / "fab") as fab:
        assert fab.ingest([tmp_path / "m.csv"]).clean
        assert fab.ingest([tmp_path / "q.csv"]).clean
        yield fab


def test_the_chart_of_readings_has_a_series_for_each_chamber(fab):
    answer = fab.readings("T")
    drawn = individuals(answer)
    assert chambers_of(answer) == ["A", "B"]
    assert {row["chamber"]: row["reading"] for row in drawn["series"]} == {
        "A": [5, None, 35, None], "B": [None, 15, None, 17]
    }  # fmt: skip
    assert drawn["failed"] == [None, None, 35, None]


def test_statistics_of_a_tool_say_that_they_pool_its_chambers_and_by_chamber_they_do_not(fab):
    pooled, apart = fab.stats(tool="T"), fab.stats(tool="T", by="chamber")
    assert [row.series for row in pooled.groups] == [2]
    assert "pool several chambers of a tool: --by chamber" in pooled.sentence()
    assert "juntan varias cámaras" in pooled.sentence("es")
    assert {row.group: row.mean for row in apart.groups} == {"T A": 20, "T B": 16}
    assert "pool" not in apart.sentence()


@pytest.mark.parametrize(
    ("days", "wafers", "due"),
    [((0.0, 0.0), (0, 0), True), ((0.0, 0.04), (0, 3), True), ((0.0, 0.8), (0, 40), False), ((None, None), (0, 0), True)],
)
def test_a_window_without_width_is_already_due(fab, days, wafers, due):
    from dataclasses import replace

    row = replace(fab.forecast(tool="T").tools[0], failed_open=False, window=Window(0.8, *wafers, *days))
    for language, words in (("en", "already due"), ("es", "ya toca")):
        assert (words in row.sentence(language)) == due
        assert "day 0.0 and day 0.0" not in row.sentence(language)
