"""Damage to the files of a fab: every flipped bit is found, named and repaired from what was loaded; nothing is made up."""

import random
import shutil
from datetime import timedelta
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from fabwatch.fab import Fab
from fabwatch.fab.mending import check_folder
from fabwatch.store import folder as folders
from fabwatch.store.catalogs.file import FileCatalog
from fabwatch.terms.clock import utc_now
from fabwatch.terms.errors import DiskFull, UnknownTime
from tests.commands import command
from tests.conftest import NOW
from tests.fabs import copy_of, made_once, new_fab
from tests.ingest.contents import contents
from tests.ingest.mixture import HEADERS
from tests.made_logs import log_of

ROWS = 30
"""More than are kept in the catalog itself, so that every table has data files."""
TABLES = {
    "tools": lambda n: f"T-{n},OX,Etch",
    "moves": lambda n: f"L{n},,T-{n % 5},25,,2026-05-01 10:{n:02d}:00,P,10",
    "quals": lambda n: f"T-{n % 5},particles,2026-05-01 11:{n:02d}:00,{'PASS' if n % 7 else 'FAIL'},{n},30",
    "maintenance": lambda n: f"T-{n % 5},2026-05-01 12:{n:02d}:00,repair",
    "counters": lambda n: f"T-{n % 5},rf_hours,2026-05-01 13:{n:02d}:00,{n}.5",
    "metrology": lambda n: f"P1.{n:02d},T-1,2026-05-01 10:{n:02d}:00,2026-05-01 11:00:00,9000,50{n:02d},100,angstrom",
}
LOADED = (("tools", "moves", "parts"), ("quals", "restores", "samples"), ("counters", "metrology", "alarms"))
"""Tables whose rows come from files, by the first word of their names; all of them are to be repaired."""
ALONE = [pytest.param((table,), marks=pytest.mark.soak) for tables in LOADED for table in tables]


def make(place):
    """A fab with data files of every table and files of deleted rows, and the files that it was loaded from."""
    files = place / "files"
    files.mkdir()
    for half in (0, 1):
        for kind, line in TABLES.items():
            lines = [line(n) for n in range(half * ROWS, half * ROWS + ROWS)]
            (files / f"{kind}{half}.csv").write_text("\n".join([HEADERS[kind], *lines, ""]))
    said = "".join(f"2026-03-01T00:00:0{n % 4}.000Z ALARM {n} flow high\n" for n in range(20))
    (files / "wafers.log").write_text(log_of([f"W{n}" for n in range(15)], seconds=4) + said)
    with new_fab(place / "fab", clock=lambda: NOW) as fab:
        fab.ingest(files)
        fab.compact()
        # Now the rows of two loads lie in one file, and to load one of them again deletes its rows there.
        fab.ingest([files / f"{kind}1.csv" for kind in TABLES], again=True)


@pytest.fixture(scope="module")
def whole():
    return made_once("damage", make)


@pytest.fixture
def damaged_fab(whole, tmp_path):
    with copy_of(whole / "fab", tmp_path / "fab", clock=lambda: NOW) as fab:
        yield fab


def data_files(fab):
    """The data files and files of deleted rows that the newest snapshot names, by what lies on the disk."""
    sql = (
        "SELECT path FROM __ducklake_metadata_lake.{} AS f WHERE NOT EXISTS (SELECT 1 FROM "
        "__ducklake_metadata_lake.ducklake_files_scheduled_for_deletion AS s WHERE s.path = f.path)"
    )
    names = {
        row[0]: kind for kind in ("data", "delete") for row in fab._lake.ask(sql.format(f"ducklake_{kind}_file")).fetchall()
    }
    paths = {path.name: path for path in (fab.path / "data").rglob("*.parquet")}
    return {paths[Path(name).name]: kind for name, kind in names.items()}


def flip(path, made):
    content = bytearray(path.read_bytes())
    content[made.randrange(len(content))] ^= 1 << made.randrange(8)
    path.write_bytes(content)


def loads_in(path):
    table = pq.read_table(path)
    return {load for load in table.column("load").to_pylist() if load} if "load" in table.column_names else set()


