"""A message is on disk before it is answered, loaded like a row of a file, and counts once, wherever it is stopped."""

import json
import os
import random
import shutil
import signal
import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from fabwatch.fab import Fab
from fabwatch.live.queue import Queue
from fabwatch.terms.errors import BadQuestion, BadSettings, LiveBroken, QueueFull
from tests.commands import command
from tests.live.sources import MES, load_all, made, move, moves, source, text, until


class Killed(BaseException):
    """What a kill is to the code that it hits."""


def test_a_message_becomes_a_row_and_wafers_at_risk_change(tmp_path: Path) -> None:
    fab = made(tmp_path / "fab", MES + '[live.quals]\nkind = "quals"\n')
    fab.receive("mes", json.dumps([move(n) for n in range(10)]))
    fab.receive("quals", '{"tool": "E1", "qual_type": "particles", "processed_at": "2026-07-01T00:00:04Z", "passed": true}')
    load_all(fab)
    load_all(fab, "quals")
    (tool,) = fab.risk(as_of="2026-07-02").tools
    assert (tool.tool, tool.wafers) == ("E1", 5)
    fab.receive("mes", text(20))
    load_all(fab)
    assert fab.risk(as_of="2026-07-02").tools[0].wafers == 6


def test_a_message_that_comes_again_counts_once_also_after_it_was_loaded(tmp_path: Path) -> None:
    fab = made(tmp_path / "fab")
    assert fab.receive("mes", text(1))
    assert not fab.receive("mes", text(1))
    load_all(fab)
    assert not fab.receive("mes", text(1))
    assert fab.receive("mes", text(2), identity="m-2")
    assert not fab.receive("mes", text(3), identity="m-2")
    load_all(fab)
    assert moves(fab) == (2, 2)
    assert (source(fab).messages, source(fab).duplicates, source(fab).rows) == (2, 3, 2)


