"""How every tool stands: its area, type and chambers, and the last good qual of each chamber and qual type."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

from fabwatch.equipment.tools import ToolCard
from fabwatch.risk.count_window import Gate
from fabwatch.risk.type_record import QualResult
from fabwatch.store.lake import Lake
from fabwatch.store.questions import question


@dataclass(frozen=True)
class Looks:
    """The last good and the last failed qual of one tool, chamber (`*` for the whole tool) and qual type."""

    last_good: datetime | None
    last_failed: datetime | None


@dataclass(frozen=True)
class Scope:
    """What one qual type watches on one tool: the whole of it, or chamber by chamber."""

    card: ToolCard
    qual_type: str | None
    since: dict[str, datetime | None]
    """{chamber: its last good qual}; only `*` when the type looks at the tool as a whole."""
    failed: dict[str, datetime | None]

    @property
    def chambered(self) -> bool:
        """True when the type looks at chambers."""
        return "*" not in self.since

    def bounded(self, chamber: str) -> bool:
        """True when a good qual bounds the exposure of the chamber, or of all chambers for `*`."""
        return self.since_of(chamber) is not None

    def since_of(self, chamber: str) -> datetime | None:
        """The last good qual of a chamber; of the whole tool the earliest of its chambers, None when one has none."""
        if chamber in self.since:
            return self.since[chamber]
        known = [since for since in self.since.values() if since is not None]
        return min(known) if len(known) == len(self.since) else None

    @cached_property
    def _open_fails(self) -> dict[str, datetime]:
        """The last failed qual of each chamber that no good one has followed."""
        fails = [(name, failed, self.since[name]) for name, failed in self.failed.items() if failed is not None]
        return {name: failed for name, failed, since in fails if since is None or failed >= since}

    def failed_of(self, chamber: str) -> datetime | None:
        """The latest failed qual that no good one has followed, of a chamber or of any chamber for `*`."""
        return max(self._open_fails.values(), default=None) if chamber == "*" else self._open_fails.get(chamber)

    @property
    def earliest_open_fail(self) -> datetime | None:
        """The earliest failed qual that is open on some chamber."""
        return min(self._open_fails.values(), default=None)

    def gates(self, number: int, chamber: str, until: datetime) -> list[Gate]:
        """The gates through which the wafers at risk went.

        Rule 3: a chamber qual clears its chamber, a tool qual all of them. A move that names no chamber may have used
        any, so it stays at risk until all are cleared.
        """
        kind = self.qual_type or ""
        tool = self.card.tool
        if not self.chambered:
            named = None if chamber == "*" else chamber
            gates = [Gate(number, tool, kind, named, self.since["*"], until)]
            return gates if named is None else [*gates, Gate(number, tool, kind, "", self.since["*"], until)]
        wanted = self.since if chamber == "*" else {chamber: self.since.get(chamber)}
        unnamed = self.since_of("*") if chamber == "*" else wanted[chamber]
        return [
            *(Gate(number, tool, kind, name, since, until) for name, since in wanted.items()),
            Gate(number, tool, kind, "", unnamed, until),
        ]


def scopes(lake: Lake, cards: dict[str, ToolCard], as_of: datetime) -> dict[tuple[str, str | None], Scope]:
    """What is watched on each tool by (tool, qual type), as known at `as_of`; one scope without a type without any qual."""
    looks: dict[tuple[str, str | None], dict[str, Looks]] = defaultdict(dict)
    for row in lake.rows(question("risk", "last_good"), {"as_of": as_of}):
        looks[row["tool"], row["qual_type"]][row["chamber"]] = Looks(row["last_good"], row["last_failed"])
    known = {(name, kind): scope_of(cards[name], kind, by) for (name, kind), by in looks.items() if name in cards}
    looked_at = {name for name, _ in known}
    for name, card in cards.items():
        if name not in looked_at:
            # Rule 7: no qual on record is no reason to report nothing.
            known[name, None] = Scope(card, None, {"*": None}, {"*": None})
    return known


def scope_by(card: ToolCard, qual_type: str, quals: Iterable[QualResult]) -> Scope:
    """What one qual type watches on a tool, from quals of it: the same as `scopes` finds for all tools."""
    looks: dict[str, Looks] = {}
    for qual in quals:
        before, at = looks.get(qual.chamber or "*", Looks(None, None)), qual.processed_at
        good = max(before.last_good or at, at) if qual.passed else before.last_good
        failed = before.last_failed if qual.passed else max(before.last_failed or at, at)
        looks[qual.chamber or "*"] = Looks(good, failed)
    return scope_of(card, qual_type, looks)


def scope_of(card: ToolCard, qual_type: str | None, looks: dict[str, Looks]) -> Scope:
    """What one qual type watches on a tool, from the last looks at each chamber (`*` for the whole tool)."""
    whole = looks.pop("*", Looks(None, None))
    if not looks:
        return Scope(card, qual_type, {"*": whole.last_good}, {"*": whole.last_failed})
    since: dict[str, datetime | None] = {}
    failed: dict[str, datetime | None] = {}
    for chamber in sorted(card.chambers | looks.keys()):
        own = looks.get(chamber, Looks(None, None))
        since[chamber] = max((t for t in (own.last_good, whole.last_good) if t), default=None)
        failed[chamber] = max((t for t in (own.last_failed, whole.last_failed) if t), default=None)
    return Scope(card, qual_type, since, failed)
