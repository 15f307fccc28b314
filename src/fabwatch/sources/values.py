"""Cells become values: one converter per kind of column. A cell that does not fit is reported, never guessed."""

import re
from collections.abc import Callable, Sequence
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any

from fabwatch.sources.opening import CannotRead
from fabwatch.sources.times import of_number, parser
from fabwatch.terms.clock import RepeatedTime, SkippedTime, to_utc, zone_to_utc
from fabwatch.terms.numbers import LARGEST, beyond, plain, telling, undecided
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
from fabwatch.terms.settings.files import SourceSettings
from fabwatch.terms.tables import Column
from fabwatch.terms.words import NOTHING, VOCABULARIES


class Unfit(Exception):
    """A cell that is not a value of its column."""

    def __init__(self, rule: type[Rule], why: str):
        super().__init__(why)
        self.rule = rule
        self.why = why


Convert = Callable[[Any], Any]


class MoreNeeded(CannotRead):
    """What the first rows leave open, and other rows of the file may show."""


def converter(
    column: Column, sample: Sequence[Any], source: SourceSettings, decimal: str | None = None, *, whole: bool = True
) -> Convert:
    """The function from a cell of `column` to its value or None; it raises Unfit.

    `sample` holds cells of the file, which show the format of times and the decimal sign; `decimal` is that of its other
    columns. Raises CannotRead when only the user can say which one it is (day or month first, decimal or thousands comma),
    and MoreNeeded instead where the sample is not `whole`: it does not tell all that the column tells.
    """
    try:
        return _converter(column, sample, source, decimal, whole=whole)
    except CannotRead as stop:
        raise stop if whole else MoreNeeded(stop.problem) from stop


def _converter(
    column: Column, sample: Sequence[Any], source: SourceSettings, decimal: str | None, *, whole: bool
) -> Convert:
    missing = source.missing_words(column.name)
    sample = [cell for cell in sample if not _empty(cell) and text_of(cell) not in missing]
    wrapping = _wrapping(sample)
    if wrapping is not None:
        inner = _converter(column, [_unwrapped(cell, wrapping) for cell in sample], source, decimal, whole=whole)
        return Unwrapped(inner, wrapping)
    if column.kind == "time":
        return TimeOf(column, sample, source, missing)
    convert: Convert
    if column.kind in ("whole", "number"):
        texts = [sideless(c) if column.side else c for c in sample if isinstance(c, str)]
        convert = NumberOf(column, texts, source, decimal, whole=whole)
    else:
        convert = _word(column, source) if column.words else NameOf(sample)
    return (lambda cell: None if text_of(cell) in missing else convert(cell)) if missing else convert


def text_of(cell: Any) -> str:
    """A cell as text; empty for bytes that are none, of which who reads the cell is told."""
    try:
        return str(cell).strip()
    except UnicodeError:
        return ""


def _empty(cell: Any) -> bool:
    return cell is None or (isinstance(cell, str) and cell.strip().lower() in NOTHING) or cell != cell


def sideless(cell: Any) -> Any:
    """A cell without the sign before a number of which only the side is known."""
    hit = beyond(cell.strip()) if isinstance(cell, str) else None
    return cell if hit is None else hit[1]


class SideOf:
    """The sides of numbers of which only that is known, `<` or `>`; None for a measured one, and for what is no number."""

    def __init__(self, number: Convert):
        self._number = number

    def __call__(self, cell: Any) -> str | None:
        """The side in a cell."""
        hit = beyond(cell.strip()) if isinstance(cell, str) else None
        try:
            return None if hit is None or self._number(cell) is None else hit[0]
        except Unfit:
            return None


_FORMULA = re.compile(r'="(.*)"', re.DOTALL)
_QUOTED = re.compile(r"'(.*)'", re.DOTALL)
_MARKED = re.compile(r"'(.*)", re.DOTALL)


def _wrapping(sample: Sequence[Any]) -> re.Pattern[str] | None:
    """What people put around cells so that a spreadsheet leaves them alone: ="0012", '0012 or '0012', in a whole column."""
    texts = [cell.strip() for cell in sample if isinstance(cell, str)]
    if any(map(_FORMULA.fullmatch, texts)):
        return _FORMULA
    return next((form for form in (_QUOTED, _MARKED) if texts and all(map(form.fullmatch, texts))), None)


def _unwrapped(cell: Any, wrapping: re.Pattern[str]) -> Any:
    hit = wrapping.fullmatch(cell.strip()) if isinstance(cell, str) else None
    return hit[1] if hit else cell


_WHOLE = re.compile(r"([+-]?\d+)\.0+")
_BYTES = re.compile(r"b'(.*)'|b\"(.*)\"")


class NameOf:
    """Names as people write them: where every cell of the column is a whole number as 3.0, or bytes as b'3', it is 3."""

    def __init__(self, sample: Sequence[Any]):
        texts = [text for text in map(text_of, sample) if text]
        self._form = next((form for form in (_WHOLE, _BYTES) if texts and all(map(form.fullmatch, texts))), None)

    @property
    def is_plain(self) -> bool:
        """Whether a name is the text of its cell, without blanks around it."""
        return self._form is None

    def __call__(self, cell: Any) -> str | None:
        """The name in a cell. Raises Unfit."""
        if cell is None or cell != cell:
            return None
        text = str(cell).strip()
        if "\0" in text:
            raise Unfit(NulBytes, f"{text[:40]!r} contains zero bytes")
        if self._form is not None and (hit := self._form.fullmatch(text)):
            text = next(group for group in hit.groups() if group is not None)
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


