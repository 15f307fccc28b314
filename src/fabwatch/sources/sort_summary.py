"""Sort summaries: parts and good parts by wafer, where there is no file with a result for each part."""

from collections.abc import Iterator

import pyarrow as pa
import pyarrow.compute as pc

from fabwatch.sources.kinds import Columns, Fault, Kind, names
from fabwatch.terms.problems import ImpossibleValue, MissingValue
from fabwatch.terms.tables import SORT_SUMMARY


def faults(columns: Columns) -> Iterator[Fault]:
    """No lot and no wafer; fewer than no parts; more good parts than parts."""
    for row, (lot, wafer) in enumerate(zip(columns["lot"], columns["wafer"], strict=True)):
        if lot is None and wafer is None:
            yield row, MissingValue, "lot and wafer are both empty"
    for row, (parts, good) in enumerate(zip(columns["parts"], columns["good"], strict=True)):
        if parts is not None and good is not None and not 0 <= good <= parts:
            yield row, ImpossibleValue, f"good: {good} of {parts} parts is not possible"


def quick(columns: dict[str, pa.Array]) -> dict[str, pa.Array] | None:
    """The same for whole columns; None if a row may break a rule."""
    lot, wafer, parts, good = (columns[name] for name in ("lot", "wafer", "parts", "good"))
    named = pc.all(pc.or_(pc.is_valid(lot), pc.is_valid(wafer))).as_py()
    possible = pc.and_(pc.greater_equal(good, 0), pc.less_equal(good, parts))
    return columns if named is not False and pc.all(possible, skip_nulls=True).as_py() is not False else None


SORT_KIND = Kind(
    table=SORT_SUMMARY,
    aliases={
        **names("lot", "lot_id", "lotid", "lot_no"),
        **names("wafer", "wafer_id", "waferid", "wafer_no", "wafer_number"),
        **names("insertion", "test_step", "test_stage", "sort", "pass_no", "cp"),
        **names("product", "product_id", "device", "part_type", "device_id"),
        **names("program", "test_program", "job"),
        **names("tested_at", "test_end", "test_time", "test_date", "end_time", "tested"),
        **names("parts", "gross", "gross_die", "gross_dies", "total_die", "total_dies", "tested_die", "die_count", "dpw"),
        **names("parts", "total_parts", "tested_parts", "parts_tested"),
        **names("good", "good_die", "good_dies", "net_die", "net_dies", "pass_die", "pass_count", "good_parts"),
        **names("good", "parts_good", "passed_parts"),
    },
    needs=(("wafer", "lot"), ("parts",), ("good",)),
    faults=faults,
    quick=quick,
    by_chamber=False,
    vague={**names("tested_at", "time", "date", "timestamp"), **names("parts", "total"), **names("good", "pass", "passed")},
)
