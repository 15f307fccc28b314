"""Each upload is a job with an end: whatever its files do, it ends done or failed, and no file keeps another out."""

import asyncio
import io
import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from fabwatch.api.upload_store import DONE, FAILED_DAYS, MOST_STARTS
from fabwatch.api.uploads import Uploads
from fabwatch.ingest.summary import FileResult, IngestSummary
from fabwatch.terms.errors import StoreBroken, TooBusy, WorkerLost
from tests.served import AS_OF, Server

POISONS = {
    "any error": ZeroDivisionError("by a quantity"),
    "no memory": MemoryError(),
    "a worker stopped twice": WorkerLost("The process that worked on it was stopped twice."),
}


class Stub:
    """Loads files as the workers do, but for those whose name says otherwise."""

    def __init__(self, folder, fault=None, ledger=()):
        self.folder, self.fault, self.ledger = folder, fault, set(ledger)
        self.begun = []

    async def load(self, files):
        names = [Path(path).name for path in files.paths]
        self.begun += names
        await asyncio.sleep(0)
        if any("poison" in name for name in names):
            raise self.fault
        results = []
        for path in files.paths:
            before = any(Path(path).parent.name == Path(known).parent.name for known in self.ledger)
            results.append(FileResult(path, "moves", "", 1, 0, "already" if before else "loaded", ""))
            if not before:
                self.ledger.add(path)
        return IngestSummary(tuple(results))

    async def answer(self, question):
        return SimpleNamespace(loads=[SimpleNamespace(path=path) for path in self.ledger])


Loader: Any = Stub
Jobs: Any = Uploads


def stored(uploads, *names):
    return [uploads.files.store(name, io.BytesIO((name.partition("@")[2] or name).encode())) for name in names]


