"""Tool lists: which tools there are, of which type, in which area, with which chambers."""

import re
from collections.abc import Iterator

from fabwatch.sources.kinds import CHAMBER_NAMES, TOOL_NAMES, Columns, Fault, Kind, names
from fabwatch.terms.tables import TOOLS


def faults(columns: Columns) -> Iterator[Fault]:
    """A tool has no rule of its own; its chambers are written `A;B;C`, whatever stood between them."""
    chambers = columns["chambers"]
    for row, text in enumerate(chambers):
        if text is not None:
            found = {name for name in re.split(r"[;,|/\s\[\]\"']+", text) if name}
            chambers[row] = ";".join(sorted(found)) or None
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