@pytest.mark.parametrize("number", [40, pytest.param(200, marks=pytest.mark.soak)])
def test_every_flipped_bit_is_found_and_the_loads_are_named(damaged_fab, number):
    files = data_files(damaged_fab)
    assert set(files.values()) == {"data", "delete"}
    loads = {path.name: loads_in(path) for path in files}
    good = {path: path.read_bytes() for path in files}
    made = random.Random(3)
    while number > 0:
        flipped = made.sample([*files], min(number, len(files)))
        for path in flipped:
            flip(path, made)
        findings = damaged_fab.check(deep=True)
        named = {Path(f.what.partition(": ")[0]).name: f for f in findings if f.check.startswith("data ") and not f.well}
        named.pop("", None)
        assert {path.name for path in flipped} == {name for name in named if name.endswith(".parquet")}
        for path in flipped:
            finding = named[path.name]
            assert set(finding.loads) == loads[path.name]
            assert "fabwatch repair" in finding.hint
        for path in flipped:
            path.write_bytes(good[path])
        number -= len(flipped)
    # Opened anew: an engine that has read a damaged footer keeps it for a while.
    assert [finding for finding in check_folder(damaged_fab.path, deep=True) if not finding.well] == []


WAYS = {
    "flipped": lambda path: flip(path, random.Random(1)),
    "cut": lambda path: path.write_bytes(path.read_bytes()[:-20]),
    "emptied": lambda path: path.write_bytes(b""),
    "deleted": lambda path: path.unlink(),
}


@pytest.mark.parametrize("tables", [*LOADED, *ALONE])
def test_files_of_each_table_are_read_again_and_the_fab_is_as_it_was(damaged_fab, tables):
    before = contents(damaged_fab)
    files = [path for path in data_files(damaged_fab) if path.parent.name.partition("_")[0] in tables]
    assert {path.parent.name.partition("_")[0] for path in files} == set(tables)
    for path, way in zip(files, [*WAYS.values()] * len(files), strict=False):
        way(path)
    assert not all(finding.well for finding in damaged_fab.check(deep=True))
    repaired = damaged_fab.repair()
    assert all(finding.well for finding in repaired), repaired
    assert contents(damaged_fab) == before
    assert [finding for finding in damaged_fab.check(deep=True) if not finding.well] == []


@pytest.mark.parametrize(
    "way", ["flipped", "deleted", *(pytest.param(way, marks=pytest.mark.soak) for way in ("cut", "emptied"))]
)
def test_a_file_of_deleted_rows_that_is_damaged_is_repaired(damaged_fab, way):
    before = contents(damaged_fab)
    for path, kind in data_files(damaged_fab).items():
        if kind == "delete":
            WAYS[way](path)
    assert all(finding.well for finding in damaged_fab.repair())
    assert contents(damaged_fab) == before


def everything(folder):
    """The bytes of every file of a folder; locks and what is temporary aside."""
    return {
        path.relative_to(folder): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.suffix != ".lock" and "tmp" not in path.relative_to(folder).parts
    }


def garbage(path):
    path.write_bytes(random.Random(2).randbytes(path.stat().st_size))


def page_lost(path):
    content = bytearray(path.read_bytes())
    content[4096:12288] = bytes(8192)
    path.write_bytes(content)


