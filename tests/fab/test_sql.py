"""Any SELECT over the tables gives a frame; nothing is written, and nothing else is read."""

import pytest

from fabwatch.terms.errors import BadQuestion

HEAD = "lot,wafer,tool,end_at"


@pytest.fixture
def some(fab, write):
    fab.ingest(write("moves.csv", f"{HEAD}\nL1,L1.01,ETCH-1,2026-05-01T10:00Z\nL1,L1.02,ETCH-1,2026-05-01T11:00Z\n"))
    return fab


def test_a_select_gives_a_frame(some):
    frame = some.sql("SELECT tool, count(*) AS n FROM moves GROUP BY tool")
    assert frame.to_dict("records") == [{"tool": "ETCH-1", "n": 2}]


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM moves",
        "CREATE TABLE x AS SELECT 1",
        "DROP TABLE moves",
        "INSERT INTO moves SELECT * FROM moves",
        "SELECT * FROM ducklake_expire_snapshots('lake', versions => [1])",
        "SELECT * FROM read_csv('/etc/passwd')",
        "COPY moves TO '/tmp/stolen.csv'",
        "SELECT nonsense FROM moves",
        "",
    ],
)
def test_what_writes_or_reads_elsewhere_is_refused_and_the_fab_stays_as_it_is(some, statement):
    before = some.state()
    with pytest.raises(BadQuestion) as stop:
        some.sql(statement)
    assert stop.value.hint
    assert some.sql("SELECT count(*) AS n FROM moves")["n"][0] == 2
    assert some.state() == before
