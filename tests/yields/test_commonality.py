"""Commonality: the chamber that bad wafers share is named with its time, and chance is not taken for a cause."""

import json
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import binom, fisher_exact

from fabwatch.fab import Fab
from fabwatch.stats.enrichment import chances, chances_within, false_discoveries, strength, within_lots, worth
from fabwatch.terms.errors import BadQuestion
from fabwatch.yields.names import names_in
from tests.commands import command
from tests.yields.made import Truth, made


def loaded(fab: Fab, folder: Path, seed: int, **how: object) -> Truth:
    truth = made(folder, seed, **how)  # type: ignore[arg-type]
    fab.ingest(folder)
    return truth


def test_a_planted_chamber_comes_first_with_the_time_from_which_it_was_bad(fab: Fab, tmp_path: Path) -> None:
    truth = loaded(fab, tmp_path / "made", 1)
    when = np.datetime_as_string(truth.first_bad_pass, "s").replace("T", " ")
    (tmp_path / "quals.csv").write_text(
        "tool,chamber,qual_type,processed_at,passed\n"
        f"{truth.tool},{truth.chamber},particles,{when},FAIL\n{truth.tool},A,particles,2026-01-02 00:00:00,PASS\n"
    )
    fab.ingest(tmp_path / "quals.csv")
    answer = fab.commonality(below=0.8)
    first = answer.findings[0]
    assert answer.conclusive
    assert (first.axis, first.tool, first.chamber) == ("chamber", truth.tool, truth.chamber)
    assert first.bad_with + first.good_with == truth.exposed
    assert first.bad_with + first.bad_without == truth.bad
    assert np.datetime64(first.from_) == truth.first_bad_pass
    assert first.to is None
    assert len(answer.findings) == 1
    assert first.low < 0.75 < first.high
    assert first.sentence().startswith(
        f"{first.bad_with} of {truth.bad} bad wafers ran {truth.tool} chamber {truth.chamber}"
    )
    assert "it failed particles on" in first.sentence()


def test_control_charts_of_the_tool_that_broke_their_rules_then_are_events(fab: Fab, tmp_path: Path) -> None:
    """A reading of the bad chamber jumps when it goes bad; one of the other chamber too, and another one long before."""
    truth = loaded(fab, tmp_path / "made", 1)
    dice = np.random.default_rng(1)
    when = truth.first_bad_pass + np.timedelta64(1, "h")
    lines = ["tool,chamber,qual_type,processed_at,passed,reading"]
    for chamber, name, jump in ((truth.chamber, "rate", 40), ("A", "other", 40), (truth.chamber, "early", 0)):
        for n in range(60):
            at = np.datetime_as_string(when + np.timedelta64(n - 40, "D"), "s")
            off = 9.0 if n == jump else 0.0
            lines.append(f"{truth.tool},{chamber},{name},{at},PASS,{50 + dice.uniform(-1, 1) + off:.3f}")
    (tmp_path / "quals.csv").write_text("\n".join(lines) + "\n")
    assert fab.ingest(tmp_path / "quals.csv").clean
    (first,) = fab.commonality(below=0.8).findings
    events = {event.what.partition(":")[0]: event for event in first.events if event.kind == "violation"}
    assert truth.chamber == "B"
    assert "rate" in events
    assert "other" not in events
    assert events["rate"].chamber == "B"
    assert "nelson1" in events["rate"].what
    assert abs(np.datetime64(events["rate"].at) - when) < np.timedelta64(16, "D")
    assert all("nelson1" not in event.what for name, event in events.items() if name == "early")


@pytest.mark.parametrize("bad_lots", [0.0, 0.15])
def test_bad_wafers_without_a_cause_on_record_give_no_finding(fab: Fab, tmp_path: Path, bad_lots: float) -> None:
    """Also where whole lots are bad: their wafers are then worth no more than one."""
    loaded(fab, tmp_path / "made", 2, hit=0.05, bad_lots=bad_lots)
    answer = fab.commonality(below=0.8)
    assert not answer.conclusive
    assert answer.findings == ()
    assert answer.tried > 40


def test_two_tools_that_always_go_together_are_named_together(fab: Fab, tmp_path: Path) -> None:
    truth = loaded(fab, tmp_path / "made", 3, twin=True)
    (first,) = fab.commonality(below=0.8).findings
    names = " ".join([f"{first.axis} {first.value}", *first.together])
    step, tool = int(truth.tool[-2]), truth.tool[-1]
    assert f"{truth.tool} {truth.chamber}" in names
    assert f"ETCH-{step + 1}{tool} {truth.chamber}" in names
    assert "cannot be told apart" in first.sentence()


def test_moves_that_name_only_lots_are_compared_by_lot(fab: Fab, tmp_path: Path) -> None:
    """Half of the wafers of a lot are bad then: what is shared is the tool of the lot."""
    truth = loaded(fab, tmp_path / "made", 4, by_lot=True, hit=0.95, lots=60)
    (first, *_) = fab.commonality(below=0.8).findings
    assert first.tool == truth.tool
    assert "ByLot" in {type(doubt).__name__ for doubt in fab.yields(by="tool").doubts}


def test_fewer_than_three_lots_are_inconclusive(fab: Fab, tmp_path: Path) -> None:
    loaded(fab, tmp_path / "made", 5)
    answer = fab.commonality(bad=["L001", "L002"])
    assert (answer.conclusive, answer.findings, answer.bad) == (False, (), 50)
    assert [type(doubt).__name__ for doubt in answer.doubts] == ["TooFewLots"]


