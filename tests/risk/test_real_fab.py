"""The real fab folder against the oracle: every tool, and containment at sampled failed quals."""

import csv
import gzip
import random
from collections import defaultdict
from datetime import datetime

import pytest

from tests.fabs import copy_of, summary_of
from tests.risk import oracle

AS_OF = datetime(2026, 3, 20)


def _stamp(text):
    return datetime.strptime(text, "%Y-%m-%d %H:%M:%S")


def _rows(path):
    with path.open() as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="module")
def plain(data):
    """The files as plain rows by tool, read without fabwatch."""
    moves, lots = defaultdict(list), defaultdict(list)
    for path in sorted((data / "fab" / "moves").glob("*.csv.gz")):
        with gzip.open(path, "rt") as file:
            for row in csv.DictReader(file):
                move = {
                    "tool": row["TOOL_ID"], "lot": row["LOT_ID"], "wafer": None, "wafers": int(row["WAFER_QTY"]),
                    "chamber": None, "recipe": None, "kind": "production", "step": row["STEP"],
                    "step_no": int(row["STEP_NO"]), "end_at": _stamp(row["TRACK_OUT"]), "start_at": row["TRACK_IN"],
                    "area": row["AREA"],
                }  # fmt: skip
                moves[row["TOOL_ID"]].append(move)
                lots[row["LOT_ID"]].append(move)
    quals = defaultdict(list)
    for row in _rows(data / "fab" / "quals.csv"):
        quals[row["TOOL_ID"]].append(
            {"tool": row["TOOL_ID"], "chamber": None, "qual_type": row["QUAL_TYPE"], "resulted_at": None,
             "processed_at": _stamp(row["QUAL_TIME"]), "passed": row["RESULT"] == "PASS"}
        )  # fmt: skip
    tools = [row["TOOL_ID"] for row in _rows(data / "fab" / "tools.csv")]
    return tools, moves, quals, lots


@pytest.fixture(scope="module")
def loaded(real_fab, tmp_path_factory):
    with copy_of(real_fab, tmp_path_factory.mktemp("real") / "fab") as fab:
        yield fab, summary_of(real_fab)


def test_the_folder_loads_without_a_mapping_and_loading_it_again_adds_nothing(loaded, data):
    fab, summary = loaded
    assert (summary.loaded, summary.failed, summary.set_aside, summary.duplicates) == (20, 0, 0, 0)
    kinds = defaultdict(int)
    for file in summary.files:
        kinds[file.kind] += file.rows
    assert kinds == {"tools": 1043, "moves": 361168, "restores": 2048, "quals": 12356}
    again = fab.ingest(data / "fab")
    assert (again.loaded, again.already, again.rows) == (0, 20, 0)


@pytest.mark.parametrize("as_of", [AS_OF, datetime(2026, 3, 9, 13, 30)])
def test_for_every_tool_the_risk_equals_the_oracle(loaded, plain, as_of):
    fab, _ = loaded
    tools, moves, quals, _ = plain
    rows = {row.tool: row for row in fab.risk(as_of=as_of).tools}
    assert rows.keys() == set(tools)
    for tool in tools:
        known = [qual for qual in quals[tool] if qual["processed_at"] <= as_of]
        kind = "particles" if known else None
        expected = oracle.at_risk(moves[tool], known, tool, "*", kind, as_of, as_of)
        row = rows[tool]
        assert (row.wafers, row.passes, row.lots) == oracle.counts(expected), tool
        assert row.since == oracle.last_good(known, tool, None, kind, as_of), tool
        assert row.bounded is (row.since is not None)
        assert row.level == "lot" or not moves[tool]


@pytest.mark.parametrize("sample", [25, pytest.param(200, marks=pytest.mark.soak)])
def test_containment_at_failed_quals_equals_the_oracle_with_where_each_lot_is_now(loaded, plain, sample):
    fab, _ = loaded
    _, moves, quals, lots = plain
    failed = [qual for by_tool in quals.values() for qual in by_tool if not qual["passed"]]
    # One tool after the other: their history is read once.
    for qual in sorted(random.Random(4).sample(failed, sample), key=lambda qual: str(qual["tool"])):
        tool, until = qual["tool"], qual["processed_at"]
        answer = fab.contain(tool, qual_type="particles", at=until, as_of=AS_OF)
        expected = oracle.at_risk(moves[tool], quals[tool], tool, "*", "particles", until, AS_OF, before=until)
        assert (answer.wafers, answer.passes, answer.lots) == oracle.counts(expected)
        assert answer.since == oracle.last_good(quals[tool], tool, None, "particles", AS_OF, before=until)
        assert {item.lot for item in answer.items} == {move["lot"] for move in expected}
        for item in answer.items:
            ends = [move["end_at"] for move in expected if move["lot"] == item.lot]
            assert (item.first_end, item.last_end, item.moves) == (min(ends), max(ends), len(ends))
            assert item.passes == sum(move["wafers"] for move in expected if move["lot"] == item.lot)
            newest = max(move["end_at"] for move in lots[item.lot])
            last = [move for move in lots[item.lot] if move["end_at"] == newest]
            assert item.now.end_at == newest
            assert (item.now.tool, item.now.area) in {(move["tool"], move["area"]) for move in last}


def test_the_sum_over_tools_is_the_figure_of_the_area(loaded):
    fab, _ = loaded
    by_area = defaultdict(int)
    for row in fab.risk(as_of=AS_OF).tools:
        by_area[row.area, row.qual_type] += row.wafers
    areas = {(row.area, row.qual_type): row for row in fab.risk(by="area", as_of=AS_OF).tools}
    assert {key: row.wafers for key, row in areas.items()} == by_area
    assert all(row.distinct_wafers <= row.wafers for row in areas.values())
