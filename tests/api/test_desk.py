"""The desk answers a part from the whole only where the Fab would say the same."""

import asyncio
import multiprocessing
from concurrent.futures import ThreadPoolExecutor

import pytest

from fabwatch.api.desk import Desk
from fabwatch.fab import Fab
from fabwatch.terms.clock import asked_time
from tests.served import AS_OF

PARTS = [
    {},
    {"tool": "ETCH-1"},
    {"area": "CMP"},
    {"tool": "CMP-1", "qual_type": "particles"},
    {"area": "Etch", "qual_type": "particles"},
]


@pytest.fixture(scope="module")
def asked(folder):
    """What a desk says to questions that are put one after the other."""

    def asking(questions):
        async def put():
            desk = Desk(folder, as_of=asked_time(AS_OF))
            try:
                return [(await desk.ask(question, **part)).answer for question, part in questions]
            finally:
                desk.close()

        # In a thread of its own: where a browser is open, the loop of its driver runs in this one.
        with ThreadPoolExecutor(1) as thread:
            return thread.submit(lambda: asyncio.run(put())).result()

    yield asking
    for child in multiprocessing.active_children():
        child.join(10)


@pytest.mark.parametrize("question", ["risk", "forecast", "interval", "curve", "plan", "stats", "tools"])
def test_a_part_of_the_whole_is_what_the_fab_says_of_the_part(asked, folder, question):
    parts = [
        part
        for part in PARTS
        if question not in ("tools", "curve") or not set(part) - {"area" if question == "tools" else "tool"}
    ]
    said = asked([(question, part) for part in parts])
    with Fab(folder) as fab:
        for part, answer in zip(parts, said, strict=True):
            own = getattr(fab, question)(**part, as_of=AS_OF).to_dict()
            told = answer.to_dict()
            own["how"].pop("snapshot")
            told["how"].pop("snapshot")
            assert told == own, part


def test_the_same_question_put_twice_is_answered_by_the_same_object(asked):
    first, again = asked([("stats", {"by": "area"}), ("stats", {"by": "area"})])
    assert first is again
