"""Yield: parts that came out good over parts that were tested, by whatever they share, counted in the plainest way."""

import json
from collections import Counter
from pathlib import Path

import pytest

from fabwatch.fab import Fab
from fabwatch.terms.errors import UnknownTool
from tests.commands import command
from tests.made_stdf import Stdf, simple, wafer


def load(fab: Fab, path: Path, content: bytes | str) -> None:
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    summary = fab.ingest(path)
    assert summary.failed == 0, summary.files


def test_yield_counts_parts_by_lot_wafer_product_day_insertion_and_site(fab: Fab, tmp_path: Path) -> None:
    first, second = {(n, 0): 1 + (n % 4 == 0) for n in range(12)}, {(n, 0): 1 for n in range(8)}
    load(fab, tmp_path / "a.stdf", simple(first, lot="L1", name="L1-01").content)
    load(fab, tmp_path / "b.stdf", simple(second, lot="L2", name="L2-05").content)
    groups = {row["lot"]: row for row in fab.yields().rows()}
    assert (groups["L1"]["parts"], groups["L1"]["good"], groups["L1"]["yield"]) == (12, 9, 0.75)
    assert (groups["L2"]["parts"], groups["L2"]["good"], groups["L2"]["yield"]) == (8, 8, 1.0)
    total = fab.yields(by="product").total
    assert (total.parts, total.good, total.yield_, total.first_pass, total.retested) == (20, 17, 0.85, 0.85, 0)
    for by in ("wafer", "day", "insertion", "site"):
        assert sum(group.parts for group in fab.yields(by=by).groups) == 20  # type: ignore[arg-type]
    assert [(g.lot, g.wafer) for g in fab.yields(by="wafer", lot="L2").groups] == [("L2", "L2-05")]
    with pytest.raises(UnknownTool, match="L3"):
        fab.yields(lot="L3")


def test_retests_that_the_file_flags_replace_the_result_of_their_position(fab: Fab, tmp_path: Path) -> None:
    file = Stdf().far().mir().wir()
    for x, hard, flag in ((0, 5, 8), (1, 1, 0), (2, 5, 8), (0, 1, 2), (2, 5, 8 + 2)):
        file.pir().ptr(7, 1.0, limits=(0, 9)).prr(x, 0, hard, flag)
    load(fab, tmp_path / "a.stdf", file.wrr(5).mrr().content)
    total = fab.yields().total
    assert (total.parts, total.good, total.first_pass, total.retested) == (3, 2, 1 / 3, 2)
    assert {row.bin: row.parts for row in fab.bins().bins if row.kind == "hard"} == {1: 2, 5: 1}
    assert fab.yields(retests="none").total.parts == 5


def test_positions_that_are_tested_again_without_a_flag_count_each_and_are_doubted(fab: Fab, tmp_path: Path) -> None:
    file = Stdf().far().mir().wir()
    for x, hard in ((0, 5), (1, 1), (0, 1)):
        file.pir().prr(x, 0, hard)
    load(fab, tmp_path / "a.stdf", file.wrr(3).mrr().content)
    assert [type(doubt).__name__ for doubt in fab.yields().doubts] == ["TestedAgain"]
    assert fab.yields().total.parts == 3
    by_position = fab.yields(retests="position")
    assert (by_position.total.parts, by_position.total.good, by_position.total.retested) == (2, 2, 1)
    assert by_position.doubts == ()


