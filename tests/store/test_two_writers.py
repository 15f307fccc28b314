"""One answer is one snapshot, whoever loads while it is worked out."""

import contextlib
import select
import subprocess
import sys
import time

from fabwatch.fab import Fab
from tests.fabs import new_fab

LOADS, ROWS = 5, 40
"""Files of each writer, and wafers in each of them: one on every tool."""
WRITER = """
import sys
from fabwatch.fab import Fab
with Fab(sys.argv[1]) as fab:
    for path in sys.argv[2:]:
        print("ready", flush=True)
        sys.stdin.readline()
        assert fab.ingest(path).clean
"""


def exported(folder, writer):
    paths = []
    for number in range(LOADS):
        lines = [f"{writer}{number},{writer}{number}.{n:02d},T{n:02d},2026-05-01T{n % 24:02d}:00:00Z" for n in range(ROWS)]
        paths.append(folder / f"{writer}{number}.csv")
        paths[-1].write_text("\n".join(["lot,wafer,tool,end_at", *lines]) + "\n")
    return paths


def test_an_answer_while_two_writers_load_is_always_of_a_whole_snapshot(tmp_path):
    with new_fab(tmp_path / "fab") as fab, contextlib.ExitStack() as running:
        writers = [
            running.enter_context(
                subprocess.Popen(
                    [sys.executable, "-c", WRITER, tmp_path / "fab", *exported(tmp_path, writer)],
                    stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                )
            )
            for writer in "AB"
        ]  # fmt: skip
        seen, deadline = [], time.monotonic() + 240
        for _ in range(LOADS):
            # Both load their next file at the same time; the question is asked until both are done with it.
            for writer in writers:
                assert writer.stdout.readline() == "ready\n"
                writer.stdin.write("go\n")
                writer.stdin.flush()
            busy = True
            while busy:
                assert time.monotonic() < deadline
                readable, _, _ = select.select([writer.stdout for writer in writers], [], [], 0)
                busy = len(readable) < len(writers)
                answer = fab.risk()
                wafers = {row.tool: row.wafers for row in answer.tools}
                # Every file has a wafer on each tool: in a whole snapshot all tools have as many.
                assert len(set(wafers.values())) <= 1, wafers
                assert answer.total.never == len(wafers)
                assert sum(row.wafers for row in fab.risk(by="area").tools) % ROWS == 0
                seen.append((answer.how.snapshot, max(wafers.values(), default=0)))
        for writer in writers:
            _, errors = writer.communicate()
            assert writer.returncode == 0, errors
        assert {row.wafers for row in fab.risk().tools} == {2 * LOADS}
    # Snapshots only go forward; the same one always has the same answer, and each pair of files was seen.
    assert seen == sorted(seen)
    assert len(dict(seen)) == len(set(seen))
    assert {wafers for _, wafers in seen} >= {2 * loaded for loaded in range(1, LOADS + 1)}


def test_two_answers_of_one_snapshot_are_the_same_while_another_process_loads(tmp_path):
    with new_fab(tmp_path / "fab") as asking, Fab(tmp_path / "fab") as loading:
        first, second = exported(tmp_path, "A")[:2]
        loading.ingest(first)
        with asking._lake.reading() as snapshot:
            before = asking._lake.rows("SELECT count(*) AS n FROM moves")
            loading.ingest(second)
            after = asking._lake.rows("SELECT count(*) AS n FROM moves")
        assert before == after == [{"n": ROWS}]
        assert asking.risk().how.snapshot > snapshot
