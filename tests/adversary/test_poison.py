"""Poison of every kind in a folder of good files: each costs its own file or row, says why, and the others load."""

import gzip
import io
import os
import signal
import socket
import subprocess
import sys
import time
import warnings
import zipfile
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from fabwatch.fab import Fab
from fabwatch.ingest import reader as readers
from fabwatch.ingest.reading import ReadRows, Understand
from fabwatch.sources.text import COLUMN_LIMIT
from tests.adversary.test_mutated_files import busy_seconds
from tests.conftest import NOW
from tests.fabs import new_fab

MOVES = "lot,tool,wafers,end_at\n"
GOOD = MOVES + "".join(f"G{n},GOOD-1,25,2026-05-01T10:00:{n:02d}Z\n" for n in range(10))
SECONDS = 8
"""Processor time that one file may take; without such files none takes over 3."""
LOG = "time,tool,wafer,step,Flow,Power\n" + "".join(f"2026-05-01T00:00:{n:02d}Z,T,W1,1,{n}.5,300\n" for n in range(20))
PAIRS = "".join(f"2026-05-01T00:00:{n:02d}Z tool=LOG wafer=W1 step=1 flow={n}.5 power=300 state=on\n" for n in range(20))
SML = "2026-05-01T00:00:00Z\nS5F1 W\n  <L [3]\n    <B 0x84>\n    <U4 7>\n    <A 'HIGH'>\n  >\n.\n" * 3
MEMBERS = [
    "..",
    ".",
    "/etc/absolute.csv",
    "../../../up.csv",
    "C:\\x.csv",
    "x" * 250 + ".csv",
    ".partial",
    "a\nb.csv",
    "m.csv",
    "m.csv",
]


def of_lot(lot):
    return MOVES + f"{lot},T,25,2026-05-01T00:00:00Z\n"


def zipped(members, method=zipfile.ZIP_DEFLATED):
    packed = io.BytesIO()
    with warnings.catch_warnings(), zipfile.ZipFile(packed, "w", method) as file:
        warnings.simplefilter("ignore", UserWarning)
        for name, content in members:
            file.writestr(zipfile.ZipInfo(name), content, method)
    return packed.getvalue()


def changed_zip(at_local, at_central, value):
    """A zip file of one member, with another value in both of its heads."""
    content = bytearray(zipped([("m.csv", of_lot("Z"))]))
    content[at_local] = value
    content[content.rindex(b"PK\x01\x02") + at_central] = value
    return bytes(content)


def parquet(columns, **options):
    written = io.BytesIO()
    pq.write_table(pa.table(columns), written, **options)
    return written.getvalue()


def repeated(value, count):
    return pa.DictionaryArray.from_arrays(pa.array([0] * count, pa.int8()), pa.array([value]))


def of_moves(count, **more):
    at = pa.array([1_777_593_600_000_000] * count, pa.timestamp("us", "UTC"))
    return {
        "lot": repeated("L1", count),
        "tool": repeated("T", count),
        "wafers": pa.array([1] * count),
        "end_at": at,
        **more,
    }


def digits_log(at):
    """The log with one very long cell of digits that is no number, again and again, as a search that goes back would."""
    lines = LOG.encode().splitlines()
    cells = lines[-1].split(b",")
    cells[at] = b"0" * 60_000 + b"x"
    return b"\n".join([*lines, *[b",".join(cells)] * 20, b""])


