"""Answers are where people look already: in the fab's database, all at once or not at all, and as files."""

import json
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import psycopg
import pyarrow.csv
import pyarrow.parquet as pq
import pytest

from fabwatch.databases.connecting import connected
from fabwatch.fab import Fab
from fabwatch.publish import postgresql as room
from fabwatch.terms.errors import BadSettings, CannotPublish
from tests.commands import command
from tests.conftest import NOW
from tests.fabs import made_once
from tests.ingest.contents import contents
from tests.served import made, rows_of
from tests.servers import PROGRAMS, postgresql

SECRET = "FABWATCH_TEST_DB"
Ask = Callable[..., list[tuple[Any, ...]]]


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    if not PROGRAMS:
        pytest.skip("no PostgreSQL is installed: apt-get install postgresql")
    with postgresql() as address:
        yield address


@pytest.fixture
def ask(server: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Ask]:
    """What a person asks the database, as its owner."""
    monkeypatch.setenv(SECRET, "only-for-tests")
    with psycopg.connect(server, password="only-for-tests", autocommit=True) as connection:
        connection.execute("DROP SCHEMA IF EXISTS fabwatch CASCADE")

        def run(sql: str, *values: object) -> list[tuple[Any, ...]]:
            cursor = connection.execute(sql, values or None)
            return cursor.fetchall() if cursor.description else []

        yield run


def toml(address: str, more: str = "") -> str:
    return f'[databases.mes]\nurl = "{address}"\nsecret_env = "{SECRET}"\n[publish.mes]\nto = "mes"\n{more}\n'


@pytest.fixture
def folder(server: str, tmp_path: Path) -> Path:
    """The demo, which publishes into the database."""
    own = tmp_path / "fab"
    shutil.copytree(made_once("served", made) / "fab", own)
    (own / "fab.toml").write_text((own / "fab.toml").read_text() + "\n" + toml(server))
    return own


def test_the_database_says_what_fabwatch_says(folder: Path, ask: Ask) -> None:
    code, out, err = command("publish", "mes", "--fab", folder, "--json")
    assert code == 0, err
    tables = {one["table"]: one for one in json.loads(out)["tables"]}
    with Fab(folder) as fab:
        risk, windows = fab.risk(), fab.forecast()
    said = {(one.tool, one.chamber, one.qual_type): one.wafers for one in risk.tools}
    rows = ask("SELECT tool, chamber, qual_type, wafers FROM fabwatch.at_risk")
    assert {row[:3]: row[3] for row in rows} == said
    assert len(rows) == tables["at_risk"]["rows"] > 4
    tool = max(risk.tools, key=lambda one: one.wafers).tool
    own = ask("SELECT chamber, qual_type, wafers, since FROM fabwatch.at_risk(%s)", tool)
    assert {(tool, *row[:2]): row[2] for row in own} == {key: wafers for key, wafers in said.items() if key[0] == tool}
    since = {
        (one.chamber, one.qual_type): one.since.replace(tzinfo=None) for one in risk.tools if one.tool == tool and one.since
    }
    assert {row[:2]: row[3] for row in own if row[3]} == since
    assert ask("SELECT count(*) FROM fabwatch.windows(p_qual_type => 'particles')")[0][0] == sum(
        row["qual_type"] == "particles" for row in windows.rows()
    )
    assert ask("SELECT DISTINCT version, demo FROM fabwatch.published") == [(1, False)]


def test_the_hold_list_of_a_tool_is_its_containment(folder: Path, ask: Ask) -> None:
    assert command("publish", "mes", "--fab", folder)[0] == 0
    with Fab(folder) as fab:
        failed = [one for one in fab.risk().tools if one.failed_at is not None and one.tool is not None]
        tool = failed[0].tool
        expected = {
            row["wafer"] for one in failed if one.tool == tool for row in fab.contain(tool, qual_type=one.qual_type).rows()
        }
    assert {row[0] for row in ask("SELECT wafer FROM fabwatch.hold_list(%s)", tool)} == expected != set()


def test_the_time_to_polish_is_thickness_by_rate_and_refuses_what_is_none(folder: Path, ask: Ask) -> None:
    assert command("publish", "mes", "--fab", folder)[0] == 0
    tool, product, rate = ask("SELECT tool, product, rate FROM fabwatch.polish_rates LIMIT 1")[0]
    found = ask("SELECT fabwatch.polish_seconds(%s, 9000, 5000, p_product => %s)", tool, product)[0][0]
    with Fab(folder) as fab:
        own = fab.polish_time(9000.0, 5000.0, tool=tool, product=product)
    assert found == pytest.approx(4000 / rate) == pytest.approx(own.seconds, rel=0.02)
    for wrong in ("'NO-SUCH', 9000, 5000", f"'{tool}', 5000, 9000", f"'{tool}', NULL, 9000"):
        with pytest.raises(psycopg.Error, match=r"name head, product|above target"):
            ask(f"SELECT fabwatch.polish_seconds({wrong})")


