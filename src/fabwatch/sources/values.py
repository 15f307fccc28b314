"""Cells become values: one converter per kind of column. A cell that does not fit is reported, never guessed."""

import re
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, time
from typing import Any

from fabwatch.sources.opening import CannotRead
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
        return _time(column, [c for c in sample if not _empty(c)], source)
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


_ISO = re.compile(r"^\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d([.,]\d{1,9})?)?( ?(Z|UTC|[+-]\d\d(:?\d\d)?))?$")
_DAY = re.compile(r"^\d{4}-\d\d-\d\d$")
_EPOCH = re.compile(r"^\d{10}(\d{3})?(\.\d+)?$")
_CLOCKS = ("%H:%M:%S", "%H:%M", "%H:%M:%S.%f", "%I:%M:%S %p", "%I:%M %p")
_DATES = ("%d.%m.%Y", "%Y/%m/%d", "%d-%b-%Y", "%d-%b-%y", "%d %b %Y", "%Y%m%d")
_OTHERS = (*tuple(f"{day} {clock}" for day in _DATES for clock in _CLOCKS), "%Y%m%d%H%M%S", "%Y%m%dT%H%M%S")
_SLASHED = re.compile(r"^(\d{1,2})/(\d{1,2})/\d{4}\b")


def _time(column: Column, sample: Sequence[Any], source: SourceSettings) -> Convert:
    texts = [str(cell).strip() for cell in sample if isinstance(cell, str)]
    formats = (source.time_format,) if source.time_format else _formats(column, texts)
    # A bare date is a time only if all times of the file are: otherwise it is a time that was cut.
    days = not source.time_format and bool(texts) and all(_DAY.match(text) for text in texts)
    local = zone_to_utc(source.zone, source.ambiguous) if source.zone else to_utc
    parse = _parser(formats, days)

    def convert(cell: Any) -> Any:
        if isinstance(cell, str):
            text = cell.strip()
            if text.lower() in NOTHING:
                return None
            moment = parse(text)
        elif cell is None or cell != cell:
            return None
        else:
            moment = _typed(cell)
        if moment is None:
            raise Unfit(BadTime, f"{column.name}: {str(cell)[:40]!r} is not a time")
        try:
            return local(moment)
        except SkippedTime as fault:
            raise Unfit(NoSuchTime, f"{column.name}: {fault}") from None
        except RepeatedTime as fault:
            raise Unfit(AmbiguousTime, f"{column.name}: {fault}") from None
        except (OverflowError, ValueError):
            raise Unfit(BadTime, f"{column.name}: {str(cell)[:40]!r} is out of range") from None

    return convert


def _typed(cell: Any) -> datetime | None:
    if isinstance(cell, datetime):
        return cell
    return datetime.combine(cell, time()) if isinstance(cell, date) else None


def _parser(formats: tuple[str, ...], days: bool) -> Callable[[str], datetime | None]:
    def parse(text: str) -> datetime | None:
        if not formats:
            if len(text) > 18 and text[4] == "-" and text[10] in " T" and text[13] == ":":
                moment = _or_none(datetime.fromisoformat, text)
                if moment is not None:
                    return moment
            if _ISO.match(text):
                # fromisoformat reads at most six digits of a second, and neither a space before the zone nor its name.
                text = re.sub(r"([.,]\d{6})\d+", r"\1", text.replace(" UTC", "Z").replace("UTC", "Z"))
                return _or_none(datetime.fromisoformat, re.sub(r" ?(Z|[+-][\d:]+)$", r"\1", text))
            if days and _DAY.match(text):
                return _or_none(datetime.fromisoformat, text)
            if _EPOCH.match(text):
                seconds = float(text) / (1000 if len(text.partition(".")[0]) == 13 else 1)
                return datetime.fromtimestamp(seconds, UTC)
        for form in formats:
            moment = _or_none(lambda t, f=form: datetime.strptime(t, f), text)  # type: ignore[misc]  # noqa: DTZ007
            if moment is not None:
                return moment
        return None

    return parse


def _or_none(read: Callable[[str], datetime], text: str) -> datetime | None:
    try:
        return read(text)
    except ValueError:
        return None


def _formats(column: Column, texts: Sequence[str]) -> tuple[str, ...]:
    """The strptime formats that fit the sample; none for ISO times and epochs, which need no format."""
    slashed = [match for text in texts if (match := _SLASHED.match(text))]
    if slashed:
        day_first = any(int(match[1]) > 12 for match in slashed)
        month_first = any(int(match[2]) > 12 for match in slashed)
        if day_first == month_first:
            raise CannotRead(
                Problem(
                    Undecided,
                    f"{column.name}: is {texts[0]!r} day or month first?",
                    hint='time_format = "%d/%m/%Y %H:%M:%S"   # or "%m/%d/%Y %H:%M:%S"',
                )
            )
        day = "%d/%m/%Y" if day_first else "%m/%d/%Y"
        return tuple(f"{day} {clock}" for clock in _CLOCKS)
    for text in texts:
        if _ISO.match(text) or _DAY.match(text) or _EPOCH.match(text):
            return ()
        for form in _OTHERS:
            if _or_none(lambda t, f=form: datetime.strptime(t, f), text):  # type: ignore[misc]  # noqa: DTZ007
                return (form,)
    return ()
