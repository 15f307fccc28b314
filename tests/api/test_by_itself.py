"""What the service does by itself goes on whatever is written into fab.toml, and says once what is wrong with it."""

import asyncio
import logging
from concurrent.futures import ThreadPoolExecutor

import pytest

from fabwatch.api import by_itself as room
from fabwatch.api.by_itself import Due, by_itself

pytestmark = pytest.mark.unit


def test_a_faulty_fab_toml_is_said_once_and_the_one_before_counts_until_it_is_mended(tmp_path, monkeypatch, caplog):
    monkeypatch.setattr(room, "LOOK_S", 0.01)
    path, seen = tmp_path / "fab.toml", []

    async def turn(settings, started):
        seen.append(settings.alerts.every_s)

    async def wait_for(what):
        for _ in range(500):
            if what():
                return
            await asyncio.sleep(0.01)
        raise TimeoutError

    async def story():
        path.write_text("[alerts]\nevery_s = 11\n")
        task = asyncio.create_task(by_itself(tmp_path, "nothing was done", turn))
        await wait_for(lambda: seen)
        path.write_text("[alerts]\nevry_s = 12\n")
        await wait_for(lambda: caplog.records)
        before = len(seen)
        await wait_for(lambda: len(seen) > before + 5)
        path.write_text("[alerts]\nevery_s = 130\n")
        await wait_for(lambda: seen[-1] == 130)
        task.cancel()

    # A thread of its own: browsers that other tests drive leave a loop running in this one.
    with caplog.at_level(logging.WARNING, "fabwatch"), ThreadPoolExecutor(1) as beside:
        beside.submit(asyncio.run, story()).result(60)
    assert set(seen) == {11, 130}
    assert [record.message.count("near it: every_s") for record in caplog.records] == [1]


def test_what_is_due_is_due_once_in_its_time_and_each_thing_by_itself(monkeypatch):
    now = [0.0]
    monkeypatch.setattr(room.time, "monotonic", lambda: now[0])
    due, begun = Due(), []
    for now[0] in range(10):
        begun += [(name, now[0]) for name, every in (("pull", 4), ("publish", 3)) if due.now(name, every)]
    assert begun == [("pull", 0), ("publish", 0), ("publish", 3), ("pull", 4), ("publish", 6), ("pull", 8), ("publish", 9)]
