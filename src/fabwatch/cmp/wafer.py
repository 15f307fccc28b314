"""One wafer that is to be polished, as a question names it."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class WaferToPolish:
    """One wafer that is to be polished; thicknesses in the unit of the question."""

    incoming: float | None = None
    sites: tuple[float, ...] = ()
    """Thickness before at each site, in place of `incoming`: their mean counts."""
    target: float | None = None
    wafer: str | None = None
    head: str | None = None
    """Its own head, where the lot is spread over several."""
    rework: bool = False
    """It was polished before and came out thick."""
    lower: float | None = None
    upper: float | None = None
    incoming_sd: float | None = None
