"""Run-to-run control on a polisher whose rate is known, and through the doors of a fab."""

import math
import statistics
from datetime import datetime

import pytest

from fabwatch.cli.app import _run
from fabwatch.cmp.polish import Film, Rate, polish_time
from fabwatch.cmp.runtorun import ALL, DEFAULT, Filter
from fabwatch.terms.doubts import joined
from fabwatch.terms.errors import BadQuestion, CannotPolish, UnknownTool
from tests.cmp.polisher import RATE, TARGET, Truth, files, measured
from tests.fabs import new_fab

NOW = datetime(2026, 1, 10)


def controlled(truth, n=400, late=3, teach=40):
    """Sigma of the thickness after with advised times, of an oracle that knows the mean rate, and of fixed time."""
    filters = {choice: Filter(*choice) for choice in ALL}
    missed = {choice: [] for choice in ALL}
    waiting, ours, oracle, fixed = [], [], [], []
    for i, (at, incoming, mean, rate, age, life) in enumerate(truth.wafers(n)):
        for wafer in [wafer for wafer in waiting if wafer.known_at <= at]:
            for one in filters.values():
                one.take(wafer)
        waiting = [wafer for wafer in waiting if wafer.known_at > at]
        told = {c: one.expected(age, life, max(i - len(one.wafers) + 1, 1)) for c, one in filters.items()}
        # The best so far, as `best` chooses it, but with what a real fab would have: only the past.
        scores = {c: statistics.fmean(some[-100:]) if some else math.inf for c, some in missed.items()}
        choice = min(ALL, key=scores.get) if i > 30 else DEFAULT
        guess = told[choice][0] if told[choice] else RATE
        for c, said in told.items():
            if said:
                missed[c].append((said[0] / rate - 1) ** 2)
        seconds = polish_time(Film(incoming, TARGET), Rate(guess)).seconds
        if i >= teach:
            ours.append(incoming - rate * seconds)
            oracle.append(incoming - rate * (incoming - TARGET) / mean)
            fixed.append(incoming - rate * 100.0)
        waiting.append(measured(i, at, incoming, rate, seconds, age, life, late))
    return tuple(statistics.pstdev(some) for some in (ours, oracle, fixed))


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("late", [1, 3])
def test_the_advised_times_come_near_to_those_of_an_oracle_and_halve_the_sigma_of_fixed_time(seed, late):
    ours, oracle, fixed = controlled(Truth(seed=seed), late=late)
    assert ours <= 1.15 * oracle
    assert ours <= 0.5 * fixed


@pytest.mark.parametrize("name", ["ewma", "dewma", "age"])
def test_a_rate_that_jumps_by_a_tenth_is_followed_within_three_measured_wafers(name):
    truth = Truth(wear=0.0, jump=0.0, pad=10_000, step_at=100, noise=0.005)
    followed = Filter(name, 0.2)
    for i, (at, incoming, _, rate, age, life) in enumerate(truth.wafers(103)):
        followed.take(measured(i, at, incoming, rate, 100.0, age, life))
    guess, _ = followed.expected(104, 0, 1.0)
    assert guess == pytest.approx(44.0, rel=0.01)


def test_one_bad_measurement_moves_the_rate_no_further_than_the_noise_would():
    truth = Truth(wear=0.0, jump=0.0, pad=10_000, noise=0.005)
    followed = Filter("ewma", 0.3)
    for i, (at, incoming, _, rate, age, life) in enumerate(truth.wafers(101)):
        followed.take(measured(i, at, incoming, 60.0 if i == 100 else rate, 100.0, age, life))
    guess, _ = followed.expected(102, 0, 1.0)
    assert guess == pytest.approx(RATE, rel=0.01)
    assert followed.level.departures


@pytest.mark.parametrize("choice", ALL)
def test_results_that_come_late_or_out_of_order_end_in_the_same_state(choice):
    wafers = [
        measured(i, at, incoming, rate, 100.0, age, life)
        for i, (at, incoming, _, rate, age, life) in enumerate(Truth().wafers(60))
    ]
    ordered, mixed = Filter(*choice), Filter(*choice)
    for wafer in wafers:
        ordered.take(wafer)
    for place in [*range(0, 60, 2), *range(1, 60, 2)][::-1]:
        mixed.take(wafers[place])
    assert mixed.level == ordered.level
    assert mixed.expected(61, 0, 1.0) == ordered.expected(61, 0, 1.0)


