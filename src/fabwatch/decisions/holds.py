"""Hold lists: which wafers of a containment are on hold, by whom and why, and their disposition."""

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from fabwatch.decisions.answers import STATES, Act, HoldItem, HoldList, name_of
from fabwatch.decisions.audit import append, fingerprint, reasoned
from fabwatch.risk.answers import Contained, Containment
from fabwatch.store.lake import Lake
from fabwatch.store.rows import insert
from fabwatch.terms.errors import DecidedAlready, NotOnHold, nearest
from fabwatch.terms.tables import HOLDS


@dataclass(frozen=True)
class HoldDecision:
    """One decision about one wafer, or lot where wafers are not named: a row of the table `holds`."""

    decided_at: datetime
    hold: str
    act: str
    wafer: str | None
    lot: str | None
    wafers: int
    tool: str
    chamber: str
    qual_type: str
    failed_at: datetime
    who: str
    reason: str


def hold(
    lake: Lake, moment: datetime, who: str, contained: Containment, names: Collection[str] | None, reason: str
) -> HoldList:
    """Put wafers of a containment on hold: those of `names` (wafers, or lots for all of their wafers), or all.

    Raises NotOnHold for a name that is not contained, DecidedAlready when all are on hold for this qual, and
    BadQuestion without a reason.
    """
    reason = reasoned(reason)
    items = list(contained.to_hold) if names is None else _named(contained, names)
    with lake.writing():
        for earlier in _lists(lake, "lake.holds", None):
            if (earlier.tool, earlier.chamber, earlier.qual_type, earlier.failed_at) == _qual(contained):
                held = {name_of(item.wafer, item.lot) for item in earlier.items if item.state == "held"}
                items = [item for item in items if name_of(item.wafer, item.lot) not in held]
        if not items:
            raise DecidedAlready("Nothing to hold: all these wafers are on hold already for this qual.")
        number = lake.rows("SELECT count(DISTINCT hold) AS n FROM lake.holds")[0]["n"] + 1
        hold_id = f"H-{number:04d}"
        tool, chamber, qual_type, failed_at = _qual(contained)
        common = (tool, chamber, qual_type, failed_at, who, reason)
        _write(lake, [HoldDecision(moment, hold_id, "hold", item.wafer, item.lot, item.wafers, *common) for item in items])
    return _one(lake, "lake.holds", hold_id)


def dispose(
    lake: Lake, moment: datetime, who: str, hold_id: str, act: Act, names: Collection[str] | None, reason: str
) -> HoldList:
    """Release or scrap wafers of a hold list: those of `names` that are held, or all.

    Raises NotOnHold for an unknown list or wafer, DecidedAlready when nothing is on hold any more, and
    BadQuestion without a reason.
    """
    reason = reasoned(reason)
    with lake.writing():
        hold_list = _one(lake, "lake.holds", hold_id)
        held, selected = hold_list.still_held(), hold_list.still_held(names)
        known = {name for item in held for name in (name_of(item.wafer, item.lot), item.lot or "")}
        for name in names or ():
            if name not in known:
                raise NotOnHold(f"{name} is not on hold in {hold_id}.")
        if not selected:
            raise DecidedAlready(f"Nothing of {hold_id} is on hold any more.")
        common = (hold_list.tool, hold_list.chamber, hold_list.qual_type, hold_list.failed_at, who, reason)
        _write(lake, [HoldDecision(moment, hold_id, act, item.wafer, item.lot, item.wafers, *common) for item in selected])
    return _one(lake, "lake.holds", hold_id)


def lists(lake: Lake, hold_id: str | None = None, tool: str | None = None, as_of: datetime | None = None) -> list[HoldList]:
    """The hold lists as decided by `as_of`, latest first. Raises NotOnHold for an unknown list."""
    if hold_id is not None:
        return [_one(lake, "holds", hold_id)]
    return [hold_list for hold_list in _lists(lake, "holds", as_of) if tool in (None, hold_list.tool)]


def _qual(contained: Containment) -> tuple[str, str, str, datetime]:
    return contained.tool, contained.chamber, contained.qual_type, contained.until


def _named(contained: Containment, names: Collection[str]) -> list[Contained]:
    selected = set(names)
    items = contained.to_hold
    known = {name for item in items for name in (name_of(item.wafer, item.lot), item.lot or "")}
    for name in sorted(selected - known):
        near = nearest(name, known)
        tail = f" Did you mean {' or '.join(near)}?" if near else ""
        bare = f"{name} is not among the contained wafers and lots."
        raise NotOnHold(f"{bare}{tail}", f"fabwatch contain {contained.tool}").without_names(bare)
    return [item for item in items if {name_of(item.wafer, item.lot), item.lot} & selected]


def _write(lake: Lake, rows: Sequence[HoldDecision]) -> None:
    """Write the rows and their audit entry in the open transaction."""
    first, records = rows[0], [vars(row) for row in rows]
    about = {name: records[0][name] for name in ("hold", "tool", "chamber", "qual_type", "failed_at")}
    about |= {"wafers": sum(row.wafers for row in rows), "table": "holds", "rows": fingerprint(records)}
    seq = append(lake, first.decided_at, first.who, first.act, about, first.reason)
    insert(lake, HOLDS, [{**record, "seq": seq} for record in records])


def _one(lake: Lake, table: str, hold_id: str) -> HoldList:
    by_id = {hold_list.hold: hold_list for hold_list in _lists(lake, table, None)}
    if hold_id not in by_id:
        near = nearest(hold_id, by_id)
        bare = f"No hold list {hold_id}."
        raise NotOnHold(bare + (f" Did you mean {' or '.join(near)}?" if near else "")).without_names(bare)
    return by_id[hold_id]


def _lists(lake: Lake, table: str, as_of: datetime | None) -> list[HoldList]:
    names = ", ".join(HoldDecision.__dataclass_fields__)
    sql = f"SELECT {names} FROM {table} WHERE $as_of IS NULL OR decided_at <= $as_of ORDER BY seq, lot, wafer"
    rows = lake.records(HoldDecision, sql, {"as_of": as_of})
    by_list: dict[str, list[HoldDecision]] = defaultdict(list)
    for row in rows:
        by_list[row.hold].append(row)
    return [_list(members) for members in reversed(by_list.values())]


def _list(rows: Sequence[HoldDecision]) -> HoldList:
    latest: dict[tuple[str | None, str | None], HoldItem] = {}
    for row in rows:
        item = HoldItem(row.wafer, row.lot, row.wafers, STATES[row.act], row.decided_at, row.who, row.reason)
        latest[item.wafer, item.lot] = item
    count = {state: sum(i.wafers for i in latest.values() if i.state == state) for state in STATES.values()}
    first = rows[0]
    return HoldList(
        hold=first.hold,
        tool=first.tool,
        chamber=first.chamber,
        qual_type=first.qual_type,
        failed_at=first.failed_at,
        held_at=first.decided_at,
        who=first.who,
        reason=first.reason,
        wafers=sum(count.values()),
        **count,
        items=tuple(latest.values()),
    )
