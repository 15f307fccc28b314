"""Commonality of numbers: the chamber that shifts a number is named, lots are no wafers, ranks are those of the books."""

import json
import time
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import mannwhitneyu

from fabwatch.fab import Fab
from fabwatch.stats.ranks import medians, midranks, shift_between, shift_stretch, shift_within
from fabwatch.terms.errors import BadQuestion, UnknownTool
from fabwatch.yields.shifts import ComparedNumbers
from tests.commands import command
from tests.fabs import copy_of, made_once, new_fab
from tests.served import Server
from tests.yields.made import Truth, made


@pytest.fixture(scope="module")
def shifted() -> tuple[Path, Truth]:
    """A fab in which one chamber raises a WAT parameter by 1.5, and takes parts of four fifths of its wafers."""
    kept: list[Truth] = []

    def fill(folder: Path) -> None:
        kept.append(made(folder / "made", 1, shift=1.5))
        with new_fab(folder / "fab") as fab:
            assert fab.ingest(folder / "made").clean

    folder = made_once("shifted", fill)
    return folder / "fab", kept[0] if kept else made(folder / "again", 1, shift=1.5)


def test_the_chamber_that_shifts_a_parameter_comes_first_with_its_size_and_time(shifted: tuple[Path, Truth]) -> None:
    folder, truth = shifted
    with Fab(folder) as fab:
        answer = fab.commonality(value="VTN")
    (first,) = answer.findings
    assert (first.axis, first.tool, first.chamber) == ("chamber", truth.tool, truth.chamber)
    assert first.low < 1.5 < first.high
    assert 0.5 < first.effect < 2
    assert abs(first.n_with - truth.exposed) <= 0.2 * truth.exposed
    assert first.median_with > first.median_without
    assert (first.bad_with, answer.value, answer.unit, answer.direction) == (None, "wat VTN", "V", None)
    assert f"{truth.tool} chamber {truth.chamber}" in first.sentence()
    assert "higher by" in first.sentence()
    assert "más arriba" in first.sentence("es")


def test_low_yield_as_a_number_finds_the_same_chamber_and_high_yield_does_not(shifted: tuple[Path, Truth]) -> None:
    folder, truth = shifted
    with Fab(folder) as fab:
        low, high = fab.commonality(value="yield"), fab.commonality(value="yield", direction="high")
        shares = {(g.lot, g.wafer): g.yield_ for g in fab.yields(by="wafer").groups}
    assert (low.findings[0].tool, low.findings[0].chamber, low.direction) == (truth.tool, truth.chamber, "low")
    assert low.findings[0].n_with + low.findings[0].n_without == len(shares)
    assert low.findings[0].median_without == pytest.approx(np.median(list(shares.values())), abs=0.02)
    assert all(finding.effect > 0 for finding in high.findings)
    assert (truth.tool, truth.chamber) not in {(finding.tool, finding.chamber) for finding in high.findings}


def test_numbers_that_nothing_shifts_give_no_finding(fab: Fab, tmp_path: Path) -> None:
    """Whole lots are apart, by three times what wafers are: the wafers of a lot are then worth one."""
    made(tmp_path / "made", 7, shift=0.0, lot_spread=3.0, hit=0.05)
    fab.ingest(tmp_path / "made")
    answer = fab.commonality(value="VTN")
    assert (answer.findings, answer.conclusive) == ((), False)
    assert answer.tried > 40
    assert "none of" in answer.sentence()


def test_each_product_has_its_own_level(fab: Fab, tmp_path: Path) -> None:
    moves = ["lot,wafer,step,tool,product,end_at"]
    rows = ["lot,wafer,product,parameter,value"]
    dice = np.random.default_rng(2)
    for lot in range(24):
        product = f"P{lot % 2}"
        for wafer in range(1, 7):
            moves.append(f"L{lot},{wafer},S,{'T1' if lot % 2 else 'T2'},{product},2026-01-{lot + 1:02d}T00:00:00Z")
            rows.append(f"L{lot},{wafer},{product},RS,{(lot % 2) * 50 + dice.normal()}")
    (tmp_path / "moves.csv").write_text("\n".join(moves) + "\n")
    (tmp_path / "rs.csv").write_text("\n".join(rows) + "\n")
    assert fab.ingest([tmp_path / "moves.csv", tmp_path / "rs.csv"]).clean
    assert fab.commonality(value="RS").findings == ()


def test_a_name_that_is_not_there_or_is_two_things_is_said(shifted: tuple[Path, Truth]) -> None:
    with Fab(shifted[0]) as fab:
        with pytest.raises(UnknownTool, match="VTN"):
            fab.commonality(value="VTX")
        with pytest.raises(BadQuestion, match="or bad wafers"):
            fab.commonality(value="VTN", below=0.8)
        with pytest.raises(BadQuestion, match="direction is one of numbers"):
            fab.commonality(direction="low")
        with pytest.raises(BadQuestion):
            fab.commonality(value="VTN", direction="sideways")  # type: ignore[arg-type]
        assert fab.commonality(value="wat:VTN").value == "wat VTN"


def test_the_command_and_its_contract(shifted: tuple[Path, Truth]) -> None:
    answer = json.loads(command("commonality", "--value", "VTN", "--direction", "high", "--fab", shifted[0], "--json").out)
    keys = {"axis", "value", "from", "to", "bad_with", "bad_without", "good_with", "good_without", "p", "q", "effect"}
    assert keys | {"n_with", "n_without", "median_with", "median_without", "sentence"} <= answer["findings"][0].keys()
    table = command("commonality", "--value", "VTN", "--fab", shifted[0]).out
    assert "median with" in table