FILES = {
    "zip_names.zip": (lambda: zipped([(name, of_lot(f"N{n}")) for n, name in enumerate(MEMBERS)]), {"loaded"}, ""),
    "encrypted.zip": (lambda: changed_zip(6, 8, 1), {"failed"}, "locked"),
    "method.zip": (lambda: changed_zip(8, 10, 97), {"failed"}, "damaged or locked"),
    "gz_in_gz.csv.gz": (lambda: gzip.compress(gzip.compress(of_lot("GG").encode())), {"failed"}, "neither text nor a table"),
    "zip_in_zip.zip": (
        lambda: zipped([("in.zip", zipped([("m.csv", of_lot("ZZ"))]))]),
        {"failed"},
        "neither text nor a table",
    ),
    "gz_in_zip.zip": (lambda: zipped([("m.csv.gz", gzip.compress(of_lot("GZ").encode()))]), {"failed"}, "neither text nor"),
    "rows.parquet": (lambda: parquet(of_moves(3_000_000), compression="zstd"), {"failed"}, "a bomb"),
    "cells.parquet": (
        lambda: parquet(of_moves(3_000, product=repeated("x" * 300_000, 3_000)), compression="zstd"),
        {"loaded", "failed"},
        "",
    ),
    "groups.parquet": (lambda: parquet(of_moves(2_000), row_group_size=1), {"loaded"}, ""),
    "columns.parquet": (lambda: parquet({**of_moves(1), **{f"c{n}": [1] for n in range(3_000)}}), {"failed"}, "columns"),
    "one_line.csv": (lambda: b"lot,tool\n" + b"x" * (50 << 20), {"failed"}, "a line is longer"),
    "too_wide.log": (lambda: wide_log(COLUMN_LIMIT - 2), {"failed"}, "columns"),
    "wide.log": (lambda: wide_log(COLUMN_LIMIT - 3), {"loaded"}, ""),
    "word.log": (lambda: LOG.encode() + b"x" * 900_000 + b"\n", {"loaded"}, "1 messages"),
    "digits.log": (lambda: digits_log(-1), {"loaded"}, ""),
    "digits_time.log": (lambda: digits_log(0), {"loaded"}, ""),
    "words.log": (lambda: LOG.encode() + b"step 1 " * 100_000 + b"\n", {"loaded"}, "1 messages"),
    "pairs.log": (lambda: PAIRS.encode() + b"a=" * 400_000 + b"\n", {"loaded"}, "messages"),
    "pair_word.log": (lambda: PAIRS.encode() + b"x" * 900_000 + b"\n", {"loaded"}, "messages"),
    "pair_blanks.log": (lambda: PAIRS.encode() + b"a " * 400_000 + b"\n", {"loaded"}, "messages"),
    "pair_brackets.log": (lambda: PAIRS.encode() + b"a[" * 400_000 + b"\n", {"loaded"}, "messages"),
    "sml_word.log": (lambda: SML.encode() + b"S1F1 W\n" + b"<" * 900_000 + b"\n.\n", {"loaded"}, "messages"),
    "sml_quotes.log": (lambda: SML.encode() + b"S1F1 W\n" + b"<A '" * 200_000 + b"\n.\n", {"loaded"}, "messages"),
    "sml_deep.log": (lambda: SML.encode() + b"S6F11 W\n" + b"<L\n" * 100_000 + b".\n", {"loaded"}, "messages"),
    "header.log": (lambda: b"x[" * 20_000 + b"," + LOG.encode(), {"loaded", "inbox", "failed"}, ""),
    "comment.log": (lambda: b"# " + b"Tool " * 8_000 + b"\n" + LOG.encode(), {"loaded"}, ""),
    "colons.log": (lambda: b"# a" + b" :" * 20_000 + b"\n" + LOG.encode(), {"loaded"}, ""),
    "cell.csv": (
        lambda: (of_lot("L") + 'L2,T,"' + "9" * 900_000 + '",2026-05-01T00:00:00Z\n').encode(),
        {"loaded"},
        "bad_number",
    ),
    "stamp.csv": (lambda: (of_lot("L") + "L2,T,25," + "1" * 900_000 + "\n").encode(), {"loaded"}, "bad_time"),
    "quotes.csv": (lambda: (of_lot("L") + '"' * 900_001 + "\n").encode(), {"loaded"}, "stray_quote"),
    "blanks.csv": (lambda: of_lot("L").encode() + b" " * 900_000 + b"\n", {"loaded"}, ""),
}
"""Files that are poison: what is in them, what may become of them, and a word of what is said about them."""


def wide_log(sensors):
    lines = ["time,tool,wafer," + ",".join(f"S{n}" for n in range(sensors))]
    lines += [f"2026-05-01T00:00:{k:02d}Z,T,W1," + ",".join(str(n + k) for n in range(sensors)) for k in range(5)]
    return ("\n".join(lines) + "\n").encode()


