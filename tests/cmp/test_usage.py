"""How far the consumables of a head were used: by wafers, by the counters of the tool, and when a counter falls."""

import random
from datetime import datetime, timedelta

import pytest

from tests.cmp.polisher import BEGIN, RATE, TARGET, Truth, files
from tests.fabs import new_fab

NOW = datetime(2026, 1, 10)
HEADINGS = "WAFER_ID,TOOL_ID,HEAD,PRODUCT,POLISH_END,MEASURED_AT,PRE_THICKNESS,POST_THICKNESS,POLISH_TIME,TARGET,UNIT"


@pytest.fixture
def door(tmp_path):
    with new_fab(tmp_path / "fab", clock=lambda: NOW) as fab:
        yield fab


def worn_by_use(folder, told=True):
    """A pad that wears by what its conditioner does, which differs from wafer to wafer; the tool counts it."""
    dice = random.Random(3)
    rows, counts, changes = [HEADINGS], ["TOOL_ID,COUNTER,READ_AT,VALUE"], ["TOOL_ID,DONE_AT,KIND"]
    use = 0.0
    for n in range(200):
        at = BEGIN + timedelta(minutes=10 * n)
        if n and n % 60 == 0:
            use = 0.0
            changes.append(f"CMP-1,{(at - timedelta(minutes=5)).isoformat()}Z,part")
        use += dice.choice((0.1, 0.3, 4.0))
        rate = RATE * (1 - 0.002 * use) * (1 + dice.gauss(0, 0.002))
        known = at + timedelta(minutes=50)
        after = 9000 - 100 * rate
        rows.append(f"W{n},CMP-1,H1,P1,{at.isoformat()}Z,{known.isoformat()}Z,9000,{after:.6f},100,{TARGET},angstrom")
        counts.append(f"CMP-1,PAD_USE,{at.isoformat()}Z,{use:.3f}")
    folder.mkdir()
    (folder / "metrology.csv").write_text("\n".join(rows) + "\n")
    (folder / "counters.csv").write_text("\n".join(counts) + "\n")
    if told:
        (folder / "changes.csv").write_text("\n".join(changes) + "\n")
    (folder / "tools.csv").write_text("tool,tool_type,area\nCMP-1,C,CMP\n")
    return use


def test_a_rate_that_goes_with_a_counter_is_aged_by_that_counter(door, tmp_path):
    use = worn_by_use(tmp_path / "in")
    assert door.ingest(tmp_path / "in").clean
    (state,) = door.rates().groups
    assert state.controller == "age"
    assert "age by PAD_USE: smallest error" in state.reason
    # The next wafer uses the pad by the usual share of one.
    assert state.rate == pytest.approx(RATE * (1 - 0.002 * (use + 0.3)), rel=0.005)
    told = {one.name: one for one in door.replay().controllers}
    assert told["age"].sigma < 0.5 * told["ewma"].sigma


def test_a_counter_that_falls_without_a_change_on_record_is_doubted(door, tmp_path):
    worn_by_use(tmp_path / "in", told=False)
    assert door.ingest(tmp_path / "in").clean
    (state,) = door.rates().groups
    (doubt,) = [one for one in state.doubts if one.code == "CounterFell"]
    assert "PAD_USE was reset from" in doubt.sentence()
    assert "no change of a consumable is on record; load it" in doubt.sentence()


def test_wafers_since_a_change_are_those_of_the_moves_where_not_every_wafer_is_measured(door, tmp_path):
    files(tmp_path / "in", Truth(seed=2), 160)
    assert door.ingest(tmp_path / "in").clean
    assert door.rates().groups[0].age == 40
    rows = ["lot,tool,wafers,end_at"]
    for n in range(160):
        at = BEGIN + timedelta(minutes=10 * n)
        rows.append(f"M{n},CMP-1,25,{at.isoformat()}Z")
    (tmp_path / "moves.csv").write_text("\n".join(rows) + "\n")
    assert door.ingest(tmp_path / "moves.csv").clean
    # One wafer of each lot of 25 is measured; the pad was changed 40 lots ago.
    state = door.rates().groups[0]
    assert state.age == 40 * 25
    assert "1000 wafers since the last change" in state.reason


def test_wafers_of_another_product_wear_the_pad_as_well(door, tmp_path):
    rows = [HEADINGS]
    for n in range(30):
        at = (BEGIN + timedelta(minutes=10 * n)).isoformat()
        rows.append(f"W{n},CMP-1,H1,P{n % 3},{at}Z,{at}Z,9000,5000,100,5000,angstrom")
    (tmp_path / "metrology.csv").write_text("\n".join(rows) + "\n")
    (tmp_path / "tools.csv").write_text("tool,tool_type,area\nCMP-1,C,CMP\n")
    door.ingest([tmp_path / "metrology.csv", tmp_path / "tools.csv"])
    assert [state.age for state in door.rates().groups] == [30, 30, 30]
    assert [state.measured for state in door.rates().groups] == [10, 10, 10]
