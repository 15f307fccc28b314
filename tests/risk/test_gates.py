"""Gates by themselves: how they are grouped by age, what bounds a question, how named wafers and whole lots add up."""

import contextlib
from datetime import datetime, timedelta
from types import SimpleNamespace
from typing import Any, cast

import pytest

from fabwatch.risk.count_window import ALWAYS, Gate, Passed, count, open_gates
from fabwatch.store.questions import question
from fabwatch.terms.settings.answering import QualSettings

NOW = datetime(2026, 5, 1)
PASSES, LOTS = (question("risk", name, over="passes") for name in ("exposure", "exposure_lots"))
pytestmark = pytest.mark.unit


class Recorder:
    """Stands for the lake: keeps what it is handed and gives the rows that it was made with."""

    def __init__(self, passes=None, by_lot=None, **quals):
        self.settings = SimpleNamespace(quals=quals)
        self.tables, self.kinds, self.bounds = {}, {}, []
        self._passes, self._by_lot, self._incoming = passes or {}, by_lot or {}, None

    @contextlib.contextmanager
    def incoming(self, table):
        self._incoming = table
        yield

    def ask(self, sql):
        name = sql.split()[5]
        self.tables[name] = self._incoming.to_pydict()
        self.kinds[name] = {field.name: str(field.type) for field in self._incoming.schema}

    def rows(self, sql, bounds):
        self.bounds.append(bounds)
        counted = {PASSES: self._passes, LOTS: self._by_lot}[sql]
        return [counted[number] for number in dict.fromkeys(self.tables["gates"]["gate"]) if number in counted]


def gate(number, days, chamber=None, tool="T", kind="particles", until=NOW):
    return Gate(number, tool, kind, chamber, None if days is None else NOW - timedelta(days=days), until)


def passed(number, named, passes, lot_moves=0, lots=1):
    return {"gate": number, "named": named, "passes": passes, "lots": lots, "moves": passes, "lot_moves": lot_moves}


def asked_together(*gates):
    """The numbers of the gates that one question asks for, question by question."""
    groups = []
    lake: Any = Recorder()

    def rows(sql, bounds):
        groups.append(lake.tables["gates"]["gate"])
        return []

    lake.rows = rows
    count(lake, gates)
    return groups


def test_gates_of_like_age_are_asked_for_together_and_much_older_ones_apart():
    assert asked_together(gate(1, 10), gate(2, 9), gate(3, 11), gate(4, 100)) == [[1, 2, 3], [4]]


def test_a_gate_twice_as_old_as_the_middle_one_begins_a_group_and_one_just_younger_does_not():
    young = [gate(1, 10), gate(2, 10), gate(3, 10)]
    assert asked_together(*young, gate(4, 20)) == [[1, 2, 3], [4]]
    assert asked_together(*young, gate(4, 19.9)) == [[1, 2, 3, 4]]
    assert asked_together(*young, gate(4, 39), gate(5, 41)) == [[1, 2, 3], [4], [5]]


def test_gates_of_seconds_are_told_apart_like_those_of_days():
    second = 1 / 86_400
    assert asked_together(gate(1, second), gate(2, second), gate(3, second), gate(4, 2 * second)) == [[1, 2, 3], [4]]


def test_the_youngest_gates_stay_with_the_middle_ones_however_young():
    assert asked_together(gate(1, 10), gate(2, 0.001), gate(3, 10), gate(4, 0)) == [[1, 2, 3, 4]]


def test_what_no_good_qual_bounds_is_asked_for_by_itself():
    assert asked_together(gate(1, 10), gate(2, None), gate(3, 10)) == [[1, 3], [2]]
    assert asked_together(gate(1, None), gate(2, None)) == [[1, 2]]


def test_gates_of_one_number_stay_together_and_go_by_the_oldest_of_them():
    assert asked_together(gate(1, 10), gate(2, 10), gate(3, 10), gate(4, 5, "A"), gate(4, 100, "B")) == [[1, 2, 3], [4, 4]]
    assert asked_together(gate(1, 10), gate(2, None, "A"), gate(2, 5, "B")) == [[1], [2, 2]]


