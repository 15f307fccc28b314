"""Times as people's programs write them: what a stamp says is read in full or not at all, and its order is never guessed."""

import re
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, timedelta, timezone
from typing import TypeAlias

from fabwatch.sources.opening import CannotRead
from fabwatch.terms.problems import Problem, Undecided
from fabwatch.terms.settings.files import TIMES_AS_NUMBERS

Parse: TypeAlias = Callable[[str], datetime | None]
"""A stamp as a time, with its zone where it states one; None where it is none."""
ORDERS = ("dmy", "mdy", "ymd")
_MONTHS = {
    **{
        name: number
        for number, name in enumerate(
            ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"), 1
        )
    },
    **{"mär": 3, "mai": 5, "okt": 10, "dez": 12, "ene": 1, "abr": 4, "ago": 8, "dic": 12},
}
_DATE = re.compile(
    r"""(?:(?P<iso>\d{4})(?P<s>[-/.])(?P<im>\d{1,2})(?P=s)(?P<id>\d{1,2})
    |(?P<cy>(?:19|20)\d\d)(?P<cm>\d\d)(?P<cd>\d\d)
    |(?P<nd>\d{1,2})[-/. ]\ ?(?P<nm>[^\W\d_]{3,9})\.?[-/., ]\ ?(?P<ny>\d{4}|\d\d)
    |(?P<fm>[^\W\d_]{3,9})\.?\ (?P<fd>\d{1,2}),?\ (?P<fy>\d{4})
    |(?P<a>\d{1,2})(?P<t>[-/.])(?P<b>\d{1,2})(?P=t)(?P<c>\d{4}|\d\d))(?!\d)""",
    re.VERBOSE,
)
_COMPACT = re.compile(r"(\d{4})(\d\d)(\d\d)[T ]?(\d\d)(\d\d)(?:(\d\d)(?:[.,]?(\d{1,9}))?)?")
_CLOCK = re.compile(
    r"""(?P<h>\d{1,2})(?P<s>[:.])(?P<m>\d\d)(?:(?P=s)(?P<sec>\d\d)(?:(?P<p>[.,:])(?P<f>\d{1,9}))?)?
    \ ?(?P<noon>[AaPp]\.?[Mm]\.?)?""",
    re.VERBOSE,
)
_ZONE = re.compile(r" ?(?:(Z|UTC|GMT)|([+-])(\d\d):?(\d\d)?|([A-Z]{3,4}))")
_ZONES = {
    **{"WET": 0, "WEST": 1, "CET": 1, "CEST": 2, "MEZ": 1, "MESZ": 2, "EET": 2, "EEST": 3, "MSK": 3},
    **{"EST": -5, "EDT": -4, "CDT": -5, "MST": -7, "MDT": -6, "PST": -8, "PDT": -7, "JST": 9, "KST": 9, "SGT": 8, "HKT": 8},
}
"""Names of zones that stand for one offset only. CST and IST do not: a file with those needs a zone in fab.toml."""
_SAID = re.compile(r"\b(?:UTC|GMT)(?:\s*([+-])\s*(\d{1,2})(?::?(\d\d))?)?(?![\w+-])")
_SERIAL = re.compile(r"\d{5}(?:[.,]\d+)?")
_DIGITS = re.compile(r"(\d{10}|\d{13}|\d{16}|\d{18}|\d{19})(?:[.,](\d+))?")
_FILETIME = re.compile(r"\d{18}")
EPOCHS = {"epoch_s": 1.0, "epoch_ms": 1e-3, "epoch_us": 1e-6, "epoch_ns": 1e-9}
"""Seconds of what counts from 1970."""
_SIZES = {"epoch_s": 1e11, "epoch_ms": 1e14, "epoch_us": 1e17}
SECONDS_DECIMALS = 3
_1601 = datetime(1601, 1, 1, tzinfo=UTC)
_1900 = datetime(1899, 12, 30)  # noqa: DTZ001 - a day of a spreadsheet has no zone
_1970 = datetime(1970, 1, 1, tzinfo=UTC)
SERIALS = (20_000.0, 80_000.0)
"""Days of a spreadsheet that can be meant: 1954 to 2119."""


