"""What was loaded and decided cannot be changed, cut or written anew behind the ledger and the audit without being found."""

import json
import shutil

import pytest

from fabwatch.fab import Fab
from fabwatch.terms.tables import LOADED
from tests.commands import command
from tests.conftest import NOW
from tests.fabs import new_fab
from tests.ingest.contents import contents
from tests.made_stdf import simple

MOVES = "lot,wafer,tool,end_at\n" + "".join(f"L1,W{n},T1,2026-05-01T00:{n:02d}:00Z\n" for n in range(30))
QUALS = "tool,qual_type,qual_time,result\nT1,rate,2026-04-30T00:00:00Z,PASS\nT1,rate,2026-05-01T00:20:00Z,FAIL\n"


@pytest.fixture
def loaded(tmp_path, write):
    """A fab with moves, quals and three decisions."""
    with new_fab(tmp_path / "fab", clock=lambda: NOW) as fab:
        fab.ingest([write("moves.csv", MOVES), write("quals.csv", QUALS)])
        for value in (10, 20, 30):
            fab.decide("T1", "rate", "warning", value, who="somebody", reason="a limit")
        yield fab


def faults(fab):
    return [finding.what for finding in fab.check(deep=True) if not finding.well]


@pytest.mark.parametrize(
    ("edit", "what"),
    [
        ("UPDATE lake.moves SET tool = 'T2' WHERE wafer = 'W7'", "rows of moves were changed after they were loaded"),
        ("UPDATE lake.quals SET passed = true", "rows of quals were changed after they were loaded"),
        ("DELETE FROM lake.quals WHERE NOT passed", "1 rows of quals instead of 2"),
        ("INSERT INTO lake.quals SELECT * REPLACE (true AS passed) FROM lake.quals", "4 rows of quals instead of 2"),
        ("INSERT INTO lake.moves SELECT * REPLACE ('x' AS load) FROM lake.moves LIMIT 3", "not in the ledger"),
        ("UPDATE lake.receipts SET digest = '0' WHERE seq = 1", "entry 1 was changed"),
        ("DELETE FROM lake.receipts WHERE seq = 2", "entry 2 is gone, which the anchor notes"),
    ],
)
def test_an_edit_of_loaded_rows_is_found(loaded, edit, what):
    assert faults(loaded) == []
    loaded._lake.ask(edit)
    assert any(what in fault for fault in faults(loaded)), faults(loaded)


@pytest.mark.parametrize("table", ["moves", "quals"])
def test_rows_that_were_changed_are_read_again_from_their_file(loaded, table):
    before = contents(loaded)
    loaded._lake.ask(f"DELETE FROM lake.{table}")
    assert all(finding.well for finding in loaded.repair())
    assert contents(loaded) == before
    assert faults(loaded) == []


def test_a_cut_tail_of_the_audit_is_found(loaded):
    assert loaded.verify_audit().whole
    loaded._lake.ask("DELETE FROM lake.audit WHERE seq = 3")
    loaded._lake.ask("DELETE FROM lake.decisions WHERE seq = 3")
    audit = loaded.verify_audit()
    assert audit.entries == 2
    assert any("entry 3 is gone" in fault for fault in audit.faults)


def test_an_audit_that_was_written_anew_is_found(loaded, tmp_path):
    with new_fab(tmp_path / "other", clock=lambda: NOW) as other:
        for name in ("moves.csv", "quals.csv"):
            other.ingest(tmp_path / "files" / name)
        for value in (10, 25, 30):
            other.decide("T1", "rate", "warning", value, who="somebody", reason="a limit")
    shutil.copy(tmp_path / "fab" / "anchor.txt", tmp_path / "other" / "anchor.txt")
    with Fab(tmp_path / "other") as other:
        assert any("entry 2 is another than the anchor notes" in fault for fault in other.verify_audit().faults)