def test_after_a_change_of_pads_the_rate_starts_from_that_of_new_pads_and_its_spread_is_wider():
    truth = Truth(noise=0.002, jump=0.0, wear=0.002, pad=50)
    followed = Filter("age", 0.2)
    for i, (at, incoming, _, rate, age, life) in enumerate(truth.wafers(200)):
        followed.take(measured(i, at, incoming, rate, 100.0, age, life))
    worn, usual = followed.expected(50, 3, 1.0)
    fresh, wide = followed.expected(1, 4, 1.0)
    assert worn == pytest.approx(RATE * 0.9, rel=0.01)
    assert fresh == pytest.approx(RATE, rel=0.01)
    assert wide > usual


@pytest.fixture
def fab(tmp_path):
    (tmp_path / "fab").mkdir()
    (tmp_path / "fab" / "fab.toml").write_text("[cmp]\nbelow = 150\nabove = 150\n")
    with new_fab(tmp_path / "fab", clock=lambda: NOW) as door:
        assert door.ingest(files(tmp_path / "in", Truth(seed=2), 160)).clean
        yield door


def test_a_lot_of_25_gets_its_times_from_what_the_fab_knows(fab):
    (state,) = fab.rates().groups
    assert (state.tool, state.head, state.product, state.rate_unit) == ("CMP-1", "H1", "P1", "angstrom/s")
    assert state.measured == 160
    # Truth: 40 a second less 0.08 % a wafer, 40 wafers after the pad was changed.
    assert state.rate == pytest.approx(RATE * (1 - 0.0008 * 41), rel=0.02)
    assert state.age == 40
    assert "40 wafers since the last change of a consumable" in state.reason
    lot = [{"incoming": 8900 + 10 * n, "target": 5000, "wafer": f"L9.{n + 1:02d}"} for n in range(25)]
    told = fab.polish_times(lot, tool="CMP-1")
    assert told.refused == (None,) * 25
    for n, wafer in enumerate(told.wafers):
        assert wafer.seconds == pytest.approx((3900 + 10 * n) / state.rate)
        assert wafer.low < wafer.seconds < wafer.high
        assert 0 < wafer.p_out_of_spec < 0.5
        assert wafer.predicted_after == pytest.approx(5000)
    thick = fab.polish_time(5300, 5000, tool="CMP-1", rework=True)
    assert thick.seconds == pytest.approx(300 / state.rate)
    assert "ShortPolish" in joined(thick.doubts)


def test_what_a_fab_does_not_know_or_cannot_be_is_refused_with_the_way_out(fab):
    with pytest.raises(UnknownTool, match="Did you mean CMP-1"):
        fab.polish_time(9000, 5000, tool="CMP-2")
    with pytest.raises(UnknownTool, match="Did you mean H1"):
        fab.polish_time(9000, 5000, tool="CMP-1", head="H2")
    with pytest.raises(CannotPolish, match="looks like another unit") as stop:
        fab.polish_time(9000, 5000, tool="CMP-1", unit="nm")
    assert "--unit" in stop.value.hint
    told = fab.polish_times(
        [{"incoming": 9000, "target": 5000}, {"incoming": 4000, "target": 5000}, {"target": 1}], tool="CMP-1"
    )
    assert told.wafers[0] is not None
    assert "below its target" in told.refused[1].line()
    assert "incoming thickness is missing" in told.refused[2].line()
    # The fab states limits about the target: without one they are none.
    assert "target thickness is missing" in fab.polish_times([{"incoming": 9000}], tool="CMP-1").refused[0].line()


def test_a_pasted_lot_keeps_to_the_largest_step_and_the_deadband_from_wafer_to_wafer(tmp_path):
    (tmp_path / "fab").mkdir()
    (tmp_path / "fab" / "fab.toml").write_text("[cmp]\nstep_s = 5\ndeadband_s = 1\n")
    with new_fab(tmp_path / "fab", clock=lambda: NOW) as fab:
        fab.ingest(files(tmp_path / "in", Truth(seed=2), 160))
        rate = fab.rates().groups[0].rate
        incoming = [TARGET + seconds * rate for seconds in (102, 102.5, 109, 120, 7, 101)]
        lot = [{"incoming": value, "target": TARGET, "rework": value < 5500} for value in incoming]
        told = fab.polish_times(lot, tool="CMP-1").wafers
    # The last wafer took 100 s; a rework takes its own time and is no step for the wafer after it.
    assert [wafer.seconds for wafer in told] == pytest.approx([102, 102, 107, 112, 7, 107])
    assert "deadband" in told[1].reason
    assert all("StepLimited" in joined(told[n].doubts) for n in (2, 3, 5))
    assert "StepLimited" not in joined(told[4].doubts)


