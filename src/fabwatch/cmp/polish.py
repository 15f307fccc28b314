"""The polish time of a wafer: what is to be taken off, by the rate, with how sure that is.

Preston, J. Soc. Glass Technol. 11 (1927) 214: the rate is K · pressure · velocity, and constant while these are; so
time = (incoming - target) / rate. The spread of the time follows from those of the rate and of the incoming thickness.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from statistics import NormalDist, fmean, stdev

from fabwatch.cmp.wafer import WaferToPolish
from fabwatch.terms.errors import BadQuestion, CannotPolish
from fabwatch.terms.polishing import PolishTime, PolishTimes, Refusal
from fabwatch.terms.units import in_angstrom, in_angstrom_per_s

MIXED = 8.0
"""From so many times the target, or the usual incoming thickness, on units look mixed: nm and angstrom differ by ten."""
HOURS = 7200.0
"""A polish time over two hours means that the rate is in another unit."""


@dataclass(frozen=True)
class Film:
    """What is to be polished; thicknesses in `unit`."""

    incoming: float
    target: float
    unit: str = "angstrom"
    incoming_spread: float = 0.0
    """Standard deviation of the incoming thickness."""
    lower: float | None = None
    upper: float | None = None
    usual: float | None = None
    """Incoming thickness that this tool and product usually have."""
    rework: bool = False
    """The wafer was polished before and came out thick."""
    wafer: str | None = None
    """Its name."""
    sites: Sequence[float] = ()
    """Thickness before at each site, in place of `incoming`: their mean is gone by."""


def film_of(wafer: WaferToPolish, unit: str) -> Film:
    """A film from a wafer whose thicknesses are in `unit`; what is missing is refused when its time is worked out."""
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


@dataclass(frozen=True)
class Rate:
    """The rate that it goes by."""

    rate: float
    unit: str = "angstrom/s"
    spread: float | None = None
    """Standard deviation of the rate of the next wafer."""
    said: str = "the rate that was given"
    doubts: tuple[str, ...] = ()
    tool: str | None = None
    head: str | None = None
    product: str | None = None
    """Of which tool, head and product it is; None where it was given."""
    controller: str | None = None
    """By which it is estimated."""


@dataclass(frozen=True)
class Bounds:
    """What a time has to keep to."""

    least_s: float = 1.0
    most_s: float = 1200.0
    step_s: float | None = None
    deadband_s: float = 0.0
    offset_s: float = 0.0
    before_s: float | None = None
    """Time of the last wafer of the head."""


def polish_time(film: Film, rate: Rate, bounds: Bounds | None = None, coverage: float = 0.9) -> PolishTime:
    """How long to polish a film. Raises CannotPolish for what cannot be.

    seconds = (incoming - target) / rate + offset, then deadband, largest step and bounds; low, high = (incoming - target) /
    rate · (1 ∓ z · r) + offset with r² = (spread of the rate / rate)² + (spread of the incoming / removal)². Of sites the
    mean counts, with its standard error.
    """
    bounds = bounds or Bounds()
    if not 0 < coverage < 1:
        raise CannotPolish(f"A coverage of {coverage:g} cannot be.", "give a number between 0 and 1, such as 0.9")
    if film.sites:
        film = _averaged(film)
    each = in_angstrom(film.unit)
    speed = rate.rate * in_angstrom_per_s(rate.unit) if _is_number(rate.rate) else math.nan
    _check(film, speed, rate)
    removal = (film.incoming - film.target) * each
    spread = None if rate.spread is None else rate.spread * in_angstrom_per_s(rate.unit)
    plain = removal / speed
    if plain > HOURS:
        hint = f"{rate.rate:g} {rate.unit} takes {plain / 3600:.1f} hours; give the rate with its unit (--rate-unit nm/min)"
        raise CannotPolish("The units of thickness and rate look mixed.", hint)
    averaged = [f"mean of {len(film.sites)} sites"] if film.sites else []
    reasons = [*averaged, f"{removal / each:,.6g} {film.unit} at {rate.rate:,.6g} {rate.unit} ({rate.said})"]
    doubts = list(rate.doubts)
    seconds = _bounded(plain + bounds.offset_s, bounds, reasons, doubts)
    if film.rework:
        reasons.append("rework of a wafer that came out thick")
        doubts.append("ShortPolish: the start of a polish is slower than its middle; measure the wafer again")
    low = high = chance = None
    after = film.incoming * each - speed * (seconds - bounds.offset_s)
    if spread is not None or film.incoming_spread:
        share = math.hypot((spread or 0.0) / speed, film.incoming_spread * each / removal)
        z = NormalDist().inv_cdf((1 + coverage) / 2)
        low = max(plain * (1 - z * share) + bounds.offset_s, 0.0)
        high = plain * (1 + z * share) + bounds.offset_s
        chance = _outside(film, after, math.hypot((spread or 0.0) * seconds, film.incoming_spread * each), each)
    else:
        doubts.append("NoSpread: nothing is known of the spread of the rate, so that no interval can be given")
    return PolishTime(
        seconds=seconds,
        low=low,
        high=high,
        coverage=coverage,
        rate=rate.rate,
        rate_unit=rate.unit,
        predicted_after=after / each,
        p_out_of_spec=chance,
        reason="; ".join(reasons),
        doubts=tuple(doubts),
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
    """How long to polish each film by one rate; one that cannot be polished says why."""
    told: list[PolishTime | None] = []
    refused: list[Refusal | None] = []
    for film in films:
        try:
            told.append(polish_time(film, rate, None, coverage))
            refused.append(None)
        except BadQuestion as stop:
            told.append(None)
            refused.append(Refusal(stop.what, stop.hint))
    return PolishTimes(tuple(told), tuple(refused))


def _averaged(film: Film) -> Film:
    """The same with the mean of its sites; how sure that is follows from their spread. Raises CannotPolish."""
    if film.incoming is not None:
        raise CannotPolish("Both a thickness and sites of it are given.", "give one of them")
    for n, site in enumerate(film.sites, 1):
        if not _is_number(site) or site <= 0:
            raise CannotPolish(f"The thickness at site {n} cannot be: {site}.", "leave a site out that was not measured")
    middle = fmean(film.sites)
    if max(film.sites) >= MIXED * min(film.sites):
        told = f"{min(film.sites):g} and {max(film.sites):g} {film.unit}"
        raise CannotPolish(f"The sites look like different units: {told}.", "give all sites in one unit (--unit)")
    error = stdev(film.sites) / math.sqrt(len(film.sites)) if len(film.sites) > 1 else 0.0
    return replace(film, incoming=middle, incoming_spread=film.incoming_spread or error)


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and math.isfinite(value)


def _check(film: Film, speed: float, rate: Rate) -> None:
    """Whether that can be. Raises CannotPolish."""
    for name in ("incoming", "target"):
        value = getattr(film, name)
        if not _is_number(value):
            raise CannotPolish(f"The {name} thickness is missing.", f"give it in {film.unit}, such as 5000 (--{name})")
        if value < 0 or (name == "incoming" and value == 0):
            raise CannotPolish(f"The {name} thickness {value:g} {film.unit} cannot be.", "a thickness lies above 0")
    if not math.isfinite(speed) or speed <= 0:
        raise CannotPolish(
            f"A removal rate of {rate.rate:g} {rate.unit} cannot be.", "give one above 0, such as 40 (--rate)"
        )
    if film.incoming <= film.target:
        word = "at" if film.incoming == film.target else "below"
        told = f"{film.incoming:g} {film.unit} incoming, {film.target:g} {film.unit} wanted"
        raise CannotPolish(
            f"The film is {word} its target already: {told}.",
            "do not polish it; check the measurement, and that both are in one unit",
        )
    usual = film.usual
    if usual and not 1 / MIXED < film.incoming / usual < MIXED:
        hint = f"here it is usually about {usual:,.4g} {film.unit}; give the unit of the measurement (--unit nm)"
        raise CannotPolish(f"{film.incoming:,.6g} {film.unit} incoming looks like another unit.", hint)
    if usual is None and film.target and film.incoming / film.target >= MIXED:
        times = film.incoming / film.target
        hint = "give incoming and target in one unit (--unit); angstrom and nm differ by 10"
        raise CannotPolish(f"The units look mixed: the incoming film is {times:.0f} times the target.", hint)


def _bounded(wanted: float, bounds: Bounds, reasons: list[str], doubts: list[str]) -> float:
    """The time within what it has to keep to, with what was changed and why."""
    seconds = wanted
    if bounds.offset_s:
        reasons.append(f"{bounds.offset_s:+g} s offset")
    before = bounds.before_s
    if before is not None and seconds != before and abs(seconds - before) <= bounds.deadband_s:
        reasons.append(f"{wanted:.4g} s lies within the deadband of {bounds.deadband_s:g} s around the last {before:.4g} s")
        seconds = before
    if before is not None and bounds.step_s is not None and abs(seconds - before) > bounds.step_s:
        seconds = before + math.copysign(bounds.step_s, seconds - before)
        doubts.append(f"StepLimited: {wanted:.4g} s is wanted, more than {bounds.step_s:g} s from the last {before:.4g} s")
    if not bounds.least_s <= seconds <= bounds.most_s:
        seconds = min(max(seconds, bounds.least_s), bounds.most_s)
        doubts.append(f"Bounded: {wanted:.4g} s is wanted, {bounds.least_s:g} to {bounds.most_s:g} s are allowed")
    return seconds


def _outside(film: Film, after: float, spread: float, each: float) -> float | None:
    """Chance to end outside the limits."""
    if film.lower is None and film.upper is None:
        return None
    if spread == 0:
        inside = (film.lower is None or after >= film.lower * each) and (film.upper is None or after <= film.upper * each)
        return 0.0 if inside else 1.0
    normal = NormalDist(after, spread)
    below = normal.cdf(film.lower * each) if film.lower is not None else 0.0
    above = 1 - normal.cdf(film.upper * each) if film.upper is not None else 0.0
    return below + above
