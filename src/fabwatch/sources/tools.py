"""Tool lists: the tools with their type, area and chambers."""

import re
from collections.abc import Iterator

from fabwatch.sources.kinds import CHAMBER_NAMES, TOOL_NAMES, Columns, Fault, Kind, names
from fabwatch.terms.tables import TOOLS


def faults(columns: Columns) -> Iterator[Fault]:
    """Tools have no rules; chambers are stored as `A;B;C`, whatever separates them in the file."""
    chambers = columns["chambers"]
    for row, text in enumerate(chambers):
        if text is not None:
            names_in_cell = {name for name in re.split(r"[;,|/\s\[\]\"']+", text) if name}
            chambers[row] = ";".join(sorted(names_in_cell)) or None
    yield from ()


TOOLS_KIND = Kind(
    table=TOOLS,
    aliases={
        **names("tool", *TOOL_NAMES),
        **names("tool_type", "eqp_type", "type", "tool_group", "eqp_group", "equipment_type", "model"),
        **names("area", "area_id", "bay", "work_area", "workcenter", "module_area"),
        **names("chambers", "chamber_list", "chamber", *CHAMBER_NAMES),
    },
    needs=(("tool",), ("tool_type", "area", "chambers")),
    faults=faults,
    vague=names("tool", "name"),
)