def test_a_pad_that_has_just_been_changed_is_taken_for_new_before_any_file_says_so(fab):
    worn = fab.polish_time(9000, 5000, tool="CMP-1")
    fresh = fab.polish_time(9000, 5000, tool="CMP-1", changed=True)
    # Pads wear by 0.08 % a wafer, and this one has polished 40.
    assert fresh.rate == pytest.approx(worn.rate / (1 - 0.0008 * 40), rel=0.015)
    assert fresh.seconds < worn.seconds
    assert fresh.high - fresh.low > worn.high - worn.low
    assert "ConsumableChanged: only 0 results since the consumable was changed (2026-01-10" in joined(fresh.doubts)
    assert "ConsumableChanged" not in joined(worn.doubts)


def test_a_lot_spread_over_heads_goes_by_the_rate_of_each_head(fab, tmp_path):
    head = "WAFER_ID,TOOL_ID,HEAD,PRODUCT,POLISH_END,MEASURED_AT,PRE_THICKNESS,POST_THICKNESS,POLISH_TIME,TARGET,UNIT"
    rows = [f"Y{n},CMP-1,H2,P1,2026-01-09T0{n}:00:00Z,2026-01-09T0{n}:30:00Z,9000,4000,100,5000,angstrom" for n in range(9)]
    (tmp_path / "two.csv").write_text("\n".join([head, *rows]) + "\n")
    fab.ingest(tmp_path / "two.csv")
    lot = [{"incoming": 9000, "target": 5000, "head": name, "wafer": n} for n, name in enumerate(("H1", "H2", "H9", "H1"))]
    told = fab.polish_times(lot, tool="CMP-1")
    assert [wafer and wafer.head for wafer in told.wafers] == ["H1", "H2", None, "H1"]
    assert told.wafers[1].rate == pytest.approx(50)
    assert "No head of CMP-1 with metrology H9" in told.refused[2].line()
    with pytest.raises(BadQuestion, match="several of head: H1, H2") as stop:
        fab.polish_times([{"incoming": 9000, "target": 5000}], tool="CMP-1")
    assert "--head" in stop.value.hint


def test_only_what_had_arrived_counts(fab):
    early = fab.rates(as_of="2026-01-01T05:00:00Z").groups[0]
    # 30 wafers had begun by then (one every 10 minutes); the last three were not measured yet.
    assert early.measured == 28
    assert early.last_wafer == "L001.03"


def test_replay_shows_what_each_controller_would_have_made_of_the_fabs_own_history(fab):
    answer = fab.replay()
    told = {one.name: one for one in answer.controllers}
    assert answer.of == "thickness"
    assert {"fixed", "last", "ewma", "dewma", "age", "auto"} <= told.keys()
    assert answer.happened.sigma > 1.5 * told["auto"].sigma
    assert answer.happened.rework > told["auto"].rework
    # By hand: sigma of what happened is that of the thickness after about its target in the second half.
    rows = fab._lake.rows("SELECT after FROM lake.metrology ORDER BY polished_at")[80:]
    assert answer.happened.sigma == pytest.approx(statistics.stdev(row["after"] - TARGET for row in rows))
    assert answer.happened.rework == sum(row["after"] > TARGET + 150 for row in rows)


def test_an_advice_is_kept_with_what_was_known_and_another_time_with_its_reason(fab):
    fab.keep_polish(9000, 5000, tool="CMP-1", wafer="L9.01", who="ana", reason="as advised")
    fab.keep_polish(
        9000, 5000, tool="CMP-1", wafer="L9.02", who="ana", reason="the last three came out thick", chosen_s=104.0
    )
    kept = fab.advices()
    assert [(row.wafer, row.chosen_s, row.who) for row in kept] == [("L9.02", 104.0, "ana"), ("L9.01", None, "ana")]
    state = kept[0].known
    assert kept[0].answer["seconds"] == pytest.approx(4000 / state["rate"])
    assert fab.verify_audit().whole
    with pytest.raises(BadQuestion, match="reason"):
        fab.keep_polish(9000, 5000, tool="CMP-1", who="ana", reason="")
    with pytest.raises(BadQuestion, match="chosen_s must be between 0 and 7,200"):
        fab.keep_polish(9000, 5000, tool="CMP-1", who="ana", reason="why not", chosen_s=90_000)


def test_two_results_of_one_wafer_are_doubted_and_sites_are_averaged(fab, tmp_path):
    head = "WAFER_ID,TOOL_ID,HEAD,PRODUCT,POLISH_END,MEASURED_AT,PRE_THICKNESS,POST_THICKNESS,POLISH_TIME,TARGET,UNIT"
    at = "2026-01-09T00:00:00Z,2026-01-09T01:00:00Z"
    (tmp_path / "again.csv").write_text(
        f"{head}\nX1,CMP-1,H1,P1,{at},9000,5000,100,5000,angstrom\nX1,CMP-1,H1,P1,{at},9000,5200,100,5000,angstrom\n"
    )
    (tmp_path / "sites.csv").write_text(
        f"SITE,{head}\n" + "".join(f"{n},X2,CMP-2,H1,P1,{at},9000,{4990 + 10 * n},100,5000,angstrom\n" for n in range(3))
    )
    (tmp_path / "tools2.csv").write_text("tool,tool_type,area\nCMP-2,C,CMP\n")
    assert fab.ingest([tmp_path / "again.csv", tmp_path / "sites.csv", tmp_path / "tools2.csv"]).clean
    states = {state.tool: state for state in fab.rates().groups}
    assert "TwoResults" in joined(states["CMP-1"].doubts)
    assert states["CMP-2"].last_rate == pytest.approx(40.0)
    assert "TwoResults" not in joined(states["CMP-2"].doubts)
    assert "FewResults" in joined(states["CMP-2"].doubts)


