"""Moves: track-in and track-out lists of an MES, by lot or by wafer."""

from collections.abc import Iterator

import pyarrow as pa
import pyarrow.compute as pc

from fabwatch.sources.kinds import CHAMBER_NAMES, TOOL_NAMES, Columns, Fault, Kind, late_begin, names
from fabwatch.terms.problems import MissingValue, NegativeQuantity, StartAfterEnd
from fabwatch.terms.tables import MOVES, TOOLS


def faults(columns: Columns) -> Iterator[Fault]:
    """No lot and no wafer; a lot without a quantity; a quantity below one; a start after the end."""
    rows = zip(columns["lot"], columns["wafer"], columns["wafers"], columns["start_at"], columns["end_at"], strict=True)
    for row, (lot, wafer, wafers, start_at, end_at) in enumerate(rows):
        if wafers is None:
            if wafer is not None:
                columns["wafers"][row] = 1
            else:
                yield row, MissingValue, "wafers is empty, and there is no wafer either"
        elif wafers < 1:
            yield row, NegativeQuantity, f"wafers: {wafers} is not a quantity of wafers"
        if lot is None and wafer is None:
            yield row, MissingValue, "lot and wafer are both empty"
        if start_at is not None and end_at is not None and start_at > end_at:
            yield row, StartAfterEnd, f"start_at {start_at} is after end_at {end_at}"


def quick(columns: dict[str, pa.Array]) -> dict[str, pa.Array] | None:
    """The same for whole columns; None if a row may break a rule."""
    lot, wafer, wafers = columns["lot"], columns["wafer"], columns["wafers"]
    if lot.null_count and wafer.null_count and not pc.all(pc.or_(pc.is_valid(lot), pc.is_valid(wafer))).as_py():
        return None
    if wafers.null_count:
        if wafer.null_count and not pc.all(pc.or_(pc.is_valid(wafers), pc.is_valid(wafer))).as_py():
            return None
        wafers = pc.fill_null(wafers, 1)
    if pc.min(wafers).as_py() < 1 or late_begin(columns["start_at"], columns["end_at"]):
        return None
    return {**columns, "wafers": wafers}


MOVES_KIND = Kind(
    table=MOVES,
    aliases={
        **names("tool", *TOOL_NAMES),
        **names("chamber", *CHAMBER_NAMES),
        **names("lot", "lot_id", "lotid", "lot_no", "lot_name", "lotname"),
        **names("wafer", "wafer_id", "waferid", "wafer_no", "scribe", "scribe_id", "substrate_id", "substrate"),
        **names("wafers", "wafer_qty", "qty", "quantity", "wafer_count", "wafer_quantity", "n_wafers", "num_wafers"),
        **names("product", "product_id", "prod_id", "part", "part_id", "device"),
        **names("route", "route_id", "process_flow", "flow", "process_plan", "prp_id"),
        **names("step_no", "step_seq", "step_number", "oper_no", "operation_no", "ope_no", "seq_no"),
        **names("step", "step_id", "step_name", "operation", "oper", "oper_id", "operation_id", "ope_id"),
        **names("recipe", "recipe_id", "recipe_name", "ppid", "rcp", "recipeid"),
        **names("kind", "lot_type", "wafer_type", "wafer_kind"),
        **names("status", "move_status", "end_status", "process_status", "state"),
        **names("start_at", "track_in", "trackin", "track_in_time", "start_time", "process_start", "begin_time"),
        **names("start_at", "start", "in_time", "job_start", "starttime", "proc_start"),
        **names("end_at", "track_out", "trackout", "track_out_time", "end_time", "process_end", "finish_time"),
        **names("end_at", "end", "out_time", "job_end", "endtime", "proc_end", "completed_at"),
        **names("tool_type", "eqp_type", "tool_group", "eqp_group", "equipment_type"),
        **names("area", "area_id", "bay", "work_area", "workcenter"),
    },
    needs=(("tool",), ("end_at",), ("lot", "wafer"), ("wafers", "wafer")),
    faults=faults,
    quick=quick,
    defaults={"kind": "production"},
    extras=(TOOLS.column("tool_type"), TOOLS.column("area")),
    vague={
        **names("end_at", "time", "timestamp", "datetime", "date", "event_time", "move_time"),
        **names("wafer", "slot"),
    },
)