def test_a_later_file_of_the_same_insertion_is_a_retest_and_one_of_another_is_not(fab: Fab, tmp_path: Path) -> None:
    bins = {(n, 0): 5 if n < 3 else 1 for n in range(10)}
    load(fab, tmp_path / "a.stdf", simple(bins).content)
    again = wafer(Stdf().far().mir(start=2_000_000), {(0, 0): 1, (1, 0): 5}).mrr(2_001_000)
    load(fab, tmp_path / "b.stdf", again.content)
    total = fab.yields().total
    assert (total.parts, total.good, total.first_pass, total.retested) == (10, 8, 0.7, 2)
    other = wafer(Stdf().far().mir(code="CP2", start=3_000_000), {(n, 0): 1 for n in range(4)}).mrr(3_001_000)
    load(fab, tmp_path / "c.stdf", other.content)
    assert {g.insertion: g.parts for g in fab.yields(by="insertion").groups} == {"CP1": 10, "CP2": 4}


def test_wafers_without_a_file_count_by_their_sort_summary(fab: Fab, tmp_path: Path) -> None:
    load(fab, tmp_path / "a.stdf", simple({(0, 0): 1, (1, 0): 5}, name="L1-01").content)
    load(fab, tmp_path / "sort.csv", "Lot ID,Wafer No,Gross Die,Good Die\nL1,1,100,7\nL1,2,100,90\nL2,1,50,25\n")
    groups = {(g.lot, g.wafer): (g.parts, g.good, g.first_pass) for g in fab.yields(by="wafer").groups}
    assert groups == {("L1", "L1-01"): (2, 1, 0.5), ("L1", "2"): (100, 90, None), ("L2", "1"): (50, 25, None)}
    total = fab.yields().total
    assert (total.parts, total.good, total.first_pass) == (152, 116, None)


def test_a_sort_summary_with_more_good_parts_than_parts_is_set_aside(fab: Fab, tmp_path: Path) -> None:
    (tmp_path / "sort.csv").write_text("lot,wafer,parts,good\nL1,1,100,120\nL1,2,100,90\n")
    summary = fab.ingest(tmp_path / "sort.csv")
    assert (summary.rows, summary.set_aside, summary.files[0].rules) == (1, 1, {"impossible_value": 1})


def test_yield_by_tool_counts_the_parts_of_the_wafers_that_passed_it(fab: Fab, tmp_path: Path) -> None:
    load(fab, tmp_path / "a.stdf", simple({(n, 0): 1 for n in range(4)}, lot="L1", name="L1-01").content)
    load(fab, tmp_path / "b.stdf", simple({(n, 0): 5 for n in range(6)}, lot="L1", name="02").content)
    load(fab, tmp_path / "c.stdf", simple({(n, 0): 1 for n in range(3)}, lot="L9", name="L9-01").content)
    moves = ["lot,wafer,wafers,tool,chamber,end_at"]
    moves += ["L1,L1.01,1,ETCH,A,1970-01-02 00:00:00", "L1,L1.02,1,ETCH,B,1970-01-02 00:00:00"]
    moves += ["L1,L1.02,1,ETCH,B,1970-01-03 00:00:00", "L1,,25,WET,,1970-01-02 00:00:00"]
    load(fab, tmp_path / "moves.csv", "\n".join(moves) + "\n")
    by_tool = {g.tool: (g.parts, g.good) for g in fab.yields(by="tool").groups}
    assert by_tool == {"ETCH": (10, 4), "WET": (10, 4)}
    by_chamber = {(g.tool, g.chamber): (g.parts, g.good) for g in fab.yields(by="chamber").groups}
    assert by_chamber == {("ETCH", "A"): (4, 4), ("ETCH", "B"): (6, 0), ("WET", None): (10, 4)}
    assert "NoHistory" in {type(doubt).__name__ for doubt in fab.yields(by="tool").doubts}
    assert fab.yields(by="tool").total.parts == 13


def test_bins_carry_names_shares_and_intervals(fab: Fab, tmp_path: Path) -> None:
    bins = {(n, 0): 5 if n < 2 else 1 for n in range(20)}
    load(fab, tmp_path / "a.stdf", simple(bins).content)
    hard = [row for row in fab.bins().bins if row.kind == "hard"]
    assert [(row.bin, row.name, row.parts, row.share) for row in hard] == [(1, "good", 18, 0.9), (5, "leak", 2, 0.1)]
    # Clopper and Pearson for 2 of 20, from printed tables.
    assert (round(hard[1].low, 4), round(hard[1].high, 4)) == (0.0123, 0.317)