def test_wafers_are_named_by_lot_by_wafer_or_by_both_and_unknown_ones_are_said(fab: Fab, tmp_path: Path) -> None:
    loaded(fab, tmp_path / "made", 6)
    answer = fab.commonality(bad=["L001,3", "L002,04", "L003.05", "L004", "L999,1"])
    assert (answer.bad, answer.among_tested) == (3 + 25, False)
    assert "L999,1" in answer.sentence()
    with pytest.raises(BadQuestion, match="None of the 1 bad wafers is known"):
        fab.commonality(bad=["L99"])
    with pytest.raises(BadQuestion, match="No wafer has a yield below"):
        fab.commonality(below=0.01)
    assert fab.commonality().bad == fab.commonality(below=0.8).bad


def test_good_wafers_may_be_stated(fab: Fab, tmp_path: Path) -> None:
    loaded(fab, tmp_path / "made", 6)
    answer = fab.commonality(bad=["L001", "L002", "L003"], good=["L010", "L011", "L012"])
    assert (answer.bad, answer.good, answer.lots) == (75, 75, 6)


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("L1\nL2,3\n\n# a note\nL1\n", ("L1", "L2,3")),
        ("\ufeffLot ID;Wafer\nL1;3\nL2;4\n", ("L1,3", "L2,4")),
        ("wafer_id\tlot\tyield\nW7\tL1\t.5\n", ("L1,W7",)),
    ],
)
def test_names_stand_one_a_line_or_in_a_table(text: str, names: tuple[str, ...]) -> None:
    assert names_in(text) == names


def test_the_command_reads_the_names_from_a_file_and_prints_the_contract(fab: Fab, tmp_path: Path) -> None:
    loaded(fab, tmp_path / "made", 1)
    bad = tmp_path / "bad.csv"
    groups = fab.yields(by="wafer").groups
    bad.write_text("lot,wafer\n" + "".join(f"{g.lot},{g.wafer}\n" for g in groups if g.yield_ < 0.8))
    done = command("commonality", "--bad", bad, "--fab", fab.path, "--json")
    answer = json.loads(done.out)
    assert answer["conclusive"] is True
    keys = {"axis", "value", "from", "to", "bad_with", "bad_without", "good_with", "good_without", "p", "q", "effect"}
    assert keys | {"low", "high", "together", "sentence"} <= answer["findings"][0].keys()
    assert (
        answer["findings"]
        == json.loads(command("commonality", "--below", "80", "--fab", fab.path, "--json").out)["findings"]
    )
    lost = command("commonality", "--bad", tmp_path / "none.txt", "--fab", fab.path)
    assert (lost.code, "hint:" in lost.err) == (1, True)


def test_the_chance_is_that_of_fishers_exact_test() -> None:
    dice = np.random.default_rng(8)
    for _ in range(40):
        total, bad, exposed = int(dice.integers(10, 200)), 0, 0
        bad, exposed = int(dice.integers(1, total)), int(dice.integers(1, total))
        low, high = max(0, bad + exposed - total), min(bad, exposed)
        hits = int(dice.integers(low, high + 1))
        table = [[hits, exposed - hits], [bad - hits, total - exposed - bad + hits]]
        expected = fisher_exact(table, alternative="greater").pvalue
        assert chances(np.array([hits]), np.array([exposed]), bad, total)[0] == pytest.approx(expected, rel=1e-8)


def test_the_chance_within_lots_bounds_the_one_of_all_ways_to_deal_them_out() -> None:
    """Two lots of four wafers, two of each exposed and two bad: all of the 36 ways are counted."""
    ways = [
        sum(wafer < 2 for wafer in first) + sum(wafer < 2 for wafer in second)
        for first in combinations(range(4), 2)
        for second in combinations(range(4), 2)
    ]
    for hits in (3, 4):
        exact = sum(way >= hits for way in ways) / len(ways)
        bound = chances_within(np.array([float(hits)]), np.array([2.0]), np.array([4.0]))[0]
        assert exact <= bound == pytest.approx(binom.sf(hits - 1, 4, 0.5))


def test_wafers_of_lots_that_share_their_fate_are_worth_one() -> None:
    lot = np.repeat(np.arange(20), 25)
    together = np.repeat(np.arange(20) % 4 == 0, 25)
    apart = np.random.default_rng(1).random(500) < 0.25
    assert within_lots(together, lot) == pytest.approx(1.0)
    assert within_lots(apart, lot) < 0.05
    assert worth(np.array([25.0]), 1.0)[0] == pytest.approx(1.0)
    assert worth(np.array([25.0]), 0.0)[0] == pytest.approx(25.0)


def test_false_discoveries_follow_benjamini_and_hochberg_step_by_step() -> None:
    p = np.array([0.01, 0.04, 0.03, 0.5])
    expected = [0.04, 0.04 * 4 / 3, 0.04 * 4 / 3, 0.5]
    assert false_discoveries(p) == pytest.approx(expected)


def test_strength_is_the_log_ratio_of_two_binomials_to_one() -> None:
    def log_likelihood(hits: float, of: float) -> float:
        return sum(k * np.log(k / of) for k in (hits, of - hits) if k > 0)

    expected = log_likelihood(8, 10) + log_likelihood(12, 90) - log_likelihood(20, 100)
    assert strength(np.array([8.0]), np.array([10.0]), 20, 100)[0] == pytest.approx(expected)
