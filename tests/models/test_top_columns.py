"""The columns that are named as the most important ones are those that tell, whatever seed drew the rows."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from fabwatch.fab import Fab
from fabwatch.models.recipe import LearnerName
from tests.models.made_tables import TRUE, with_distractors

SEEDS = 5


def tops(folder: Path, learner: LearnerName, tables: int) -> Iterator[bool]:
    """For each table and seed, whether the three columns that move the answer most are the three that tell it."""
    with Fab(folder, create=True) as fab:
        for table in range(tables):
            frame = with_distractors(table, number=table % 2 == 0)
            for seed in range(SEEDS):
                answer = fab.train_model(frame, "result", name="top", learner=learner, minutes=0.003, seed=seed)
                yield {one["column"] for one in answer.importance[:3]} == set(TRUE)


@pytest.mark.parametrize(
    ("learner", "tables"),
    [
        ("linear", 2),
        pytest.param("linear", 10, marks=pytest.mark.soak),
        pytest.param("boosted", 10, marks=pytest.mark.soak),
    ],
)
def test_the_three_columns_that_tell_are_the_top_three_in_nine_of_ten_draws(
    tmp_path: Path, learner: LearnerName, tables: int
) -> None:
    found = list(tops(tmp_path / "fab", learner, tables))
    assert len(found) == tables * SEEDS
    assert sum(found) >= 0.9 * len(found)