def loaded(tmp_path, folder):
    """What became of the files of a folder, by name; the good one among them has to be loaded."""
    (folder / "good.csv").write_text(GOOD)
    slow, last = [], [busy_seconds()]

    def watch(step):
        if step.result is None:
            return
        now = busy_seconds()
        if now - last[0] > SECONDS:
            slow.append((step.result.path, now - last[0]))
        last[0] = now

    with new_fab(tmp_path / "fab", clock=lambda: NOW) as fab:
        summary = fab.ingest(folder, progress=watch)
        assert [row.moves for row in fab.risk(tool="GOOD-1").tools] == [10]
    results: dict[str, list] = {}
    for result in summary.files:
        results.setdefault(Path(result.path.partition("!")[0]).name, []).append(result)
    (good,) = results.pop("good.csv")
    assert (good.status, good.rows) == ("loaded", 10)
    assert not slow
    for results_of in results.values():
        for result in results_of:
            assert result.status == "loaded" or "hint: " in result.message, result
    return results


def test_files_that_are_poison_cost_themselves_alone(tmp_path):
    folder = tmp_path / "files"
    folder.mkdir()
    for name, (make, _, _) in FILES.items():
        # Each log is of its own tool: of two that begin alike one may be an older snapshot of the other.
        tool = name.partition(".")[0].encode()
        (folder / name).write_bytes(make().replace(b"Z,T,", b"Z," + tool + b",").replace(b"tool=LOG", b"tool=" + tool))
    results = loaded(tmp_path, folder)
    wrong = []
    for name, (_, statuses, word) in FILES.items():
        told = results.get(name, [])
        if not told or any(r.status not in statuses or word not in r.message for r in told):
            wrong.append((name, [(r.path[-40:], r.status, r.message[:200]) for r in told]))
    assert not wrong, "\n".join(map(str, wrong))
    assert len(results["zip_names.zip"]) == len(MEMBERS)
    # Nothing was unpacked to where a member says.
    assert not (tmp_path / "up.csv").exists()
    assert not Path("/etc/absolute.csv").exists()


@pytest.mark.skipif(os.name != "posix", reason="pipes, devices and such names are those of POSIX")
def test_what_is_no_file_of_its_own_is_left_out_and_nobody_waits_for_it(tmp_path):
    folder = tmp_path / "files"
    (folder / "deep").mkdir(parents=True)
    (tmp_path / "outside.csv").write_text(of_lot("OUT"))
    os.mkfifo(folder / "fifo.csv")
    (folder / "device.csv").symlink_to("/dev/zero")
    (folder / "outside.csv").symlink_to(tmp_path / "outside.csv")
    (folder / "deep" / "up.csv").symlink_to("../../outside.csv")
    (folder / "nowhere.csv").symlink_to(tmp_path / "no such file")
    (folder / "loop.csv").symlink_to(folder / "loop.csv")
    (folder / "circle").symlink_to(folder)
    (folder / "folder.csv").mkdir()
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(folder / "socket.csv")) if len(str(folder)) < 90 else None
        results = loaded(tmp_path, folder)
    left_out = {"fifo.csv", "device.csv", "outside.csv", "up.csv", "nowhere.csv", "loop.csv"}
    assert {name for name, told in results.items() if told[0].status == "failed"} >= left_out
    with Fab(tmp_path / "fab") as fab:
        assert not any("OUT" in str(problem.raw) for problem in fab.problems())
        assert sum(row.moves for row in fab.risk().tools) == 10


@pytest.mark.skipif(sys.platform != "linux", reason="only here may a name be any bytes")
def test_names_of_any_bytes_and_lengths_load_and_are_shown(tmp_path):
    folder = tmp_path / "files"
    folder.mkdir()
    names = [
        b"not \xff\xfe utf-8.csv",
        b"line\nend.csv",
        b"m" * 251 + b".csv",
        "ü".encode() * 120 + b".csv",
        b" .csv",
        b"-rf.csv",
    ]
    names += [
        b"a!b.csv",
        b"[a-z]*?.csv",
        b"'; DROP TABLE lake.loads; --.csv",
        b"$(x) `y`.csv",
        b"%s{0}.csv",
        b"\x1b[31mred.csv",
    ]
    for n, name in enumerate(names):
        (folder / os.fsdecode(name)).write_text(of_lot(f"N{n}"))
    results = loaded(tmp_path, folder)
    statuses = [told.status for results_of in results.values() for told in results_of]
    assert statuses == ["loaded"] * len(names)
    for told in (told for results_of in results.values() for told in results_of):
        told.path.encode()


