"""Every question that scans gives on Spark and on PostgreSQL the answer that it gives here."""

import importlib.util
import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from fabwatch.fab import Fab
from fabwatch.fab.questions import QUESTIONS
from fabwatch.terms.errors import BadQuestion, EngineFailed, EngineLags, ExtraMissing, NotOnEngine
from tests.commands import command
from tests.engines.cases import CASES
from tests.engines.marks import NOT_YET
from tests.fabs import made_once
from tests.made_stdf import Stdf, wafer
from tests.served import exports
from tests.servers import PROGRAMS, free_port, postgresql

SECRET = "FABWATCH_TEST_ENGINE"
QUICK = {"risk", "yield --by tool", "yield tests", "yield screens", "trace summary", "trace stats --by week"}
"""Spark takes seconds for each statement that it sees for the first time; all others are long forms."""
NO_SPARK = importlib.util.find_spec("pyspark") is None or not shutil.which("java")


def _made(place: Path) -> None:
    folder = exports(place / "exports")
    for lot in ("L0101", "L0102"):
        file = Stdf().far().mir(lot, start=1_780_000_000)
        for n in range(1, 6):
            bins = {(x, y): 5 if (x * y + n) % 7 == 0 else 1 for x in range(6) for y in range(6)}
            wafer(file, bins, f"{lot}.{n:02d}", first=n == 1)
        file.hbr(1, "good", True).hbr(5, "leak", False).mrr(1_780_000_900)
        (folder / f"{lot}.stdf").write_bytes(file.content)
    with Fab(place / "fab", create=True) as fab:
        assert fab.ingest([str(folder)]).failed == 0


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    target = tmp_path_factory.mktemp("engines") / "fab"
    shutil.copytree(made_once("engines", _made) / "fab", target)
    return target


@pytest.fixture(scope="module")
def here(place: Path) -> Iterator[Fab]:
    with Fab(place) as fab:
        yield fab


@pytest.fixture(scope="module")
def spark(place: Path) -> Iterator[Fab]:
    if NO_SPARK:
        pytest.skip(
            "pyspark or Java is not installed: pip install 'fabwatch[spark]', apt-get install openjdk-17-jre-headless"
        )
    with Fab(place, engine="local[2]") as fab:
        yield fab


@pytest.fixture(scope="module")
def postgres(place: Path) -> Iterator[Fab]:
    if not PROGRAMS:
        pytest.skip("no PostgreSQL is installed: apt-get install postgresql")
    os.environ[SECRET] = "only-for-tests"
    with postgresql() as address:
        (place / "fab.toml").write_text(f'[databases.mes]\nurl = "{address}"\nsecret_env = "{SECRET}"\n')
        with Fab(place, engine="postgres:mes") as fab:
            fab.copy_to_engine("mes")
            yield fab


def _rows_read(spark: Fab) -> int:
    """How many rows Spark takes out of files for the table of moves as its last question had it."""
    engine: Any = spark._engine._open
    # A plan that changes while it runs does not show what it is made of.
    engine._session.conf.set("spark.sql.adaptive.enabled", "false")
    view = engine._session.table("moves").select("tool")
    view.collect()
    engine._session.conf.set("spark.sql.adaptive.enabled", "true")
    leaves = view._jdf.queryExecution().executedPlan().collectLeaves()
    figures = [leaves.apply(number).metrics().get("numOutputRows") for number in range(leaves.size())]
    return sum(figure.get().value() for figure in figures if figure.isDefined())


def _plain(answer: Any) -> Any:
    return {key: value for key, value in answer.to_dict().items() if key != "how"}


def _same(a: Any, b: Any) -> bool:
    """Equal in values and types; sums of numbers in another order differ in their last digits."""
    if isinstance(a, dict) and isinstance(b, dict):
        return a.keys() == b.keys() and all(_same(a[key], b[key]) for key in a)
    if isinstance(a, list) and isinstance(b, list):
        return len(a) == len(b) and all(map(_same, a, b))
    if isinstance(a, float) and isinstance(b, float):
        return abs(a - b) <= 1e-9 * max(1.0, abs(a))
    return type(a) is type(b) and bool(a == b)


@pytest.mark.parametrize(
    ("engine", "case"),
    [
        pytest.param(engine, case, marks=[pytest.mark.soak] if engine == "spark" and case not in QUICK else [])
        for engine in ("spark", "postgres")
        for case in CASES
    ],
)
def test_a_question_is_answered_as_it_is_here(engine: str, case: str, here: Fab, request: pytest.FixtureRequest) -> None:
    there: Fab = request.getfixturevalue(engine)
    if (engine, case) in NOT_YET:
        with pytest.raises(NotOnEngine) as fault:
            there.ask(CASES[case])
        assert fault.value.what == NOT_YET[engine, case]
        return
    answer = there.ask(CASES[case])
    assert answer.how.engine == engine
    assert _same(_plain(here.ask(CASES[case])), _plain(answer))


def test_every_question_that_scans_has_a_case() -> None:
    assert {kind for kind in QUESTIONS if kind.spec.scans} == {type(question) for question in CASES.values()}