def test_nothing_is_asked_where_there_is_no_gate():
    assert asked_together() == []
    assert count(cast(Any, Recorder()), []) == {}


def test_a_question_reads_from_the_oldest_gate_to_the_latest_end():
    lake: Any = Recorder()
    later = NOW + timedelta(hours=5)
    bounds = open_gates(lake, [gate(1, 3), gate(2, 7, until=later), gate(3, 5)])
    assert bounds == {"begin": NOW - timedelta(days=7), "finish": later}
    assert open_gates(lake, [gate(1, 3), gate(2, None)])["begin"] == ALWAYS
    assert open_gates(lake, []) == {"begin": ALWAYS, "finish": ALWAYS}


def test_a_gate_without_a_chamber_lets_every_move_through_and_one_with_an_empty_name_only_moves_without_one():
    lake: Any = Recorder()
    open_gates(lake, [gate(1, 3), gate(2, 3, ""), gate(3, None, "A")])
    gates = lake.tables["gates"]
    assert gates["chamber"] == ["", "", "A"]
    assert gates["whole"] == [True, False, False]
    assert gates["since"] == [NOW - timedelta(days=3), NOW - timedelta(days=3), ALWAYS]
    assert gates["until"] == [NOW] * 3
    assert (gates["gate"], gates["tool"], gates["qual_type"]) == ([1, 2, 3], ["T"] * 3, ["particles"] * 3)


def test_the_columns_have_their_types_even_where_there_is_no_row():
    lake: Any = Recorder()
    open_gates(lake, [])
    assert lake.kinds["covers"] == {"qual_type": "string", "recipe": "string"}
    text, moment = dict.fromkeys(("tool", "qual_type", "chamber"), "string"), "timestamp[us]"
    flags = {"whole": "bool", "limited": "bool"}
    assert lake.kinds["gates"] == {"gate": "int64", **text, **flags, "since": moment, "until": moment}


def test_only_a_type_with_stated_recipes_is_limited_to_them():
    lake: Any = Recorder(thickness=QualSettings(recipes=("R1", "R2")), rate=QualSettings())
    open_gates(lake, [gate(n, 3, kind=kind) for n, kind in enumerate(("thickness", "rate", "particles"))])
    assert lake.tables["gates"]["limited"] == [True, False, False]
    assert lake.tables["covers"] == {"qual_type": ["thickness", "thickness"], "recipe": ["R1", "R2"]}


def test_named_wafers_and_those_of_whole_lots_add_up_and_what_nothing_went_through_is_left_out():
    lake: Any = Recorder({1: passed(1, 5, 9), 2: passed(2, 3, 4, 2, 2)}, {2: {"gate": 2, "wafers": 25}})
    bounds = {"begin": NOW - timedelta(days=10), "finish": NOW}
    assert count(lake, [gate(1, 10), gate(2, 10), gate(3, 10)]) == {1: Passed(5, 9, 1, 9, 0), 2: Passed(28, 4, 2, 4, 2)}
    assert lake.bounds == [bounds, bounds]


def test_lots_are_not_asked_for_where_every_move_names_its_wafer():
    lake: Any = Recorder({1: passed(1, 5, 9)}, {1: {"gate": 1, "wafers": 1000}})
    assert count(lake, [gate(1, 10)])[1].wafers == 5


def test_the_counts_of_all_groups_come_back_with_the_bounds_of_their_own_group():
    lake: Any = Recorder({1: passed(1, 5, 9), 2: passed(2, 7, 8)})
    counted = count(lake, [gate(1, 1), gate(2, 100), gate(3, 1)])
    assert counted == {1: Passed(5, 9, 1, 9, 0), 2: Passed(7, 8, 1, 8, 0)}
    assert [bounds["begin"] for bounds in lake.bounds] == [NOW - timedelta(days=1), NOW - timedelta(days=100)]
