"""Quals: the periodic checks of tools and chambers, with their results."""

from collections.abc import Iterator

import pyarrow as pa
import pyarrow.compute as pc

from fabwatch.sources.kinds import CHAMBER_NAMES, TOOL_NAMES, Columns, Fault, Kind, late_begin, names
from fabwatch.terms.problems import StartAfterEnd
from fabwatch.terms.tables import QUALS


def faults(columns: Columns) -> Iterator[Fault]:
    """Results that arrived before the test wafer was processed. `*` and ALL as a chamber mean the whole tool."""
    chambers = columns["chamber"]
    for row, chamber in enumerate(chambers):
        if chamber is not None and chamber.casefold() in WHOLE_TOOL:
            chambers[row] = None
    for row, (processed, resulted) in enumerate(zip(columns["processed_at"], columns["resulted_at"], strict=True)):
        if processed is not None and resulted is not None and resulted < processed:
            yield row, StartAfterEnd, f"resulted_at {resulted} is before processed_at {processed}"


def quick(columns: dict[str, pa.Array]) -> dict[str, pa.Array] | None:
    """The same for whole columns; None if a row may break a rule."""
    chamber = columns["chamber"]
    plain = chamber.cast(pa.string())
    # What is not ASCII has other small letters, and is none of these words.
    whole = pc.is_in(pc.ascii_lower(plain), pa.array(WHOLE_TOOL))
    if pc.any(whole).as_py():
        chamber = pc.if_else(whole, pa.scalar(None, pa.string()), plain)
    if late_begin(columns["processed_at"], columns["resulted_at"]):
        return None
    return {**columns, "chamber": chamber}


WHOLE_TOOL = ("*", "all", "tool")
QUALS_KIND = Kind(
    table=QUALS,
    aliases={
        **names("tool", *TOOL_NAMES),
        **names("chamber", *CHAMBER_NAMES),
        **names("qual_type", "qual", "qual_name", "qual_id", "check_type", "test_type", "monitor_type", "qualtype"),
        **names("processed_at", "qual_time", "qual_at", "qual_date", "processed", "process_time", "run_time"),
        **names("processed_at", "processed_time", "test_time", "qualtime"),
        **names("resulted_at", "result_time", "result_at", "measured_at", "measure_time", "metrology_time"),
        **names("passed", "result", "pass_fail", "passfail", "pf", "qual_result", "verdict", "judgement", "judgment"),
        **names("reading", "value", "particles", "particle_count", "particle_adders", "adders", "measurement", "measured"),
        **names("unit", "units", "uom"),
        **names("lower", "lsl", "lcl", "lower_limit", "min_limit", "low_limit"),
        **names("upper", "usl", "ucl", "upper_limit", "max_limit", "high_limit", "limit", "spec_limit"),
        **names("reason", "trigger", "comment", "remark"),
    },
    needs=(("tool",), ("processed_at",), ("passed",)),
    faults=faults,
    quick=quick,
    defaults={"qual_type": "qual"},
    vague={
        **names("processed_at", "time", "timestamp", "datetime", "date"),
        **names("passed", "status", "ok", "state"),
    },
)