CATALOGS = {
    "gone": Path.unlink,
    "empty": lambda path: path.write_bytes(b""),
    "cut in half": lambda path: path.write_bytes(path.read_bytes()[: path.stat().st_size // 2]),
    "cut after its head": lambda path: path.write_bytes(path.read_bytes()[:100]),
    "zeroed": lambda path: path.write_bytes(bytes(path.stat().st_size)),
    "garbage": garbage,
    "text": lambda path: path.write_text("this is no database\n" * 100),
    "two pages zeroed": page_lost,
}


@pytest.mark.parametrize("what", CATALOGS)
def test_a_damaged_catalog_is_said_with_a_way_out_and_never_replaced_by_an_empty_one(whole, tmp_path, what):
    folder = tmp_path / "fab"
    shutil.copytree(whole / "fab", folder)
    for journal in folder.glob("catalog.sqlite-*"):
        journal.unlink()
    CATALOGS[what](folder / "catalog.sqlite")
    before = everything(folder)
    for words in (("check",), ("check", "--deep"), ("risk",), ("ingest", whole / "files"), ("repair",), ("compact",)):
        finished = command(*words, "--fab", folder)
        assert finished.code != 0, (words, finished)
        assert "Traceback" not in finished.out + finished.err
        hint = (finished.out + finished.err).partition("hint: ")[2]
        assert "from a backup" in " ".join(hint.split()), (words, finished)
        assert everything(folder) == before, words


@pytest.mark.parametrize("text", ["", "garbage", "[]", "{", "null", '{"format": "eight"}'])
def test_a_damaged_mark_is_found_and_made_again(damaged_fab, text):
    before = contents(damaged_fab)
    mark = damaged_fab.path / "fabwatch.json"
    good = mark.read_text()
    damaged_fab.close()
    mark.write_text(text)
    assert any(
        finding.check == "mark" and finding.hint for finding in check_folder(damaged_fab.path) if not finding.well
    ) or (mark.read_text() == good)
    with Fab(damaged_fab.path, clock=lambda: NOW) as fab:
        assert contents(fab) == before
    assert mark.read_text() == good


def test_a_folder_that_cannot_be_written_is_asked_and_stays_as_it_is(whole, tmp_path, monkeypatch):
    folder = tmp_path / "fab"
    shutil.copytree(whole / "fab", folder)
    before = everything(folder)
    # Root may write everywhere, so the refusal is made here.
    monkeypatch.setattr(FileCatalog, "is_writable", lambda self: False)
    with Fab(folder, clock=lambda: NOW) as fab:
        assert sum(row.moves for row in fab.risk().tools) > 0
        assert all(finding.well for finding in fab.check(deep=True))
    assert everything(folder) == before


@pytest.mark.parametrize("fails_at", ["connect", "bring_up", "write_mark"])
def test_a_disk_that_is_full_while_a_fab_is_made_is_said_and_it_is_made_once_there_is_room(tmp_path, monkeypatch, fails_at):
    def full(*_):
        raise OSError(28, "No space left on device", str(tmp_path / "fab"))

    with monkeypatch.context() as patch:
        patch.setattr(FileCatalog if fails_at == "write_mark" else folders, fails_at, full)
        with pytest.raises(DiskFull, match="No space left") as caught:
            Fab(tmp_path / "fab", create=True)
        assert caught.value.hint
    with Fab(tmp_path / "fab", create=True, clock=lambda: NOW) as fab:
        assert all(finding.well for finding in fab.check())


def bytes_on_disk(fab):
    return sum(path.stat().st_size for path in (fab.path / "data").rglob("*.parquet"))


def bytes_live(fab):
    """The bytes of the files that the newest snapshot is made of."""
    tables = [f"__ducklake_metadata_lake.ducklake_{kind}_file" for kind in ("data", "delete")]
    sizes = " UNION ALL ".join(f"SELECT file_size_bytes FROM {table} WHERE end_snapshot IS NULL" for table in tables)
    return fab._lake.ask(f"SELECT coalesce(sum(file_size_bytes), 0)::BIGINT FROM ({sizes})").fetchall()[0][0]


@pytest.mark.parametrize("loads", [20, pytest.param(200, marks=pytest.mark.soak)])
def test_the_disk_holds_little_more_than_what_is_live_and_the_past_as_long_as_it_is_kept(tmp_path, loads):
    (tmp_path / "fab").mkdir()
    (tmp_path / "fab" / "fab.toml").write_text("[fab]\nkeep_days = 1\n")
    path, later = tmp_path / "moves.csv", [timedelta(days=1)]
    ratios = []

    def load(number):
        lines = [f"L{number}-{n},,T-{n % 5},25,,2026-05-01 10:{n % 60:02d}:00,P,10" for n in range(40)]
        path.write_text("\n".join([HEADERS["moves"], *lines, ""]))
        assert fab.ingest(path).rows == 40

    def moves(known_at=None):
        return sum(row.moves for row in fab.risk(known_at=known_at).tools)

    # The clock is a day ahead, so that all that was loaded is older than what is kept.
    with new_fab(tmp_path / "fab", clock=lambda: utc_now() + later[0]) as fab:
        for number in range(loads):
            load(number)
            if number % 5 == 4:
                fab.compact()
                ratios.append(bytes_on_disk(fab) / bytes_live(fab))
        assert max(ratios) <= 1.5, ratios
        later[0] = timedelta()
        then = utc_now() + timedelta(microseconds=1)
        load(loads)
        fab.compact()
        assert (moves(known_at=then), moves()) == (40 * loads, 40 * loads + 40)
        later[0] = timedelta(days=1)
        fab.compact()
        with pytest.raises(UnknownTime, match="is not kept any more") as caught:
            moves(known_at=then)
        assert "keep_days = 1" in caught.value.hint
        assert moves() == 40 * loads + 40