def test_a_member_whose_name_no_disk_takes_is_no_fault_of_the_logs_that_begin_like_it(tmp_path):
    folder = tmp_path / "files"
    folder.mkdir()
    rows = LOG.splitlines(keepends=True)
    longer = "".join([*rows[:10], *rows[11:], *rows[-1:] * 20])
    (folder / "a.zip").write_bytes(zipped([("x" * 300 + ".log", longer)]))
    (folder / "b.log").write_text(LOG)
    results = loaded(tmp_path, folder)
    assert {name: [told.status for told in of] for name, of in results.items()} == {"a.zip": ["loaded"], "b.log": ["loaded"]}


def test_files_that_vanish_or_cannot_be_read_while_others_load_cost_themselves_alone(tmp_path, monkeypatch):
    folder = tmp_path / "files"
    folder.mkdir()
    for n in range(6):
        (folder / f"a{n}.csv").write_text(of_lot(f"A{n}"))
    find = readers.Reader.find

    def find_and_lose(self, path, settings, kind):
        candidates = find(self, path, settings, kind)
        if path.name == "a1.csv":
            path.unlink()
        elif path.name == "a3.csv":
            path.write_bytes(b"")
        elif path.name == "a5.csv":
            path.unlink()
            path.mkdir()
        return candidates

    monkeypatch.setattr(readers.Reader, "find", find_and_lose)
    results = loaded(tmp_path, folder)
    lost = {name for name, told in results.items() if told[0].status == "failed"}
    assert (lost, len(results)) == ({"a1.csv", "a3.csv", "a5.csv"}, 6)


STATED = {
    "encoding = 'utf-16'": {"loaded", "failed", "inbox"},
    "encoding = 'utf-7'": {"loaded"},
    "encoding = 'shift-jis'": {"loaded"},
    "time_format = '%d.%m.%Y'": {"loaded"},
    "zone = 'Pacific/Apia'": {"loaded"},
    "decimal = ','": {"loaded"},
    "delimiter = ';'": {"inbox", "failed"},
    "columns = { end_at = 'nothing' }": {"inbox", "failed"},
    "constants = { wafers = 'many' }": {"inbox", "failed", "loaded"},
    "kind = 'log'": {"loaded"},
    "kind = 'quals'": {"failed", "inbox"},
    "expects = ['Pressure']": {"loaded"},
}


@pytest.mark.parametrize("stated", STATED)
def test_statements_that_do_not_fit_cost_the_files_of_their_source_alone(tmp_path, stated):
    folder = tmp_path / "files"
    folder.mkdir()
    (tmp_path / "fab").mkdir()
    (tmp_path / "fab" / "fab.toml").write_text(f"[sources.bad]\nfiles = 'bad.csv'\n{stated}\n")
    (folder / "bad.csv").write_text(MOVES + "Lü,T,25,2026-05-01T00:00:00Z\nL2,T,25,2026-05-01T00:01:00Z\n")
    results = loaded(tmp_path, folder)
    assert results["bad.csv"][0].status in STATED[stated], results


def test_a_reader_that_is_killed_from_outside_costs_the_file_that_it_reads_at_most(tmp_path, monkeypatch):
    folder = tmp_path / "files"
    folder.mkdir()
    for n in range(8):
        (folder / f"a{n}.csv").write_text(MOVES + "".join(f"A{n}-{k},T,25,2026-05-01T00:00:00Z\n" for k in range(500)))
    begun: list[str] = []
    run = readers.Reader.run

    def end(process):
        process.kill()
        process.wait()

    def run_and_kill(self, task):
        """Ends the process before it is asked what a2 is, before it is asked for the rows of a3, and while it reads a4."""
        begun.append(type(task).__name__)
        at = (begun[-1], begun.count(begun[-1]))
        if at in (("Understand", 3), ("ReadRows", 4)):
            end(self._process)
        pieces = run(self, task)
        if at == ("ReadRows", 5):
            yield next(pieces)
            end(self._process)
        yield from pieces

    monkeypatch.setattr(readers.Reader, "run", run_and_kill)
    results = loaded(tmp_path, folder)
    failed = {name for name, told in results.items() if told[0].status == "failed"}
    assert len(begun) > 16
    assert failed <= {"a3.csv", "a4.csv"}
    with new_fab(tmp_path / "fab", clock=lambda: NOW) as fab:
        monkeypatch.setattr(readers.Reader, "run", run)
        again = fab.ingest(folder)
        assert not again.failed
        assert sum(row.moves for row in fab.risk(tool="T").tools) == 8 * 500
        assert all(finding.well for finding in fab.check())


