"""The answer cache answers a part from the whole only where the Fab would say the same."""

import asyncio
import multiprocessing
from concurrent.futures import ThreadPoolExecutor

import pytest

from fabwatch.api.answer_cache import AnswerCache, weight
from fabwatch.fab import Fab
from fabwatch.fab.questions import (
    CurveQuestion,
    ForecastQuestion,
    IntervalQuestion,
    PlanQuestion,
    RiskQuestion,
    StatsQuestion,
    ToolsQuestion,
)
from fabwatch.terms.clock import stated_time
from fabwatch.terms.questions import declared
from tests.served import AS_OF

PARTS = [
    {},
    {"tool": "ETCH-1"},
    {"area": "CMP"},
    {"tool": "CMP-1", "qual_type": "particles"},
    {"area": "Etch", "qual_type": "particles"},
]
KINDS = [
    RiskQuestion,
    ForecastQuestion,
    IntervalQuestion,
    CurveQuestion,
    PlanQuestion,
    StatsQuestion,
    ToolsQuestion,
]


@pytest.fixture(scope="module")
def answers(folder):
    """The answers of a cache to questions that are put one after the other."""

    def asking(questions):
        async def put():
            cache = AnswerCache(folder, as_of=stated_time(AS_OF))
            try:
                return [await cache.answer(question) for question in questions]
            finally:
                cache.close()

        # In a thread of its own: where a browser is open, the loop of its driver runs in this one.
        with ThreadPoolExecutor(1) as thread:
            return thread.submit(lambda: asyncio.run(put())).result()

    yield asking
    for child in multiprocessing.active_children():
        child.join(10)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.spec.method)
def test_a_part_of_the_whole_is_what_the_fab_answers_for_the_part(answers, folder, kind):
    known = {field.name for field in declared(kind)}
    parts = [part for part in PARTS if set(part) <= known]
    cached = answers([kind(**part) for part in parts])
    with Fab(folder) as fab:
        for part, answer in zip(parts, cached, strict=True):
            own, other = fab.ask(kind(**part, as_of=AS_OF)).to_dict(), answer.to_dict()
            own["how"].pop("snapshot")
            other["how"].pop("snapshot")
            assert other == own, part


def test_the_same_question_put_twice_is_answered_by_the_same_object(answers):
    first, again = answers([StatsQuestion(by="area"), StatsQuestion(by="area")])
    assert first is again


def test_an_answer_weighs_the_rows_inside_its_rows(folder):
    with Fab(folder) as fab:
        curves = fab.curve(as_of=AS_OF)
    assert weight(curves) > sum(len(row.points) for row in curves.tools) > 10 * len(curves.tools)