def test_rows_that_lie_in_the_catalog_and_deleted_ones_are_seen_by_spark(here: Fab, spark: Fab) -> None:
    lake = here._lake
    before = here.risk(tool="CMP-9").total.wafers
    with lake.writing():
        lake.ask(
            "INSERT INTO lake.moves (lot, wafer, wafers, tool, kind, end_at, day, load) "
            "VALUES ('NEW', 'NEW.01', 1, 'CMP-9', 'production', TIMESTAMP '2026-06-09', DATE '2026-06-09', 'test')"
        )
        lake.ask("DELETE FROM lake.moves WHERE lot = 'L0321' AND tool = 'CMP-9'")
    with lake.writing():
        # A file of its own, whose rows do not begin at 0, and a few of it gone again.
        lake.ask("INSERT INTO lake.moves SELECT * REPLACE ('AGAIN' AS lot, 'AGAIN.' || wafer AS wafer) FROM lake.moves")
    with lake.writing():
        lake.ask("DELETE FROM lake.moves WHERE lot = 'AGAIN' AND tool = 'CMP-9' AND wafer LIKE '%.03'")
    here_now, there = here.risk(tool="CMP-9"), spark.risk(tool="CMP-9")
    assert here_now.total.wafers == there.total.wafers
    assert [row.wafers for row in here_now.tools] == [row.wafers for row in there.tools] != [before]
    then = here.loads()[0].loaded_at
    assert _same(_plain(here.risk(known_at=then)), _plain(spark.risk(known_at=then)))


def test_spark_skips_the_parts_of_a_file_that_a_question_does_not_need(here: Fab, spark: Fab) -> None:
    with here._lake.writing():
        here._lake.ask(
            "INSERT INTO lake.moves (lot, wafer, wafers, tool, kind, end_at, day, load) SELECT 'GROUPS', 'G' || n, 1, "
            "['CMP-1', 'CMP-9', 'ETCH-1'][1 + n // 130_000], 'production', TIMESTAMP '2026-06-09' + to_microseconds(n), "
            "DATE '2026-06-09', 'groups' FROM range(390_000) AS many(n) ORDER BY n"
        )
    answer = spark.risk(tool="CMP-9")
    assert 130_000 < _rows_read(spark) < 300_000, "rows of other tools are read only beside those of this one"
    assert max(row.wafers for row in answer.tools) >= 130_000
    assert _same(_plain(here.risk(tool="CMP-9")), _plain(answer))


def test_postgres_refuses_to_answer_from_older_tables_until_they_are_copied_again(here: Fab, postgres: Fab) -> None:
    with here._lake.writing():
        here._lake.ask(
            "INSERT INTO lake.moves (lot, wafer, wafers, tool, kind, end_at, day, load) "
            "VALUES ('LATE', 'LATE.01', 1, 'CMP-1', 'production', TIMESTAMP '2026-06-09', DATE '2026-06-09', 'late')"
        )
    postgres_before = postgres.copy_to_engine("mes")
    assert postgres_before
    with here._lake.writing():
        here._lake.ask(
            "INSERT INTO lake.moves (lot, wafer, wafers, tool, kind, end_at, day, load) "
            "VALUES ('LATER', 'LATER.01', 1, 'CMP-1', 'production', TIMESTAMP '2026-06-09', DATE '2026-06-09', 'later')"
        )
    with pytest.raises(EngineLags, match="moves"):
        postgres.risk()
    copied = {one.table: one.sent for one in postgres.copy_to_engine("mes")}
    assert copied == {"moves": 1}, "only the load that is new is sent"
    assert postgres.copy_to_engine("mes") == []
    assert _same(_plain(here.risk()), _plain(postgres.risk()))


def test_the_command_line_takes_an_engine_and_copies_to_it(place: Path, postgres: Fab) -> None:
    assert "mes" in command("engine", "copy", "mes", "--fab", place).out
    answer = json.loads(command("risk", "--engine", "postgres:mes", "--fab", place, "--json").out)
    assert answer["how"]["engine"] == "postgres"


def test_an_engine_that_there_is_none_of_is_refused_with_the_names_of_those_there_are(place: Path) -> None:
    with pytest.raises(BadQuestion, match="No engine oracle"):
        Fab(place, engine="oracle")
    with pytest.raises(BadQuestion, match="No database mse in"):
        Fab(place, engine="postgres:mse")


def test_a_master_that_is_not_there_is_said_at_once(place: Path) -> None:
    if NO_SPARK:
        pytest.skip("pyspark or Java is not installed")
    address = f"spark://127.0.0.1:{free_port()}"
    with Fab(place, engine=address) as fab, pytest.raises(EngineFailed, match="cannot be reached at spark"):
        fab.risk()


def test_without_pyspark_or_java_it_is_said_how_to_get_them(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "pyspark.sql", None)
    with Fab(place, engine="spark") as fab, pytest.raises(ExtraMissing) as missing:
        fab.risk()
    assert "fabwatch[spark]" in missing.value.hint
    monkeypatch.undo()
    if NO_SPARK:
        return
    monkeypatch.setattr("fabwatch.store.engines.spark_session.shutil.which", lambda name: None)
    monkeypatch.delenv("JAVA_HOME", raising=False)
    with Fab(place, engine="spark") as fab, pytest.raises(EngineFailed, match="needs Java"):
        fab.risk()