@pytest.mark.parametrize("ended_by", [signal.SIGABRT, signal.SIGSEGV])
def test_a_file_that_crashes_a_library_is_called_damaged_and_costs_itself_alone(tmp_path, monkeypatch, ended_by):
    (tmp_path / "files").mkdir()
    for name in ("a.csv", "bad.csv", "c.csv"):
        # So many rows that the reader still has some to hand over when it is ended.
        rows = "".join(f"{name}{n},T,25,2026-05-01T10:00:00Z\n" for n in range(60_000 if name == "bad.csv" else 1))
        (tmp_path / "files" / name).write_text(MOVES + rows)
    usual = readers.Reader.run

    def run_and_crash(self, task):
        crashes = isinstance(task, ReadRows) and self.about == "bad.csv"
        self.about = task.candidate.document.file_name if isinstance(task, Understand) else getattr(self, "about", "")
        for piece in usual(self, task):
            if crashes:
                os.kill(self._process.pid, ended_by)
            yield piece

    monkeypatch.setattr(readers.Reader, "run", run_and_crash)
    with new_fab(tmp_path / "fab", clock=lambda: NOW) as fab:
        results = {result.path.rpartition("/")[2]: result for result in fab.ingest(tmp_path / "files").files}
    assert {name: result.status for name, result in results.items()} == {
        "a.csv": "loaded",
        "bad.csv": "failed",
        "c.csv": "loaded",
    }
    assert results["bad.csv"].rules == {"unreadable": 1}
    assert ended_by.name in results["bad.csv"].message


def _pressed_until_it_ends(run):
    """Ctrl-C as people press it: again when nothing happens, as where Python was clearing up an object at that moment."""
    for press in range(1, 60):
        os.killpg(run.pid, signal.SIGINT)
        try:
            return press, run.communicate(timeout=0.5)[1]
        except subprocess.TimeoutExpired:
            continue
    raise AssertionError("Ctrl-C does not end it")


@pytest.mark.skipif(os.name != "posix", reason="Ctrl-C comes as a signal")
def test_ctrl_c_leaves_whole_files_and_the_next_run_brings_the_others(tmp_path):
    folder = tmp_path / "files"
    folder.mkdir()
    # Enough for several transactions.
    for n in range(30):
        lines = "".join(f"A{n}-{k},T,25,2026-05-01T{k // 600:02d}:{k // 10 % 60:02d}:00Z\n" for k in range(6000))
        (folder / f"a{n:02d}.csv").write_text(MOVES + lines)
    new_fab(tmp_path / "fab").close()
    # As from a terminal: a suite that runs in the background hands on that Ctrl-C means nothing.
    program = (
        "import signal, sys; signal.signal(signal.SIGINT, signal.default_int_handler); from fabwatch.cli import main; main()"
    )
    command = [sys.executable, "-c", program, "ingest", str(folder), "--fab", str(tmp_path / "fab")]
    run = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True)
    deadline = time.monotonic() + 120
    with Fab(tmp_path / "fab") as fab:
        while time.monotonic() < deadline and run.poll() is None and not fab.loads():
            time.sleep(0.05)
        presses, said = _pressed_until_it_ends(run)
        assert run.returncode != 0, "it was done before it was stopped, or went on"
        assert presses > 1 or "Traceback" not in said, said
        rows = [load.rows for load in fab.loads()]
        assert set(rows) <= {6000}, [load for load in fab.loads() if load.rows != 6000]
        assert fab._lake.ask("SELECT count(*) FROM lake.moves").fetchall() == [(sum(rows),)]
        again = fab.ingest(folder)
        assert (again.failed, again.already + again.loaded) == (0, 30)
        assert fab._lake.ask("SELECT count(*) FROM lake.moves").fetchall() == [(30 * 6000,)]
