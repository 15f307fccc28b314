"""Electrical tests of test structures (WAT, PCM): a row for each value."""

from collections.abc import Iterator

import pyarrow as pa
import pyarrow.compute as pc

from fabwatch.sources.kinds import Columns, Fault, Kind, names
from fabwatch.terms.problems import ImpossibleValue, MissingValue
from fabwatch.terms.tables import WAT


def faults(columns: Columns) -> Iterator[Fault]:
    """No lot and no wafer; limits that are the wrong way round."""
    for row, (lot, wafer) in enumerate(zip(columns["lot"], columns["wafer"], strict=True)):
        if lot is None and wafer is None:
            yield row, MissingValue, "lot and wafer are both empty"
    for row, (lower, upper) in enumerate(zip(columns["lower"], columns["upper"], strict=True)):
        if lower is not None and upper is not None and lower > upper:
            yield row, ImpossibleValue, f"the lower limit {lower:g} is above the upper one {upper:g}"


def quick(columns: dict[str, pa.Array]) -> dict[str, pa.Array] | None:
    """The same for whole columns; None if a row may break a rule."""
    named = pc.all(pc.or_(pc.is_valid(columns["lot"]), pc.is_valid(columns["wafer"]))).as_py()
    ordered = pc.all(pc.less_equal(columns["lower"], columns["upper"]), skip_nulls=True).as_py()
    return columns if named is not False and ordered is not False else None


WAT_KIND = Kind(
    table=WAT,
    aliases={
        **names("lot", "lot_id", "lotid", "lot_no"),
        **names("wafer", "wafer_id", "waferid", "wafer_no", "wafer_number"),
        **names("product", "product_id", "device", "device_id"),
        **names("site", "site_id", "site_no", "site_number"),
        **names("parameter", "param", "param_name", "parameter_name", "wat_item", "pcm_parameter", "test_item"),
        **names("value", "measured_value", "meas_value", "param_value"),
        **names("unit", "units", "uom"),
        **names("lower", "lsl", "lower_limit", "spec_low"),
        **names("upper", "usl", "upper_limit", "spec_high"),
        **names("measured_at", "measure_time", "meas_time", "test_time", "test_date"),
    },
    needs=(("wafer", "lot"), ("parameter",), ("value",)),
    faults=faults,
    quick=quick,
    by_chamber=False,
    vague={**names("measured_at", "time", "date", "timestamp"), **names("value", "result", "reading")},
)
