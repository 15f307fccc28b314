"""What every section of fab.toml is made of."""

from re import fullmatch
from typing import Annotated
from zoneinfo import ZoneInfo, available_timezones

from pydantic import BaseModel, BeforeValidator, ConfigDict

from fabwatch.terms.errors import nearest


def _one_or_many(value: object) -> object:
    return (value,) if isinstance(value, str) else value


Names = Annotated[tuple[str, ...], BeforeValidator(_one_or_many)]


class Stated(BaseModel):
    """A section of fab.toml: frozen, and without keys that nobody knows."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=False)


def known_zone(name: str) -> str:
    """The IANA zone of that name. Raises ValueError, with the nearest ones."""
    if name not in available_timezones():
        near = nearest(name, available_timezones())
        raise ValueError(f"{name!r} is not a time zone" + (f"; near it: {', '.join(near)}" if near else ""))
    return ZoneInfo(name).key


DAYS_OF = {"day": 1.0, "week": 7.0, "month": 30.5, "year": 365.25}


def _days(value: object) -> object:
    """Days of a period as it is written: 90, "90 days", "12 weeks", "6 months" or "2 years"."""
    hit = fullmatch(r"\s*(\d+(?:\.\d+)?)\s*(day|week|month|year)s?\s*", value) if isinstance(value, str) else None
    if isinstance(value, str) and hit is None:
        raise ValueError('a period is written as "90 days", "12 weeks", "6 months" or "2 years"')
    return value if hit is None else float(hit[1]) * DAYS_OF[hit[2]]


Period = Annotated[float | None, BeforeValidator(_days)]
