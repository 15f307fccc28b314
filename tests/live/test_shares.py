"""A watched folder on a share of the network may go, refuse and come again: what is in it then is loaded, each file once."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from fabwatch.fab import Fab, folder_watch
from fabwatch.fab.folder_watch import watch
from fabwatch.ingest.summary import IngestSummary, not_opened
from fabwatch.terms.errors import NoSuchPath
from fabwatch.terms.problems import Problem, Unreadable
from tests.live.sources import made, moves

HEADER = "lot,wafer,tool,step,end_at\n"


def passes(fab: Fab, share: Path, *acts: Callable[[], Any]) -> tuple[list[Any], list[str]]:
    """What each pass loaded, with something done after each; and what was said."""
    said: list[str] = []
    left = list(acts)

    class Over(Exception):
        pass

    def sleep(_: float) -> None:
        if not left:
            raise Over
        left.pop(0)()

    done = []
    try:
        for summary in watch(fab, share, 1, sleep=sleep, say=said.append):
            done.append(summary)  # noqa: PERF402 - it ends by an exception
    except Over:
        pass
    return done, said


def put(share: Path, number: int) -> None:
    share.mkdir(exist_ok=True)
    (share / f"m{number}.csv").write_text(f"{HEADER}L1,L1.{number:02d},E1,S,2026-07-01T00:00:{number:02d}Z\n")


def test_a_share_that_is_unmounted_and_comes_again_is_read_on(tmp_path: Path) -> None:
    fab, share, away = made(tmp_path / "fab", ""), tmp_path / "share", tmp_path / "away"
    put(share, 1)

    def back() -> None:
        shutil.move(away, share)
        put(share, 2)

    done, said = passes(fab, share, lambda: shutil.move(share, away), lambda: None, back, lambda: None)
    assert moves(fab) == (2, 2)
    assert len(done) == 2
    assert [text.partition(" ")[2][:14] for text in said] == ["cannot be read", "is there again"]


@pytest.mark.skipif(os.name != "posix", reason="permissions are those of POSIX")
def test_a_share_that_refuses_for_a_while_is_said_once_and_read_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fab, share = made(tmp_path / "fab", ""), tmp_path / "share"
    put(share, 1)
    own = folder_watch.os.scandir

    def refusing(place: Any) -> Any:
        raise PermissionError(13, "Permission denied", str(place))

    def refuse() -> None:
        monkeypatch.setattr(folder_watch.os, "scandir", refusing)

    def allow() -> None:
        monkeypatch.setattr(folder_watch.os, "scandir", own)
        put(share, 2)

    _, said = passes(fab, share, refuse, lambda: None, allow, lambda: None)
    assert moves(fab) == (2, 2)
    assert (len(said), "Permission denied" in said[0]) == (2, True)


def test_a_file_that_breaks_off_while_it_is_read_is_tried_again(tmp_path: Path) -> None:
    fab, share = made(tmp_path / "fab", ""), tmp_path / "share"
    put(share, 1)
    whole = (share / "m1.csv").read_bytes()
    # A link into a share that is away: there, and not readable.
    (share / "m1.csv").unlink()
    (share / "m1.csv").symlink_to(share / "m1.csv")

    def back() -> None:
        (share / "m1.csv").unlink()
        (share / "m1.csv").write_bytes(whole)

    done, _ = passes(fab, share, back, lambda: None)
    assert moves(fab) == (1, 1)
    assert len(done) == 1


def test_a_file_that_cannot_be_read_is_tried_a_few_times_and_no_more(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fab, share = made(tmp_path / "fab", ""), tmp_path / "share"
    put(share, 1)
    own, broken = Fab.ingest, 3

    def breaking(self: Fab, paths: Any, **more: Any) -> IngestSummary:
        nonlocal broken
        broken -= 1
        if broken >= 0:
            return IngestSummary((not_opened(Path(paths[0]), Problem(Unreadable, "cannot be read: Input/output error")),))
        return own(self, paths, **more)

    monkeypatch.setattr(Fab, "ingest", breaking)
    done, _ = passes(fab, share, *[lambda: None] * 6)
    assert [summary.failed for summary in done] == [1, 1, 1, 0]
    assert moves(fab) == (1, 1)
    broken = 99
    put(share, 2)
    done, _ = passes(fab, share, *[lambda: None] * 12)
    assert len(done) == folder_watch.TRIES + 1


def test_a_folder_that_was_never_there_is_said_at_once(tmp_path: Path) -> None:
    with pytest.raises(NoSuchPath):
        next(watch(made(tmp_path / "fab", ""), tmp_path / "nowhere"))
