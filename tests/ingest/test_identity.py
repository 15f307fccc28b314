"""Whose log or table a file is: nothing becomes part of another tool's data, nothing is doubled, nothing is lost."""

import warnings
import zipfile
from datetime import timedelta
from pathlib import Path

import pytest

from tests.commands import command
from tests.diary import NOW
from tests.fabs import new_fab
from tests.ingest.contents import contents

ELAPSED = "elapsed (s),step,Pressure (mTorr),RF Power (W)\n"
DATED = "time,step,Pressure (mTorr),RF Power (W)\n"
NAMED = "time,tool,lot,wafer,step,Pressure (mTorr),RF Power (W)\n"
BY_NAME = '[sources.etch]\nfiles = "E*_*.csv"\nkind = "log"\nname = "{tool}_{wafer}.csv"\n'


def rows(begin, end, pressure, dated, keys=""):
    stamp = (lambda n: f"2026-03-01T01:{n // 60:02d}:{n % 60:02d}Z") if dated else (lambda n: f"{n / 10:.1f}")
    return "".join(f"{stamp(n)},{keys}1,{pressure:.2f},{300 if pressure else 0}\n" for n in range(begin, end))


def written(folder, name, text, encoding="utf-8"):
    folder.mkdir(exist_ok=True)
    path = folder / name
    path.write_bytes(text.encode(encoding))
    return path


def stated(tmp_path, toml=""):
    (tmp_path / "fab").mkdir(exist_ok=True)
    (tmp_path / "fab" / "fab.toml").write_text(toml)
    return new_fab(tmp_path / "fab", clock=lambda: NOW)


def stored(fab):
    """How many samples there are, with the mean pressure, by tool and wafer."""
    fab._lake.pin()
    found = {}
    for row in fab._lake.rows("SELECT DISTINCT shape FROM parts WHERE shape IS NOT NULL"):
        sql = (
            f"SELECT tool, wafer, count(*) AS n, avg(s.Pressure) AS mean FROM samples_{row['shape']} AS s "
            "JOIN parts AS p USING (load, part) GROUP BY tool, wafer"
        )
        found |= {(r["tool"], r["wafer"]): (r["n"], round(r["mean"], 6)) for r in fab._lake.rows(sql)}
    return found


@pytest.mark.parametrize("dated", [True, False])
@pytest.mark.parametrize("first_is_whole", [True, False])
def test_logs_of_two_wafers_that_begin_alike_stay_two(tmp_path, dated, first_is_whole):
    """Both begin with the rows of an idle tool; one is loaded while it has only those."""
    head = DATED if dated else ELAPSED
    idle = head + rows(0, 5, 0, dated)
    one, two = idle + rows(5, 25, 11, dated), idle + rows(5, 25, 12, dated)
    with stated(tmp_path, BY_NAME) as fab:
        fab.ingest(written(tmp_path / "in", "E1_W1.csv", one if first_is_whole else idle))
        fab.ingest(written(tmp_path / "in", "E2_W2.csv", idle))
        fab.ingest(written(tmp_path / "in", "E2_W2.csv", two))
        fab.ingest(written(tmp_path / "in", "E1_W1.csv", one))
        assert stored(fab) == {("E1", "W1"): (25, 11 * 20 / 25), ("E2", "W2"): (25, 12 * 20 / 25)}


def test_equal_files_of_two_tools_are_two(tmp_path):
    idle = ELAPSED + rows(0, 9, 0, dated=False)
    moves = "lot,wafers,end_at\nL1,25,2026-05-01T00:00:00Z\n"
    toml = BY_NAME + "".join(
        f'[sources.m{n}]\nfiles = "m{n}.csv"\nkind = "moves"\nconstants = {{ tool = "T{n}" }}\n' for n in (1, 2)
    )
    with stated(tmp_path, toml) as fab:
        for name, text in (("E1_W1.csv", idle), ("E2_W2.csv", idle), ("m1.csv", moves), ("m2.csv", moves)):
            assert fab.ingest(written(tmp_path / "in", name, text)).loaded == 1
            assert fab.ingest(tmp_path / "in" / name).already == 1
        assert stored(fab) == {("E1", "W1"): (9, 0), ("E2", "W2"): (9, 0)}
        assert {row.tool: row.wafers for row in fab.risk().tools} == {"T1": 25, "T2": 25}