@pytest.mark.parametrize("point", ["take", "written", "ingest", "set_aside", "finish", "unlink"])
def test_a_load_that_is_killed_anywhere_goes_on_and_doubles_nothing(
    tmp_path: Path, point: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    fab = made(tmp_path / "fab")
    for number in range(30):
        fab.receive("mes", text(number))
    fab.receive("mes", "no message")
    fab.receive("mes", text(3, tool=None))
    owner: Any = {"take": Queue, "finish": Queue, "ingest": Fab, "unlink": Path}.get(point, sys.modules["fabwatch.fab.live"])
    own = getattr(owner, point)

    def stopping(*given: Any, **more: Any) -> Any:
        if point == "unlink" and not str(given[0]).endswith(".live.csv"):
            return own(*given, **more)
        if point != "unlink":
            own(*given, **more)
        raise Killed

    monkeypatch.setattr(owner, point, stopping)
    with pytest.raises(Killed):
        fab.load_live("mes")
    monkeypatch.undo()
    fab.close()
    fab = Fab(fab.path)
    # What comes in between is not mixed with what was begun.
    fab.receive("mes", text(100))
    load_all(fab)
    assert moves(fab) == (31, 31)
    assert sorted(problem.rule for problem in fab.problems()) == ["missing_value", "unread_message"]
    stands = source(fab)
    assert (stands.messages, stands.rows, stands.set_aside, stands.queued, stands.queued_bytes) == (33, 31, 2, 0, 0)
    fab.close()


def test_whoever_receives_may_be_killed_at_any_moment_and_nothing_is_lost_or_doubled(tmp_path: Path) -> None:
    folder = tmp_path / "fab"
    fab = made(folder)
    chance, sent = random.Random(5), 0
    for _ in range(2):
        running = subprocess.Popen(
            [sys.executable, "-m", "fabwatch", "live", "run", "--fab", str(folder)],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        until(lambda: source(fab).state == "waiting")
        for _ in range(60):
            fab.receive("mes", text(sent))
            sent += 1
            if chance.random() < 0.2:
                until(lambda: False, 0.05)
        os.kill(running.pid, signal.SIGKILL)
        running.wait()
    load_all(fab)
    assert moves(fab) == (sent, sent)
    assert source(fab).rows == sent
    assert list((folder / "live" / "mes").glob("*.csv")) == []


def test_a_queue_whose_end_was_torn_keeps_every_message_before_it(tmp_path: Path) -> None:
    fab = made(tmp_path / "fab")
    queue = fab.live_queue("mes")
    log = queue.place / "queue.sqlite-wal"
    sizes = []
    for number in range(6):
        fab.receive("mes", text(number))
        sizes.append(log.stat().st_size)
    for cut in (sizes[-1] - 1, sizes[-1] - 4_000, sizes[3] + 10, sizes[2]):
        torn = tmp_path / f"torn-{cut}"
        shutil.copytree(fab.path / "live", torn / "live")
        (torn / "live" / "mes" / "queue.sqlite-shm").unlink()
        os.truncate(torn / "live" / "mes" / "queue.sqlite-wal", cut)
        (torn / "fab.toml").write_text(MES)
        with Fab(torn, create=True) as door:
            load_all(door)
            whole = sum(size <= cut for size in sizes)
            assert moves(door)[0] == source(door).messages == whole


def test_a_full_queue_takes_nothing_more_and_loses_nothing(tmp_path: Path) -> None:
    fab = made(tmp_path / "fab", MES + "queue_mb = 0.001\n")
    sent = 0
    while fab.live_queue("mes").counts()["queued_bytes"] + len(text(sent)) <= 1_000:
        fab.receive("mes", text(sent))
        sent += 1
    with pytest.raises(QueueFull) as refused:
        fab.receive("mes", text(sent))
    assert "queue_mb" in refused.value.hint
    assert sent > 3
    load_all(fab)
    assert fab.receive("mes", text(sent))
    load_all(fab)
    assert moves(fab) == (sent + 1, sent + 1)


def test_a_message_that_nobody_can_read_is_kept_with_its_text_and_the_others_are_loaded(tmp_path: Path) -> None:
    fab = made(tmp_path / "fab")
    broken: list[str | bytes] = [
        "no message",
        '{"lot": "L1"',
        "[1, 2]",
        '"text"',
        b"\xff\xfe",
        '{"a": [{"b": 1}], "c": [{"d": 2}]}',
        "[" * 9000,
    ]
    for number, body in enumerate(broken):
        fab.receive("mes", body)
        fab.receive("mes", text(number))
    load_all(fab)
    assert moves(fab) == (len(broken), len(broken))
    problems = fab.problems("unread_message")
    assert len(problems) == len(broken)
    assert '{"lot": "L1"' in {problem.raw for problem in problems}
    assert all(problem.hint for problem in problems)


def test_unknown_fields_old_clients_and_clocks_of_another_zone_are_read_as_stated(tmp_path: Path) -> None:
    toml = (
        MES + 'zone = "Asia/Tokyo"\nignore = ["noise"]\nconstants = { step = "S9" }\ncolumns = { tool = "equipment.name" }\n'
    )
    fab = made(tmp_path / "fab", toml)
    fab.receive(
        "mes", '{"lot": "L1", "wafer": "L1.01", "equipment": {"name": "E7"}, "end_at": "2026-07-01 09:00:00", "noise": 1}'
    )
    fab.receive(
        "mes", '{"lot": "L1", "wafer": "L1.02", "equipment": {"name": "E7"}, "end_at": "2026-07-01 09:01:00", "new": [1, 2]}'
    )
    fab.receive("mes", '{"lot": "L1", "wafer": "L1.03", "end_at": "2026-07-01 09:02:00"}')
    load_all(fab)
    rows = fab.sql("SELECT wafer, tool, step, end_at FROM moves ORDER BY wafer")
    assert list(rows["tool"]) == ["E7", "E7"]
    assert str(rows["end_at"][0]) == "2026-07-01 00:00:00"
    assert set(rows["step"]) == {"S9"}
    assert [problem.rule for problem in fab.problems()] == ["missing_value"]


def test_a_batch_that_fab_toml_does_not_fit_waits_in_the_inbox_and_is_loaded_once_it_does(tmp_path: Path) -> None:
    fab = made(tmp_path / "fab")
    fab.receive("mes", '{"charge": "L1", "wafer": "L1.01", "anlage": "E1", "end_at": "2026-07-01T09:00:00Z"}')
    load_all(fab)
    assert (source(fab).waiting, len(fab.inbox())) == (1, 1)
    (fab.path / "fab.toml").write_text(MES + 'columns = { lot = "charge", tool = "anlage" }\n')
    fab.close()
    with Fab(fab.path) as door:
        door.retry()
        assert moves(door) == (1, 1)
        assert door.inbox() == []


def test_a_queue_that_is_broken_is_named_and_the_others_go_on(tmp_path: Path) -> None:
    fab = made(tmp_path / "fab", MES + '[live.other]\nkind = "moves"\n')
    fab.receive("mes", text(1))
    fab.close()
    (fab.path / "live" / "mes" / "queue.sqlite").write_bytes(b"no database at all" * 100)
    for rest in ("queue.sqlite-wal", "queue.sqlite-shm"):
        (fab.path / "live" / "mes" / rest).unlink(missing_ok=True)
    with Fab(fab.path) as door:
        with pytest.raises(LiveBroken, match="mes"):
            door.receive("mes", text(2))
        assert (source(door).state, "mes" in source(door).error) == ("failing", True)
        door.receive("other", text(3))
        load_all(door, "other")
        assert moves(door) == (1, 1)


def test_a_source_that_went_quiet_is_an_alert(tmp_path: Path) -> None:
    fab = made(tmp_path / "fab", MES + "quiet_minutes = 5\n[alerts]\non = true\n")
    fab.receive("mes", text(1))
    load_all(fab)
    fab.run_alerts()
    assert "mes" not in {case.subject for case in fab.alerts().cases}
    late = fab._clock
    fab._clock = lambda: late() + timedelta(minutes=6)
    fab.run_alerts()
    (case,) = [case for case in fab.alerts().cases if case.rule == "quiet"]
    assert (case.subject, "5 minutes" in case.text, "5 minutos" in case.text_es) == ("mes", True, True)
    assert source(fab).quiet
    fab.receive("mes", text(2))
    fab.run_alerts()
    assert [case for case in fab.alerts().cases if case.rule == "quiet"] == []


def test_the_command_says_how_the_sources_stand(tmp_path: Path) -> None:
    fab = made(tmp_path / "fab")
    fab.receive("mes", text(1))
    fab.close()
    done = command("live", "run", "--fab", fab.path, "--for", 0)
    assert (done.code, "mes: loaded, 1 rows" in done.out) == (0, True)
    listed = json.loads(command("live", "list", "--fab", fab.path, "--json").out)
    assert (listed["sources"][0]["rows"], listed["sources"][0]["queued"]) == (1, 0)
    assert "1 fuentes en vivo" in command("live", "list", "--fab", fab.path, "--lang", "es").out


@pytest.mark.parametrize(
    ("toml", "why"),
    [
        ('[live.a]\nurl = "mqtt://h"\nkind = "moves"', "topics"),
        ('[live.a]\nurl = "http://h"\nkind = "moves"', "mqtt://"),
        ('[live.a]\nurl = "mqtt://me:secret@h"\ntopics = "x"\nkind = "moves"', "password"),
        ('[live.a]\ntopics = "x"', "kind is missing"),
        ('[live.a]\nkind = "movess"', "moves"),
        ('[live."a/b"]\nkind = "moves"', "letters"),
        ('[live.a]\nkind = "moves"\nof = "b"', "no live source"),
        ('[live.a]\nkind = "moves"\nevery = 3', "every_s"),
    ],
)
def test_settings_that_cannot_work_are_refused_with_the_reason(tmp_path: Path, toml: str, why: str) -> None:
    with pytest.raises(BadSettings) as refused:
        made(tmp_path / "fab", toml)
    assert why in f"{refused.value.what} {refused.value.hint}"


def test_without_a_source_or_by_a_wrong_name_the_way_out_is_said(tmp_path: Path) -> None:
    with pytest.raises(BadQuestion, match="names no live source"):
        made(tmp_path / "one", "").receive("mes", text(1))
    with pytest.raises(BadQuestion, match="mes"):
        made(tmp_path / "two").receive("mess", text(1))
    with pytest.raises(BadQuestion, match="4,700 bytes"):
        made(tmp_path / "three", MES + "message_mb = 0.001\n").receive("mes", json.dumps([move(n) for n in range(50)]))
