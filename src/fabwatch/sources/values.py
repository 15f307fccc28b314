"""Cells become values: one converter per kind of column. A cell that does not fit is reported, never guessed."""

import re
from collections.abc import Callable, Sequence
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any

from fabwatch.sources.opening import CannotRead
from fabwatch.sources.times import of_number, parser
from fabwatch.terms.clock import RepeatedTime, SkippedTime, to_utc, zone_to_utc
from fabwatch.terms.problems import (
    AmbiguousTime,
    BadNumber,
    BadTime,
    NoSuchTime,
    NulBytes,
    Problem,
    Rule,
    Undecided,
    UnknownWord,
)
from fabwatch.terms.settings import SourceSettings
from fabwatch.terms.tables import Column
from fabwatch.terms.words import NOTHING, VOCABULARIES


class Unfit(Exception):
    """A cell that is not a value of its column."""

    def __init__(self, rule: type[Rule], why: str):
        super().__init__(why)
        self.rule = rule
        self.why = why


Convert = Callable[[Any], Any]
LARGEST = 1e100
"""What is larger is no measured value, and its square is no number any more."""


def converter(column: Column, sample: Sequence[Any], source: SourceSettings) -> Convert:
    """The function from a cell of `column` to its value or None; it raises Unfit.

    `sample` holds cells of the file, which show the format of times and the decimal sign. Raises CannotRead
    when only the user can say which one it is (day or month first, decimal or thousands comma).
    """
    if column.kind == "time":
        return TimeOf(column, [c for c in sample if not _empty(c)], source)
    if column.kind in ("whole", "number"):
        return _number(column, [c for c in sample if isinstance(c, str)], source)
    if column.words:
        return _word(column, source)
    return _text


def _empty(cell: Any) -> bool:
    return cell is None or (isinstance(cell, str) and cell.strip().lower() in NOTHING) or cell != cell


def _text(cell: Any) -> str | None:
    if cell is None:
        return None
    text = str(cell).strip()
    if "\0" in text:
        raise Unfit(NulBytes, f"{text[:40]!r} contains zero bytes")
    return None if text.lower() in NOTHING else text


def _word(column: Column, source: SourceSettings) -> Convert:
    known = VOCABULARIES[column.words]
    stated = {word.casefold(): known.get(str(meaning).casefold(), meaning) for word, meaning in source.words.items()}
    meanings = set(known.values())

    def convert(cell: Any) -> Any:
        if _empty(cell):
            return None
        folded = str(cell).strip().casefold()
        meaning = stated.get(folded, known.get(folded))
        if meaning not in meanings:
            raise Unfit(UnknownWord, f"{column.name}: {str(cell)[:40]!r} is not one of its words")
        return meaning

    return convert


_COMMA = re.compile(r"^[+-]?\d+,\d+$")


def _number(column: Column, sample: Sequence[str], source: SourceSettings) -> Convert:
    comma = source.decimal == ","
    if source.decimal is None:
        decimals = [cell.strip() for cell in sample if _COMMA.match(cell.strip())]
        if decimals and all(len(cell.rpartition(",")[2]) == 3 for cell in decimals):
            raise CannotRead(
                Problem(
                    Undecided,
                    f"{column.name}: is {decimals[0]!r} a decimal or a thousands comma?",
                    hint='decimal = ","   # or "."',
                )
            )
        comma = bool(decimals)
    whole = column.kind == "whole"

    def convert(cell: Any) -> Any:
        if _empty(cell):
            return None
        text = str(cell).strip()
        if comma:
            text = text.replace(".", "").replace(",", ".") if "," in text else text
        try:
            value = int(text) if whole and text.lstrip("+-").isdigit() else float(text)
        except ValueError:
            raise Unfit(BadNumber, f"{column.name}: {text[:40]!r} is not a number") from None
        # A number that is none compares as false.
        if not abs(value) <= LARGEST or "_" in text:
            raise Unfit(BadNumber, f"{column.name}: {text[:40]!r} is not a number")
        if not whole:
            return value
        if value != int(value) or abs(value) >= 2**31:
            raise Unfit(BadNumber, f"{column.name}: {text[:40]!r} is not a whole number")
        return int(value)

    return convert


class TimeOf:
    """Cells as times in UTC, or in the zone that fab.toml states."""

    def __init__(self, column: Column, sample: Sequence[Any], source: SourceSettings):
        texts = [str(cell).strip() for cell in sample if isinstance(cell, str)]
        self._name = column.name
        self._parse = parser(column.name, texts, source.time_format)
        self._local = zone_to_utc(source.zone, source.ambiguous) if source.zone else to_utc

    def __call__(self, cell: Any) -> datetime | None:
        """The time that a cell says. Raises Unfit."""
        if _empty(cell):
            return None
        moment = self._moment(cell)
        if moment is None:
            raise Unfit(BadTime, f"{self._name}: {str(cell)[:40]!r} is not a time")
        try:
            return self._local(moment)
        except SkippedTime as fault:
            raise Unfit(NoSuchTime, f"{self._name}: {fault}") from None
        except RepeatedTime as fault:
            raise Unfit(AmbiguousTime, f"{self._name}: {fault}") from None
        except (OverflowError, ValueError):
            raise Unfit(BadTime, f"{self._name}: {str(cell)[:40]!r} is out of range") from None

    def is_zoneless(self, cells: Sequence[Any]) -> bool:
        """Whether one of these says a time without saying its zone."""
        moments = (self._moment(cell) for cell in cells if not _empty(cell))
        return any(moment is not None and moment.tzinfo is None for moment in moments)

    def _moment(self, cell: Any) -> datetime | None:
        if isinstance(cell, str):
            return self._parse(cell.strip())
        if isinstance(cell, (int, float, Decimal)) and not isinstance(cell, bool):
            return of_number(float(cell) if isinstance(cell, Decimal) else cell)
        if isinstance(cell, datetime):
            return cell
        return datetime.combine(cell, time()) if isinstance(cell, date) else None