def parser(name: str, texts: Sequence[str], stated: str | None) -> Parse:
    """How the stamps of a column are read, seen from some of them; `stated` is the `time_format` of fab.toml.

    Raises CannotRead where only a person can say whether days or months come first.
    """
    if stated in TIMES_AS_NUMBERS:
        return lambda text: _number_as(stated, text)
    if stated:
        return lambda text: _or_none(lambda: datetime.strptime(text, stated))  # noqa: DTZ007 - a zone is applied later
    texts = [text for text in texts if text]
    if texts and all(_is_serial(text) for text in texts):
        return lambda text: _number_as("excel", text) if _is_serial(text) else None
    dates = [text for text in texts if (hit := _DATE.fullmatch(text)) is not None and hit.end() == len(text)]
    # A date alone is a time only if all times of the column are: otherwise it is a time that was cut.
    days = bool(texts) and len(dates) == len(texts)
    order = _order(name, texts)
    return lambda text: _read(text, order, days=days)


def of_number(value: float) -> datetime | None:
    """A number as a time: seconds down to nanoseconds since 1970, FILETIME, or days of a spreadsheet."""
    if abs(value) > 1e19:
        return None
    text = repr(value) if isinstance(value, float) and not value.is_integer() else str(int(value))
    return _number_as("excel", text) if _is_serial(text) else _read(text, None, days=False)


def epoch_scale(texts: Sequence[str], stated: str | None) -> float | None:
    """Seconds of one unit of these numbers, if they count from 1970, as fab.toml states it or as their digits show.

    None where they are something else: stamps without separators, days of a spreadsheet, FILETIME.
    """
    if stated in TIMES_AS_NUMBERS:
        return EPOCHS.get(stated)
    if not texts or all(_FILETIME.fullmatch(text) for text in texts):
        return None
    if all(_COMPACT.fullmatch(text) and not _DIGITS.fullmatch(text) and _read(text, None, days=False) for text in texts):
        return None
    if are_days(texts):
        return None
    value = abs(float(texts[0].replace(",", ".")))
    return next((EPOCHS[kind] for kind, limit in _SIZES.items() if value < limit), EPOCHS["epoch_ns"])


def are_days(texts: Sequence[str]) -> bool:
    """Whether numbers are a clock in days of a spreadsheet: it takes many decimals, and seconds since something have few."""
    decimals = [text.replace(",", ".").partition(".")[2] for text in texts]
    return all(map(_is_serial, texts)) and max(map(len, decimals), default=0) > SECONDS_DECIMALS


def zone_in(header: str) -> str | None:
    """The zone that the header of a column of times says, such as `Time (UTC)` and `Date Time, GMT-04:00`, by its name.

    None where it says none, or one that is not of whole hours.
    """
    hit = _SAID.search(header)
    if hit is None:
        return None
    hours, minutes = int(hit[2] or 0), int(hit[3] or 0)
    if minutes or hours > (12 if hit[1] == "-" else 14):
        return None
    # The names of these zones count from the other side.
    return f"Etc/GMT{'-' if hit[1] == '+' else '+'}{hours}" if hours else "UTC"


def is_stamp(text: str) -> bool:
    """Whether a text is a date, or begins with one and goes on with a time of day; whatever the order of day and month."""
    hit = _DATE.match(text)
    if hit is None:
        return _COMPACT.match(text) is not None and not text.isdigit()
    rest = text[hit.end() :].lstrip(" ,T_:")
    return not rest or (len(rest) < len(text) - hit.end() and _CLOCK.match(rest) is not None)


