"""The polish time of a wafer: the film to remove over the rate, with its uncertainty.

Preston, J. Soc. Glass Technol. 11 (1927) 214: the rate is K · pressure · velocity, and constant while these are; so
time = (incoming - target) / rate. The spread of the time follows from those of the rate and of the incoming thickness.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from enum import Enum
from statistics import NormalDist, fmean, stdev

from fabwatch.cmp import doubts
from fabwatch.cmp.answers import PolishTime, PolishTimes, Refusal
from fabwatch.cmp.wafer import WaferToPolish
from fabwatch.terms.doubts import Doubt
from fabwatch.terms.errors import BadQuestion, CannotPolish
from fabwatch.terms.reasons import Part, Reason
from fabwatch.terms.settings.answering import CmpSettings
from fabwatch.terms.units import in_angstrom, in_angstrom_per_s

MIXED = 8.0
"""Units look mixed from this many times the target or usual incoming thickness: nm and angstrom differ by ten."""
HOURS = 7200.0
"""A polish time over two hours means that the rate is in another unit."""


@dataclass(frozen=True)
class Film:
    """The film to polish; thicknesses in `unit`."""

    incoming: float
    target: float
    unit: str = "angstrom"
    incoming_spread: float = 0.0
    """Standard deviation of the incoming thickness."""
    lower: float | None = None
    upper: float | None = None
    usual: float | None = None
    """Usual incoming thickness on this tool and product."""
    rework: bool = False
    """The wafer was polished before and came out thick."""
    wafer: str | None = None
    """Its name."""
    sites: Sequence[float] = ()
    """Incoming thickness at each site, in place of `incoming`; their mean counts."""


def film_of(wafer: WaferToPolish, unit: str) -> Film:
    """A film from a wafer with thicknesses in `unit`; `polish_time` refuses what is missing."""
    return Film(
        wafer.incoming,  # type: ignore[arg-type]
        wafer.target,  # type: ignore[arg-type]
        unit,
        wafer.incoming_sd or 0.0,
        wafer.lower,
        wafer.upper,
        rework=wafer.rework,
        sites=wafer.sites,
        wafer=wafer.wafer,
    )


STATED = Reason(("reason_stated_rate", {}))


@dataclass(frozen=True)
class Rate:
    """The removal rate, and where it comes from."""

    rate: float
    unit: str = "angstrom/s"
    spread: float | None = None
    """Standard deviation of the rate of the next wafer."""
    source: Reason = STATED
    doubts: tuple[Doubt, ...] = ()
    tool: str | None = None
    head: str | None = None
    product: str | None = None
    """Tool, head and product of the rate; None where it was stated."""
    controller: str | None = None
    """The controller that estimated it."""


@dataclass(frozen=True)
class Bounds:
    """Bounds of a polish time."""

    least_s: float = 1.0
    most_s: float = 1200.0
    step_s: float | None = None
    deadband_s: float = 0.0
    offset_s: float = 0.0
    last_s: float | None = None
    """Time of the last wafer of the head."""


def bounds_of(settings: CmpSettings, offset_s: float = 0.0, last_s: float | None = None) -> Bounds:
    """The bounds of fab.toml, for a wafer after one that was polished for `last_s`."""
    return Bounds(settings.least_s, settings.most_s, settings.step_s, settings.deadband_s, offset_s, last_s)


class Limit(Enum):
    """A bound that changed a polish time."""

    DEADBAND = "deadband"
    STEP = "step"
    RANGE = "range"


def within_bounds(seconds: float, bounds: Bounds) -> tuple[float, tuple[Limit, ...]]:
    """A time after deadband, largest step and shortest and longest time, and which of them changed it."""
    limits = []
    last = bounds.last_s
    if last is not None and seconds != last and abs(seconds - last) <= bounds.deadband_s:
        seconds = last
        limits.append(Limit.DEADBAND)
    if last is not None and bounds.step_s is not None and abs(seconds - last) > bounds.step_s:
        seconds = last + math.copysign(bounds.step_s, seconds - last)
        limits.append(Limit.STEP)
    if not bounds.least_s <= seconds <= bounds.most_s:
        seconds = min(max(seconds, bounds.least_s), bounds.most_s)
        limits.append(Limit.RANGE)
    return seconds, tuple(limits)


def polish_time(film: Film, rate: Rate, bounds: Bounds | None = None, coverage: float = 0.9) -> PolishTime:
    """How long to polish a film. Raises CannotPolish for impossible values.

    seconds = (incoming - target) / rate + offset, then deadband, largest step and bounds; low, high = (incoming - target) /
    rate · (1 ∓ z · r) + offset with r² = (spread of the rate / rate)² + (spread of the incoming / removal)². Sites count
    by their mean, with its standard error.
    """
    bounds = bounds or Bounds()
    if not 0 < coverage < 1:
        raise CannotPolish(f"coverage must be between 0 and 1 (got {coverage:g}).", "state a share such as 0.9")
    if film.sites:
        film = _averaged(film)
    unit_size = in_angstrom(film.unit)
    speed = rate.rate * in_angstrom_per_s(rate.unit) if _is_number(rate.rate) else math.nan
    _check(film, speed, rate)
    removal = (film.incoming - film.target) * unit_size
    spread = None if rate.spread is None else rate.spread * in_angstrom_per_s(rate.unit)
    nominal = removal / speed
    if nominal > HOURS:
        hint = (
            f"{rate.rate:g} {rate.unit} takes {nominal / 3600:.1f} hours; state the rate with its unit (--rate-unit nm/min)"
        )
        raise CannotPolish("The units of thickness and rate look mixed.", hint)
    reasons: list[Part] = [("reason_sites", {"sites": len(film.sites)})] if film.sites else []
    at_rate = {"rate": rate.rate, "rate_unit": rate.unit, "source": rate.source}
    reasons.append(("reason_removal", {"removal": removal / unit_size, "unit": film.unit, **at_rate}))
    found = list(rate.doubts)
    seconds = _bounded(nominal + bounds.offset_s, bounds, reasons, found)
    if film.rework:
        reasons.append(("reason_rework", {}))
        found.append(doubts.ShortPolish())
    low = high = chance = None
    after = film.incoming * unit_size - speed * (seconds - bounds.offset_s)
    if spread is not None or film.incoming_spread:
        share = math.hypot((spread or 0.0) / speed, film.incoming_spread * unit_size / removal)
        z = NormalDist().inv_cdf((1 + coverage) / 2)
        low = max(nominal * (1 - z * share) + bounds.offset_s, 0.0)
        high = nominal * (1 + z * share) + bounds.offset_s
        chance = _p_outside(film, after, math.hypot((spread or 0.0) * seconds, film.incoming_spread * unit_size), unit_size)
    else:
        found.append(doubts.NoSpread())
    return PolishTime(
        seconds=seconds,
        low=low,
        high=high,
        coverage=coverage,
        rate=rate.rate,
        rate_unit=rate.unit,
        predicted_after=after / unit_size,
        p_out_of_spec=chance,
        reason=Reason(*reasons),
        doubts=tuple(found),
        unit=film.unit,
        incoming=film.incoming,
        target=film.target,
        tool=rate.tool,
        head=rate.head,
        product=rate.product,
        wafer=film.wafer,
        controller=rate.controller,
        rework=film.rework,
    )


def polish_times(films: Iterable[Film], rate: Rate, coverage: float = 0.9) -> PolishTimes:
    """How long to polish each film at one rate; a film that cannot be polished says why."""
    times: list[PolishTime | None] = []
    refusals: list[Refusal | None] = []
    for film in films:
        try:
            times.append(polish_time(film, rate, None, coverage))
            refusals.append(None)
        except BadQuestion as stop:
            times.append(None)
            refusals.append(Refusal(stop.what, stop.hint))
    return PolishTimes(tuple(times), tuple(refusals))


def _averaged(film: Film) -> Film:
    """The film with the mean of its sites, and their standard error as spread. Raises CannotPolish."""
    if film.incoming is not None:
        raise CannotPolish("Both a thickness and sites are stated.", "state one of them")
    for n, site in enumerate(film.sites, 1):
        if not _is_number(site) or site <= 0:
            raise CannotPolish(
                f"The thickness at site {n} must be above 0 (got {site}).", "leave out a site that was not measured"
            )
    middle = fmean(film.sites)
    if max(film.sites) >= MIXED * min(film.sites):
        sites = f"{min(film.sites):g} and {max(film.sites):g} {film.unit}"
        raise CannotPolish(f"The sites look like different units: {sites}.", "state all sites in one unit (--unit)")
    error = stdev(film.sites) / math.sqrt(len(film.sites)) if len(film.sites) > 1 else 0.0
    return replace(film, incoming=middle, incoming_spread=film.incoming_spread or error)


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and math.isfinite(value)


def _check(film: Film, speed: float, rate: Rate) -> None:
    """Check the film and the rate. Raises CannotPolish."""
    for name in ("incoming", "target"):
        value = getattr(film, name)
        if not _is_number(value):
            raise CannotPolish(f"The {name} thickness is missing.", f"state it in {film.unit}, such as 5000 (--{name})")
        if value < 0 or (name == "incoming" and value == 0):
            allowed = "above 0" if name == "incoming" else "0 or more"
            raise CannotPolish(
                f"The {name} thickness must be {allowed} (got {value:g} {film.unit}).", "check the measurement and its sign"
            )
    if not math.isfinite(speed) or speed <= 0:
        raise CannotPolish(
            f"The removal rate must be above 0 (got {rate.rate:g} {rate.unit}).", "state one such as 40 (--rate)"
        )
    if film.incoming <= film.target:
        word = "at" if film.incoming == film.target else "below"
        thicknesses = f"{film.incoming:g} {film.unit} incoming, target {film.target:g} {film.unit}"
        raise CannotPolish(
            f"The film is {word} its target already: {thicknesses}.",
            "do not polish it; check the measurement and that both are in one unit",
        )
    usual = film.usual
    if usual and not 1 / MIXED < film.incoming / usual < MIXED:
        hint = f"the usual thickness here is about {usual:,.4g} {film.unit}; state the unit of the measurement (--unit nm)"
        raise CannotPolish(f"{film.incoming:,.6g} {film.unit} incoming looks like another unit.", hint)
    if usual is None and film.target and film.incoming / film.target >= MIXED:
        times = film.incoming / film.target
        hint = "state incoming and target in one unit (--unit); angstrom and nm differ by 10"
        raise CannotPolish(f"The units look mixed: the incoming film is {times:.0f} times the target.", hint)


def _bounded(needed: float, bounds: Bounds, reasons: list[Part], found: list[Doubt]) -> float:
    """The time within its bounds; adds to reasons and doubts what changed it."""
    if bounds.offset_s:
        reasons.append(("reason_offset", {"offset": bounds.offset_s}))
    seconds, limits = within_bounds(needed, bounds)
    last = bounds.last_s
    if Limit.DEADBAND in limits:
        reasons.append(("reason_deadband", {"needed": needed, "deadband": bounds.deadband_s, "last": last}))
    if Limit.STEP in limits and bounds.step_s is not None and last is not None:
        found.append(doubts.StepLimited(needed, bounds.step_s, last))
    if Limit.RANGE in limits:
        found.append(doubts.Bounded(needed, bounds.least_s, bounds.most_s))
    return seconds


def _p_outside(film: Film, after: float, spread: float, unit_size: float) -> float | None:
    """The chance that the film ends outside its limits."""
    if film.lower is None and film.upper is None:
        return None
    if spread == 0:
        inside = (film.lower is None or after >= film.lower * unit_size) and (
            film.upper is None or after <= film.upper * unit_size
        )
        return 0.0 if inside else 1.0
    normal = NormalDist(after, spread)
    below = normal.cdf(film.lower * unit_size) if film.lower is not None else 0.0
    above = 1 - normal.cdf(film.upper * unit_size) if film.upper is not None else 0.0
    return below + above
