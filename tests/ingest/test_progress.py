"""How far a load is: bytes of all files that were found, which move inside a large one too, and end at all of them."""

import gzip
import io
import os
import pty
import subprocess
import sys
import zipfile

import pytest
from rich.console import Console

from fabwatch.cli import output
from fabwatch.ingest.progress import Step
from tests.made_logs import log_of

ROWS = 60_000


def moves(rows=ROWS, lot="L"):
    lines = (f"{lot}{n // 25},{lot}{n // 25}.{n % 25},E{n % 7},2026-05-01T{n % 24:02d}:00:00Z" for n in range(rows))
    return "\n".join(["lot,wafer,tool,end_at", *lines]) + "\n"


def told(fab, path):
    steps: list[Step] = []
    fab.ingest(path, progress=steps.append)
    return steps


def check(steps, size):
    """What holds for every load: nothing goes back, and all is done in the end."""
    assert [step.read for step in steps] == sorted(step.read for step in steps)
    assert [step.done for step in steps] == sorted(step.done for step in steps)
    assert {step.size for step in steps} == {size}
    assert steps[-1].read == size
    assert steps[-1].done == steps[-1].total


def test_inside_one_large_table_the_bytes_move_and_then_it_is_stored(fab, tmp_path):
    path = tmp_path / "moves.csv"
    path.write_text(moves(400_000))
    steps = told(fab, path)
    check(steps, path.stat().st_size)
    assert len({step.read for step in steps}) > 3
    assert [step.storing for step in steps][-2:] == [True, False]
    assert [step.result is not None for step in steps].count(True) == 1


def test_inside_one_large_log_the_bytes_move(fab, tmp_path):
    path = tmp_path / "etch.log"
    path.write_text(log_of([f"W{n}" for n in range(400)], seconds=120))
    steps = told(fab, path)
    check(steps, path.stat().st_size)
    assert len({step.read for step in steps}) > 3


def test_files_differ_in_size_and_count_by_their_bytes_on_disk(fab, tmp_path):
    folder = tmp_path / "all"
    folder.mkdir()
    (folder / "a.csv").write_text(moves(10, "A"))
    (folder / "b.csv.gz").write_bytes(gzip.compress(moves(2_000, "B").encode()))
    with zipfile.ZipFile(folder / "c.zip", "w") as packed:
        packed.writestr("c1.csv", moves(300, "C"))
        packed.writestr("c2.csv", moves(300, "D"))
    (folder / "d.bin").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(500))
    (folder / "e.csv").write_text("")
    steps = [step for step in told(fab, folder) if step.result is not None]
    sizes = {path.name: path.stat().st_size for path in folder.iterdir()}
    assert steps[-1].total == 6
    assert sum(sizes.values()) - steps[-1].size <= 1
    assert steps[-1].read == steps[-1].size


def test_a_load_of_nothing_and_files_that_were_there_are_told_too(fab, tmp_path):
    (tmp_path / "none").mkdir()
    assert told(fab, tmp_path / "none") == []
    path = tmp_path / "moves.csv"
    path.write_text(moves(100))
    told(fab, path)
    steps = told(fab, path)
    check(steps, path.stat().st_size)
    assert steps[-1].result.status == "already"


def test_the_bar_says_bytes_speed_and_time_left_on_a_console_of_any_encoding():
    for encoding, line in (("utf-8", "━"), ("cp1252", "-"), ("ascii", "-")):
        stream = io.TextIOWrapper(io.BytesIO(), encoding=encoding)
        console = Console(file=stream, force_terminal=True, width=100, legacy_windows=False, color_system=None)
        with output.progress(quiet=False, console=console) as step:
            step(Step("a.csv", 1, 2, 25_000_000, 100_000_000))
        stream.flush()
        shown = stream.buffer.getvalue().decode(encoding)
        assert "25.0/100.0 MB, 1/2 files" in shown
        assert line in shown, encoding


def test_the_time_left_is_told_after_a_second():
    clock = [0.0]
    console = Console(file=io.StringIO(), force_terminal=True, width=120)
    bar = output.load_bar(console, quiet=False, get_time=lambda: clock[0])
    task = bar.add_task("", total=100_000_000, completed=25_000_000, done=0, files=1, storing=True)
    clock[0] = 10.0
    (row,) = (output.Figures().render(one).plain for one in bar.tasks if one.id == task)
    assert row == "25.0/100.0 MB, 0/1 files, storing, 2.5 MB/s, 0:30 left"


@pytest.mark.skipif(sys.platform == "win32", reason="a terminal of its own")
def test_a_terminal_has_a_bar_on_stderr_and_a_pipe_and_json_have_none(tmp_path):
    path = tmp_path / "moves.csv"
    path.write_text(moves())
    command = [sys.executable, "-m", "fabwatch", "ingest", str(path), "--fab", str(tmp_path / "fab")]
    own, theirs = pty.openpty()
    environment = {**os.environ, "TERM": "xterm", "COLUMNS": "120"}
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=theirs, env=environment) as running:
        os.close(theirs)
        seen = b""
        while True:
            try:
                piece = os.read(own, 1 << 16)
            except OSError:
                break
            if not piece:
                break
            seen += piece
        out = running.stdout.read()
    os.close(own)
    assert running.returncode == 0
    assert b" MB, " in seen
    assert b"1/1 files" in seen
    assert out == b""
    for more in ([], ["--json"]):
        done = subprocess.run([*command, *more], capture_output=True, text=True, check=False)
        assert " MB, " not in done.stderr + done.stdout