def test_the_anchor_may_lie_elsewhere(tmp_path, write):
    (tmp_path / "fab").mkdir()
    (tmp_path / "fab" / "fab.toml").write_text(f'[fab]\nanchor = "{tmp_path / "elsewhere.txt"}"\n')
    with Fab(tmp_path / "fab", create=True) as fab:
        fab.ingest(write("moves.csv", MOVES))
    (line,) = (tmp_path / "elsewhere.txt").read_text().splitlines()
    assert line.startswith("ledger 1 ")
    assert not (tmp_path / "fab" / "anchor.txt").exists()


def test_a_backup_is_a_fab_that_says_the_same_and_shows_the_heads(loaded, tmp_path):
    backup = loaded.back_up(tmp_path / "backup")
    noted = json.loads((tmp_path / "backup" / "backup.json").read_text())
    assert (noted["audit"], noted["ledger"]) == (backup.audit, backup.ledger)
    assert loaded.verify_audit(expected=noted["audit"]).whole
    with Fab(tmp_path / "backup") as copy:
        assert contents(copy) == contents(loaded)
        assert [finding for finding in copy.check(deep=True) if not finding.well] == []
    again = loaded.back_up(tmp_path / "backup")
    assert (again.copied, again.files) == (0, backup.files)


def test_a_fab_whose_catalog_is_gone_comes_back_from_its_backup(loaded, tmp_path):
    before = contents(loaded)
    loaded.back_up(tmp_path / "backup")
    loaded.close()
    fab = tmp_path / "fab"
    for damage in (b"", b"not a catalog" * 500):
        (fab / "catalog.sqlite").write_bytes(damage)
        code, out, _ = command("check", "--fab", fab)
        assert (code, "WRONG catalog" in out) == (2, True)
        assert (fab / "catalog.sqlite").read_bytes() == damage
        code, out, err = command("repair", "--backup", tmp_path / "backup", "--fab", fab)
        assert code == 0, (out, err)
        with Fab(fab) as mended:
            assert contents(mended) == before


def test_a_backup_is_put_neither_over_other_files_nor_into_the_fab(loaded, tmp_path):
    for place in (tmp_path / "files", tmp_path / "fab" / "backup"):
        with pytest.raises(Exception, match="backup"):
            loaded.back_up(place)


ROWS = {
    **{"tools": "tool,area\nT1,Etch\n", "moves": MOVES, "quals": QUALS},
    "restores": "tool,kind,done_at\nT1,pm,2026-04-01T00:00:00Z\n",
    "counters": "tool,counter,read_at,value\nT1,rf_hours,2026-04-01T00:00:00Z,5\n",
    "metrology": "lot,wafer,tool,post_thickness,unit\nL1,W1,T1,5000,angstrom\n",
    "sort_summary": "lot,wafer,parts,good\nL1,1,10,9\n",
    "wat": "lot,wafer,site,A,B,C\nL1,1,1,1,2,3\n",
    "layouts": "product,die_x_mm,die_y_mm,wafer_mm\nP1,5,4,200\n",
}


def test_a_row_that_is_gone_from_any_table_that_files_fill_is_missed(tmp_path, write):
    with new_fab(tmp_path / "fab", clock=lambda: NOW) as fab:
        (tmp_path / "a.stdf").write_bytes(simple().content)
        summary = fab.ingest([*(write(f"{name}.csv", text) for name, text in ROWS.items()), tmp_path / "a.stdf"])
        assert {file.kind for file in summary.files} == {*ROWS, "stdf"}, summary.files
        assert all(file.rows for file in summary.files), summary.files
        assert ROWS.keys() == {table.name for table in LOADED}
        ledger = {finding.check: finding for finding in fab.check()}["ledger"]
        assert ledger.well, ledger.what
        # Parts and tests are of one load, so that the last does not add to those that differ.
        for loads, name in enumerate((*ROWS, "dies", "tests"), 1):
            with fab._lake.writing():
                fab._lake.ask(f"DELETE FROM lake.{name} WHERE rowid = (SELECT min(rowid) FROM lake.{name})")
            missed = {finding.check: finding for finding in fab.check()}["ledger"].loads
            assert len(missed) == min(loads, len(ROWS) + 1), name
