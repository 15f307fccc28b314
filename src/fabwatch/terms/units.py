"""Units of thickness and of rates, each in angstrom and angstrom a second."""

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
    """How many angstrom one of a unit of thickness is. Raises BadQuestion."""
    found = ANGSTROM.get(unit.strip().casefold())
    if found is None:
        near = nearest(unit, ANGSTROM) or list(NAMES)
        raise BadQuestion(f"No unit of thickness {unit!r}.", f"use one of {', '.join(near)}")
    return found


@lru_cache(100)
def in_angstrom_per_s(unit: str) -> float:
    """How many angstrom a second one of a unit such as nm/min is. Raises BadQuestion."""
    length, slash, time = unit.replace("per", "/").replace(" ", "").partition("/")
    seconds = SECONDS.get(time.casefold()) if slash else None
    if seconds is None:
        raise BadQuestion(f"No unit of a rate {unit!r}.", "write it as angstrom/s, angstrom/min, nm/s or nm/min")
    return in_angstrom(length) / seconds
