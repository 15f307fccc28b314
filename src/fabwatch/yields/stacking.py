"""Stacked maps: where on the wafer parts fail, over many wafers; by place and zone, and from the centre to the edge."""

from collections.abc import Iterable
from dataclasses import dataclass
from math import isnan
from typing import Any

import numpy as np

from fabwatch.stats.intervals import of_share
from fabwatch.store.lake import Record
from fabwatch.store.questions import question, reading
from fabwatch.store.view import View
from fabwatch.terms.doubts import Doubt
from fabwatch.terms.errors import BadQuestion, unknown
from fabwatch.yields.answers import Layout, MappedTest, Place, StackedMap, Zone
from fabwatch.yields.counting import COVERAGE, Chosen
from fabwatch.yields.doubts import OffTheWafer
from fabwatch.yields.geometry import layout_of, located
from fabwatch.yields.refusing import refuse_unknown

RINGS = ("centre", "middle", "edge")
QUADRANTS = ("upper right", "upper left", "lower left", "lower right")
BANDS = 10
SECTOR = 30
SECTORS = 360 // SECTOR
METHOD = (
    "Parts with a place, each with its last result, stacked over all wafers; places have the notch down, x to the right and "
    "y upwards. A place lies at a share of the radius: with a layout of the product that of the wafer without its edge "
    "exclusion, else told by the box around all places. Centre, middle and edge are rings of equal area; quadrants leave "
    f"out the centre, and sectors of {SECTOR}° are counted from the right, counterclockwise. With a layout dies are told "
    "apart by their column and row in the field of the reticle. Means of a test are over all parts with a value. The "
    "interval of a share is exact and holds 95 % of the time, if parts fail independently (Clopper and Pearson, Biometrika "
    "26 (1934) 404)."
)


@dataclass(frozen=True)
class _Spot:
    """A place with what its zones are told by."""

    place: Place
    angle: float


def stacked(view: View, chosen: Chosen, product: str | None, hard_bin: int | None, test: int | None = None) -> StackedMap:
    """Parts by place, zone and distance from the centre, with the means of a test.

    Raises UnknownTool for a lot, wafer, product or test without results.
    """
    known_product(view, product)
    parameters = {**chosen.parameters(view), "product": product}
    parts = {"parts": question("yields", "parts")}
    sql = reading(question("yields", "stacked"), parts, materialized=True)
    rows = view.lake.rows(sql, {**parameters, "bin": hard_bin})
    mapped = None if test is None else _mapped(view, chosen, product, test)
    if mapped is not None:
        values = reading(question("yields", "stacked_values"), parts, materialized=True)
        _add_means(rows, view.lake.rows(values, {**parameters, "test": test}))
        sql += f";\n{values}"
    layout = layout_of(view, product or _only_product(rows))
    x, y = (np.array([row[name] for row in rows], np.int64) for name in ("x", "y"))
    at = located(x, y, layout)
    spots = [
        _Spot(
            _place(row, float(at.radius[n]), None if at.radius_mm is None else float(at.radius_mm[n]), at.reticle[n]), angle
        )
        for n, (row, angle) in enumerate(zip(rows, at.angle.tolist(), strict=True))
    ]
    places = [spot.place for spot in spots]
    return StackedMap(
        *view.header(METHOD, sql),
        bin=hard_bin,
        wafers=max((row["wafers"] for row in rows), default=0),
        dies=tuple(places),
        zones=(*_rings(spots), *_in_reticle(places)),
        radial=tuple(_bands(places)),
        angular=tuple(_sectors(spots)),
        layout=layout,
        test=mapped,
        doubts=_doubts(layout, places),
    )


def known_product(view: View, product: str | None) -> None:
    """Raises UnknownTool for a product without results."""
    refuse_unknown(view, {"product": product}, "fabwatch yield --by product lists what has results", ("wafer_tests",))


def _doubts(layout: Layout | None, places: list[Place]) -> tuple[Doubt, ...]:
    """Places whose middle is not on the wafer: the layout does not fit."""
    off = sum(2 * (place.radius_mm or 0.0) > layout.wafer_mm for place in places) if layout else 0
    return (OffTheWafer(off, layout.wafer_mm),) if layout and off else ()


