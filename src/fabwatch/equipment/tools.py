"""What is known of each tool as such, and which part of the fab is asked for."""

from dataclasses import dataclass, field
from typing import Any

from fabwatch.store.lake import Lake
from fabwatch.terms.errors import unknown


@dataclass
class ToolCard:
    """What is known of a tool as such."""

    tool: str
    tool_type: str | None = None
    area: str | None = None
    chambers: set[str] = field(default_factory=set)
    by_lot: bool = False
    """True when a move was seen on it that names only the lot."""


@dataclass(frozen=True)
class Selection:
    """Which part of the fab is asked for."""

    area: str | None = None
    tool: str | None = None
    qual_type: str | None = None

    def tools(self, cards: dict[str, ToolCard]) -> set[str]:
        """The tools of this part. Raises UnknownTool for a tool or area that is not there."""
        areas = {card.area for card in cards.values() if card.area}
        for what, word, known in (("tool", self.tool, set(cards)), ("area", self.area, areas)):
            if word is not None and word not in known:
                raise unknown(what, word, known)
        return {card.tool for card in cards.values() if self.tool in (None, card.tool) and self.area in (None, card.area)}

    def types(self, known: set[str]) -> set[str]:
        """The qual types of this part. Raises UnknownTool when the one asked for is not among the known."""
        if self.qual_type is None:
            return known
        if self.qual_type not in known:
            raise unknown("qual type", self.qual_type, known)
        return {self.qual_type}


def tool_cards(lake: Lake) -> dict[str, ToolCard]:
    """Every tool that a tool list or a move names; a later tool list wins over an earlier one, and both over moves."""
    return lake.remember(("cards",), lambda: _cards(lake))


def _cards(lake: Lake) -> dict[str, ToolCard]:
    cards: dict[str, ToolCard] = {}
    seen = lake.rows("SELECT tool, chamber, tool_type, area, bool_and(by_wafer) AS named FROM places GROUP BY ALL")
    for row in [*seen, *_stated(lake)]:
        card = cards.setdefault(row["tool"], ToolCard(row["tool"]))
        card.tool_type = row["tool_type"] or card.tool_type
        card.area = row["area"] or card.area
        card.chambers.update((row.get("chambers") or "").split(";"), (row.get("chamber") or "",))
        card.by_lot = card.by_lot or row.get("named") is False
    for card in cards.values():
        card.chambers.discard("")
    return cards


def _stated(lake: Lake) -> list[dict[str, Any]]:
    """The rows of tool lists, the later loaded ones last; the ledger is only asked when there were several lists."""
    rows = lake.rows("SELECT tool, tool_type, area, chambers, load FROM tools")
    if len({row["load"] for row in rows}) > 1:
        loads = lake.rows("SELECT load FROM loads WHERE kind = 'tools' ORDER BY loaded_at, load")
        order = {row["load"]: n for n, row in enumerate(loads)}
        rows.sort(key=lambda row: order[row["load"]])
    return rows