def alone(work):
    """What a coroutine gives, in a thread of its own: a browser that an earlier test has opened runs a loop in this one."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, work).result()


def ended(folder, loader, *uploads_of_names):
    """The reports of some uploads after all have ended, and what the folder holds then."""

    async def run():
        uploads = Jobs(loader)
        uploads.resume()
        jobs = [uploads.begin(stored(uploads, *names)) for names in uploads_of_names]
        while uploads._tasks:
            await asyncio.wait_for(asyncio.gather(*uploads._tasks, return_exceptions=True), 10)
        return [job.report() for job in jobs]

    return alone(run())


@pytest.mark.parametrize("kind", POISONS)
def test_a_poison_file_fails_with_a_reason_and_the_files_beside_and_behind_it_are_loaded(tmp_path, kind):
    loader = Loader(tmp_path, POISONS[kind])
    alone, beside, behind = ended(tmp_path, loader, ["poison.csv"], ["a.csv", "poison-2.csv", "b.csv"], ["c.csv"])
    assert [job["state"] for job in (alone, beside, behind)] == ["failed", "failed", "done"]
    for job in (alone, beside):
        assert set(job["error"]) == {"code", "what", "hint"}
        assert all(job["error"].values())
    assert [(Path(file["path"]).name, file["status"]) for file in beside["summary"]["files"]] == [
        ("a.csv", "loaded"),
        ("poison-2.csv", "failed"),
        ("b.csv", "loaded"),
    ]


@pytest.mark.parametrize("kind", POISONS)
def test_a_restart_leaves_a_poison_file_and_whoever_sends_it_again_has_it_tried_again(tmp_path, kind):
    ended(tmp_path, Loader(tmp_path, POISONS[kind]), ["poison.csv"], ["good.csv"])
    again = Loader(tmp_path, POISONS[kind])
    ended(tmp_path, again)
    assert again.begun == []
    ended(tmp_path, again, ["poison.csv"])
    assert again.begun == ["poison.csv"]


@pytest.mark.parametrize("fault", [TooBusy("The server is being stopped."), StoreBroken("cannot be read"), OSError("other")])
def test_what_the_server_did_not_get_to_is_loaded_after_the_restart_each_file_as_an_upload_of_its_own(tmp_path, fault):
    uploads = Jobs(Loader(tmp_path))
    stored(uploads, "1-good.csv", "2-poison.csv", "3-good.csv")
    (tmp_path / "uploads" / "left.partial").write_text("half")
    (tmp_path / "uploads" / "left.progress").write_text("1 2")
    loader = Loader(tmp_path, fault)
    ended(tmp_path, loader)
    assert sorted(loader.begun) == ["1-good.csv", "2-poison.csv", "3-good.csv"]
    assert not list((tmp_path / "uploads").glob("left.*"))
    assert len(list((tmp_path / "uploads").glob(f"*/{DONE}"))) == 2


def test_a_file_that_takes_the_server_down_is_given_up_after_some_starts(tmp_path):
    stored(Jobs(Loader(tmp_path)), "poison.csv")
    begun = []

    async def endless(files):
        begun.append(files)
        await asyncio.sleep(60)

    for _ in range(MOST_STARTS + 3):

        async def killed():
            loader = Loader(tmp_path)
            loader.load = endless
            uploads = Jobs(loader)
            uploads.resume()
            await asyncio.sleep(0.01)
            # As after a SIGKILL: nothing is noted at the end.
            uploads.files.put_off = uploads.files.failed = lambda *_: None

        alone(killed())
    assert len(begun) == MOST_STARTS


def test_an_upload_that_the_stop_of_the_server_cuts_off_does_not_stay_loading(tmp_path):
    async def stopped():
        loader = Loader(tmp_path)
        loader.load = lambda files: asyncio.sleep(60)
        uploads = Jobs(loader)
        job = uploads.begin(stored(uploads, "a.csv"))
        await asyncio.sleep(0.01)
        for task in uploads._tasks:
            task.cancel()
        await asyncio.gather(*uploads._tasks, return_exceptions=True)
        return job.report()

    for _ in range(MOST_STARTS + 2):
        report = alone(stopped())
        assert (report["state"], report["error"]["code"]) == ("failed", "Stopped")
    # However often that was, the next start loads the file.
    again = Loader(tmp_path)
    ended(tmp_path, again)
    assert again.begun == ["a.csv"]


def test_originals_stay_as_long_as_the_ledger_names_them_and_doubles_go(tmp_path):
    loader = Loader(tmp_path)
    ended(tmp_path, loader, ["first@content"])
    # The load was committed, and the server killed before it noted so.
    (place,) = (tmp_path / "uploads").glob("*/")
    (place / DONE).unlink()
    ended(tmp_path, loader, ["second@content"])
    assert sorted(path.name for path in place.iterdir()) == [DONE, "first@content"]


def test_a_file_that_cannot_be_loaded_goes_after_a_month(tmp_path):
    ended(tmp_path, Loader(tmp_path, ValueError("bad")), ["poison.csv"])
    files = Jobs(Loader(tmp_path)).files
    files.tidy(time.time() + (FAILED_DAYS - 1) * 86400)
    assert list((tmp_path / "uploads").glob("*/poison.csv"))
    files.tidy(time.time() + (FAILED_DAYS + 1) * 86400)
    assert not list((tmp_path / "uploads").iterdir())


def _children(pid):
    found = subprocess.run(["ps", "-o", "pid=", "--ppid", str(pid)], capture_output=True, text=True, check=False)
    return [int(text) for text in found.stdout.split()]


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_the_workers_of_a_killed_server_end_with_it(own_folder):
    running = Server(own_folder, "--as-of", AS_OF)
    running.get("/api/v1/risk")
    workers = _children(running.process.pid)
    assert len(workers) >= 2
    os.kill(running.process.pid, signal.SIGKILL)
    running.process.wait(10)
    left = workers
    for _ in range(50):
        left = [pid for pid in left if Path(f"/proc/{pid}").exists() and "Z" not in _state(pid)]
        if not left:
            break
        time.sleep(0.1)
    running.process.stdout.close()
    running.process.stderr.close()
    assert not left


def _state(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return "Z"
