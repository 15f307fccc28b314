"""The master data of each tool, and the selection of a part of the fab."""

from dataclasses import dataclass, field

from fabwatch.store.lake import Lake, Record
from fabwatch.terms.errors import unknown


@dataclass
class ToolCard:
    """The master data of a tool."""

    tool: str
    tool_type: str | None = None
    area: str | None = None
    chambers: set[str] = field(default_factory=set)
    by_lot: bool = False
    """True when a move on it names only the lot."""


@dataclass(frozen=True)
class Selection:
    """A part of the fab."""

    area: str | None = None
    tool: str | None = None
    qual_type: str | None = None

    def tools(self, cards: dict[str, ToolCard]) -> set[str]:
        """The tools of this part. Raises UnknownTool for an unknown tool or area."""
        areas = {card.area for card in cards.values() if card.area}
        for kind, value, known in (("tool", self.tool, set(cards)), ("area", self.area, areas)):
            if value is not None and value not in known:
                raise unknown(kind, value, known)
        return {card.tool for card in cards.values() if self.tool in (None, card.tool) and self.area in (None, card.area)}

    def types(self, known: set[str]) -> set[str]:
        """The qual types of this part. Raises UnknownTool when `qual_type` is not among `known`."""
        if self.qual_type is None:
            return known
        if self.qual_type not in known:
            raise unknown("qual type", self.qual_type, known)
        return {self.qual_type}


def tool_cards(lake: Lake) -> dict[str, ToolCard]:
    """Every tool in a tool list or move; a later tool list overrides an earlier one, and both override moves."""
    return lake.remember(("cards",), lambda: _cards(lake))


def _cards(lake: Lake) -> dict[str, ToolCard]:
    cards: dict[str, ToolCard] = {}
    from_moves = lake.rows("SELECT tool, chamber, tool_type, area, bool_and(by_wafer) AS named FROM places GROUP BY ALL")
    for row in [*from_moves, *_stated(lake)]:
        card = cards.setdefault(row["tool"], ToolCard(row["tool"]))
        card.tool_type = row["tool_type"] or card.tool_type
        card.area = row["area"] or card.area
        card.chambers.update((row.get("chambers") or "").split(";"), (row.get("chamber") or "",))
        card.by_lot = card.by_lot or row.get("named") is False
    for card in cards.values():
        card.chambers.discard("")
    return cards


def _stated(lake: Lake) -> list[Record]:
    """The rows of tool lists, later loads last; reads the ledger only with several lists."""
    rows = lake.rows("SELECT tool, tool_type, area, chambers, load FROM tools")
    if len({row["load"] for row in rows}) > 1:
        loads = lake.rows("SELECT load FROM loads WHERE kind = 'tools' ORDER BY loaded_at, load")
        order = {row["load"]: n for n, row in enumerate(loads)}
        rows.sort(key=lambda row: order[row["load"]])
    return rows
