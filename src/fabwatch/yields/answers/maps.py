"""Answers about places on the wafer: stacked maps with their zones and profiles."""

from dataclasses import dataclass

from fabwatch.terms.answers import Answer, Row, plain
from fabwatch.terms.doubts import Doubt
from fabwatch.terms.words import sentence


@dataclass(frozen=True)
class Place:
    """One place of the wafer, over all wafers that are stacked."""

    x: int
    y: int
    parts: int
    good: int
    yield_: float
    in_bin: int
    """Parts in the hard bin that was stated."""
    radius: float
    """Distance from the centre as a share of the radius."""
    radius_mm: float | None = None
    """Distance from the centre; None without a layout of the product."""
    reticle: str | None = None
    """Column and row within the field of the reticle, such as `1,2`; None without a layout that says so."""
    n: int | None = None
    """Values of the test that was stated; None without one."""
    mean: float | None = None
    """Their mean."""


@dataclass(frozen=True)
class Zone:
    """A part of the wafer, or a place in the field of the reticle, with the 95 % interval of its yield."""

    zone: str
    places: int
    parts: int
    good: int
    yield_: float
    low: float
    high: float
    in_bin: int
    n: int | None = None
    """Values of the test that was stated; None without one."""
    mean: float | None = None
    """Their mean."""


@dataclass(frozen=True)
class Layout:
    """How the dies of a product lie on its wafer and in the field of its reticle."""

    product: str
    die_width_mm: float
    die_height_mm: float
    wafer_mm: float
    edge_exclusion_mm: float
    reticle_columns: int
    reticle_rows: int
    reticle_x: int
    reticle_y: int
    center_x: float | None
    """Column of the centre of the wafer; None for the middle of all places."""
    center_y: float | None


@dataclass(frozen=True)
class MappedTest:
    """The test whose values a map shows."""

    __test__ = False
    test: int
    name: str | None
    unit: str | None


@dataclass(frozen=True, repr=False)
class StackedMap(Answer):
    """Where on the wafer parts fail: wafers stacked, with zones and profiles from the centre to the edge and around it."""

    bin: int | None
    wafers: int
    dies: tuple[Place, ...]
    zones: tuple[Zone, ...]
    radial: tuple[Zone, ...]
    angular: tuple[Zone, ...]
    """Sectors of 30 degrees, from the right with the notch down, counterclockwise."""
    layout: Layout | None = None
    """The layout of the product; None where none is loaded, or several products are stacked."""
    test: MappedTest | None = None
    doubts: tuple[Doubt, ...] = ()

    def rows(self) -> list[Row]:
        """One row per place."""
        return [plain(row) for row in self.dies]

    def sentence(self, language: str = "en") -> str:
        """How many wafers are stacked, and the yield of centre and edge."""
        rings = {zone.zone: zone for zone in self.zones}
        if not rings:
            return sentence(language, "stacked_none")
        shares = {name: rings[name].yield_ if name in rings else None for name in ("centre", "edge")}
        words = {name: "–" if share is None else f"{share:.1%}" for name, share in shares.items()}
        text = sentence(language, "stacked", wafers=self.wafers, **words)
        if self.test is not None:
            means = {name: rings[name].mean if name in rings else None for name in ("centre", "edge")}
            unit = f" {self.test.unit}" if self.test.unit else ""
            figures = {name: "–" if mean is None else f"{mean:.4g}{unit}" for name, mean in means.items()}
            name = f"{self.test.test} {self.test.name or ''}".strip()
            text += sentence(language, "stacked_test", name=name, **figures)
        return text + "".join(f" {doubt.sentence(language)}" for doubt in self.doubts)