def may_be_time(cell: object) -> bool:
    """Whether a cell may be a time: a stamp, or a number of seconds since 1970 or of days of a spreadsheet."""
    if isinstance(cell, (date, datetime)):
        return True
    text = str(cell).strip()
    return is_stamp(text) or _is_serial(text) or _DIGITS.fullmatch(text.removesuffix(".0")) is not None


def _is_serial(text: str) -> bool:
    return _SERIAL.fullmatch(text) is not None and SERIALS[0] <= float(text.replace(",", ".")) <= SERIALS[1]


def _number_as(kind: str, text: str) -> datetime | None:
    try:
        value = float(text.replace(",", "."))
        if kind == "excel":
            moment = _1900 + timedelta(days=value)
            # A spreadsheet writes ten digits of a day: what is near a whole second is one.
            near = (moment + timedelta(milliseconds=500)).replace(microsecond=0)
            return near if abs((moment - near).total_seconds()) < 0.02 else moment
        if kind == "filetime":
            return _1601 + timedelta(microseconds=int(text) // 10)
        scale = {"epoch_s": 1_000_000, "epoch_ms": 1_000, "epoch_us": 1, "epoch_ns": 0}[kind]
        return _1970 + timedelta(microseconds=round(value * scale) if scale else int(text) // 1_000)
    except (ValueError, OverflowError):
        return None


def _read(text: str, order: str | None, *, days: bool) -> datetime | None:
    """What a stamp says. None also where it says a day alone among stamps that say more."""
    if len(text) > 18 and text[4] == "-" and text[10] in " T" and text[13] == ":" and text[19:20] != ":":
        moment = _or_none(lambda: datetime.fromisoformat(text))
        if moment is not None:
            return moment
    digits = _DIGITS.fullmatch(text)
    if digits is not None:
        kind = {10: "epoch_s", 13: "epoch_ms", 16: "epoch_us", 18: "filetime", 19: "epoch_ns"}[len(digits[1])]
        return _number_as(kind, text)
    hit = _COMPACT.match(text)
    if hit is not None:
        y, m, d, hour, minute, second, fraction = hit.groups()
        return _with_zone(
            _moment((int(y), int(m), int(d)), int(hour), int(minute), int(second or 0), _micro(fraction)), text, hit.end()
        )
    date = _DATE.match(text)
    day = None if date is None else _day(date, order)
    if date is None or day is None:
        return None
    if date.end() == len(text):
        return _moment(day, 0, 0, 0, 0) if days else None
    begin = date.end() + (1 if text[date.end()] in "T_:" else len(text[date.end() :]) - len(text[date.end() :].lstrip(" ,")))
    clock = _CLOCK.match(text, begin) if begin > date.end() else None
    if clock is None:
        return None
    fraction = clock["f"]
    # 12:00:00:25 is a quarter of a tenth of a second: 25 ms.
    micro = int(fraction) * 1000 if fraction and clock["p"] == ":" else _micro(fraction)
    hour = int(clock["h"])
    if clock["noon"]:
        if not 1 <= hour <= 12:
            return None
        hour = hour % 12 + (12 if clock["noon"][0] in "Pp" else 0)
    return _with_zone(_moment(day, hour, int(clock["m"]), int(clock["sec"] or 0), micro), text, clock.end())


def _micro(fraction: str | None) -> int:
    return int(fraction[:6].ljust(6, "0")) if fraction else 0


def _moment(day: tuple[int, int, int], hour: int, minute: int, second: int, micro: int) -> datetime | None:
    midnight = (hour, minute, second, micro) == (24, 0, 0, 0)
    try:
        moment = datetime(*day, 0 if midnight else hour, minute, second, micro)  # noqa: DTZ001 - a zone is applied later
        return moment + timedelta(days=1) if midnight else moment
    except (ValueError, OverflowError):
        return None


def _with_zone(moment: datetime | None, text: str, end: int) -> datetime | None:
    """The time with the zone that stands at the end of the stamp; None where something else stands there."""
    if moment is None or end == len(text):
        return moment
    zone = _ZONE.fullmatch(text, end)
    if zone is None:
        return None
    if zone[1]:
        return moment.replace(tzinfo=UTC)
    if zone[5]:
        hours = _ZONES.get(zone[5])
        return None if hours is None else moment.replace(tzinfo=timezone(timedelta(hours=hours)))
    offset = timedelta(hours=int(zone[3]), minutes=int(zone[4] or 0))
    return moment.replace(tzinfo=timezone(-offset if zone[2] == "-" else offset)) if offset < timedelta(hours=24) else None


def _day(hit: re.Match[str], order: str | None) -> tuple[int, int, int] | None:
    """Year, month and day of a date."""
    if hit["iso"]:
        return int(hit["iso"]), int(hit["im"]), int(hit["id"])
    if hit["cy"]:
        return int(hit["cy"]), int(hit["cm"]), int(hit["cd"])
    if hit["nm"] or hit["fm"]:
        month = _MONTHS.get((hit["nm"] or hit["fm"]).casefold()[:3])
        return None if month is None else (_year(hit["ny"] or hit["fy"]), month, int(hit["nd"] or hit["fd"]))
    if order is None:
        return None
    a, b, c = hit["a"], hit["b"], hit["c"]
    if order == "ymd":
        return None if len(c) == 4 else (_year(a), int(b), int(c))
    return (_year(c), int(b), int(a)) if order == "dmy" else (_year(c), int(a), int(b))


def _year(digits: str) -> int:
    return int(digits) if len(digits) == 4 else 2000 + int(digits)


def _order(name: str, texts: Sequence[str]) -> str | None:
    """Whether day, month or year comes first in a column of dates in numbers, decided by all of these; None without any."""
    hits = [(text, hit) for text in texts if (hit := _DATE.match(text)) is not None and hit["a"]]
    if not hits:
        return None
    possible = [order for order in ORDERS if all(_is_day(_day(hit, order)) for _, hit in hits)]
    # Dots stand between day, month and year wherever they are written with a whole year.
    if all(hit["t"] == "." and len(hit["c"]) == 4 for _, hit in hits):
        possible = [order for order in possible if order == "dmy"]
    if len(possible) == 1:
        return possible[0]
    text, hit = hits[0]
    formats = [f'"{_format(hit, order)}{_clock_format(text, hit.end())}"' for order in possible or ORDERS[:2]]
    hint = f"time_format = {formats[0]}   # or {' or '.join(formats[1:])}"
    what = "day or month first" if "ymd" not in possible else "day, month or year first"
    raise CannotRead(Problem(Undecided, f"{name}: is {text!r} {what}?", hint=hint))


def _is_day(day: tuple[int, int, int] | None) -> bool:
    return day is not None and _moment(day, 0, 0, 0, 0) is not None


def _format(hit: re.Match[str], order: str) -> str:
    year = "%Y" if len(hit["c"]) == 4 else "%y"
    letters = {"d": "%d", "m": "%m", "y": year}
    return hit["t"].join(letters[letter] for letter in order)


def _clock_format(text: str, end: int) -> str:
    """What strptime needs for the time of day of a stamp."""
    rest = text[end:]
    gap = rest[: len(rest) - len(rest.lstrip(" ,T_:"))]
    clock = _CLOCK.match(rest, len(gap))
    if clock is None:
        return ""
    seconds = "" if clock["sec"] is None else f"{clock['s']}%S" + (f"{clock['p']}%f" if clock["f"] else "")
    noon = clock["noon"]
    half = "" if not noon else (" " if rest[clock.end() - len(noon) - 1] == " " else "") + "%p"
    return f"{gap}{'%I' if noon else '%H'}{clock['s']}%M{seconds}{half}"


def _or_none(read: Callable[[], datetime]) -> datetime | None:
    try:
        return read()
    except ValueError:
        return None
