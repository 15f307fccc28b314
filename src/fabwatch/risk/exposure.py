"""Exposure: the wafers that each tool has run since its last good qual."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Literal

from fabwatch.equipment.tools import Selection, ToolCard, tool_cards
from fabwatch.risk.answers import Exposure, Risk, Total
from fabwatch.risk.count_window import Gate, Passed, count
from fabwatch.risk.judgement import Judgement, Place, judgements, place_of
from fabwatch.risk.last_good import Scope, scopes
from fabwatch.store.lake import Lake
from fabwatch.store.questions import question
from fabwatch.store.view import View
from fabwatch.terms.questions import Selected

By = Literal["tool", "area", "tool_type"]
NOTHING = Passed()
WORST_FIRST = {"act": 0, "watch": 1, "none": 2, "ok": 3}
METHOD = (
    "Production wafers whose process end lies after the last good qual's test wafer and not after the as-of time; "
    "a chamber qual clears its chamber, a tool qual all of them (docs/rules.md)."
)


def chosen_scopes(
    selection: Selection, cards: dict[str, ToolCard], known: dict[tuple[str, str | None], Scope]
) -> list[Scope]:
    """The scopes of a part of the fab, in order of area, tool and type. Raises UnknownTool for a name that is not there."""
    tools = selection.tools(cards)
    types = selection.types({kind for tool, kind in known if kind and tool in tools})
    chosen = [
        scope for (tool, kind), scope in known.items() if tool in tools and (selection.qual_type is None or kind in types)
    ]
    return sorted(chosen, key=lambda s: (s.card.area or "", s.card.tool, s.qual_type or ""))


def risk(view: View, selection: Selection, by: By) -> Risk:
    """Which wafers are at risk by `as_of`, per tool, chamber and qual type, or summed by area or tool type."""
    lake, as_of = view.lake, view.as_of
    cards = tool_cards(lake)
    chosen = chosen_scopes(selection, cards, scopes(lake, cards, as_of))
    rows = _by_tool(lake, chosen, as_of, count_suspects=selection.tool is not None)
    total = _total(rows)
    if by != "tool":
        rows = _by_group(lake, chosen, rows, by, as_of)
    rows.sort(key=lambda row: (WORST_FIRST[row.status], -row.wafers, row.area or "", row.tool or "", row.chamber))
    header = view.header(METHOD, question("risk", "last_good") + "\n" + question("risk", "exposure", over="passes"))
    return Risk(*header, by, total, tuple(rows))


def narrowed(whole: Risk, part: Selected) -> Risk | None:
    """The part of an answer by tool that `risk` would give for the selection; None where it would say something else."""
    rows = list(filter(part.selects, whole.tools))
    # The wafers of suspect quals are counted where one tool is asked for, and a name that is not there is an error.
    if not rows or (part.tool is not None and any(row.suspect_quals for row in rows)):
        return None
    if part.tool is not None:
        rows = [replace(row, suspect_wafers=0) for row in rows]
    return replace(whole, tools=tuple(rows), total=_total(rows))


def _total(rows: Sequence[Exposure]) -> Total:
    largest: dict[str | None, int] = {}
    for row in rows:
        if row.chamber == "*" and row.bounded and row.wafers:
            largest[row.tool] = max(row.wafers, largest.get(row.tool, 0))
    most = max(largest, key=lambda tool: largest[tool], default=None)
    never = len({row.tool for row in rows if row.chamber == "*" and not row.bounded})
    return Total(sum(largest.values()), len(largest), never, most, largest.get(most, 0))


def _by_tool(lake: Lake, chosen: Sequence[Scope], as_of: datetime, count_suspects: bool) -> list[Exposure]:
    wanted = [(scope, name) for scope in chosen for name in ("*", *(scope.since if scope.chambered else ()))]
    gates = [gate for n, (scope, name) in enumerate(wanted) for gate in scope.gates(n, name, as_of)]
    counted = count(lake, gates)
    suspects = _suspects(lake, chosen, as_of)
    suspect_wafers = _suspect_wafers(lake, suspects) if count_suspects else {}
    passed = {place_of(scope, name): counted.get(number, NOTHING) for number, (scope, name) in enumerate(wanted)}
    judged = judgements(lake, chosen, {place: ran.wafers for place, ran in passed.items()}, as_of)
    rows = []
    for scope, name in wanted:
        place = place_of(scope, name)
        quals = len({gate.until for gate in suspects[place]}) if place in suspects else 0
        wafers = suspect_wafers.get(place, 0) if count_suspects else None
        rows.append(_exposure(judged[place], scope, name, passed[place], quals, wafers))
    return rows


def _exposure(
    judged: Judgement,
    scope: Scope,
    chamber: str,
    passed: Passed,
    suspect_quals: int,
    suspect_wafers: int | None,
) -> Exposure:
    card = scope.card
    return Exposure(
        area=card.area,
        tool_type=card.tool_type,
        tool=card.tool,
        chamber=chamber,
        qual_type=scope.qual_type,
        since=scope.since_of(chamber),
        bounded=scope.bounded(chamber),
        level="lot" if passed.lot_moves or (not passed.passes and card.by_lot) else "wafer",
        wafers=passed.wafers,
        passes=passed.passes,
        lots=passed.lots,
        limit=judged.limit,
        status=judged.cause.status,
        failed_at=scope.failed_of(chamber),
        suspect_quals=suspect_quals,
        suspect_wafers=suspect_wafers,
        moves=passed.moves,
        cause=judged.cause,
        decided=judged.decided,
    )


def _suspects(lake: Lake, chosen: Sequence[Scope], as_of: datetime) -> dict[Place, list[Gate]]:
    """Rule 8: where a failed qual passed again without a restore, the gates whose wafers stay suspect."""
    wanted = {(scope.card.tool, scope.qual_type) for scope in chosen}
    gates: dict[Place, list[Gate]] = defaultdict(list)
    begin = as_of - timedelta(days=lake.settings.fab.suspect_days)
    for row in lake.rows(question("risk", "suspect"), {"as_of": as_of, "from_time": begin}):
        tool, kind, chamber = row["tool"], row["qual_type"], row["chamber"]
        if (tool, kind) in wanted:
            names = (None,) if chamber == "*" else (chamber, "")
            stretch = (row["good_before"] or begin, row["good_after"])
            for place in {chamber, "*"}:
                gates[tool, kind, place] += [Gate(0, tool, kind, name, *stretch) for name in names]
    # Fails in a row share one stretch, through which a pass goes once.
    return {place: list(dict.fromkeys(windows)) for place, windows in gates.items()}


def _suspect_wafers(lake: Lake, suspects: dict[Place, list[Gate]]) -> dict[Place, int]:
    numbered = [replace(gate, number=n) for n, windows in enumerate(suspects.values()) for gate in windows]
    counted = count(lake, numbered)
    return {place: counted[n].wafers for n, place in enumerate(suspects) if n in counted}


def _by_group(lake: Lake, chosen: Sequence[Scope], rows: Sequence[Exposure], by: By, as_of: datetime) -> list[Exposure]:
    """Sums over the tools of an area or type; a wafer at risk on two tools is in both, so each is counted once beside it."""
    groups: dict[tuple[str | None, str | None], list[Exposure]] = defaultdict(list)
    for row in rows:
        if row.chamber == "*":
            groups[getattr(row, by), row.qual_type].append(row)
    numbers = {key: n for n, key in enumerate(groups)}
    gates = [g for s in chosen for g in s.gates(numbers[getattr(s.card, by), s.qual_type], "*", as_of)]
    once = count(lake, gates)
    return [_sum(by, key, members, once.get(numbers[key], NOTHING)) for key, members in groups.items()]


def _sum(by: By, key: tuple[str | None, str | None], members: list[Exposure], once: Passed) -> Exposure:
    worst = min(members, key=lambda row: WORST_FIRST[row.status])
    bounded = all(row.bounded for row in members)
    return Exposure(
        area=key[0] if by == "area" else _common({row.area for row in members}),
        tool_type=key[0] if by == "tool_type" else _common({row.tool_type for row in members}),
        tool=None,
        chamber="*",
        qual_type=key[1],
        since=min((row.since for row in members if row.since), default=None) if bounded else None,
        bounded=bounded,
        level="lot" if any(row.level == "lot" for row in members) else "wafer",
        wafers=sum(row.wafers for row in members),
        passes=sum(row.passes for row in members),
        lots=sum(row.lots for row in members),
        limit=None,
        status=worst.status,
        failed_at=max((row.failed_at for row in members if row.failed_at), default=None),
        suspect_quals=sum(row.suspect_quals for row in members),
        moves=sum(row.moves for row in members),
        tools=len({row.tool for row in members}),
        distinct_wafers=once.wafers,
    )


def _common(values: set[str | None]) -> str | None:
    return next(iter(values)) if len(values) == 1 else None
