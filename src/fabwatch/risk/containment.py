"""Containment: the wafers and lots between the last good qual and a failed or suspect one, and where they are now."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from fabwatch.equipment.tools import ToolCard, tool_cards
from fabwatch.quals.wear import with_sisters
from fabwatch.risk.after_fail import Failed, Open, gates_after, last_of, opened
from fabwatch.risk.answers import AfterFail, Contained, Containment, Held, Hold, NextCheck, Whereabouts
from fabwatch.risk.count_window import open_gates
from fabwatch.risk.fault_onset import Onset, Suspect, onset
from fabwatch.risk.last_good import Scope, scope_by
from fabwatch.risk.lookback import Reach, reach
from fabwatch.risk.type_record import QualResult, type_record
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
BEFORE, AFTER = 0, 1
"""Numbers of the gates of what ran before the failed qual, and after it."""
HOLD = 0.9
"""The part of the bad wafers that the shorter hold list is expected to hold."""


@dataclass(frozen=True)
class Ran:
    """One wafer, or lot where wafers are not named, that ran through the gates of one number; see `containment.sql`."""

    gate: int
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
    tool = suspicion.tool
    if tool not in cards:
        raise unknown("tool", tool, cards)
    record = type_record(lake, with_sisters(cards, {tool}))
    quals, card = record.quals_of(tool, as_of), cards[tool]
    qual = _the_qual(card, quals, suspicion)
    until, kind = qual.processed_at, qual.qual_type
    of_type = [one for one in quals if one.qual_type == kind]
    scope = scope_by(card, kind, [one for one in of_type if one.processed_at < until])
    scope = _at_chamber_level(scope, qual.chamber)
    chamber = suspicion.chamber or qual.chamber or "*"
    last_good = scope.since_of(chamber)
    stated = lake.settings.qual(kind)
    began = onset(lake, cards, Suspect(tool, qual.chamber or "*", kind, until, last_good), record, as_of)
    back = Reach(last_good, ())
    if stated.sensitivity < 1:
        back = reach(lake, scope, chamber, until, as_of, stated, began)
    since = _earlier(last_good, back)
    gates = [replace(gate, since=_earlier(gate.since, back)) for gate in scope.gates(BEFORE, chamber, until)]
    failed = _failed(qual, suspicion.chamber, scope_by(card, kind, of_type))
    stretches = [] if qual.passed else opened(failed, quals, record.restores_of(lake, tool, as_of))
    gates += gates_after(AFTER, failed, stretches, as_of) if stretches else []
    sql = question("risk", "containment", over="passes")
    rows = lake.records(Ran, sql, open_gates(lake, gates) | {"tool": tool})
    ran, ran_after = ([row for row in rows if row.gate == number] for number in (BEFORE, AFTER))
    held, held_after = _items(lake, cards, [ran, ran_after], as_of)
    after = _after(stretches, ran_after, held_after)
    items = _weighed(held, began, after)
    answer = Containment(
        *view.header(METHOD, sql),
        tool=tool,
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


def _failed(qual: QualResult, chamber: str | None, scope: Scope) -> Failed:
    """The qual with the chamber that was asked for, or all that failed."""
    named = qual.chamber if chamber in (None, "*") else chamber
    return Failed(qual.tool, qual.qual_type, qual.processed_at, [named] if named is not None else list(scope.since))


def _after(stretches: Sequence[Open], ran: Sequence[Ran], held: Sequence[Contained]) -> AfterFail | None:
    """What ran after the failed qual; None for one that passed."""
    if not stretches:
        return None
    last, items = last_of(stretches), [replace(item, p_after_fault=1.0) for item in held]
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


def _the_qual(card: ToolCard, quals: Sequence[QualResult], suspicion: Suspicion) -> QualResult:
    tool = card.tool
    kinds = {qual.qual_type for qual in quals}
    if suspicion.qual_type is not None and suspicion.qual_type not in kinds:
        raise unknown(f"qual of {tool} of type", suspicion.qual_type, kinds)
    chambers = card.chambers | {qual.chamber for qual in quals if qual.chamber}
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


def _items(lake: Lake, cards: dict[str, ToolCard], lists: Sequence[Sequence[Ran]], as_of: datetime) -> list[list[Contained]]:
    """The items of each list, the latest first; where they are now is looked up for all lists at once."""
    parts = [_by_item(rows) for rows in lists]
    wanted = [Wanted(p[0].wafer, _latest(p).lot, _latest(p).last_end) for of_list in parts for p in of_list]
    places = iter(locate(lake, cards, wanted, as_of))
    named = [_named(of_list) for of_list in parts]
    return [[_item(p, next(places), count) for p in of_list] for of_list, count in zip(parts, named, strict=True)]


def _by_item(rows: Sequence[Ran]) -> list[list[Ran]]:
    merged: dict[tuple[str | None, str | None], list[Ran]] = defaultdict(list)
    for row in rows:
        # A wafer keeps its name when its lot is split; a slot number and a lot mean something only together.
        alone = row.wafer is not None and not is_slot(row.wafer)
        merged[row.wafer, None if alone else row.lot].append(row)
    return sorted(merged.values(), key=lambda part: (_latest(part).last_end, str(part[0].wafer)), reverse=True)


def _named(parts: Sequence[Sequence[Ran]]) -> dict[str | None, int]:
    """How many wafers of each lot are named."""
    named: dict[str | None, int] = defaultdict(int)
    for part in parts:
        if part[0].wafer is not None:
            for lot in {row.lot for row in part}:
                named[lot] += 1
    return named


def _latest(part: Sequence[Ran]) -> Ran:
    return max(part, key=lambda row: row.last_end)


def _item(part: Sequence[Ran], place: tuple[Whereabouts, NextCheck | None], named: dict[str | None, int]) -> Contained:
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
