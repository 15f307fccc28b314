"""The removal rate of each group as it stands now, with its reason and its doubts."""

from collections.abc import Sequence
from datetime import datetime

from fabwatch.cmp.history import Group, Polished, groups, measured_sql, tools_measured, unplaced
from fabwatch.cmp.runtorun import Filter, best, filtered
from fabwatch.store.lake import Lake
from fabwatch.store.view import View
from fabwatch.terms.errors import BadQuestion, NothingRecorded, unknown
from fabwatch.terms.polishing import Rates, RateState, RateTrend

SHOWN = 400
"""Wafers of a trend."""
FEW = 3
"""Results since a change up to which the rate is in doubt."""
LISTED = "fabwatch cmp rate lists every tool, head, product and stage of which something was measured"
OLD = 30.0
"""Days without a result from which it is in doubt."""
FIRST = 3
"""Wafers after a change whose mean is what the rate is compared with."""
METHOD = (
    "Rate of a wafer = (incoming - after) / seconds, or as measured; sites of a wafer averaged. The controller of a group "
    "is the one that missed least on its own record, forward in time with the results that had arrived: fixed, last, "
    "EWMA, double EWMA (level and drift), by the age of the consumables. At a change of a consumable the level is set "
    "free."
)


def rates(view: View, tool: str | None) -> Rates:
    """The state of every group. Raises UnknownTool, and BadQuestion where nothing was measured."""
    lake, as_of = view.lake, view.as_of
    found = [state_of(lake, group, as_of) for group in _groups(lake, as_of, tool)]
    header = view.header(METHOD, measured_sql())
    return Rates(*header, tuple(found), unplaced(lake, as_of, tool))


def _groups(lake: Lake, as_of: datetime, tool: str | None) -> list[Group]:
    some = [group for group in groups(lake, as_of, tool) if group.wafers]
    if not some:
        known = tools_measured(lake) if tool is not None else set()
        if tool is not None and known:
            raise unknown("tool with metrology", tool, known, LISTED)
        hint = (
            "load files with WAFER, TOOL, HEAD, INCOMING, POST_THICKNESS, POLISH_TIME, or REMOVAL_RATE: fabwatch ingest FILE"
        )
        raise NothingRecorded("No thickness or removal rate is known.", hint)
    return some


def one_group(lake: Lake, as_of: datetime, tool: str, head: str | None, product: str | None, stage: str | None) -> Group:
    """The group of a tool, head, product and stage; where one of them is not named there must be one alone.

    Raises UnknownTool for a head or product that nobody knows, BadQuestion where several would do.
    """
    some = _groups(lake, as_of, tool)
    for place, name, wanted in ((1, "head", head), (2, "product", product), (3, "stage", stage)):
        known = {group.key[place] for group in some}
        if wanted is not None and wanted not in known:
            raise unknown(f"{name} of {tool} with metrology", wanted, {str(one) for one in known if one is not None}, LISTED)
        if wanted is not None:
            some = [group for group in some if group.key[place] == wanted]
        elif len(known) > 1:
            listed = ", ".join(sorted(str(one) for one in known)[:8])
            raise BadQuestion(f"{tool} has several: {name} {listed}.", f"name one (--{name})")
    return some[0]


def state_of(lake: Lake, group: Group, as_of: datetime, changed: bool = False) -> RateState:
    """The state of one group at a moment; `changed`: a consumable has just been changed, which no file says yet."""
    wanted = lake.settings.cmp.controller
    # The choice goes through the whole record: it is made once for what is loaded.
    choice, why = lake.remember(("controller", group.key, len(group.wafers), wanted), lambda: best(group, wanted))
    known = lake.remember(("rate", group.key, as_of, choice), lambda: filtered(group, choice, as_of))
    if not known.wafers:
        # Results without a time of their own wait for the next wafer; the first one is all there is.
        known.take(group.wafers[0])
    life = group.now.life + changed
    use = 0.0 if changed else group.now.on(choice.clock)
    expected = known.expected(use + 1, life, 1.0)
    rate, spread = expected if expected is not None else (known.wafers[-1].rate, None)
    last = known.wafers[-1]
    since = [wafer for wafer in known.wafers if wafer.life == life]
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
        drift=known.level.drift if choice.name == "dewma" else known.level.slope if choice.name == "age" else 0.0,
        age=age,
        since_change=share,
        changed_at=changed_at,
        measured=len(known.wafers),
        last_wafer=last.wafer,
        last_rate=last.rate,
        last_at=last.at,
        controller=choice.name,
        reason=_reason(rate, group.rate_unit, share, age, changed_at, why),
        doubts=tuple(_doubts(group, known, since, changed_at, as_of)),
    )


def _reason(rate: float, unit: str, share: float | None, age: int, changed: datetime | None, why: str) -> str:
    where = "since the last change of a consumable" if changed is not None else "since the first on record"
    moved = f", rate {share:+.1%} since then" if share is not None else ""
    return f"{rate:.5g} {unit}; {age} wafers {where}{moved}; {why}"


def _doubts(group: Group, known: Filter, since: Sequence[Polished], changed: datetime | None, as_of: datetime) -> list[str]:
    found = []
    if len(known.wafers) < FEW:
        found.append(f"FewResults: need at least {FEW} results of this group, have {len(known.wafers)}")
    elif changed is not None and len(since) < FEW:
        found.append(f"ConsumableChanged: {len(since)} results since the change of {changed:%Y-%m-%d %H:%M}")
    found += group.fell
    if known.level.jumped:
        found.append("RateJumped: the last two results lie beyond the noise to the same side; the level follows them")
    elif known.level.departures:
        found.append("OneAstray: the last result lies beyond the noise; measure the next wafer before you believe it")
    quiet = (as_of - known.wafers[-1].at).total_seconds() / 86400
    if quiet > OLD:
        found.append(f"OldResults: the last result is {quiet:.0f} days old")
    twice = sum(wafer.apart for wafer in known.wafers[-10:])
    if twice:
        found.append(f"TwoResults: {twice} of the last 10 wafers have two results that do not agree; their mean is taken")
    if group.unmeasured:
        found.append(f"NoRate: {group.unmeasured} rows say no rate, or a film that did not get thinner")
    if group.unit is None and group.rate_unit == "per s":
        found.append("UnitUnstated: the files state no unit; constants = { unit = 'angstrom' } in fab.toml")
    return found


def trends(lake: Lake, as_of: datetime, tool: str | None) -> list[RateTrend]:
    """The rate of each group wafer by wafer, the latest ones, and the wafers before which a consumable was changed."""
    found: list[RateTrend] = []
    for group in groups(lake, as_of, tool):
        some = group.wafers[-SHOWN:]
        if len(some) > 1:
            changes = [n for n in range(1, len(some)) if some[n].life != some[n - 1].life]
            name = " ".join(part for part in group.key if part)
            found.append(RateTrend(name, group.rate_unit, tuple(wafer.rate for wafer in some), tuple(changes)))
    return found
