"""The fab as a whole, for the first look."""

from fabwatch.equipment.tools import Selection, tool_cards
from fabwatch.risk.answers import Overview
from fabwatch.risk.exposure import risk
from fabwatch.store.view import View
from fabwatch.terms.version import VERSION

METHOD = "Counted from the ledger of loads and the tables; the wafers at risk are those of the whole fab (docs/rules.md)."
LEDGER = """\
SELECT count(CASE WHEN status = 'loaded' THEN 1 END) AS loads, count(CASE WHEN status = 'inbox' THEN 1 END) AS waiting,
       max(loaded_at) AS last_load_at
FROM loads"""
LATEST = """\
SELECT max(latest) AS latest
FROM (SELECT max(end_at) AS latest FROM moves WHERE end_at <= $as_of
      UNION ALL SELECT max(processed_at) FROM quals WHERE processed_at <= $as_of) AS each"""


def overview(view: View) -> Overview:
    """What was loaded, until when it is known, and how many wafers are at risk."""
    lake = view.lake
    exposure = risk(view, Selection(), "tool")
    tools = tool_cards(lake)
    return Overview(
        *view.header(METHOD, f"{LEDGER};\n{LATEST};"),
        name=lake.settings.fab.name or lake.folder.resolve().name,
        version=VERSION,
        tools=len(tools),
        areas=tuple(sorted({tool.area for tool in tools.values() if tool.area})),
        qual_types=tuple(sorted({row.qual_type for row in exposure.tools if row.qual_type})),
        **lake.rows(LEDGER)[0],
        set_aside=lake.rows("SELECT count(*) AS n FROM problems")[0]["n"],
        last_event_at=lake.rows(LATEST, {"as_of": view.as_of})[0]["latest"],
        wafers=exposure.total.wafers,
        never=exposure.total.never,
    )
