"""Layouts of products: size of die and wafer, and how the fields of the reticle lie; a row for each product."""

from collections.abc import Iterator

import pyarrow as pa

from fabwatch.sources.kinds import Columns, Fault, Kind, names
from fabwatch.terms.problems import ImpossibleValue
from fabwatch.terms.tables import LAYOUTS

SMALLEST_MM, LARGEST_MM = 20, 500
"""Wafers are between one inch and 450 mm; what is beyond is stated in another unit."""


def faults(columns: Columns) -> Iterator[Fault]:
    """Sizes that no wafer has, half a reticle, and a product that stands twice."""
    seen: set[str] = set()
    for row, product in enumerate(columns["product"]):
        why = _fault({name: values[row] for name, values in columns.items()})
        if why is None and product in seen:
            why = f"product: {product} stands in an earlier row of the file"
        if why is not None:
            yield row, ImpossibleValue, why
        elif product is not None:
            seen.add(product)


def _fault(row: dict[str, float | None]) -> str | None:
    wafer, edge = row["wafer_mm"], row["edge_exclusion_mm"]
    if wafer is None:
        return None
    if not SMALLEST_MM <= wafer <= LARGEST_MM:
        return f"wafer_mm: {wafer:g} is no diameter of a wafer in mm"
    for name in ("die_width_mm", "die_height_mm"):
        size = row[name]
        if size is not None and not 0 < size <= wafer:
            return f"{name}: {size:g} mm is not possible on a wafer of {wafer:g} mm"
    if edge is not None and not 0 <= edge < wafer / 2:
        return f"edge_exclusion_mm: {edge:g} mm is not possible on a wafer of {wafer:g} mm"
    return _reticle_fault(row["reticle_columns"], row["reticle_rows"])


def _reticle_fault(columns: float | None, rows: float | None) -> str | None:
    if (columns is None) != (rows is None):
        return "reticle_columns, reticle_rows: only one of them is stated"
    if columns is not None and rows is not None and min(columns, rows) < 1:
        return f"reticle_columns, reticle_rows: {columns:g} by {rows:g} dies is not possible"
    return None


def quick(columns: dict[str, pa.Array]) -> dict[str, pa.Array] | None:
    """The same for whole columns; None if a row may break a rule."""
    # A file has a row for each product, so there is nothing to be quick about.
    return None if next(faults({name: values.to_pylist() for name, values in columns.items()}), None) else columns


LAYOUT_KIND = Kind(
    table=LAYOUTS,
    aliases={
        **names("product", "product_id", "device", "device_id", "part_type"),
        **names(
            "die_width_mm", "die_width", "die_x", "die_x_mm", "die_size_x", "die_x_size", "die_pitch_x", "pitch_x", "step_x"
        ),
        **names(
            "die_height_mm",
            "die_height",
            "die_y",
            "die_y_mm",
            "die_size_y",
            "die_y_size",
            "die_pitch_y",
            "pitch_y",
            "step_y",
        ),
        **names("wafer_mm", "wafer_diameter", "wafer_diameter_mm", "wafer_size", "wafer_size_mm", "diameter_mm"),
        **names("edge_exclusion_mm", "edge_exclusion", "edge_clearance"),
        **names("reticle_columns", "reticle_cols", "shot_columns", "shot_cols", "field_columns", "field_cols"),
        **names("reticle_rows", "shot_rows", "field_rows"),
        **names("reticle_x", "reticle_offset_x", "shot_offset_x", "field_offset_x"),
        **names("reticle_y", "reticle_offset_y", "shot_offset_y", "field_offset_y"),
        **names("center_x", "centre_x", "wafer_center_x", "wafer_centre_x"),
        **names("center_y", "centre_y", "wafer_center_y", "wafer_centre_y"),
    },
    needs=(("product",), ("die_width_mm",), ("die_height_mm",), ("wafer_mm",)),
    faults=faults,
    quick=quick,
    by_chamber=False,
    vague=names("wafer_mm", "diameter", "wafer"),
)
