"""Forecasts are kept, and scored when the outcome has arrived; history is rolled through forward in time."""

from datetime import timedelta

import pytest

from fabwatch.quals.judging import Outcome, PastForecast, Prediction, outcome_of
from fabwatch.terms.errors import BadQuestion, TooFewFailures
from tests.diary import DAY0
from tests.fabs import new_fab
from tests.quals.test_forecast import history
from tests.worn import START, worn_files, worn_tools


@pytest.fixture(scope="module")
def worn(tmp_path_factory):
    """Sixty tools in three types that ran for about eight lives, as a fab."""
    folder = tmp_path_factory.mktemp("ledger")
    made = worn_tools(5, types=3, sisters=20, lives=8)
    with new_fab(folder / "fab") as fab:
        assert fab.ingest(worn_files(made, folder)).clean
        yield fab, made


def test_rolled_forward_the_windows_hold_and_the_chances_beat_the_yardsticks(worn):
    fab, _ = worn
    until = START + timedelta(days=150)
    score = fab.score(as_of=until)
    assert len(score.origins) == 6
    assert max(score.origins) < until
    assert score.forecasts == pytest.approx(6 * 60, abs=60)
    assert 0.68 <= score.total.held <= 0.92
    assert score.total.held + score.total.early + score.total.late == pytest.approx(1, abs=0.001)
    assert sum(group.windows for group in score.by_failures) == score.total.windows
    skills = {yardstick.name: yardstick.skill for yardstick in score.yardsticks}
    assert skills["the fixed schedule"] > 0.05
    assert skills["MTBF"] > 0.05
    assert sum(tenth.quals for tenth in score.calibration) == score.quals
    assert sum(tenth.came * tenth.quals for tenth in score.calibration) == pytest.approx(score.failed, abs=0.1)
    assert "windows at 80%" in score.sentence()
    assert "ventanas" in score.sentence("es")


def test_mtbf_holds_its_windows_only_by_making_them_wide(worn):
    fab, _ = worn
    by = {yardstick.name: yardstick for yardstick in fab.score(as_of=START + timedelta(days=150)).yardsticks}
    assert by["MTBF"].width > 1.5


def test_a_forecast_at_an_origin_does_not_know_what_came_later(worn, tmp_path):
    """Rolled through the whole record or through one that ends at the outcome, an origin says the same."""
    fab, made = worn
    origin = START + timedelta(days=60)
    early = fab.forecast(as_of=origin)
    cut = worn_files(made, tmp_path)
    for path in cut:
        if path.stem != "tools":
            head, *lines = path.read_text().splitlines()
            column = head.split(",").index({"moves": "end_at", "quals": "processed_at", "restores": "done_at"}[path.stem])
            kept = [line for line in lines if line.split(",")[column] <= origin.isoformat() + "Z"]
            path.write_text("\n".join([head, *kept]) + "\n")
    with new_fab(tmp_path / "fab") as short:
        short.ingest(cut)
        assert short.forecast(as_of=origin).rows() == early.rows()


def said(last_look, good=200.0):
    by = {"fabwatch": Prediction((300.0, 500.0), 0.4)}
    return PastForecast(DAY0 + timedelta(days=4.5), ("T", "*", "p"), None, "wafers", last_look, good, 0, by, (0.1, 0.9))


def test_the_outcome_lies_between_the_last_good_qual_and_the_failed_one(log):
    log.restored(0).ran(*range(9)).qual(2, True).qual(4, True).qual(6, True).qual(8, False)
    with log.fab() as fab:
        stream = history(fab, 9)["T", "*", "p"]
        assert outcome_of(said(DAY0 + timedelta(days=4), 400.0), stream) == Outcome(600.0, 800.0, False)


def test_an_outcome_that_a_restore_cut_off_is_open(log):
    log.restored(0).ran(*range(12)).qual(4, True).qual(6, True).restored(7).qual(8, False)
    with log.fab() as fab:
        outcome = outcome_of(said(DAY0 + timedelta(days=4), 400.0), history(fab, 12)["T", "*", "p"])
        assert (outcome.lower, outcome.upper, outcome.next_failed) == (600.0, float("inf"), False)


def test_without_a_qual_since_there_is_no_outcome(log):
    with log.restored(0).ran(*range(12)).qual(4, True).fab() as fab:
        assert outcome_of(said(DAY0 + timedelta(days=4), 400.0), history(fab, 12)["T", "*", "p"]) is None


def test_forecasts_made_for_now_are_kept_once_and_scored_when_their_outcome_is_loaded(tmp_path):
    now = [START + timedelta(days=40)]
    files = {path.stem: path for path in worn_files(worn_tools(6, types=1, sisters=12, lives=4), tmp_path)}
    at = {"moves": 3, "quals": 2, "restores": 1}

    def part(kind, name, keep):
        head, *lines = files[kind].read_text().splitlines()
        path = tmp_path / f"{kind}_{name}.csv"
        path.write_text("\n".join([head, *(line for line in lines if keep(line.split(",")[at[kind]]))]) + "\n")
        return path

    cut = now[0].isoformat() + "Z"
    with new_fab(tmp_path / "fab", clock=lambda: now[0]) as fab:
        fab.ingest([files["tools"], *(part(kind, "early", lambda moment: moment <= cut) for kind in at)])
        state = fab.state()
        assert not fab.forecast().kept
        assert fab.sql("SELECT count(*) AS n FROM forecasts")["n"][0] == 0
        first = fab.record(fab.forecast())
        assert first.kept
        assert fab.record(fab.forecast()).kept
        assert fab.state() == state
        with pytest.raises(BadQuestion, match="Only forecasts for the present"):
            fab.record(fab.forecast(as_of=now[0] - timedelta(days=3)))
        now[0] = START + timedelta(days=400)
        fab.ingest([part(kind, "late", lambda moment: moment > cut) for kind in at])
        score = fab.score()
        assert score.kept == len(first.tools) == 12
        assert 0 < score.kept_windows.windows <= 12
        assert 0 <= score.kept_brier <= 1
        assert f"of {score.kept} recorded forecasts" in score.sentence()


def test_no_qual_after_the_moves_have_stopped_is_judged_though_one_stray_row_comes_late(worn, tmp_path):
    """The quals go on for twenty days, and one lot is tracked out among them: its day is not one that the fab ran."""
    _, made = worn
    origin = START + timedelta(days=60)
    paths = {path.stem: path for path in worn_files(made, tmp_path)}
    head, *lines = paths["moves"].read_text().splitlines()
    kept = [line for line in lines if line.split(",")[3] <= origin.isoformat()]
    kept.append(f"LATE,{made[0].tool},25,{(origin + timedelta(days=15)).isoformat()}Z")
    paths["moves"].write_text("\n".join([head, *kept]) + "\n")
    with new_fab(tmp_path / "fab") as fab:
        fab.ingest(list(paths.values()))
        score = fab.score(as_of=origin + timedelta(days=20))
        assert origin - timedelta(days=1) < score.until < origin
        assert max(score.origins) < score.until
    assert score.forecasts > score.total.windows > 0


def test_nothing_to_roll_through_says_what_is_needed(fab):
    with pytest.raises(TooFewFailures):
        fab.score()


def test_a_step_of_no_days_is_refused(worn):
    with pytest.raises(BadQuestion, match=r"every_days must be from 1 to"):
        worn[0].score(every_days=0)
