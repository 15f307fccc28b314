"""Units of thickness and of rates, converted to angstrom and angstrom per second."""

from functools import lru_cache

from fabwatch.terms.errors import BadQuestion, nearest

ANGSTROM: dict[str, float] = {
    **dict.fromkeys(("angstrom", "å", "a", "ang", "angstroms"), 1.0),
    **dict.fromkeys(("nm", "nanometer", "nanometre"), 10.0),
    **dict.fromkeys(("um", "µm", "μm", "micron", "micrometer", "micrometre"), 10_000.0),
}
SECONDS: dict[str, float] = {
    **dict.fromkeys(("s", "sec", "second"), 1.0),
    **dict.fromkeys(("min", "minute"), 60.0),
}
NAMES = ("angstrom", "nm", "um")


@lru_cache(100)
def in_angstrom(unit: str) -> float:
    """A unit of thickness in angstrom. Raises BadQuestion."""
    angstrom = ANGSTROM.get(unit.strip().casefold())
    if angstrom is None:
        near = nearest(unit, ANGSTROM) or list(NAMES)
        raise BadQuestion(f"{unit!r} is not a unit of thickness.", f"use one of {', '.join(near)}")
    return angstrom


@lru_cache(100)
def in_angstrom_per_s(unit: str) -> float:
    """A unit of rate such as nm/min in angstrom per second. Raises BadQuestion."""
    length, slash, time = unit.replace("per", "/").replace(" ", "").partition("/")
    seconds = SECONDS.get(time.casefold()) if slash else None
    if seconds is None:
        raise BadQuestion(f"{unit!r} is not a unit of rate.", "write it as angstrom/s, angstrom/min, nm/s or nm/min")
    return in_angstrom(length) / seconds