def _mapped(view: View, chosen: Chosen, product: str | None, test: int) -> MappedTest:
    """The test with its name and unit. Raises UnknownTool without results, BadQuestion where it has several units."""
    stated = {"lot": chosen.lot, "wafer": chosen.wafer, "product": product, "test": test}
    rows = view.lake.rows(question("yields", "mapped_test"), stated)
    if not rows:
        known = {str(row["test"]) for row in view.lake.rows("SELECT DISTINCT test FROM limits")}
        raise unknown("test", str(test), known, "fabwatch yield tests lists them")
    units = sorted({row["unit"] or "no unit" for row in rows})
    if len(units) > 1:
        raise BadQuestion(
            f"Test {test} is stated in {' and '.join(units)}: its values have no common mean.",
            "choose the wafers with --product or --lot",
        )
    return MappedTest(test, rows[0]["name"], rows[0]["unit"])


def _add_means(rows: list[Record], values: list[Record]) -> None:
    by_place = {(row["x"], row["y"]): row for row in values}
    for row in rows:
        value = by_place.get((row["x"], row["y"]), {"n": 0, "mean": None})
        row["n"], row["mean"] = value["n"], value["mean"]


def _only_product(rows: list[Record]) -> str | None:
    """The product that all places are of; None for several."""
    products = {row[name] for row in rows for name in ("product", "last_product")}
    return products.pop() if len(products) == 1 else None


def _place(row: Record, radius: float, radius_mm: float | None, reticle: str | None) -> Place:
    return Place(
        row["x"],
        row["y"],
        row["parts"],
        row["good"],
        row["good"] / row["parts"],
        row["in_bin"],
        radius,
        radius_mm,
        reticle,
        row.get("n"),
        row.get("mean"),
    )


def _rings(spots: list[_Spot]) -> list[Zone]:
    """Rings of equal area, then quadrants without the centre."""
    zones: dict[str, list[Place]] = {name: [] for name in (*RINGS, *QUADRANTS)}
    for spot in spots:
        ring = min(int(3 * spot.place.radius**2), 2)
        zones[RINGS[ring]].append(spot.place)
        # A place on an axis lies in two quadrants, so it counts in neither.
        if ring and spot.angle % 90:
            zones[QUADRANTS[int(spot.angle // 90) % 4]].append(spot.place)
    return [_zone(name, places) for name, places in zones.items() if places]


def _in_reticle(places: list[Place]) -> list[Zone]:
    """Places by their column and row in the field of the reticle."""
    zones = _grouped((place.reticle, place) for place in places if place.reticle is not None)
    order = sorted(zones, key=lambda name: tuple(map(int, name.split(","))))
    return [_zone(f"reticle {name}", zones[name]) for name in order]


def _bands(places: list[Place]) -> list[Zone]:
    """Bands of a tenth of the radius, from the centre out."""
    bands = _grouped((min(int(BANDS * place.radius), BANDS - 1), place) for place in places)
    return [_zone(f"{band / BANDS:g}–{(band + 1) / BANDS:g}", bands[band]) for band in sorted(bands)]


def _sectors(spots: list[_Spot]) -> list[Zone]:
    """Sectors from the right, counterclockwise; what lies in the centre itself is in none."""
    sectors = _grouped((int(spot.angle // SECTOR) % SECTORS, spot.place) for spot in spots if not isnan(spot.angle))
    return [_zone(f"{sector * SECTOR}–{(sector + 1) * SECTOR}°", sectors[sector]) for sector in sorted(sectors)]


def _grouped(keyed: Iterable[tuple[Any, Place]]) -> dict[Any, list[Place]]:
    groups: dict[Any, list[Place]] = {}
    for key, place in keyed:
        groups.setdefault(key, []).append(place)
    return groups


def _zone(name: str, places: list[Place]) -> Zone:
    parts, good = sum(place.parts for place in places), sum(place.good for place in places)
    low, high = of_share(good, parts, COVERAGE)
    in_bin = sum(place.in_bin for place in places)
    return Zone(name, len(places), parts, good, good / parts, low, high, in_bin, *_mean(places))


def _mean(places: list[Place]) -> tuple[int | None, float | None]:
    """How many values the places have, and their mean; None for both where no test is mapped."""
    if all(place.n is None for place in places):
        return None, None
    n = sum(place.n or 0 for place in places)
    return n, sum((place.n or 0) * (place.mean or 0.0) for place in places) / n if n else None
