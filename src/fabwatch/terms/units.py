"""Units: those of thickness and of rates, converted to angstrom and angstrom per second; and which words are units."""

import re
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
_UNITS = """s sec ms us min h hz khz mhz ghz w kw mw v mv kv a ma ua ohm sccm slm slpm lpm ml/min l/min cc/min torr
mtorr pa kpa mpa hpa bar mbar ubar psi psia psig atm c degc k f degf % pct deg rpm rps mm cm um nm m inch in mm/s um/s nm/s
a/min a/s nm/min um/min kg g mg n nm kgf lb dac count counts steps a.u. au ppm ppb db dbm j kj wh kwh ah t
g/min pa·s mw/cm2 w/cm2 ns second seconds volt volts mvolt amp amps ampere watt watts newton newtons kelvin celsius bit
m/s m/s2 m/s^2 g/m3 g/m^3 mg/m3 mg/m^3 mln/min ln/min sml/min l/min l/h m3/h µs"""
UNITS = frozenset([*_UNITS.split(), "deg c", "deg f", "degrees c", "degree c", "degrees f"])
_ASCII_UNITS = str.maketrans({"°": "deg", "µ": "u", "μ": "u", "Ω": "ohm", "Å": "a"})
_BRACKETS = re.compile(r"^(?P<name>.*?)\s*[\[({<]\s*(?P<inside>[^\])}>]{1,12})\s*[\])}>]\s*(?P<rest>.*)$")
LONGEST = 200
"""A unit is looked for in a name of up to so many signs."""


def is_unit(cell: str) -> bool:
    """True for a cell that is a unit."""
    return cell.strip(" []()").translate(_ASCII_UNITS).casefold() in UNITS


def in_brackets(cell: str) -> tuple[str, str, str]:
    """A name, what stands in brackets after it, and the rest; without brackets the name alone."""
    hit = _BRACKETS.match(cell) if len(cell) <= LONGEST else None
    return (hit["name"], hit["inside"].strip(), hit["rest"]) if hit and hit["name"] else (cell, "", "")


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