def tells(column: Column, cell: Any) -> str | None:
    """What a cell tells of how its column is read; of cells that tell the same, one is enough. None if it tells nothing."""
    if not isinstance(cell, str):
        return None
    if column.kind == "time":
        return cell.strip()[:10]
    return (*telling([cell]), undecided([cell]) and "?", None)[0] if column.kind in ("whole", "number") else None


def _decimal(name: str, sample: Sequence[str], of_file: str | None, *, whole: bool) -> str:
    """The decimal sign of a column, by all of these numbers, else by those of its file; empty where none of them needs one.

    Raises CannotRead if it is open.
    """
    signs = telling(sample)
    if len(signs) == 1:
        return next(iter(signs))
    if signs:
        shown = " and ".join(repr(text) for text in signs.values())
        why = f"{name}: {shown} stand in one column: which of them has the decimal sign?"
        raise CannotRead(Problem(Undecided, why, hint='decimal = ","   # or "."'))
    # A point is for decimals where nothing in the whole column says otherwise.
    either = undecided(sample) or (None if whole else undecided(sample, "."))
    if either is not None and of_file is None:
        why = f"{name}: is {either!r} a decimal or a thousands comma?"
        raise CannotRead(Problem(Undecided, why, hint='decimal = ","   # or "."'))
    return of_file or ""


class NumberOf:
    """Cells as numbers, or as whole numbers."""

    def __init__(
        self, column: Column, sample: Sequence[str], source: SourceSettings, of_file: str | None, *, whole: bool = True
    ):
        self._name = column.name
        self.sign = source.decimal or _decimal(column.name, sample, of_file, whole=whole)
        self.whole = column.kind == "whole"
        self._sided = bool(column.side)

    def __call__(self, cell: Any) -> float | None:
        """The number in a cell. Raises Unfit."""
        if _empty(cell):
            return None
        text = str(sideless(cell) if self._sided else cell).strip()
        try:
            if isinstance(cell, str):
                text = plain(text, self.sign)
            value = int(text) if self.whole and text.lstrip("+-").isdigit() else float(text)
        except ValueError:
            raise self._unfit(str(cell).strip()) from None
        # A number that is none compares as false.
        if not abs(value) <= LARGEST:
            raise self._unfit(text)
        if not self.whole:
            return value
        if value != int(value) or abs(value) >= 2**31:
            raise self._unfit(text, "a whole number")
        return int(value)

    def _unfit(self, text: str, what: str = "a number") -> Unfit:
        return Unfit(BadNumber, f"{self._name}: {text[:40]!r} is not {what}")


class Unwrapped:
    """A converter of cells that stand within signs of a spreadsheet."""

    def __init__(self, inner: Convert, wrapping: re.Pattern[str]):
        self.inner, self._wrapping = inner, wrapping

    def __call__(self, cell: Any) -> Any:
        """The value of what is within. Raises Unfit."""
        return self.inner(_unwrapped(cell, self._wrapping))

    def is_zoneless(self, cells: Sequence[Any]) -> bool:
        """Whether one of these says a time without saying its zone."""
        return isinstance(self.inner, TimeOf) and self.inner.is_zoneless([_unwrapped(c, self._wrapping) for c in cells])


_PROBE = "2026-03-17 06:30:00"
_PROBED = datetime.fromisoformat(_PROBE)


class TimeOf:
    """Cells as times in UTC, or in the zone that fab.toml states."""

    def __init__(self, column: Column, sample: Sequence[Any], source: SourceSettings, missing: Sequence[str] = ()):
        texts = [str(cell).strip() for cell in sample if isinstance(cell, str)]
        self._name, self._missing = column.name, missing
        self._parse = parser(column.name, texts, source.time_format)
        self.zone = source.zone
        self.is_iso = not (missing or (source.zone and source.ambiguous)) and self._parse(_PROBE) == _PROBED
        """Whether an ISO stamp with a time of day is what it says."""
        self._local = zone_to_utc(source.zone, source.ambiguous) if source.zone else to_utc

    def __call__(self, cell: Any) -> datetime | None:
        """The time that a cell says. Raises Unfit."""
        if _empty(cell) or (self._missing and text_of(cell) in self._missing):
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
        moments = (self._moment(cell) for cell in cells if not _empty(cell) and text_of(cell) not in self._missing)
        return any(moment is not None and moment.tzinfo is None for moment in moments)

    def _moment(self, cell: Any) -> datetime | None:
        if isinstance(cell, str):
            return self._parse(cell.strip())
        if isinstance(cell, (int, float, Decimal)) and not isinstance(cell, bool):
            return of_number(float(cell) if isinstance(cell, Decimal) else cell)
        if isinstance(cell, datetime):
            return cell
        return datetime.combine(cell, time()) if isinstance(cell, date) else None
