"""A fab whose catalog is lost: it is named as that, and comes back from a backup with what was in it."""

import shutil

import pytest

from fabwatch.fab import Fab
from fabwatch.terms.errors import StoreBroken
from tests.commands import command
from tests.conftest import NOW
from tests.ingest.contents import contents


@pytest.fixture
def lost(fab, write, tmp_path):
    """A fab, its backup, and what it held when that was made; one file was loaded after it."""
    fab.ingest(write("moves.csv", "lot,tool,wafers,end_at\nL1,T1,25,2026-05-01 10:00:00\n"))
    before = contents(fab)
    fab.close()
    shutil.copytree(fab.path, tmp_path / "backup")
    with Fab(fab.path, clock=lambda: NOW) as later:
        later.ingest(write("later.csv", "lot,tool,wafers,end_at\nL2,T1,25,2026-05-01 11:00:00\n"))
        after = contents(later)
    return fab.path, tmp_path / "backup", before, after, tmp_path / "files" / "later.csv"


@pytest.mark.parametrize("left", [None, b"", b"no catalog at all" * 4096], ids=["gone", "empty", "damaged"])
def test_a_lost_catalog_comes_back_from_a_backup_and_the_later_file_is_loaded_once_more(lost, left):
    folder, backup, before, after, later = lost
    catalog = folder / "catalog.sqlite"
    catalog.unlink()
    if left is not None:
        catalog.write_bytes(left)
    with pytest.raises(StoreBroken):
        Fab(folder)
    code, out, _ = command("repair", "--backup", backup, "--fab", folder)
    assert (code, "brought back from the backup" in out) == (0, True)
    with Fab(folder, clock=lambda: NOW) as fab:
        assert contents(fab) == before
        assert fab.ingest(later).rows == 1
        assert contents(fab) == after
        assert [finding for finding in fab.check(deep=True) if not finding.well] == []


def test_a_backup_without_a_catalog_is_refused_and_nothing_is_changed(lost, tmp_path):
    folder, *_ = lost
    (folder / "catalog.sqlite").unlink()
    (tmp_path / "other").mkdir()
    code, _, err = command("repair", "--backup", tmp_path / "other", "--fab", folder)
    assert (code, "There is no catalog.sqlite" in err) == (1, True)
    assert not (folder / "damaged").exists()
