"""The current removal rate of each group, with its reason and its doubts."""

from collections.abc import Sequence
from datetime import datetime

from fabwatch.cmp import doubts
from fabwatch.cmp.answers import Rates, RateState, RateTrend
from fabwatch.cmp.history import Group, Polished, groups, measured_sql, tools_measured, unplaced
from fabwatch.cmp.runtorun import Filter, best, filtered
from fabwatch.store.lake import Lake
from fabwatch.store.view import View
from fabwatch.terms.doubts import Doubt
from fabwatch.terms.errors import BadQuestion, NothingRecorded, unknown
from fabwatch.terms.reasons import Part, Reason

SHOWN = 400
"""A trend shows this many last wafers."""
FEW = 3
"""With fewer results than this since a change, the rate is in doubt."""
LISTED = "fabwatch cmp rate lists every tool, head, product and stage with metrology"
OLD = 30.0
"""The rate is in doubt after this many days without a result."""
FIRST = 3
"""The rate is compared with the mean of this many first wafers after a change."""
METHOD = (
    "Rate of a wafer = (incoming - after) / seconds, or as measured; sites of a wafer averaged. The controller of a group "
    "is the one with the smallest error on its own record, forward in time with the results that had arrived: fixed, last, "
    "EWMA, double EWMA (level and drift), by the age of the consumables. A change of a consumable resets the level."
)


def rates(view: View, tool: str | None) -> Rates:
    """The state of every group. Raises UnknownTool, and BadQuestion where nothing was measured."""
    lake, as_of = view.lake, view.as_of
    states = [state_of(lake, group, as_of) for group in _groups(lake, as_of, tool)]
    header = view.header(METHOD, measured_sql())
    return Rates(*header, tuple(states), unplaced(lake, as_of, tool))


def _groups(lake: Lake, as_of: datetime, tool: str | None) -> list[Group]:
    measured = [group for group in groups(lake, as_of, tool) if group.wafers]
    if not measured:
        known = tools_measured(lake) if tool is not None else set()
        if tool is not None and known:
            raise unknown("tool with metrology", tool, known, LISTED)
        hint = (
            "load files with WAFER, TOOL, HEAD, INCOMING, POST_THICKNESS, POLISH_TIME, or REMOVAL_RATE: fabwatch ingest FILE"
        )
        raise NothingRecorded("No thickness or removal rate is on record.", hint)
    return measured


def one_group(lake: Lake, as_of: datetime, tool: str, head: str | None, product: str | None, stage: str | None) -> Group:
    """The group of a tool, head, product and stage; what is not stated must be unique.

    Raises UnknownTool for an unknown head or product, BadQuestion where several match.
    """
    matches = _groups(lake, as_of, tool)
    for place, name, stated in ((1, "head", head), (2, "product", product), (3, "stage", stage)):
        known = {group.key[place] for group in matches}
        if stated is not None and stated not in known:
            raise unknown(
                f"{name} of {tool} with metrology", stated, {str(value) for value in known if value is not None}, LISTED
            )
        if stated is not None:
            matches = [group for group in matches if group.key[place] == stated]
        elif len(known) > 1:
            listed = ", ".join(sorted(str(value) for value in known)[:8])
            raise BadQuestion(f"{tool} has several of {name}: {listed}.", f"choose one with --{name}")
    return matches[0]


def state_of(lake: Lake, group: Group, as_of: datetime, changed: bool = False) -> RateState:
    """The state of one group at a moment; `changed`: a consumable has just been changed, which no file says yet."""
    configured = lake.settings.cmp.controller
    # Choosing replays the whole record: do it once per loaded data.
    chosen, why = lake.remember(("controller", group.key, len(group.wafers), configured), lambda: best(group, configured))
    controller = lake.remember(("rate", group.key, as_of, chosen), lambda: filtered(group, chosen, as_of))
    if not controller.wafers:
        # Results without an arrival time wait for the next wafer; here the first wafer is the only one.
        controller.take(group.wafers[0])
    life = group.now.life + changed
    use = 0.0 if changed else group.now.on(chosen.clock)
    expected = controller.expected(use + 1, life, 1.0)
    rate, spread = expected if expected is not None else (controller.wafers[-1].rate, None)
    last = controller.wafers[-1]
    since = [wafer for wafer in controller.wafers if wafer.life == life]
    first = since[:FIRST]
    share = rate / (sum(w.rate for w in first) / len(first)) - 1 if len(first) == FIRST and len(since) > FIRST else None
    changed_at = as_of if changed else group.changes[life - 1] if life else None
    age = 0 if changed else round(group.now.age)
    return RateState(
        tool=group.key[0],
        head=group.key[1],
        product=group.key[2],
        stage=group.key[3],
        rate=rate,
        rate_unit=group.rate_unit,
        spread=spread,
        drift=controller.level.drift if chosen.name == "dewma" else controller.level.slope if chosen.name == "age" else 0.0,
        age=age,
        since_change=share,
        changed_at=changed_at,
        measured=len(controller.wafers),
        last_wafer=last.wafer,
        last_rate=last.rate,
        last_at=last.at,
        controller=chosen.name,
        reason=_reason(rate, group.rate_unit, share, age, changed_at, why),
        doubts=tuple(_doubts(group, controller, since, changed_at, as_of)),
    )


def _reason(rate: float, unit: str, share: float | None, age: int, changed: datetime | None, why: Reason) -> Reason:
    key = "reason_age" if changed is not None else "reason_age_first"
    moved: list[Part] = []
    if share is not None:
        moved = [("reason_rate_up" if share >= 0 else "reason_rate_down", {"share": abs(share)})]
    return Reason(("reason_rate", {"rate": rate, "unit": unit}), (key, {"age": age}), *moved, *why.parts)


def _doubts(
    group: Group, controller: Filter, recent: Sequence[Polished], changed: datetime | None, as_of: datetime
) -> list[Doubt]:
    found: list[Doubt] = []
    if len(controller.wafers) < FEW:
        found.append(doubts.FewResults(FEW, len(controller.wafers)))
    elif changed is not None and len(recent) < FEW:
        found.append(doubts.ConsumableChanged(len(recent), changed))
    found += group.counter_resets
    if controller.level.jumped:
        found.append(doubts.RateJumped())
    elif controller.level.departures:
        found.append(doubts.OneAstray())
    quiet = (as_of - controller.wafers[-1].at).total_seconds() / 86400
    if quiet > OLD:
        found.append(doubts.OldResults(quiet))
    disagreeing = sum(wafer.disagrees for wafer in controller.wafers[-10:])
    if disagreeing:
        found.append(doubts.TwoResults(disagreeing))
    if group.unmeasured:
        found.append(doubts.NoRate(group.unmeasured))
    if group.unit is None and group.rate_unit == "per s":
        found.append(doubts.UnitUnstated())
    return found


def trends(lake: Lake, as_of: datetime, tool: str | None) -> list[RateTrend]:
    """The rate of each group wafer by wafer, the latest ones, and the wafers before which a consumable was changed."""
    trends: list[RateTrend] = []
    for group in groups(lake, as_of, tool):
        recent = group.wafers[-SHOWN:]
        if len(recent) > 1:
            changes = [n for n in range(1, len(recent)) if recent[n].life != recent[n - 1].life]
            name = " ".join(part for part in group.key if part)
            trends.append(RateTrend(name, group.rate_unit, tuple(wafer.rate for wafer in recent), tuple(changes)))
    return trends
