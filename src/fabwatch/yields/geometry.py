"""Where a place lies on the wafer: its distance from the centre, its angle, and its place in the field of the reticle.

With the layout of the product these are those of the wafer; without one the box around all places stands for the wafer.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from fabwatch.store.view import View
from fabwatch.yields.answers import Layout

Floats = npt.NDArray[np.float64]
Wholes = npt.NDArray[np.int64]
EMPTY: dict[str, Any] = {
    "edge_exclusion_mm": 0.0,
    **dict.fromkeys(("reticle_columns", "reticle_rows"), 1),
    **dict.fromkeys(("reticle_x", "reticle_y"), 0),
}
"""What an empty cell means: no edge exclusion, and a field of one die."""
_LATEST = """
SELECT y.* EXCLUDE (load) FROM layouts AS y LEFT JOIN loads AS l ON l.load = y.load
WHERE y.product = $product ORDER BY l.loaded_at DESC NULLS LAST, y.load DESC LIMIT 1"""


@dataclass(frozen=True)
class Places:
    """Where places lie: an entry for each."""

    radius: Floats
    """Distance from the centre as a share of the radius."""
    radius_mm: Floats | None
    angle: Floats
    """Degrees from the right, counterclockwise, in [0, 360); NaN in the centre itself."""
    reticle: list[str | None]


def layout_of(view: View, product: str | None) -> Layout | None:
    """The layout of a product that was loaded last; None without one."""
    rows = view.lake.rows(_LATEST, {"product": product}) if product is not None else []
    if not rows:
        return None
    stated = {name: value for name, value in rows[0].items() if value is not None}
    return Layout(**{"center_x": None, "center_y": None, **EMPTY, **stated})


def located(x: Wholes, y: Wholes, layout: Layout | None) -> Places:
    """Where places lie on the wafer."""
    if not x.size:
        return Places(np.zeros(0), None, np.zeros(0), [])
    if layout is None:
        right, up = (_in_box(axis) for axis in (x, y))
        radius = np.hypot(right, up)
        return Places(radius / max(float(radius.max()), 1e-9), None, _angle(right, up), [None] * x.size)
    right = np.asarray((x - _middle(x, layout.center_x)) * layout.die_width_mm, float)
    up = np.asarray((y - _middle(y, layout.center_y)) * layout.die_height_mm, float)
    distance = np.asarray(np.hypot(right, up), float)
    usable = layout.wafer_mm / 2 - layout.edge_exclusion_mm
    return Places(distance / usable, distance, _angle(right, up), _in_reticle(x, y, layout))


def _middle(axis: Wholes, stated: float | None) -> float:
    return (int(axis.min()) + int(axis.max())) / 2 if stated is None else stated


def _in_box(axis: Wholes) -> Floats:
    """How far from the middle of the box, as a share of half of it."""
    return np.asarray((axis - _middle(axis, None)) / max((int(axis.max()) - int(axis.min()) + 1) / 2, 0.5), float)


def _angle(right: Floats, up: Floats) -> Floats:
    degrees = np.degrees(np.arctan2(up, right)) % 360
    return np.where((right == 0) & (up == 0), np.nan, degrees)


def _in_reticle(x: Wholes, y: Wholes, layout: Layout) -> list[str | None]:
    """Column and row in the field of the reticle, from 1; None where a field is one die."""
    if layout.reticle_columns * layout.reticle_rows == 1:
        return [None] * x.size
    columns = (x - layout.reticle_x) % layout.reticle_columns + 1
    rows = (y - layout.reticle_y) % layout.reticle_rows + 1
    return [f"{column},{row}" for column, row in zip(columns.tolist(), rows.tolist(), strict=True)]