def exposed(compared: ComparedNumbers, flags: np.ndarray) -> tuple[float, float]:
    """How far the ranks of the flagged wafers are off, between lots and within them."""
    unit = np.flatnonzero(flags)
    passed = compared.passed(np.zeros(unit.size, np.int64), unit, np.ones(unit.size, np.int64), 1)
    sums = compared.counted(passed)
    return float(sums.between[0]), float(sums.within[0])


def test_whole_lots_are_compared_as_by_mann_and_whitney() -> None:
    dice = np.random.default_rng(4)
    lot = np.repeat(np.arange(20), 5)
    x = dice.normal(size=100)
    flags = lot < 7
    between, within = exposed(ComparedNumbers(x, np.ones(100, bool), lot, 1, either=False), flags)
    centers = np.array([np.median(x[lot == n]) for n in range(20)])
    book = mannwhitneyu(centers[:7], centers[7:], alternative="greater", method="asymptotic", use_continuity=False)
    from scipy.stats import norm

    assert norm.sf(between) == pytest.approx(book.pvalue, rel=1e-9)
    assert np.isnan(within)


def test_within_lots_the_deviate_is_that_of_all_ways_to_deal_wafers_out() -> None:
    dice = np.random.default_rng(5)
    lot = np.repeat(np.arange(6), 4)
    x = dice.normal(size=24) + lot
    flags = np.tile([True, True, False, False], 6)
    compared = ComparedNumbers(x, np.ones(24, bool), lot, 1, either=False)
    _, within = exposed(compared, flags)
    ranks = midranks(x - medians(x, lot, 6)[lot])
    dealt = [sum(ranks[lot == n][dice.permutation(4)[:2]].sum() for n in range(6)) for _ in range(4000)]
    assert within == pytest.approx((ranks[flags].sum() - np.mean(dealt)) / np.std(dealt), abs=0.06)


def test_shifts_are_medians_of_all_differences_and_their_intervals_hold_the_truth() -> None:
    dice = np.random.default_rng(6)
    held = [0, 0]
    for _ in range(300):
        x, y = dice.normal(1, 1, 9), dice.normal(0, 1, 14)
        shift, low, high = shift_between(x, y)
        assert shift == pytest.approx(np.median([a - b for a in x for b in y]))
        lot = np.repeat(np.arange(5), 6)
        flags = dice.permuted(np.tile([True, True, False, False, False, False], (5, 1)), axis=1).ravel()
        values = dice.normal(size=30) + 9 * lot + flags
        inner, inner_low, inner_high = shift_within(values, lot, flags)
        pairs = [values[a] - values[b] for a in np.flatnonzero(flags) for b in np.flatnonzero(~flags) if lot[a] == lot[b]]
        assert inner == pytest.approx(np.median(pairs))
        held[0] += low <= 1 <= high
        held[1] += inner_low <= 1 <= inner_high
    assert all(0.92 <= count / 300 <= 0.99 for count in held)


def test_the_stretch_is_where_the_scores_are_off() -> None:
    score = np.zeros(60)
    score[20:45] = 2.0
    totals = (float(score.sum()), 200.0, 1.0)
    found = shift_stretch(np.arange(60), np.arange(60), score, totals, sided=True)
    assert (found.begin, found.end) == (20, 45)
    turned = shift_stretch(np.arange(60), np.arange(60), -score, (-totals[0], 200.0, 1.0), sided=True)
    assert (turned.begin, turned.end) != (20, 45)
    either = shift_stretch(np.arange(60), np.arange(60), -score, (-totals[0], 200.0, 1.0), sided=False)
    assert (either.begin, either.end) == (20, 45)


def test_moves_that_name_only_lots_are_compared_by_lot(fab: Fab, tmp_path: Path) -> None:
    """Half of the wafers of a lot are shifted: what is shared is the tool of the lot, and medians of lots differ."""
    truth = made(tmp_path / "made", 4, by_lot=True, shift=8.0, lots=60, lot_spread=0.3)
    fab.ingest(tmp_path / "made")
    (first, *_) = fab.commonality(value="VTN", direction="high").findings
    assert first.tool == truth.tool
    assert first.effect > 1


def test_the_pages_compare_and_chart_numbers_freeze_limits_and_refuse_keys_of_one_area(
    shifted: tuple[Path, Truth], tmp_path: Path
) -> None:
    folder, truth = shifted
    copy_of(folder, tmp_path / "fab").close()
    server = Server(tmp_path / "fab")
    try:
        page = compared(server, "VTN")
        assert f"{truth.tool} chamber {truth.chamber}" in page
        assert "wat VTN of 1,000 wafers of 40 lots" in page
        assert 'value="high" selected' in page
        chart = server.get("/spc", wat="VTN").text
        assert all(f'name="{name}"' in chart for name in ("test", "wat", "lot"))
        with server.client("decide") as client:
            sent = {"wat": "VTN", "reason": "a good month"}
            frozen = client.post("/spc/freeze", data=sent, headers={"Origin": server.address})
            assert (frozen.status_code, frozen.headers["location"]) == (303, "/spc?wat=VTN"), frozen.text
            (again,) = client.post("/api/v1/spc/limits", json=sent).json()["limits"]
            assert (again["name"], again["version"]) == ("VTN", 2)
        assert "frozen limits" in server.get("/api/v1/spc", wat="VTN").text
        with server.client("decide", area="Etch") as client:
            assert client.get("/api/v1/spc", params={"wat": "VTN"}).status_code >= 400
            assert client.post("/api/v1/spc/limits", json=sent).status_code == 403
    finally:
        server.stop()


def compared(server: Server, value: str) -> str:
    """The page of what shifts a number, once it is filled in."""
    for _ in range(100):
        page: str = server.get("/commonality", value=value, direction="high").text
        if "is being compared" not in page:
            break
        time.sleep(0.2)
    return page
