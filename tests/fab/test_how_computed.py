"""What an answer shows as "how computed" is what the engine was asked, word for word."""

import re
from unittest.mock import patch

import pytest

from fabwatch.fab import Fab
from fabwatch.store.questions import filled, reading
from tests.served import AS_OF

QUESTIONS = {
    "risk": lambda fab: fab.risk(as_of=AS_OF),
    "risk by area": lambda fab: fab.risk(by="area", as_of=AS_OF),
    "contain": lambda fab: fab.contain("ETCH-2", as_of=AS_OF),
    "forecast": lambda fab: fab.forecast(as_of=AS_OF),
    "interval": lambda fab: fab.interval(as_of=AS_OF),
    "plan": lambda fab: fab.plan(as_of=AS_OF),
    "curve": lambda fab: fab.curve("ETCH-1", as_of=AS_OF),
    "history": lambda fab: fab.history("ETCH-1", as_of=AS_OF),
    "stats": lambda fab: fab.stats(as_of=AS_OF),
    "readings": lambda fab: fab.readings("ETCH-1", as_of=AS_OF),
    "runs": lambda fab: fab.runs(as_of=AS_OF),
    "step_summary": lambda fab: fab.step_summary(as_of=AS_OF),
    "faults": lambda fab: fab.faults(as_of=AS_OF),
    "trace": lambda fab: fab.trace(last_run(fab), as_of=AS_OF),
    "trace of a stretch": lambda fab: fab.trace(last_run(fab), since=5.0, until=20.0, as_of=AS_OF),
    "sensor_stats": lambda fab: fab.sensor_stats(as_of=AS_OF),
    "chambers": lambda fab: fab.chambers("Pressure", as_of=AS_OF),
    "rules": lambda fab: fab.rules(as_of=AS_OF),
    "backtest": lambda fab: fab.backtest("neighbours", as_of=AS_OF),
    "rates": lambda fab: fab.rates(as_of=AS_OF),
    "replay": lambda fab: fab.replay(as_of=AS_OF),
    "features": lambda fab: fab.features(as_of=AS_OF),
    "features by lot": lambda fab: fab.features(by="lot", as_of=AS_OF),
    "predicted_rates": lambda fab: fab.predicted_rates(as_of=AS_OF),
}


def last_run(fab):
    return fab.runs().runs[0].run


@pytest.fixture(scope="module")
def watched(folder):
    """The fab, and every statement that its engine is asked from then on."""
    statements = []
    with Fab(folder) as fab:
        ask = fab._lake.ask

        def listening(sql, parameters=None):
            statements.append(sql.strip())
            return ask(sql, parameters)

        with patch.object(fab._lake, "ask", listening):
            yield fab, statements


@pytest.mark.parametrize("name", QUESTIONS)
def test_the_shown_statements_are_those_that_ran(watched, name):
    fab, statements = watched
    fab._lake._remembered.clear()
    statements.clear()
    shown = QUESTIONS[name](fab).how.sql
    assert shown.strip()
    assert not re.search(r"(?<![\w'])\{[a-z_]+\}", shown), "a place was left unfilled"
    rest = shown
    for statement in sorted(set(statements), key=len, reverse=True):
        rest = rest.replace(statement, "")
    assert rest.strip("; \n") == "", f"shown, but never run: {rest[:300]}"


def test_a_place_without_a_piece_and_a_piece_without_a_place_are_refused():
    assert (
        filled("SELECT {columns} FROM {place} WHERE x > $x", columns="a, b", place="t") == "SELECT a, b FROM t WHERE x > $x"
    )
    with pytest.raises(ValueError, match="differ"):
        filled("SELECT {columns} FROM t", table="t")
    with pytest.raises(ValueError, match="differ"):
        filled("SELECT a FROM t", columns="a")


def test_a_statement_reads_others_by_name_whether_or_not_it_names_some_itself(watched):
    fab, _ = watched
    ask = fab._lake.ask
    assert ask(reading("SELECT sum(n) FROM ns", {"ns": "SELECT unnest([1, 2]) AS n"})).fetchall() == [(3,)]
    own = "-- twice as much\nWITH twice AS (SELECT 2 * n AS n FROM ns)\nSELECT sum(n) FROM twice"
    both = reading(reading(own, {"ns": "SELECT n FROM base"}), {"base": "SELECT unnest([1, 2]) AS n"})
    assert ask(both).fetchall() == [(6,)]