def test_statistics_of_tests_are_those_of_all_values_over_several_files(fab: Fab, tmp_path: Path) -> None:
    values = []
    for number in range(3):
        bins = {(n, number): 1 + (n == 5) for n in range(9)}
        values += [10 * x + y for x, y in bins]
        load(fab, tmp_path / f"{number}.stdf", simple(bins, name=f"L1-0{number}").content)
    (test,) = fab.tests().tests
    mean = sum(values) / len(values)
    std = (sum((v - mean) ** 2 for v in values) / (len(values) - 1)) ** 0.5
    assert (test.n, test.failed, test.name, test.lower, test.upper) == (27, 3, "place", -100.0, 100.0)
    assert (test.mean, test.std) == (pytest.approx(mean), pytest.approx(std))
    assert test.cpk == pytest.approx(min(100 - mean, mean + 100) / 3 / std)
    assert fab.tests(wafer="L1-02").tests[0].n == 9


def test_wafer_maps_of_several_formats_go_in_as_parts(fab: Fab, tmp_path: Path) -> None:
    rows = "".join(f"<Row><![CDATA[{row}]]></Row>" for row in ("255 001 005", "001 001 001"))
    g85 = (
        '<?xml version="1.0"?><Maps><Map WaferId="A1-03" FormatRevision="G85-1101"><Device ProductId="P7" LotId="A1" '
        'Rows="2" Columns="3" Orientation="0" OriginLocation="3" BinType="Decimal" NullBin="255">'
        '<Bin BinCode="001" BinQuality="Pass" BinDescription="good"/><Bin BinCode="005" BinQuality="Fail"/>'
        f"<Data>{rows}</Data></Device></Map></Maps>"
    )
    load(fab, tmp_path / "a.xml", g85)
    load(
        fab,
        tmp_path / "b.sinf",
        "DEVICE:P7\nLOT:A1\nWAFER:05\nFNLOC:180\nROWCT:2\nCOLCT:3\nBCEQU:01\nRowData:__ 01 02\nRowData:01 01 __\n",
    )
    load(fab, tmp_path / "c.csv", "lot,wafer,x,y,hbin,passed\nA2,1,5,5,1,P\nA2,1,6,5,7,F\n")
    groups = {(g.lot, g.wafer): (g.parts, g.good) for g in fab.yields(by="wafer").groups}
    assert groups == {("A1", "A1-03"): (5, 4), ("A1", "05"): (4, 3), ("A2", "1"): (2, 1)}
    again = fab.ingest([tmp_path / "a.xml", tmp_path / "b.sinf", tmp_path / "c.csv"])
    assert (again.already, again.rows) == (3, 0)


def test_electrical_tests_go_in_as_a_table(fab: Fab, tmp_path: Path) -> None:
    load(fab, tmp_path / "wat.csv", "Lot,Wafer,Site,Parameter,Value,Unit,LSL,USL\nL1,1,1,VTN,0.45,V,0.4,0.5\n")
    found = fab.sql("SELECT lot, wafer, site, parameter, value, unit, lower, upper FROM wat").to_dict("records")
    expected = {"lot": "L1", "wafer": "1", "site": "1", "parameter": "VTN", "value": 0.45, "unit": "V"}
    assert found == [{**expected, "lower": 0.4, "upper": 0.5}]