def test_whoever_reads_while_it_is_published_sees_one_version_of_all_tables(folder: Path, ask: Ask, server: str) -> None:
    assert command("publish", "mes", "--fab", folder)[0] == 0
    seen: list[tuple[int, int, int]] = []
    stop = threading.Event()

    def read() -> None:
        sql = (
            "SELECT (SELECT count(*) FROM fabwatch.at_risk), (SELECT count(*) FROM fabwatch.plan), max(version) "
            "FROM fabwatch.published"
        )
        with psycopg.connect(server, password="only-for-tests", autocommit=True) as connection:
            while not stop.is_set():
                seen.append(connection.execute(sql).fetchone())
                time.sleep(0.005)

    reader = threading.Thread(target=read)
    reader.start()
    for _ in range(3):
        assert command("publish", "mes", "--fab", folder)[0] == 0
    stop.set()
    reader.join(10)
    assert {one[:2] for one in seen} == {seen[0][:2]}
    assert len({one[2] for one in seen}) > 1
    kept = ask(
        "SELECT table_name FROM information_schema.tables WHERE table_schema = 'fabwatch' AND table_name LIKE 'plan%%'"
    )
    assert sorted(row[0] for row in kept) == ["plan", "plan__2", "plan__3", "plan__4"]


def test_what_stops_in_the_middle_leaves_the_former_version(folder: Path, ask: Ask, monkeypatch: pytest.MonkeyPatch) -> None:
    assert command("publish", "mes", "--fab", folder)[0] == 0
    before = ask("SELECT * FROM fabwatch.at_risk ORDER BY tool, chamber, qual_type")
    monkeypatch.setattr(room, "functions", lambda *_: ["SELECT no_such_column"])
    code, _, err = command("publish", "mes", "--fab", folder)
    assert (code, "no_such_column" in err, "hint:" in err, "only-for-tests" in err) == (1, True, True, False)
    assert ask("SELECT * FROM fabwatch.at_risk ORDER BY tool, chamber, qual_type") == before
    assert ask("SELECT max(version) FROM fabwatch.published") == [(1,)]


def test_a_role_that_is_stated_may_read_and_no_other_one(folder: Path, ask: Ask, server: str) -> None:
    for role in ("yields_reader", "stranger"):
        ask(f"DROP ROLE IF EXISTS {role}")
        ask(f"CREATE ROLE {role} LOGIN PASSWORD 'only-for-tests'")
    (folder / "fab.toml").write_text((folder / "fab.toml").read_text() + 'readers = ["yields_reader"]\n')
    assert command("publish", "mes", "--fab", folder)[0] == 0
    as_role = server.replace("postgres@", "{}@")
    with psycopg.connect(as_role.format("yields_reader"), password="only-for-tests") as connection:
        assert connection.execute("SELECT count(*) FROM fabwatch.at_risk()").fetchone()[0] > 0
    stranger = psycopg.connect(as_role.format("stranger"), password="only-for-tests")
    with stranger, pytest.raises(psycopg.errors.InsufficientPrivilege):
        stranger.execute("SELECT count(*) FROM fabwatch.at_risk")
    ask("DROP OWNED BY yields_reader")
    ask("DROP ROLE yields_reader")


def test_a_view_of_somebody_else_goes_on_and_one_that_columns_are_taken_from_is_named(folder: Path, ask: Ask) -> None:
    assert command("publish", "mes", "--fab", folder)[0] == 0
    ask("CREATE VIEW public.theirs AS SELECT tool, wafers FROM fabwatch.at_risk")
    assert command("publish", "mes", "--fab", folder)[0] == 0
    assert ask("SELECT count(*) FROM public.theirs")[0][0] > 0
    changed = room.FlatTable("at_risk", {"tool": "text"}, pyarrow.table({"tool": ["A"]}))
    with Fab(folder) as fab:
        stated, database = fab.settings.publish["mes"], fab.settings.databases["mes"]
    with connected("mes", database, writing=True) as (connection, _), pytest.raises(CannotPublish, match="theirs") as told:
        room.publish(connection, stated, [changed], {})
    assert "make that view again" in told.value.hint
    assert ask("SELECT count(*) FROM public.theirs")[0][0] > 0
    ask("DROP VIEW public.theirs")


def test_rows_that_go_into_the_database_and_come_back_are_the_same(server: str, ask: Ask, tmp_path: Path) -> None:
    odd = "L\"1'; --", "ä\u2028\\N", 'comma, quote " and\ttab'
    lines = [f'"{lot.replace(chr(34), chr(34) * 2)}",T1,25,2026-05-0{n + 1} 10:00:00' for n, lot in enumerate(odd)]
    (tmp_path / "moves.csv").write_text("lot,tool,wafers,end_at\n" + "\n".join(lines) + "\n")
    (tmp_path / "fab").mkdir()
    (tmp_path / "fab" / "fab.toml").write_text(toml(server, 'what = ["moves", "quals", "tools"]'))
    query = '[databases.mes.pull.moves]\nquery = "SELECT * FROM fabwatch.moves"\n'
    (tmp_path / "back").mkdir()
    (tmp_path / "back" / "fab.toml").write_text(f'[databases.mes]\nurl = "{server}"\nsecret_env = "{SECRET}"\n{query}')
    with Fab(tmp_path / "fab", create=True, clock=lambda: NOW) as fab:
        fab.ingest(tmp_path / "moves.csv")
        assert fab.publish("mes").tables[0].rows == 3
        before = contents(fab)["moves"]
    with Fab(tmp_path / "back", create=True, clock=lambda: NOW) as fab:
        assert fab.pull("mes").tables[0].stored == 3
        assert contents(fab)["moves"] == before


