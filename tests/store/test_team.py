"""One fab for several machines: its catalog in PostgreSQL, its data on object storage, and the way there and back."""

import json
import os
import random
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pyarrow.parquet as pq
import pytest

from fabwatch.fab import Fab
from fabwatch.terms.errors import BadSettings, NoCatalog, StoreBroken, StoreBusy
from tests.adversary.test_many_processes import commands, crowded, written
from tests.commands import command
from tests.conftest import NOW
from tests.fabs import new_fab
from tests.ingest.contents import contents
from tests.servers import PROGRAMS, PostgreSQL, object_storage, storage

BUCKET = "fab"
PASSWORD = "FABWATCH_CATALOG_PASSWORD"
QUESTIONS = (["risk"], ["tools"], ["lot", "B1"], ["loads"], ["audit"], ["history", "BULK"], ["problems"])


@pytest.fixture(scope="module")
def server() -> Iterator[PostgreSQL]:
    if not PROGRAMS:
        pytest.skip("no PostgreSQL is installed: apt-get install postgresql")
    server = PostgreSQL()
    server.start()
    yield server
    server.stop()
    server.remove()


@pytest.fixture(scope="module")
def bucket() -> Iterator[str]:
    with object_storage(BUCKET) as address:
        yield address


@pytest.fixture
def catalog(server: PostgreSQL, monkeypatch: pytest.MonkeyPatch) -> str:
    """A database of its own for a catalog, as fab.toml states it."""
    monkeypatch.setenv(PASSWORD, "only-for-tests")
    name = f"fab{random.getrandbits(40)}"
    with psycopg.connect(server.address, password="only-for-tests", autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
    return f"postgres:host=127.0.0.1 port={server.port} user=postgres dbname={name}"


@pytest.fixture
def keys(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "KEY")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "KEY-SECRET")


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    return written(tmp_path_factory.mktemp("files"))


