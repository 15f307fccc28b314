"""A disk that fills up is told of before it is full."""

import os
import shutil
from collections import namedtuple
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from fabwatch.alerts.messages import Words
from fabwatch.fab import Fab
from fabwatch.terms.settings.alerting import ALERT_RULES
from tests.alerts.receivers import Hook, webhook
from tests.commands import command
from tests.diary import NOW
from tests.fabs import new_fab

GB = 10**9
Usage = namedtuple("Usage", "total used free")
FilesOf = namedtuple("FilesOf", "f_files f_favail")


class Fake:
    """A disk of 1,000 GB whose free bytes and files a test sets."""

    free, files = 500 * GB, 900_000

    def usage(self, _: object) -> Usage:
        return Usage(1000 * GB, 1000 * GB - self.free, self.free)

    def nodes(self, _: object) -> FilesOf:
        return FilesOf(1_000_000, self.files)


@pytest.fixture
def disk(monkeypatch: pytest.MonkeyPatch) -> Fake:
    made = Fake()
    monkeypatch.setattr("fabwatch.store.disk.shutil.disk_usage", made.usage)
    monkeypatch.setattr("fabwatch.store.disk.os.statvfs", made.nodes)
    return made


@pytest.fixture
def hook() -> Iterator[tuple[Hook, str]]:
    with webhook() as receiver:
        yield receiver


Look = Callable[[datetime], list[str]]


@pytest.fixture
def look(tmp_path: Path, hook: tuple[Hook, str]) -> Look:
    """A pass of alerts at a moment; what is open afterwards."""
    folder = tmp_path / "fab"
    folder.mkdir()
    (folder / "fab.toml").write_text(f'[alerts]\non = true\n[alerts.channels.chat]\nurl = "{hook[1]}"\n')
    new_fab(folder).close()

    def looking(moment: datetime) -> list[str]:
        with Fab(folder, clock=lambda: moment) as fab:
            fab.run_alerts()
            return [case.text for case in fab.alerts().cases if case.rule == "disk"]

    return looking


def test_a_disk_with_room_is_no_alert_and_one_that_is_nearly_full_is(disk: Fake, look: Look, hook: tuple[Hook, str]) -> None:
    assert look(NOW) == []
    disk.free = 49 * GB
    (text,) = look(NOW + timedelta(minutes=1))
    assert text.startswith("Only 4.9% of the disk of folder is free (49.0 GB")
    assert [body["subject"] for _, body, _ in hook[0].posted] == ["disk folder"]
    disk.free = 51 * GB
    assert look(NOW + timedelta(minutes=2)) == []


def test_a_disk_that_can_hold_no_more_files_is_an_alert_though_bytes_are_free(disk: Fake, look: Look) -> None:
    disk.files = 40_000
    (text,) = look(NOW)
    assert "4.0%" in text
    assert "40,000 more files" in text


def test_a_disk_that_is_full_within_a_week_at_its_pace_is_an_alert_once_a_day_is_known(disk: Fake, look: Look) -> None:
    assert look(NOW) == []
    for hours in (6, 12, 18, 23):
        disk.free = 500 * GB - hours * 4 * GB
        assert look(NOW + timedelta(hours=hours)) == []
    # 96 GB a day and 404 left: four days.
    disk.free = 404 * GB
    (text,) = look(NOW + timedelta(hours=24))
    assert "full in 4.2 days" in text
    # Somebody makes room: of its pace nothing is left.
    disk.free = 700 * GB
    assert look(NOW + timedelta(hours=25)) == []


def test_a_slow_growth_and_a_damaged_note_are_no_alert(disk: Fake, look: Look, tmp_path: Path) -> None:
    look(NOW)
    disk.free = 470 * GB
    assert look(NOW + timedelta(days=1)) == []
    for text in ("[[", "{}", '[["x", 1]]', '[[1, {"folder": "many"}]]'):
        (tmp_path / "fab" / "disk.json").write_text(text)
        assert look(NOW + timedelta(days=2)) == []


def test_notes_of_a_year_take_no_more_room_than_those_of_a_week(disk: Fake, look: Look, tmp_path: Path) -> None:
    from fabwatch.store.disk import Disk, note_free

    for hours in range(0, 24 * 30):
        note_free(tmp_path / "fab", {"folder": Disk(1, 1, 0, 0)}, NOW + timedelta(hours=hours))
    assert (tmp_path / "fab" / "disk.json").stat().st_size < 12_000
    assert sorted(path.name for path in (tmp_path / "fab").glob("disk.json*")) == ["disk.json"]


def test_check_says_what_is_free_and_ends_with_2_where_that_is_too_little(disk: Fake, tmp_path: Path) -> None:
    new_fab(tmp_path / "fab").close()
    done = command("check", "--fab", tmp_path / "fab")
    assert done.code == 0
    assert "500.0 GB free" in done.out + done.err
    disk.free = GB
    done = command("check", "--fab", tmp_path / "fab")
    assert done.code == 2
    assert "fabwatch compact" in done.out + done.err


def test_the_real_disk_is_read_where_nothing_stands_in_for_it(tmp_path: Path) -> None:
    from fabwatch.store.disk import disks_of
    from fabwatch.terms.settings.place import FabSettings

    (found,) = disks_of(tmp_path, FabSettings()).values()
    assert found.size == shutil.disk_usage(tmp_path).total
    assert found.inodes == os.statvfs(tmp_path).f_files
    assert 0 < found.share <= 1


@pytest.mark.parametrize("language", ["en", "es"])
def test_every_rule_has_a_title_for_its_messages(language: str) -> None:
    for rule in ALERT_RULES:
        assert Words("A-1", 0, rule, "x", None, "", NOW, "", language).title.startswith("x: ")
