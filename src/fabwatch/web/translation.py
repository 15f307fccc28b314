"""Texts of the pages in the language of the reader: gettext catalogues, and numbers and times from Babel."""

import re
from datetime import UTC, date, datetime
from functools import cache, lru_cache
from importlib.resources import files
from zoneinfo import ZoneInfo

from babel import dates, numbers
from babel.messages.pofile import read_po
from babel.support import Translations

from fabwatch.terms.clock import iso

LANGUAGES = {"en": "English", "es": "Español"}
CACHE_SIZE = 20_000
SMALL = 1e-4
"""Below this the digits of a number begin where few read them."""


@cache
def translations(language: str) -> dict[str, str]:
    """The translation of every English text of the pages; empty for English itself."""
    place = files("fabwatch.web").joinpath("locale", f"{language}.po")
    if not place.is_file():
        return {}
    with place.open("rb") as opened:
        catalogue = read_po(opened, locale=language)
    return {str(message.id): str(message.string) for message in catalogue if message.id and message.string}


class Tongue(Translations):
    """One language of the pages."""

    def __init__(self, language: str):
        super().__init__()
        self.language = language
        self._texts = translations(language)

    def gettext(self, message: str) -> str:
        """A text in this language, else in English."""
        return self._texts.get(message, message)

    def ngettext(self, singular: str, plural: str, n: int) -> str:
        """A text in the singular or the plural."""
        return self.gettext(singular if n == 1 else plural)


@cache
def tongue(language: str) -> Tongue:
    """The words of a language."""
    return Tongue(language)


def language_of(parameter: str | None, cookie: str | None, accepted: str) -> str:
    """The language of a reader: from the parameter, else the cookie, else the first one that the browser accepts."""
    for language in (parameter, cookie):
        if language in LANGUAGES:
            return str(language)
    for part in accepted.split(","):
        code = part.split(";")[0].strip()[:2].lower()
        if code in LANGUAGES:
            return code
    return "en"


@lru_cache(CACHE_SIZE)
def number(value: float | None, language: str, digits: int = 0) -> str:
    """A number with `digits` decimals, grouped as usual in the language."""
    if value is None:
        return "–"
    return str(numbers.format_decimal(round(value, digits), f"#,##0.{'0' * digits}" if digits else "#,##0", locale=language))


@lru_cache(CACHE_SIZE)
def figure(value: float | None, language: str) -> str:
    """A number with four significant digits, whatever its size."""
    if value is None:
        return "–"
    if 0 < abs(value) < SMALL:
        # Currents of test structures are picoamperes.
        return str(numbers.format_scientific(float(f"{value:.4g}"), "0.###E0", locale=language))
    return str(numbers.format_decimal(float(f"{value:.4g}"), "#,##0.######", locale=language))


@lru_cache(CACHE_SIZE)
def percent(value: float | None, language: str, digits: int = 0) -> str:
    """A chance or share in percent."""
    return (
        "–"
        if value is None
        else str(numbers.format_percent(round(value, digits + 2), f"0.{'0' * digits}%" if digits else "0%", locale=language))
    )


@lru_cache(CACHE_SIZE)
def moment(value: datetime | str | None, language: str, year: bool = False, zone: str = "UTC") -> str:
    """A time to the minute, in a zone."""
    if value is None:
        return "–"
    stamp = local(datetime.fromisoformat(value) if isinstance(value, str) else value, zone)
    return str(dates.format_datetime(stamp, "d MMM y HH:mm" if year else "d MMM HH:mm", locale=language))


def day(value: str, language: str) -> str:
    """A date, without its year."""
    return str(dates.format_date(date.fromisoformat(value), "d MMM", locale=language))


def aware(stamp: datetime) -> datetime:
    """A naive UTC time with its zone."""
    return stamp.replace(tzinfo=UTC)


def local(stamp: datetime, zone: str) -> datetime:
    """A time (without a zone: UTC) on the clocks of a zone, without its zone."""
    known = aware(stamp) if stamp.tzinfo is None else stamp
    return known.astimezone(ZoneInfo(zone)).replace(tzinfo=None)


def with_zone(text: str, zone: str) -> str:
    """A time as a reader writes it, who means the clocks of the fab's zone; what is no time or has a zone stays."""
    try:
        stamp = datetime.fromisoformat(text)
    except ValueError:
        return text
    return text if stamp.tzinfo is not None else stamp.replace(tzinfo=ZoneInfo(zone)).astimezone(UTC).isoformat()


def moments_in(text: str, language: str, zone: str) -> str:
    """A text whose ISO times are written as all others on a page."""
    return _ISO.sub(lambda hit: moment(hit[0], language, year=True, zone=zone), text)


def exact(text: str, language: str, zone: str) -> str:
    """A text that is an ISO time, in a zone to the second and as far below it as it is stated; any other as it is."""
    hit = _EXACT.fullmatch(text)
    if hit is None:
        return text
    stamp = local(datetime.fromisoformat(f"{hit[1]}+00:00"), zone)
    part = (hit[2] or "").rstrip("0").removesuffix(".")
    return f"{dates.format_datetime(stamp, 'd MMM y HH:mm:ss', locale=language)}{part}"


_EXACT = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(\.\d+)?Z")
_ISO = re.compile(r"\b\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d)?Z")


def machine(value: datetime | str | None) -> str:
    """A time for machines: ISO 8601."""
    return value if isinstance(value, str) else (iso(value) or "")
