"""Small files are stored together: each whole or not at all, as if it had come alone."""

import shutil
import sqlite3
from contextlib import closing

import pytest

from fabwatch.fab import Fab
from fabwatch.ingest import group
from fabwatch.terms.errors import DiskFull
from tests.conftest import NOW
from tests.fabs import new_fab
from tests.ingest.contents import contents
from tests.ingest.mixture import HEADERS, LINES, write

MOVE = "M{n}-{k},,ETCH-1,25,,2026-05-02 10:{k:02d}:00,P,10"


def moves(folder, number, rows=3):
    return write(folder, number, "moves", [MOVE.format(n=number, k=k) for k in range(rows)])


def faults(fab):
    """What is wrong with the fab itself; files that wait or failed, and fast clocks, are no fault of it."""
    return [finding for finding in fab.check() if not finding.well and finding.check not in ("inbox", "clock")]


def everything(folder):
    """Files of every kind: with rows set aside, rows in two of them, a copy, a cut file, a strange and a broken one."""
    paths = [write(folder, number, kind, lines) for number, (kind, lines) in enumerate(LINES.items())]
    paths += [write(folder, 11, "moves", LINES["moves"][:2]), write(folder, 12, "metrology", LINES["metrology"][:2] * 2)]
    copy = folder / "copy.csv"
    shutil.copy(paths[1], copy)
    cut = folder / "cut.csv"
    cut.write_bytes(paths[1].read_bytes()[:-12])
    later = write(folder, 13, "moves", ["L9,,ETCH-1,25,,2031-05-02 10:00:00,P,10"])
    strange, broken = folder / "strange.csv", folder / "broken.xlsx"
    strange.write_text("quark,charm\n1,2\n")
    broken.write_bytes(b"PK\x03\x04 nothing more")
    renamed = folder / "renamed.csv"
    renamed.write_text(HEADERS["moves"].replace("WAFER_QTY", "QTY_OF_MOONS") + "\nL7,,ETCH-1,25,,2026-05-03 10:00:00,P,10\n")
    return [*paths, copy, cut, later, strange, broken, renamed]


def fates(summary):
    """What became of each file; of rows that two files have, which of them stores them is nobody's matter."""
    return {
        file.path: (file.status, file.kind, file.rows + file.duplicates, file.set_aside, file.rules, file.suggestion)
        for file in summary.files
    }


def ledger(fab):
    return {load.path: (load.status, load.kind, load.rows + load.duplicates, load.set_aside) for load in fab.loads()}


def test_files_of_every_kind_fare_together_as_they_do_alone(tmp_path):
    paths = everything(tmp_path)
    with new_fab(tmp_path / "together", clock=lambda: NOW) as fab:
        together = fab.ingest(paths)
        held = contents(fab)
        assert faults(fab) == []
        loads = ledger(fab)
    order = [file.path for file in together.files]
    with new_fab(tmp_path / "alone", clock=lambda: NOW) as fab:
        alone = [fab.ingest(path) for path in order]
        assert contents(fab) == held
        assert {
            load.path: (load.status, load.kind, load.rows + load.duplicates, load.set_aside) for load in fab.loads()
        } == loads
    assert fates(together) == {path: fate for summary in alone for path, fate in fates(summary).items()}
    assert {fate[0] for fate in fates(together).values()} == {"loaded", "already", "inbox", "failed"}


def snapshots(folder):
    with closing(sqlite3.connect(folder / "catalog.sqlite")) as catalog:
        return catalog.execute("SELECT max(snapshot_id) FROM ducklake_snapshot").fetchone()[0]


def test_a_hundred_small_files_take_far_fewer_transactions_and_each_has_its_line_and_receipt(tmp_path):
    files = [moves(tmp_path, number) for number in range(100)]
    with new_fab(tmp_path / "fab", clock=lambda: NOW) as fab:
        before = snapshots(tmp_path / "fab")
        told = []
        summary = fab.ingest(
            files, progress=lambda step: told.append((step.file, step.done, step.total)) if step.result else None
        )
        assert (summary.loaded, summary.rows) == (100, 300)
        assert told == [(str(path), number, 100) for number, path in enumerate(sorted(files), 1)]
        assert snapshots(tmp_path / "fab") - before <= 20
        assert {(load.path, load.rows) for load in fab.loads()} == {(str(path), 3) for path in files}
        of_rows = fab.sql("SELECT load, count(*) AS rows FROM moves GROUP BY load")
        assert sorted(of_rows["rows"]) == [3] * 100
        assert [finding for finding in fab.check(deep=True) if not finding.well] == []
        again = fab.ingest(files)
        assert (again.already, again.loaded) == (100, 0)