def test_a_log_under_the_name_of_another_is_another_unless_its_rows_say_the_same(tmp_path):
    """Without a tool in its rows or its name nothing shows that two files which begin alike are one log."""
    idle = ELAPSED + rows(0, 5, 0, dated=False)
    with stated(tmp_path, '[sources.l]\nfiles = "*.csv"\nkind = "log"\n') as fab:
        fab.ingest(written(tmp_path / "in", "a.csv", idle))
        summary = fab.ingest(written(tmp_path / "in", "b.csv", idle + rows(5, 9, 11, dated=False)))
        assert summary.rows == 9


@pytest.mark.parametrize("encodings", [("utf-8", "utf-16"), ("utf-16", "utf-8-sig"), ("utf-8-sig", "utf-8")])
@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
def test_snapshots_of_a_log_in_any_order_and_encoding_are_one(tmp_path, encodings, line_end):
    whole = NAMED + rows(0, 60, 10, dated=True, keys="E1,L1,W1,")
    lines = whole.splitlines(keepends=True)
    for order in ((20, 60, 40), (60, 20, 40), (40, 20, 60)):
        folder = tmp_path / str(order)
        folder.mkdir()
        with stated(folder) as fab:
            for number, length in enumerate(order):
                text = "".join(lines[: length + 1]).replace("\n", line_end if number else "\n")
                fab.ingest(written(folder / "in", f"log_{length}.csv", text, encodings[number % 2]))
            assert stored(fab) == {("E1", "W1"): (60, 10)}, order
            assert [run.rows for run in fab.runs().runs] == [60]


def test_an_older_snapshot_is_known_though_the_newer_file_is_gone(tmp_path):
    whole = NAMED + rows(0, 60, 10, dated=True, keys="E1,L1,W1,")
    with stated(tmp_path) as fab:
        newer = written(tmp_path / "in", "newer.csv", whole)
        fab.ingest(newer)
        newer.unlink()
        older = written(tmp_path / "in", "older.csv", "".join(whole.splitlines(keepends=True)[:31]))
        (file,) = fab.ingest(older).files
        assert (file.status, "older snapshot" in file.message) == ("already", True)
        # One value differs: then it is no snapshot, and its rows are not lost.
        other = written(tmp_path / "in", "other.csv", older.read_text().replace("10.00", "10.50", 1))
        assert fab.ingest(other).rows == 30


def test_a_grown_log_that_is_read_again_replaces_all_that_it_was_loaded_as(tmp_path):
    whole = NAMED + rows(0, 60, 10, dated=True, keys="E1,L1,W1,")
    lines = whole.splitlines(keepends=True)
    with stated(tmp_path) as fab:
        for length in (20, 40, 60):
            path = written(tmp_path / "in", "grows.csv", "".join(lines[: length + 1]))
            fab.ingest(path)
        fab.ingest(path, again=True)
        assert stored(fab) == {("E1", "W1"): (60, 10)}
        # Its begin alone does not replace what is known of the whole.
        (file,) = fab.ingest(written(tmp_path / "in", "begin.csv", "".join(lines[:21])), again=True).files
        assert file.status == "already"
        assert stored(fab) == {("E1", "W1"): (60, 10)}
        assert all(finding.well for finding in fab.check(deep=True))


def test_what_waits_stays_until_it_is_loaded_though_another_file_comes_under_its_name(tmp_path):
    def day(number, length):
        lines = (f"2026-03-0{number} 01:{n // 60:02d}:{n % 60:02d},W{number},{10 + n / 100:.2f}\n" for n in range(length))
        return "when,what,reading\n" + "".join(lines)

    with stated(tmp_path) as fab:
        assert fab.ingest(written(tmp_path / "in", "current.log", day(1, 30))).files[0].status == "inbox"
    toml = '[sources.c]\nfiles = "current.log"\nkind = "log"\ncolumns = { time = "when", wafer = "what" }\n'
    with stated(tmp_path, toml + 'constants = { tool = "T1" }\n') as fab:
        assert fab.ingest(written(tmp_path / "in", "current.log", day(2, 40))).rows == 40
        assert len(fab.inbox()) == 1
        assert fab.retry().rows == 30
        assert fab.inbox() == []
        assert sorted(run.rows for run in fab.runs().runs) == [30, 40]
        assert {load.path for load in fab.loads()} == {str(tmp_path / "in" / "current.log")}


