"""Metrology: thickness before and after polishing, polish times, removal rates; by wafer, site or lot."""

from collections.abc import Callable, Iterator
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from fabwatch.sources.kinds import CHAMBER_NAMES, TOOL_NAMES, Columns, Fault, Kind, late_begin, names
from fabwatch.terms.errors import BadQuestion
from fabwatch.terms.problems import ImpossibleValue, MissingValue, StartAfterEnd
from fabwatch.terms.tables import METROLOGY
from fabwatch.terms.units import in_angstrom, in_angstrom_per_s


def faults(columns: Columns) -> Iterator[Fault]:
    """Impossible rows: no wafer and no lot, a thickness below 0, a rate or time not above 0, a result before its polish."""
    for row, (wafer, lot) in enumerate(zip(columns["wafer"], columns["lot"], strict=True)):
        if wafer is None and lot is None:
            yield row, MissingValue, "wafer and lot are both empty"
    for row, (polished, measured) in enumerate(zip(columns["polished_at"], columns["measured_at"], strict=True)):
        if polished is not None and measured is not None and measured < polished:
            yield row, StartAfterEnd, f"measured_at {measured} is before polished_at {polished}"
    for name in ("incoming", "after", "seconds", "rate"):
        yield from _impossible(name, columns[name])
    yield from _unknown_units("unit", columns["unit"], in_angstrom)
    yield from _unknown_units("rate_unit", columns["rate_unit"], in_angstrom_per_s)


def _impossible(name: str, values: list[Any]) -> Iterator[Fault]:
    for row, value in enumerate(values):
        if value is not None and (value < 0 or (value == 0 and name != "after")):
            yield row, ImpossibleValue, f"{name}: {value:g} is not possible"


def _unknown_units(name: str, values: list[Any], read: Callable[[str], float]) -> Iterator[Fault]:
    for row, value in enumerate(values):
        if value is not None:
            try:
                read(value)
            except BadQuestion as stop:
                yield row, ImpossibleValue, f"{name}: {stop.what} {stop.hint}"


def quick(columns: dict[str, pa.Array]) -> dict[str, pa.Array] | None:
    """The same for whole columns; None if a row may break a rule."""
    wafer, lot = columns["wafer"], columns["lot"]
    if wafer.null_count and lot.null_count and not pc.all(pc.or_(pc.is_valid(wafer), pc.is_valid(lot))).as_py():
        return None
    if late_begin(columns["polished_at"], columns["measured_at"]):
        return None
    for name in ("incoming", "after", "seconds", "rate"):
        least = pc.min(columns[name]).as_py()
        if least is not None and (least < 0 or (least == 0 and name != "after")):
            return None
    units = {name: pc.unique(columns[name].cast(pa.string())).to_pylist() for name in ("unit", "rate_unit")}
    odd = [*_unknown_units("unit", units["unit"], in_angstrom)]
    odd += _unknown_units("rate_unit", units["rate_unit"], in_angstrom_per_s)
    return None if odd else columns


METROLOGY_KIND = Kind(
    table=METROLOGY,
    aliases={
        **names("lot", "lot_id", "lotid"),
        **names("wafer", "wafer_id", "waferid", "wafer_no", "substrate"),
        **names("tool", *TOOL_NAMES, "polisher", "polisher_id"),
        **names("chamber", *CHAMBER_NAMES, "head", "head_id", "platen", "platen_id", "carrier_head"),
        **names("product", "product_id", "part", "part_id", "device"),
        **names("stage", "stage_id", "polish_stage"),
        **names("site", "site_id", "site_no", "point"),
        **names("polished_at", "polish_end", "polish_at", "polished", "end_polish"),
        **names("measured_at", "measure_time", "metrology_time", "meas_time", "measured_time"),
        **names("incoming", "incoming_thickness", "pre_thickness", "pre_thk", "thickness_before", "thk_pre", "pre"),
        **names("after", "post_thickness", "post_thk", "thickness_after", "thk_post", "post", "outgoing"),
        **names("seconds", "polish_time", "polish_time_s", "polish_seconds", "time_s"),
        **names("rate", "removal_rate", "avg_removal_rate", "rr", "mrr"),
        **names("unit", "units", "uom", "thickness_unit"),
        **names("rate_unit", "rr_unit"),
        **names("target", "target_thickness", "thk_target"),
        **names("lower", "lsl", "lower_limit"),
        **names("upper", "usl", "upper_limit"),
    },
    needs=(("wafer", "lot"), ("rate", "after")),
    faults=faults,
    quick=quick,
    by_chamber=False,
    vague={
        **names("polished_at", "time", "timestamp", "datetime", "date"),
        **names("after", "thickness", "thk", "value", "mean"),
    },
)