def test_a_row_of_two_files_that_came_together_stays_when_one_of_them_is_read_again_without_it(tmp_path):
    both = MOVE.format(n=7, k=7)
    first, second = (write(tmp_path, n, "moves", [both, MOVE.format(n=n, k=1)]) for n in (1, 2))
    with new_fab(tmp_path / "fab", clock=lambda: NOW) as fab:
        summary = fab.ingest([first, second])
        assert sorted((file.rows, file.duplicates) for file in summary.files) == [(1, 1), (2, 0)]
        assert fab._lake.ask("SELECT count(*) FROM lake.moves").fetchall() == [(3,)]
        (tmp_path / "fab" / "fab.toml").write_text('[sources.moves]\nfiles = "1_*"\nconstants = { product = "Q" }\n')
    with Fab(tmp_path / "fab", clock=lambda: NOW) as fab:
        fab.ingest([first], again=True)
        lots = fab._lake.ask("SELECT lot FROM lake.moves ORDER BY lot, product").fetchall()
        assert [lot for (lot,) in lots].count("M7-7") >= 1
        assert faults(fab) == []


@pytest.mark.parametrize("kind", ["moves", "quals"])
def test_where_the_common_transaction_fails_each_file_is_loaded_alone(tmp_path, monkeypatch, kind):
    paths = [write(tmp_path, number, name, LINES[name]) for number, name in enumerate(LINES)]
    real, calls = group.Staging.commit, []

    def failing(staging, now):
        calls.append(staging._table.name)
        # Together it cannot be stored; alone it can.
        if staging._table.name == kind and calls.count(kind) == 1:
            raise RuntimeError("no luck")
        return real(staging, now)

    monkeypatch.setattr(group.Staging, "commit", failing)
    with new_fab(tmp_path / "fab", clock=lambda: NOW) as fab:
        summary = fab.ingest(paths)
        assert (summary.loaded, summary.failed) == (len(paths), 0)
        assert calls.count(kind) == 2
        held = contents(fab)
        assert faults(fab) == []
    monkeypatch.undo()
    with new_fab(tmp_path / "other", clock=lambda: NOW) as fab:
        fab.ingest(paths)
        assert contents(fab) == held


def test_a_full_disk_ends_the_load_and_nothing_of_the_files_that_waited_is_stored(tmp_path, monkeypatch):
    def full(staging, now):
        raise DiskFull("No space is left.")

    monkeypatch.setattr(group.Staging, "commit", full)
    with new_fab(tmp_path / "fab", clock=lambda: NOW) as fab:
        before = contents(fab)
        with pytest.raises(DiskFull):
            fab.ingest([moves(tmp_path, 1), moves(tmp_path, 2)])
        monkeypatch.undo()
        assert contents(fab) == before
        assert fab.ingest([tmp_path / "1_moves.csv", tmp_path / "2_moves.csv"]).rows == 6


def test_a_file_that_somebody_else_loads_while_it_waits_is_there_already_and_the_others_are_loaded(tmp_path, monkeypatch):
    paths = [moves(tmp_path, number) for number in (1, 2, 3)]
    real, others = group.Group.commit, []

    def overtaken(self):
        if not others:
            others.append("was here")
            with Fab(tmp_path / "fab", clock=lambda: NOW) as other:
                assert other.ingest(paths[1]).rows == 3
        return real(self)

    with new_fab(tmp_path / "fab", clock=lambda: NOW) as fab:
        monkeypatch.setattr(group.Group, "commit", overtaken)
        summary = fab.ingest(paths)
        assert [(file.status, file.rows) for file in summary.files] == [("loaded", 3), ("already", 0), ("loaded", 3)]
        assert faults(fab) == []
        assert fab._lake.ask("SELECT count(*) FROM lake.moves").fetchall() == [(9,)]


def test_many_files_that_wait_in_the_inbox_come_in_together_once_they_are_known(tmp_path):
    for number in range(12):
        (tmp_path / f"s{number}.csv").write_text(f"quark,charm,when\nL{number},ETCH-1,2026-05-0{1 + number % 9} 10:00:00\n")
    with new_fab(tmp_path / "fab", clock=lambda: NOW) as fab:
        assert fab.ingest([tmp_path / f"s{number}.csv" for number in range(12)]).failed == 12
        columns = 'columns = { lot = "quark", tool = "charm", end_at = "when" }\nconstants = { wafers = "25" }'
        (tmp_path / "fab" / "fab.toml").write_text(f'[sources.strange]\nkind = "moves"\nfiles = "s*.csv"\n{columns}\n')
    with Fab(tmp_path / "fab", clock=lambda: NOW) as fab:
        before = snapshots(tmp_path / "fab")
        assert fab.retry().rows == 12
        assert snapshots(tmp_path / "fab") - before < 12
        assert (fab.inbox(), {load.status for load in fab.loads()}, len(fab.loads())) == ([], {"loaded"}, 12)
        assert fab.problems() == []
