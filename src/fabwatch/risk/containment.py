"""Containment: the wafers and lots between the last good qual and a failed or suspect one, and where they are now."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from fabwatch.equipment.tools import ToolCard, tool_cards
from fabwatch.risk.after_fail import Failed, gates_after, last_of, opened
from fabwatch.risk.answers import AfterFail, Contained, Containment, Held, Hold, NextCheck, Whereabouts
from fabwatch.risk.count_window import open_gates
from fabwatch.risk.fault_onset import Onset, Suspect, onset
from fabwatch.risk.last_good import Scope, scopes
from fabwatch.risk.lookback import Reach, reach
from fabwatch.risk.whereabouts import Wanted, is_slot, locate
from fabwatch.store.lake import Lake
from fabwatch.store.questions import question
from fabwatch.store.view import View
from fabwatch.terms.clock import iso
from fabwatch.terms.errors import NothingFailed, NothingThen, unknown

METHOD = (
    "Production wafers whose process end lies after the last good qual before the failed one, and not after it; and those "
    "that ended after the failed one until a restore or a good qual; each with its last move anywhere (docs/rules.md)."
)
NEAR_TIMES = 3
HOLD = 0.9
"""The part of the bad wafers that the shorter hold list is expected to hold."""


@dataclass(frozen=True)
class QualResult:
    """One qual of the tool; the chamber is None for the whole tool."""

    tool: str
    chamber: str | None
    qual_type: str
    processed_at: datetime
    passed: bool


@dataclass(frozen=True)
class Ran:
    """One wafer, or lot where wafers are not named, that ran through the gates; see `containment.sql`."""

    wafer: str | None
    lot: str | None
    wafers: int
    passes: int
    moves: int
    first_end: datetime
    last_end: datetime


@dataclass(frozen=True)
class Suspicion:
    """Which qual is in doubt: the tool, and as much of the rest as was asked for."""

    tool: str
    qual_type: str | None = None
    chamber: str | None = None
    at: datetime | None = None


def contain(view: View, suspicion: Suspicion) -> Containment:
    """The containment of one failed (or suspect) qual; without a time, of the latest failed one.

    Raises UnknownTool for an unknown tool, chamber or type, UnknownTime when no qual was at that time, NothingFailed
    when no time is given and none has failed.
    """
    lake, as_of = view.lake, view.as_of
    cards = tool_cards(lake)
    qual = _the_qual(lake, cards, suspicion, as_of)
    until, kind = qual.processed_at, qual.qual_type
    known = scopes(lake, cards, as_of, before=until, tool=suspicion.tool)
    card = cards[suspicion.tool]
    scope = known.get((suspicion.tool, kind)) or Scope(card, kind, {"*": None}, {"*": None})
    scope = _at_chamber_level(scope, qual.chamber)
    chamber = suspicion.chamber or qual.chamber or "*"
    last_good = scope.since_of(chamber)
    stated = lake.settings.qual(kind)
    suspect = Suspect(suspicion.tool, qual.chamber or "*", kind, until, last_good)
    began = onset(lake, cards, suspect, as_of)
    back = Reach(last_good, ())
    if stated.sensitivity < 1:
        back = reach(lake, scope, chamber, until, as_of, stated, began)
    since = _earlier(last_good, back)
    gates = [replace(gate, since=_earlier(gate.since, back)) for gate in scope.gates(0, chamber, until)]
    finish = min(until, as_of)
    bounds = open_gates(lake, gates) | {"finish": finish, "tool": suspicion.tool}
    sql = question("risk", "containment", over="passes")
    ran = lake.records(Ran, sql, bounds)
    after = _after(lake, cards, qual, suspicion.chamber, as_of)
    items = _weighed(_items(lake, cards, ran, as_of), began, after)
    answer = Containment(
        *view.header(METHOD, sql),
        tool=suspicion.tool,
        chamber=chamber,
        qual_type=kind,
        since=since,
        until=until,
        bounded=since is not None,
        level="lot" if any(row.wafer is None for row in ran) or (not ran and card.by_lot) else "wafer",
        wafers=sum(item.wafers for item in items),
        passes=sum(item.passes for item in items),
        moves=sum(item.moves for item in items),
        lots=len({row.lot for row in ran if row.lot is not None}),
        items=tuple(items),
        last_good=last_good,
        looks=back.looks,
        after_fail=after,
    )
    return replace(
        answer,
        total_wafers=sum(item.wafers for item in answer.to_hold),
        hold_90=None if began is None else _hold(answer.to_hold, HOLD),
    )


def _after(
    lake: Lake, cards: dict[str, ToolCard], qual: QualResult, chamber: str | None, as_of: datetime
) -> AfterFail | None:
    """What ran after the failed qual, of the chamber that was asked for or of all that failed; None for one that passed."""
    if qual.passed:
        return None
    named = qual.chamber if chamber in (None, "*") else chamber
    scope = scopes(lake, cards, as_of, tool=qual.tool).get((qual.tool, qual.qual_type))
    every = list(scope.since) if scope is not None else ["*"]
    failed = Failed(qual.tool, qual.qual_type, qual.processed_at, [named] if named is not None else every)
    stretches = opened(lake, failed, as_of)
    gates, last = gates_after(failed, stretches, as_of), last_of(stretches)
    ran: list[Ran] = []
    if gates:
        bounds = open_gates(lake, gates) | {"tool": qual.tool}
        ran = lake.records(Ran, question("risk", "containment", over="passes"), bounds)
    items = [replace(item, p_after_fault=1.0) for item in _items(lake, cards, ran, as_of)]
    return AfterFail(
        until=last.until,
        ended_by=last.ended_by,
        wafers=sum(item.wafers for item in items),
        passes=sum(item.passes for item in items),
        lots=len({row.lot for row in ran if row.lot is not None}),
        moves=sum(item.moves for item in items),
        items=tuple(items),
    )


def _weighed(items: list[Contained], began: Onset | None, after: AfterFail | None) -> list[Contained]:
    """Each item with the chance that it ran after the fault began: certain for one that ran after the fail as well."""
    if began is None:
        return items
    again = {item.identity for item in after.items} if after else set()
    chances = began.by([item.last_end for item in items])
    weighed = [1.0 if item.identity in again else round(chance, 4) for item, chance in zip(items, chances, strict=True)]
    return [replace(item, p_after_fault=chance) for item, chance in zip(items, weighed, strict=True)]


def _hold(items: Sequence[Contained], part: float) -> Hold | None:
    """The fewest items that are expected to hold `part` of the bad wafers: the most likely ones."""
    weighed = [(item, item.p_after_fault) for item in items if item.p_after_fault is not None]
    expected = sum(chance * item.wafers for item, chance in weighed)
    if not weighed or expected <= 0:
        return None
    chosen: list[Held] = []
    held = 0.0
    for item, chance in sorted(weighed, key=lambda pair: -pair[1]):
        if held >= part * expected:
            break
        held += chance * item.wafers
        chosen.append(Held(item.wafer, item.lot, item.wafers, chance))
    wafers = sum(item.wafers for item in chosen)
    spares = sum(item.wafers for item in items) - wafers
    return Hold(part, wafers, spares, round(expected, 1), tuple(chosen))


def _earlier(since: datetime | None, back: Reach) -> datetime | None:
    if not back.looks:
        return since
    return None if since is None or back.since is None else min(since, back.since)


def _at_chamber_level(scope: Scope, chamber: str | None) -> Scope:
    """The scope with `chamber` in it, though no known qual before has looked at chambers."""
    if chamber is None or chamber in scope.since:
        return scope
    since, failed = scope.since.get("*"), scope.failed.get("*")
    names = scope.card.chambers | {chamber}
    return Scope(scope.card, scope.qual_type, dict.fromkeys(names, since), dict.fromkeys(names, failed))


def _the_qual(lake: Lake, cards: dict[str, ToolCard], suspicion: Suspicion, as_of: datetime) -> QualResult:
    tool = suspicion.tool
    if tool not in cards:
        raise unknown("tool", tool, cards)
    quals = lake.records(
        QualResult,
        "SELECT tool, chamber, qual_type, processed_at, passed FROM quals WHERE tool = $tool AND processed_at <= $as_of "
        "AND (resulted_at IS NULL OR resulted_at <= $as_of) ORDER BY processed_at",
        {"tool": tool, "as_of": as_of},
    )
    kinds = {qual.qual_type for qual in quals}
    if suspicion.qual_type is not None and suspicion.qual_type not in kinds:
        raise unknown(f"qual of {tool} of type", suspicion.qual_type, kinds)
    chambers = cards[tool].chambers | {qual.chamber for qual in quals if qual.chamber}
    if suspicion.chamber not in (None, "*") and suspicion.chamber not in chambers:
        raise unknown(f"chamber of {tool}", suspicion.chamber, chambers)
    quals = [
        qual
        for qual in quals
        if suspicion.qual_type in (None, qual.qual_type)
        and (suspicion.chamber in (None, "*") or qual.chamber in (None, suspicion.chamber))
    ]
    return _latest_failed(tool, quals) if suspicion.at is None else _at(tool, quals, suspicion.at)


def _latest_failed(tool: str, quals: list[QualResult]) -> QualResult:
    failed = [qual for qual in quals if not qual.passed]
    if not failed:
        last = f" Its last qual was at {iso(quals[-1].processed_at)}." if quals else " It has no qual on record."
        raise NothingFailed(f"No failed qual of {tool} is known.{last}")
    latest = failed[-1].processed_at
    return _only(tool, [qual for qual in failed if qual.processed_at == latest])


def _at(tool: str, quals: list[QualResult], at: datetime) -> QualResult:
    hits = [qual for qual in quals if qual.processed_at == at]
    if not hits:
        near = sorted({q.processed_at for q in quals}, key=lambda moment: abs(moment - at))[:NEAR_TIMES]
        offer = f"its quals nearest to that: {', '.join(str(iso(moment)) for moment in near)}" if near else None
        raise NothingThen(f"{tool} had no qual at {iso(at)}.", offer)
    return _only(tool, [qual for qual in hits if not qual.passed] or hits)


def _only(tool: str, hits: list[QualResult]) -> QualResult:
    """The one qual that is meant: of several at that time, the one of the whole tool, else the user has to say which."""
    hits = [qual for qual in hits if qual.chamber is None] or hits
    names = sorted({(qual.qual_type, qual.chamber or "*") for qual in hits})
    if len(names) > 1:
        listed = ", ".join(f"{kind} on {chamber}" for kind, chamber in names)
        raise NothingThen(f"{tool} had several quals then: {listed}.", "say which with --qual-type and --chamber")
    return hits[0]


def _items(lake: Lake, cards: dict[str, ToolCard], rows: list[Ran], as_of: datetime) -> list[Contained]:
    merged: dict[tuple[str | None, str | None], list[Ran]] = defaultdict(list)
    for row in rows:
        # A wafer keeps its name when its lot is split; a slot number and a lot mean something only together.
        alone = row.wafer is not None and not is_slot(row.wafer)
        merged[row.wafer, None if alone else row.lot].append(row)
    named: dict[str | None, int] = defaultdict(int)
    for (wafer, _), part in merged.items():
        if wafer is not None:
            for lot in {row.lot for row in part}:
                named[lot] += 1
    parts = sorted(merged.values(), key=lambda part: (max(r.last_end for r in part), str(part[0].wafer)), reverse=True)
    wanted = [Wanted(p[0].wafer, _latest(p).lot, max(r.last_end for r in p)) for p in parts]
    places = locate(lake, cards, wanted, as_of)
    return [_item(part, place, named) for part, place in zip(parts, places, strict=True)]


def _latest(part: list[Ran]) -> Ran:
    return max(part, key=lambda row: row.last_end)


def _item(part: list[Ran], place: tuple[Whereabouts, NextCheck | None], named: dict[str | None, int]) -> Contained:
    wafer, lot = part[0].wafer, _latest(part).lot
    quantity = max(row.wafers for row in part)
    return Contained(
        wafer=wafer,
        lot=lot,
        wafers=1 if wafer is not None else max(quantity - named[lot], 0),
        passes=sum(int(row.passes) for row in part),
        moves=sum(row.moves for row in part),
        first_end=min(row.first_end for row in part),
        last_end=max(row.last_end for row in part),
        now=place[0],
        next_check=place[1],
    )
