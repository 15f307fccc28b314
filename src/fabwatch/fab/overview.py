"""The fab as a whole, for the first look."""

from fabwatch.quals.cards import tool_cards
from fabwatch.store.lake import Lake
from fabwatch.terms.answers import How, Risk
from fabwatch.terms.boards import Overview
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


def overview(lake: Lake, risk: Risk) -> Overview:
    """What was loaded, until when it is known, and how many wafers are at risk, as of the moment of `risk`."""
    with lake.reading(risk.known_at):
        cards = tool_cards(lake)
        ledger = lake.rows(LEDGER)[0]
        latest = lake.rows(LATEST, {"as_of": risk.as_of})[0]["latest"]
        aside = lake.rows("SELECT count(*) AS n FROM problems")[0]["n"]
    return Overview(
        as_of=risk.as_of,
        known_at=risk.known_at,
        demo=risk.demo,
        how=How(METHOD, f"{LEDGER};\n{LATEST};", risk.how.snapshot),
        name=lake.settings.fab.name or lake.folder.resolve().name,
        version=VERSION,
        tools=len(cards),
        areas=tuple(sorted({card.area for card in cards.values() if card.area})),
        qual_types=tuple(sorted({row.qual_type for row in risk.tools if row.qual_type})),
        **ledger,
        set_aside=aside,
        last_event_at=latest,
        wafers=risk.total.wafers,
        never=risk.total.never,
    )
