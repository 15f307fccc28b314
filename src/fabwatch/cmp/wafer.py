"""One wafer to polish, as a question states it."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class WaferToPolish:
    """One wafer to polish; thicknesses in the unit of the question."""

    incoming: float | None = None
    sites: tuple[float, ...] = ()
    """Incoming thickness at each site, in place of `incoming`; their mean counts."""
    target: float | None = None
    wafer: str | None = None
    head: str | None = None
    """Its head, where the lot is spread over several heads."""
    rework: bool = False
    """It was polished before and came out thick."""
    lower: float | None = None
    upper: float | None = None
    incoming_sd: float | None = None
