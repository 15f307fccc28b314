"""Stacked maps: where on the wafer parts fail, over many wafers; by place, by zone and from the centre to the edge."""

import numpy as np

from fabwatch.stats.intervals import of_share
from fabwatch.store.lake import Record
from fabwatch.store.questions import question, reading
from fabwatch.store.view import View
from fabwatch.terms.errors import unknown
from fabwatch.yields.answers import Place, StackedMap, Zone
from fabwatch.yields.counting import COVERAGE, Chosen

RINGS = ("centre", "middle", "edge")
QUADRANTS = ("upper right", "upper left", "lower left", "lower right")
BANDS = 10
METHOD = (
    "Parts with a place, each with its last result, stacked over all wafers; places have the notch down, x to the right and "
    "y upwards. A place lies at a share of the radius, told by the box around all places. Centre, middle and edge are rings "
    "of equal area; quadrants leave out the centre. The interval of a share is exact and holds 95 % of the time, if parts "
    "fail independently (Clopper and Pearson, Biometrika 26 (1934) 404)."
)


def stacked(view: View, chosen: Chosen, product: str | None, hard_bin: int | None) -> StackedMap:
    """Parts by place, zone and distance from the centre. Raises UnknownTool for a lot, wafer or product without results."""
    known_product(view, product)
    sql = reading(question("yields", "stacked"), {"parts": question("yields", "parts")}, materialized=True)
    rows = view.lake.rows(sql, {**chosen.parameters(view), "product": product, "bin": hard_bin})
    places = tuple(_place(row, radius) for row, radius in zip(rows, _radii(rows), strict=True))
    return StackedMap(
        *view.header(METHOD, sql),
        bin=hard_bin,
        wafers=max((row["wafers"] for row in rows), default=0),
        dies=places,
        zones=tuple(_zones(places)),
        radial=tuple(_bands(places)),
    )


def known_product(view: View, product: str | None) -> None:
    """Raises UnknownTool for a product without results."""
    known = {row["product"] for row in view.lake.rows("SELECT DISTINCT product FROM wafer_tests")} if product else set()
    if product is not None and product not in known:
        raise unknown("product", product, known - {None}, "fabwatch yield --by product lists what has results")


def _radii(rows: list[Record]) -> list[float]:
    """How far each place lies from the centre, as a share of the radius; the box is that around all places."""
    if not rows:
        return []
    x, y = (np.array([row[name] for row in rows], float) for name in ("x", "y"))
    across = [(axis - (axis.min() + axis.max()) / 2) / max((axis.max() - axis.min() + 1) / 2, 0.5) for axis in (x, y)]
    radius = np.hypot(*across)
    return [float(value) for value in radius / max(radius.max(), 1e-9)]


def _place(row: Record, radius: float) -> Place:
    return Place(row["x"], row["y"], row["parts"], row["good"], row["good"] / row["parts"], row["in_bin"], radius)


def _zones(places: tuple[Place, ...]) -> list[Zone]:
    """Rings of equal area, then quadrants without the centre."""
    if not places:
        return []
    middle_x = (min(p.x for p in places) + max(p.x for p in places)) / 2
    middle_y = (min(p.y for p in places) + max(p.y for p in places)) / 2
    found: dict[str, list[Place]] = {name: [] for name in (*RINGS, *QUADRANTS)}
    for place in places:
        ring = min(int(3 * place.radius**2), 2)
        found[RINGS[ring]].append(place)
        if ring and place.x != middle_x and place.y != middle_y:
            right, up = place.x > middle_x, place.y > middle_y
            found[QUADRANTS[(0 if right else 1) if up else (3 if right else 2)]].append(place)
    return [_zone(name, some) for name, some in found.items() if some]


def _bands(places: tuple[Place, ...]) -> list[Zone]:
    """Bands of a tenth of the radius, from the centre out."""
    found: dict[int, list[Place]] = {}
    for place in places:
        found.setdefault(min(int(BANDS * place.radius), BANDS - 1), []).append(place)
    return [_zone(f"{band / BANDS:g}–{(band + 1) / BANDS:g}", found[band]) for band in sorted(found)]


def _zone(name: str, places: list[Place]) -> Zone:
    parts, good = sum(place.parts for place in places), sum(place.good for place in places)
    low, high = of_share(good, parts, COVERAGE)
    return Zone(name, len(places), parts, good, good / parts, low, high, sum(place.in_bin for place in places))