def test_what_a_model_says_of_the_wafers_of_the_last_days_is_published(tmp_path: Path) -> None:
    folder = tmp_path / "fab"
    shutil.copytree(made_once("served", made) / "fab", folder)
    predict = 'predict = { sorted = "wafer", nobody = "lot" }\npredict_days = 12\n'
    (folder / "fab.toml").write_text(
        f'[publish.files]\nto = "{tmp_path / "out"}"\nformat = "csv"\nwhat = ["at_risk"]\n{predict}'
    )
    with Fab(folder, clock=lambda: datetime(2026, 6, 10)) as fab:
        known = fab.features(by="wafer").df()
        learned = known[known["target.yield"].notna()]
        fab.train_model(learned, "target.yield", name="sorted", learner="linear", minutes=0.05, time="at")
        said = fab.publish("files")
        latest = known[known["at"] >= "2026-05-29"]
        expected = fab.predict("sorted", latest).predictions
    rows = rows_of(tmp_path / "out" / "predictions.csv")
    assert 0 < len(rows) == len(latest) < len(known)
    assert [row["wafer"] for row in rows] == list(latest["wafer"])
    assert [float(row["value"]) for row in rows] == [one.prediction for one in expected]
    assert {row["model"] for row in rows} == {"sorted"}
    assert "No model nobody" in next(table.why for table in said.tables if table.table == "predictions")


@pytest.mark.parametrize("form", ["csv", "parquet"])
def test_files_for_other_programs_hold_the_same_rows(folder: Path, tmp_path: Path, form: str) -> None:
    more = f'[publish.files]\nto = "{tmp_path / "out"}"\nformat = "{form}"\nwhat = ["at_risk", "plan", "moves"]\n'
    (folder / "fab.toml").write_text((folder / "fab.toml").read_text() + more)
    for version in (1, 2):
        code, _, err = command("publish", "files", "--fab", folder)
        assert code == 0, err
        assert json.loads((tmp_path / "out" / "published.json").read_text())["version"] == version
    path = tmp_path / "out" / f"at_risk.{form}"
    rows = pyarrow.csv.read_csv(path) if form == "csv" else pq.read_table(path)
    with Fab(folder) as fab:
        assert rows.column("wafers").to_pylist() == [row["wafers"] for row in fab.risk().rows()]
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == sorted(
        [f"{name}.{form}" for name in ("at_risk", "plan", "moves")] + ["published.json"]
    )


def test_the_script_for_oracle_has_a_function_for_each_table_with_balanced_blocks(folder: Path) -> None:
    code, out, err = command("publish", "mes", "--script", "--fab", folder)
    assert code == 0, err
    for name in ("AT_RISK", "HOLD_LIST", "PLAN", "WINDOWS"):
        assert f"FUNCTION {name}(" in out or f"FUNCTION {name} " in out
        assert f"  END {name};" in out
    assert out.count("(") == out.count(")")
    assert out.count("BEGIN") == out.count("RETURN;") == out.count("OPEN ROWS_OF;") == out.count("CLOSE ROWS_OF;")
    assert "never run on a server of Oracle" in out


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        ('[publish.x]\nto = "a"\nwhat = ["at_rsk"]', "near it: at_risk"),
        ('[publish.x]\nto = "a"\nschema = "Robert; DROP"', "schema"),
        ('[publish.x]\nto = "a"\nkeep = 0', "keep"),
    ],
)
def test_what_cannot_be_published_is_refused_where_it_is_stated(tmp_path: Path, lines: str, said: str) -> None:
    (tmp_path / "fab.toml").write_text(lines)
    with pytest.raises(BadSettings, match=said):
        Fab(tmp_path, create=True)


def test_a_name_that_nothing_is_published_under_is_said(folder: Path, tmp_path: Path) -> None:
    code, _, err = command("publish", "mess", "--fab", folder)
    assert (code, "mes" in err, "hint:" in err) == (1, True, True)
    more = f'[publish.lite]\nto = "lite"\n[databases.lite]\nurl = "sqlite://{tmp_path}/x.db"\n'
    (folder / "fab.toml").write_text((folder / "fab.toml").read_text() + more)
    code, _, err = command("publish", "lite", "--fab", folder)
    assert (code, "PostgreSQL" in err, "--script" in err) == (1, True, True)
