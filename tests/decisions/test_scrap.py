"""Scrapping on the command line: it names what and how many, and is done only once somebody has confirmed it."""

import io
import sys

import pytest

from tests.commands import command


@pytest.fixture
def held(log, tmp_path):
    with log.restored(0).ran(*range(6)).qual(2, True).qual(5, False).fab() as fab:
        fab.hold("T", who="ana", reason="particles")
    return tmp_path / "fab"


class Terminal(io.StringIO):
    """What somebody types."""

    def isatty(self) -> bool:
        return True


def states(folder):
    return command("holds", "--fab", folder, "--csv").out


SCRAP = ("holds", "scrap", "H-0001", "--reason", "scratched", "--name", "LT3")


def test_without_a_terminal_nothing_is_scrapped_until_it_is_confirmed_by_yes(held):
    before = states(held)
    stopped = command(*SCRAP, "--fab", held)
    assert stopped.code == 1
    assert "Scrap 100 wafers of H-0001 (T): LT3?" in stopped.err
    assert "--yes" in stopped.err
    assert states(held) == before
    assert command(*SCRAP, "--yes", "--fab", held).code == 0
    assert states(held) != before


@pytest.mark.parametrize(("answer", "scrapped"), [("n\n", False), ("\n", False), ("y\n", True)])
def test_at_a_terminal_it_asks_and_does_what_is_answered(held, monkeypatch, answer, scrapped):
    before = states(held)
    monkeypatch.setattr(sys, "stdin", Terminal(answer))
    asked = command(*SCRAP, "--fab", held)
    assert "Scrap 100 wafers of H-0001 (T): LT3?" in asked.err + asked.out
    assert (asked.code == 0) == scrapped
    assert (states(held) != before) == scrapped


def test_a_release_is_not_asked_twice(held):
    assert command("holds", "release", "H-0001", "--reason", "inspected", "--fab", held).code == 0