@pytest.mark.parametrize(
    ("row", "rule"),
    [
        ("W1,CMP-1,H1,2026-01-09T02:00:00Z,2026-01-09T01:00:00Z,9000,5000,100,angstrom", "start_after_end"),
        ("W1,CMP-1,H1,2026-01-09T00:00:00Z,2026-01-09T01:00:00Z,-9000,5000,100,angstrom", "impossible_value"),
        ("W1,CMP-1,H1,2026-01-09T00:00:00Z,2026-01-09T01:00:00Z,9000,5000,0,angstrom", "impossible_value"),
        ("W1,CMP-1,H1,2026-01-09T00:00:00Z,2026-01-09T01:00:00Z,9000,5000,100,parsec", "impossible_value"),
        (",CMP-1,H1,2026-01-09T00:00:00Z,2026-01-09T01:00:00Z,9000,5000,100,angstrom", "missing_value"),
        ("W1,CMP-1,H1,2026-01-09T00:00:00Z,2026-01-09T01:00:00Z,9000,five thousand,100,angstrom", "bad_number"),
    ],
)
def test_metrology_that_cannot_be_is_set_aside_with_its_reason(fab, tmp_path, row, rule):
    head = "WAFER_ID,TOOL_ID,HEAD,POLISH_END,MEASURED_AT,PRE_THICKNESS,POST_THICKNESS,POLISH_TIME,UNIT"
    (tmp_path / "bad.csv").write_text(f"{head}\n{row}\n")
    done = fab.ingest(tmp_path / "bad.csv").files[0]
    assert (done.kind, done.rows, done.rules) == ("metrology", 0, {rule: 1})


def test_a_film_that_did_not_get_thinner_says_no_rate_and_is_told(fab, tmp_path):
    head = "WAFER_ID,TOOL_ID,HEAD,PRODUCT,POLISH_END,MEASURED_AT,PRE_THICKNESS,POST_THICKNESS,POLISH_TIME,UNIT"
    (tmp_path / "thick.csv").write_text(
        f"{head}\nX1,CMP-1,H1,P1,2026-01-09T00:00:00Z,2026-01-09T01:00:00Z,5000,9000,100,angstrom\n"
    )
    fab.ingest(tmp_path / "thick.csv")
    assert "NoRate: 1 rows" in joined(fab.rates().groups[0].doubts)


def test_metrology_that_belongs_to_no_tool_is_counted_and_told(fab, tmp_path):
    (tmp_path / "lost.csv").write_text(
        "WAFER_ID,REMOVAL_RATE,MEASURED_AT\nZ1,40,2026-01-09T00:00:00Z\nZ2,41,2026-01-09T00:00:00Z\n"
    )
    fab.ingest(tmp_path / "lost.csv")
    answer = fab.rates()
    assert answer.unplaced == 2
    assert "2 rows of metrology name no tool" in answer.sentence()


def test_without_metrology_it_is_said_what_to_load(tmp_path, capsys):
    with new_fab(tmp_path / "empty"):
        pass
    for verb in ("rate", "replay", "predict"):
        assert _run(["cmp", verb, "--fab", str(tmp_path / "empty")]) == 1
        told = capsys.readouterr().err
        assert "hint: " in told
        assert "load" in told


def test_the_command_line_asks_keeps_and_lists(fab, capsys):
    where = ["--fab", str(fab.path), "--tool", "CMP-1"]
    assert _run(["cmp", "rate", "--json", *where]) == 0
    assert '"controller"' in capsys.readouterr().out
    said = ["--incoming", "9000", "--target", "5000", "--chosen", "103", "--reason", "a little thick", "--by", "ana"]
    assert _run(["cmp", "polish-time", *said, *where]) == 0
    assert "angstrom/s" in capsys.readouterr().out
    assert _run(["cmp", "advices", "--csv", *where]) == 0
    assert "103" in capsys.readouterr().out
    assert _run(["cmp", "replay", *where]) == 0
    assert "sigma" in capsys.readouterr().out
