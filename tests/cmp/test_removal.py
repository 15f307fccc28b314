"""Removal rates of the CMP tool of PHM 2016, run by run in order of time, against plain loops."""

from collections import defaultdict

import numpy as np
import pytest

from fabwatch.terms.doubts import joined
from fabwatch.terms.errors import UnknownTool
from tests.fabs import copy_of, new_fab


@pytest.fixture(scope="module")
def predicted(data, real_polisher, tmp_path_factory):
    with copy_of(real_polisher, tmp_path_factory.mktemp("cmp") / "fab") as fab:
        # The logs are there already.
        assert fab.ingest(data / "cmp").loaded == 1
        yield fab.predicted_rates()


def scored(answer, share=0.0):
    """The measured runs after a share of the record, by stage and chambers."""
    groups = defaultdict(list)
    for run in answer.runs[int(share * len(answer.runs)) :]:
        if run.measured is not None and run.predicted is not None and run.last is not None:
            groups[run.stage, run.chamber].append(run)
    return groups


@pytest.mark.parametrize(("share", "at_most"), [(0.0, 0.84), (0.7, 0.86)])
def test_each_group_is_predicted_better_than_by_its_last_value(predicted, share, at_most):
    groups = scored(predicted, share)
    assert set(groups) == {("A", "1;2;3"), ("A", "4;5;6"), ("B", "4;5;6")}
    for name, runs in groups.items():
        error = np.mean([(run.predicted - run.measured) ** 2 for run in runs])
        naive = np.mean([(run.last - run.measured) ** 2 for run in runs])
        assert error <= at_most * naive, name


def test_the_intervals_hold_as_often_as_they_say_in_each_group_over_the_whole_record(predicted):
    for name, runs in scored(predicted).items():
        held = [run.low <= run.measured <= run.high for run in runs if run.low is not None]
        assert 0.88 <= np.mean(held) <= 0.92, name
    late = [run.low <= run.measured <= run.high for runs in scored(predicted, 0.7).values() for run in runs]
    assert 0.86 <= np.mean(late) <= 0.94


def test_a_prediction_rests_on_nothing_that_came_later(data, real_polisher, predicted, tmp_path):
    # The same with every later label taken away says the same of the runs before.
    cut = predicted.runs[250]
    known = {(run.wafer, run.stage) for run in predicted.runs[:250]}
    lines = (data / "cmp" / "CMP-training-removalrate.csv").read_text().splitlines()
    kept = [line for line in lines[1:] if tuple(line.replace("\t", ",").split(",")[:2]) in known]
    (tmp_path / "rates.csv").write_text("\n".join([lines[0], *kept]) + "\n")
    with copy_of(real_polisher, tmp_path / "fab") as fab:
        fab.ingest(tmp_path / "rates.csv")
        again = fab.predicted_rates(last=cut.run)
    assert len(again.runs) == 251
    for before, now in zip(predicted.runs[:251], again.runs, strict=True):
        assert (before.run, before.predicted, before.low, before.high) == (now.run, now.predicted, now.low, now.high)


def test_a_group_that_is_new_and_a_consumable_that_was_changed_are_doubted(predicted):
    first = {}
    for run in predicted.runs:
        first.setdefault((run.stage, run.chamber), run)
    assert all("NewGroup" in joined(run.doubts) and run.predicted is None for run in first.values())
    fell = [run for run in predicted.runs if "ConsumableChanged" in joined(run.doubts)]
    assert 20 < len(fell) < 120
    assert any("USAGE_OF_POLISHING_TABLE" in joined(run.doubts) for run in fell)


def test_a_number_beyond_the_last_run_is_refused_and_not_taken_for_the_last(data, tmp_path):
    with new_fab(tmp_path / "fab") as fab:
        fab.ingest([data / "cmp" / "CMP-training-000.csv", data / "cmp" / "CMP-training-removalrate.csv"])
        count = len(fab.predicted_rates().runs)
        assert len(fab.predicted_rates(first="2", last="9999").runs) == count - 1
        with pytest.raises(UnknownTool, match=f"there are {count} runs") as stop:
            fab.predicted_rates(first=str(count + 1))
    assert "numbered from 1" in stop.value.hint


def test_runs_can_be_chosen_by_number_and_the_answer_sums_up_by_group(predicted):
    assert {"stage", "chamber", "n", "mse", "mse_last_value", "held"} <= predicted.groups[0].keys()
    assert "mean squared error" in predicted.sentence()
    assert sum(group["n"] for group in predicted.groups) > 440
    assert sum(point["n"] for point in predicted.learning) == sum(group["n"] for group in predicted.groups)