def test_the_commands_print_the_contract(fab: Fab, tmp_path: Path) -> None:
    load(fab, tmp_path / "a.stdf", simple().content)
    answer = json.loads(command("yield", "--by", "wafer", "--fab", fab.path, "--json").out)
    assert answer["groups"] == [
        {"lot": "L1", "wafer": "L1-01", "parts": 4, "good": 3, "yield": 0.75, "first_pass": 0.75, "retested": 0}
    ]
    assert answer["total"]["yield"] == 0.75
    bins = json.loads(command("yield", "bins", "--lot", "L1", "--fab", fab.path, "--json").out)["bins"]
    assert Counter(row["kind"] for row in bins) == {"hard": 2, "soft": 2}
    tests = json.loads(command("yield", "tests", "--wafer", "L1-01", "--fab", fab.path, "--json").out)["tests"]
    assert {"test", "name", "unit", "n", "failed", "mean", "std", "min", "max", "lower", "upper", "cpk"} == tests[0].keys()
    none = command("yield", "--lot", "L2", "--fab", fab.path)
    assert (none.code, "hint:" in none.err) == (1, True)


def test_a_fab_without_results_says_so(fab: Fab) -> None:
    assert fab.yields().total.parts == 0
    assert "No test results" in fab.yields().sentence()
    assert "No inspections" in fab.defects().sentence()


def test_a_stacked_map_counts_places_zones_and_bands_over_wafers(fab: Fab, tmp_path: Path) -> None:
    """A disc of dies whose outermost ring fails: the edge loses what the ring holds of it, the centre nothing."""
    places = [(x, y) for x in range(-6, 7) for y in range(-6, 7) if (x * x + y * y) <= 36]
    bins = {place: 5 if place[0] ** 2 + place[1] ** 2 > 30 else 1 for place in places}
    for number in range(2):
        load(fab, tmp_path / f"{number}.stdf", simple(bins, name=f"L1-0{number}").content)
    answer = fab.stacked_map(bin=5)
    assert (answer.wafers, len(answer.dies)) == (2, len(places))
    assert {(p.x, p.y): (p.parts, p.good, p.in_bin) for p in answer.dies} == {
        place: (2, 2 * (code == 1), 2 * (code == 5)) for place, code in bins.items()
    }
    zones = {zone.zone: zone for zone in answer.zones}
    rings = [zones[name] for name in ("centre", "middle", "edge")]
    assert sum(zone.parts for zone in rings) == 2 * len(places)
    assert (rings[0].yield_, rings[1].yield_) == (1.0, 1.0)
    assert rings[2].in_bin == 2 * sum(code == 5 for code in bins.values())
    quadrants = [zones[name].parts for name in ("upper right", "upper left", "lower left", "lower right")]
    assert len(set(quadrants)) == 1
    assert answer.radial[-1].yield_ < answer.radial[0].yield_ == 1.0
    assert fab.stacked_map(wafer="L1-01").wafers == 1
    with pytest.raises(UnknownTool, match="product"):
        fab.stacked_map(product="Q")


def test_yield_by_area_counts_a_wafer_once_in_each_area_that_it_passed(fab: Fab, tmp_path: Path) -> None:
    load(fab, tmp_path / "a.stdf", simple({(n, 0): 1 + (n % 4 == 0) for n in range(12)}, lot="L1", name="L1-01").content)
    load(fab, tmp_path / "b.stdf", simple({(n, 0): 1 for n in range(8)}, lot="L2", name="L2-05").content)
    load(fab, tmp_path / "tools.csv", "tool,area\nE1,Etch\nE2,Etch\nC1,CVD\n")
    rows = ["L1,L1-01,E1", "L1,L1-01,E2", "L1,L1-01,C1", "L2,L2-05,E1", "L2,L2-05,X9"]
    moves = "lot,wafer,tool,end_at\n" + "".join(f"{row},1970-01-10T00:00Z\n" for row in rows)
    load(fab, tmp_path / "moves.csv", moves)
    groups = {group.area: (group.parts, group.good) for group in fab.yields(by="area").groups}
    assert groups == {"Etch": (20, 17), "CVD": (12, 9), None: (8, 8)}
    assert fab.yields(by="area").total.parts == 20