def test_members_of_a_zip_file_are_told_apart_by_their_place(tmp_path):
    head = "lot,tool,wafers,end_at\n"
    path = tmp_path / "two.zip"
    with warnings.catch_warnings(), zipfile.ZipFile(path, "w") as packed:
        warnings.simplefilter("ignore", UserWarning)
        for lot in ("L1", "L2", "L3"):
            packed.writestr("moves.csv", f"{head}{lot},T1,25,2026-05-01T00:00:00Z\n")
    with stated(tmp_path) as fab:
        assert [file.rows for file in fab.ingest(path).files] == [1, 1, 1]
        assert fab.risk().tools[0].lots == 3
        assert fab.ingest(path).already == 3


HEAD = "lot,wafer,tool,end_at\n"
LINES = [f"L1,W{n},T1,2026-03-01 00:{n:02d}:00\n" for n in range(20)]


def pair(tmp_path):
    return (
        written(tmp_path / "in", "a_moves.csv", HEAD + "".join(LINES[:10])),
        written(tmp_path / "in", "b_moves.csv", HEAD + "".join(LINES)),
    )


def times(fab):
    fab._lake.pin()
    return sorted(row["end_at"] for row in fab._lake.rows("SELECT end_at FROM moves"))


def test_reading_again_that_fails_keeps_what_was_there(tmp_path):
    first, second = pair(tmp_path)
    with stated(tmp_path) as fab:
        fab.ingest([first, second])
        before = contents(fab)
    with stated(tmp_path, '[sources.a]\nfiles = "a_moves.csv"\nkind = "quals"\n') as fab:
        (file,) = fab.ingest(first, again=True).files
        assert (file.status, "kept as it was" in file.message) == ("failed", True)
        assert contents(fab) == before


def test_rows_that_two_files_hold_stay_when_one_of_them_is_read_otherwise(tmp_path):
    first, second = pair(tmp_path)
    with stated(tmp_path) as fab:
        fab.ingest([first, second])
        plain = times(fab)
    with stated(tmp_path, '[sources.a]\nfiles = "a_moves.csv"\nzone = "Europe/Berlin"\n') as fab:
        fab.ingest(first, again=True)
        assert times(fab) == sorted([*plain, *(moment - timedelta(hours=1) for moment in plain[:10])])
        assert {Path(load.path).name: (load.rows, load.duplicates) for load in fab.loads()} == {
            "a_moves.csv": (10, 0),
            "b_moves.csv": (20, 0),
        }
    with stated(tmp_path) as fab:
        fab.ingest(first, again=True)
        assert times(fab) == plain
        assert all(finding.well for finding in fab.check(deep=True))


def test_a_file_that_waits_is_given_up_by_a_person_alone_and_for_a_reason(tmp_path):
    with stated(tmp_path) as fab:
        fab.ingest(written(tmp_path / "in", "odd.csv", "alpha,beta\n1,2\n"))
        (waiting,) = fab.inbox()
    folder = ("--fab", tmp_path / "fab")
    code, _, err = command("inbox", "--discard", waiting.load, *folder)
    assert (code, "needs a reason" in err) == (1, True)
    code, _, err = command("inbox", "--discard", "0000", "--reason", "a trial", *folder)
    assert (code, waiting.load in err) == (1, True)
    assert command("inbox", "--discard", waiting.load, "--reason", "a trial", *folder).code == 0
    with stated(tmp_path) as fab:
        assert (fab.inbox(), fab.loads(), list((tmp_path / "fab" / "inbox").glob("*/*"))) == ([], [], [])
        assert [(entry.act, entry.reason) for entry in fab.audit()] == [("discard", "a trial")]
        assert fab.verify_audit().whole