@pytest.fixture(scope="module")
def loaded(files: list[Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A fab on one machine with every kind of file and decisions, to be copied."""
    place = tmp_path_factory.mktemp("loaded") / "fab"
    with new_fab(place, clock=lambda: NOW) as fab:
        fab.ingest(files)
    assert command("compact", "--fab", place)[0] == 0
    return place


def answers(folder: Path) -> list[object]:
    """What the command line says to some questions."""
    found = []
    for question in QUESTIONS:
        code, out, err = command(*question, "--as-of", "2026-05-03", "--json", "--fab", folder)
        if code == 1 and "No such option" in err:
            code, out, err = command(*question, "--json", "--fab", folder)
        assert code in (0, 2), err
        found.append(json.loads(out))
    return [_without_snapshot(one) for one in found]


def _without_snapshot(one: object) -> object:
    """A move adds a snapshot in which rows of the catalog are written out; nothing else may differ."""
    if isinstance(one, dict):
        return {key: _without_snapshot(value) for key, value in one.items() if key != "snapshot"}
    return [_without_snapshot(value) for value in one] if isinstance(one, list) else one


def state(folder: Path, catalog: str, data: str = "data", more: str = "") -> Path:
    folder.mkdir(exist_ok=True)
    (folder / "fab.toml").write_text(f'[fab]\nname = "made"\ncatalog = "{catalog}"\ndata = "{data}"\n{more}')
    return folder


def of_s3(address: str) -> str:
    return f'[fab.s3]\nendpoint = "{address}"\n'


def test_a_fab_moves_to_a_server_and_object_storage_and_back_and_nothing_is_lost(loaded, catalog, bucket, keys, tmp_path):
    folder = tmp_path / "fab"
    shutil.copytree(loaded, folder)
    (folder / "fab.toml").write_text(f"# kept as it is\n{of_s3(bucket)}")
    with Fab(folder, clock=lambda: NOW) as fab:
        before = contents(fab)
    said = answers(folder)
    code, out, err = command("move-catalog", catalog, "--data", f"s3://{BUCKET}/one", "--fab", folder, "--json")
    assert code == 0, err
    assert json.loads(out)["copied"] == json.loads(out)["files"] > 10
    assert "# kept as it is" in (folder / "fab.toml").read_text()
    shutil.rmtree(folder / "data")
    assert answers(folder) == said
    with Fab(folder, clock=lambda: NOW) as fab:
        assert contents(fab) == before
        assert [finding for finding in fab.check(deep=True) if not finding.well] == []
    assert command("move-catalog", "sqlite:back.sqlite", "--data", "data", "--fab", folder)[0] == 0
    assert answers(folder) == said
    with Fab(folder, clock=lambda: NOW) as fab:
        assert contents(fab) == before
        assert [finding for finding in fab.check(deep=True) if not finding.well] == []
    # The server says where the fab has gone, and can take it again.
    other = state(tmp_path / "other", catalog, f"s3://{BUCKET}/one", of_s3(bucket))
    with pytest.raises(StoreBroken, match=r"was moved to sqlite:back\.sqlite"):
        Fab(other)
    assert command("move-catalog", catalog, "--fab", folder)[0] == 0
    assert answers(folder) == said


def test_a_process_that_has_the_fab_open_while_it_moves_is_told_and_writes_nothing_to_the_old_catalog(
    loaded, catalog, files, tmp_path
):
    folder = tmp_path / "fab"
    shutil.copytree(loaded, folder)
    with Fab(folder, clock=lambda: NOW) as open_before:
        assert command("move-catalog", catalog, "--fab", folder)[0] == 0
        for act in (lambda: open_before.ingest(files[0], again=True), lambda: open_before.risk()):
            with pytest.raises(StoreBroken, match="gone"):
                act()
    with Fab(folder) as after:
        assert after.risk()


@pytest.mark.parametrize(
    "stopped_at", [*(pytest.param(name, marks=pytest.mark.soak) for name in ("_copy_data", "copy_catalog")), "_state"]
)
def test_a_move_that_is_stopped_leaves_the_fab_where_it_was_and_can_be_done_again(
    loaded, catalog, bucket, keys, tmp_path, monkeypatch, stopped_at
):
    from fabwatch.store import moving

    folder = tmp_path / "fab"
    shutil.copytree(loaded, folder)
    (folder / "fab.toml").write_text(of_s3(bucket))
    said = answers(folder)
    real = getattr(moving, stopped_at)

    def stop(*given: object) -> object:
        if stopped_at != "_state":
            real(*given)
        raise KeyboardInterrupt

    to = "move-catalog", catalog, "--data", f"s3://{BUCKET}/{tmp_path.name}", "--fab", folder
    with monkeypatch.context() as patch:
        patch.setattr(moving, stopped_at, stop)
        assert command(*to)[0] != 0
    assert answers(folder) == said
    assert "catalog" not in (folder / "fab.toml").read_text()
    assert command(*to)[0] == 0
    assert answers(folder) == said


def test_a_database_that_holds_a_fab_is_not_written_over(loaded, catalog, tmp_path):
    for name in ("one", "two"):
        shutil.copytree(loaded, tmp_path / name)
    assert command("move-catalog", catalog, "--fab", tmp_path / "one")[0] == 0
    code, _, err = command("move-catalog", catalog, "--fab", tmp_path / "two")
    assert (code, "There is a fab in" in err, "hint:" in err) == (1, True, True)
    assert command("move-catalog", "sqlite:catalog.sqlite", "--fab", tmp_path / "two")[0] == 1


def test_a_second_machine_with_a_folder_of_its_own_sees_what_the_first_one_loads(catalog, bucket, keys, files, tmp_path):
    one, two = (state(tmp_path / name, catalog, f"s3://{BUCKET}/{tmp_path.name}", of_s3(bucket)) for name in ("one", "two"))
    with Fab(one, create=True, clock=lambda: NOW) as first, Fab(two, clock=lambda: NOW) as second:
        first.ingest(files[0])
        assert contents(second)["moves"] == contents(first)["moves"] != []
        assert second.ingest(files[0]).rows == 0
        assert second.ingest(files[1]).rows > 0
        assert contents(first) == contents(second)
    plain = tmp_path / "plain"
    with new_fab(plain, clock=lambda: NOW) as fab:
        fab.ingest(files[:2])
        expected = contents(fab)
    with Fab(two, clock=lambda: NOW) as second:
        assert contents(second) == expected


def test_each_row_of_a_fab_on_a_server_is_in_a_data_file_for_other_engines(catalog, files, tmp_path):
    folder = state(tmp_path / "fab", catalog)
    with Fab(folder, create=True, clock=lambda: NOW) as fab:
        fab.ingest(files[0])
        rows = fab._lake.ask("SELECT count(*) FROM lake.loads").fetchall()[0][0]
    assert (
        sum(pq.read_metadata(path).num_rows for path in (folder / "data" / "main" / "loads").glob("*.parquet")) >= rows > 0
    )


@pytest.mark.parametrize(
    ("processes", "seconds"),
    [
        pytest.param(4, 6.0, id="four for seconds"),
        pytest.param(8, 60 * float(os.environ.get("SOAK_MINUTES", "10")), id="eight for long", marks=pytest.mark.soak),
    ],
)
def test_killed_loaders_and_readers_of_two_machines_lose_and_double_nothing(catalog, files, tmp_path, processes, seconds):
    with new_fab(tmp_path / "plain", clock=lambda: NOW) as fab:
        fab.ingest(files)
        expected = contents(fab)
    data = tmp_path / "data"
    machines = [state(tmp_path / name, catalog, str(data)) for name in ("one", "two")]
    for place in machines:
        Fab(place, create=True).close()
    crowded(
        [c for place in machines for c in commands(files, place)], processes, time.monotonic() + seconds, random.Random(3)
    )
    with Fab(machines[0], clock=lambda: NOW) as mended:
        mended.ingest(files)
        mended.sweep()
        assert contents(mended) == expected
        assert [finding for finding in mended.check(deep=True) if not finding.well] == []
        assert sum(load.rows for load in mended.loads() if load.kind == "moves") == len(expected["moves"]) - 2


def test_a_writer_whose_lock_was_lost_is_undone_as_a_whole_when_another_one_wrote_meanwhile(catalog, tmp_path):
    folder = state(tmp_path / "fab", catalog)
    with Fab(folder, create=True) as one, Fab(folder) as other:
        with pytest.raises(StoreBusy):
            _overtaken(one, other)
        assert other._lake.ask("SELECT tool FROM lake.places").fetchall() == [("FIRST",)]
        with one._lake.writing():
            one._lake.ask("INSERT INTO lake.places (tool) VALUES ('AGAIN')")
        assert sorted(other._lake.ask("SELECT tool FROM lake.places").fetchall()) == [("AGAIN",), ("FIRST",)]


def _overtaken(one: Fab, other: Fab) -> None:
    with one._lake.writing():
        one._lake.ask("INSERT INTO lake.places (tool) VALUES ('LATE')")
        one._lake.catalog.close()
        with other._lake.writing():
            other._lake.ask("INSERT INTO lake.places (tool) VALUES ('FIRST')")


def test_a_server_that_goes_and_comes_back_is_said_and_the_open_fab_goes_on(files, tmp_path, monkeypatch):
    monkeypatch.setenv(PASSWORD, "only-for-tests")
    server = PostgreSQL()
    server.start()
    try:
        folder = state(tmp_path / "fab", f"postgres:host=127.0.0.1 port={server.port} user=postgres dbname=postgres")
        with Fab(folder, create=True, clock=lambda: NOW) as fab:
            fab.ingest(files[0])
            before = contents(fab)
            server.stop()
            with pytest.raises(NoCatalog):
                fab.risk()
            code, _, err = command("risk", "--fab", folder)
            assert (code, "cannot be reached" in err, "hint:" in err, "only-for-tests" in err) == (1, True, True, False)
            server.start()
            assert contents(fab) == before
            assert fab.ingest(files[1]).rows > 0
    finally:
        server.stop()
        server.remove()


def test_wrong_secrets_are_said_without_being_shown_and_a_new_one_in_a_file_is_taken_without_a_start(
    catalog, bucket, keys, tmp_path, files, monkeypatch
):
    folder = state(tmp_path / "fab", catalog, f"s3://{BUCKET}/{tmp_path.name}", of_s3(bucket))
    monkeypatch.setenv(PASSWORD, "wrong-password")
    code, _, err = command("ingest", files[0], "--fab", folder)
    assert (code, "hint:" in err, "wrong-password" in err) == (1, True, False)
    monkeypatch.delenv(PASSWORD)
    monkeypatch.setenv(f"{PASSWORD}_FILE", str(tmp_path / "secret"))
    (tmp_path / "secret").write_text("only-for-tests\n")
    assert command("ingest", files[0], "--fab", folder)[0] in (0, 2)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "another-secret")
    code, _, err = command("risk", "--fab", folder)
    assert (code, "object storage" in err, "hint:" in err, "another-secret" in err) == (1, True, True, False)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "LOOK")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "LOOK-SECRET")
    assert command("risk", "--as-of", "2026-05-03", "--fab", folder)[0] == 0
    code, _, err = command("ingest", files[1], "--fab", folder)
    assert (code > 0, "object storage" in err) == (True, True)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "KEY")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "KEY-SECRET")
    assert command("ingest", files[1], "--fab", folder)[0] in (0, 2)
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    code, _, err = command("risk", "--fab", folder)
    assert (code, "AWS_SECRET_ACCESS_KEY" in err) == (1, True)


@pytest.mark.parametrize("where", ["folder", "bucket"])
def test_a_backup_made_while_others_load_is_whole_and_becomes_a_fab_again(
    catalog, bucket, keys, files, tmp_path, where, monkeypatch
):
    folder = state(tmp_path / "fab", catalog, f"s3://{BUCKET}/{tmp_path.name}", of_s3(bucket))
    target = str(tmp_path / "backup") if where == "folder" else f"s3://{BUCKET}/backup-{tmp_path.name}"
    with Fab(folder, create=True, clock=lambda: NOW) as fab:
        fab.ingest(files[0])
    loading = [sys.executable, "-m", "fabwatch", "ingest", str(files[1]), "--fab", str(folder)]
    beside = subprocess.Popen(loading, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    code, _, err = command("backup", target, "--fab", folder)
    assert code == 0, err
    beside.wait(60)
    with Fab(folder, clock=lambda: NOW) as fab:
        fab.ingest(files)
        expected = contents(fab)
    code, out, _ = command("backup", target, "--fab", folder, "--json")
    assert (code, 0 < json.loads(out)["copied"] < json.loads(out)["files"]) == (0, True)
    monkeypatch.setenv("AWS_ENDPOINT_URL", bucket)
    back = tmp_path / "back"
    code, out, err = command("restore", target, "--fab", back)
    assert code == 0, out + err
    with Fab(back, clock=lambda: NOW) as fab:
        assert contents(fab) == expected
        # It is a fab of its own: what is loaded into it is in no server.
        assert fab.ingest(files).rows == 0
    assert command("restore", target, "--fab", back)[0] == 1


def test_a_backup_with_a_damaged_data_file_is_found_when_it_comes_back(loaded, tmp_path):
    assert command("backup", tmp_path / "backup", "--fab", loaded)[0] == 0
    largest = max((tmp_path / "backup" / "data").rglob("*.parquet"), key=lambda path: path.stat().st_size)
    content = bytearray(largest.read_bytes())
    content[len(content) // 2] ^= 1
    largest.write_bytes(content)
    code, out, _ = command("restore", tmp_path / "backup", "--fab", tmp_path / "back")
    assert (code, "its bytes have changed" in out) == (2, True)


@pytest.mark.parametrize(
    ("stated", "said"),
    [
        ('catalog = "postgres:host=db password=x"', "holds a password"),
        ('catalog = "mysql:host=db"', "a catalog is"),
        ('data = "s3://Bad_Bucket/x"', "s3://bucket/path"),
        ('data = "gs://bucket/x"', "s3://bucket/path"),
        ('[fab.s3]\nendpoint = "ftp://x"', "https:// or http://"),
    ],
)
def test_a_place_that_is_none_is_refused_where_it_is_stated(tmp_path, stated, said):
    (tmp_path / "fab.toml").write_text(stated if stated.startswith("[") else f"[fab]\n{stated}\n")
    with pytest.raises(BadSettings, match=said):
        Fab(tmp_path, create=True)


def test_a_reader_may_do_nothing_but_read_in_the_bucket(bucket):
    """The storage of the tests tells its users apart, without which the tests above would prove nothing."""
    with pytest.raises(OSError, match=r"ACCESS_DENIED|AccessDenied"):
        storage(bucket.removeprefix("http://"), "LOOK").open_output_stream(f"{BUCKET}/x").close()
