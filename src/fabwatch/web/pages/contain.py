"""What to contain, what is on hold, and what became of it."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Form, Request
from starlette.responses import RedirectResponse, Response

from fabwatch.api.answers import desk_of, seen
from fabwatch.api.gate import area_of, asker, needs
from fabwatch.decisions.holds import name_of
from fabwatch.terms.answers import Contained, Containment, place_of
from fabwatch.terms.clock import iso, stated_time, utc_now
from fabwatch.terms.decisions import HoldItem, HoldList
from fabwatch.terms.errors import UnknownTime
from fabwatch.web import tongue as words
from fabwatch.web.look import Page, part
from fabwatch.web.pages.common import asked, moments, shelved

router = APIRouter(include_in_schema=False, dependencies=[needs("read")])
PLACES = 10
QUALS = 12
QUAL_DAYS = 120.0
ENTRIES = 100


@dataclass(frozen=True)
class Row:
    """One line to tick: a lot with its contained wafers, or one wafer."""

    name: str
    lot: str | None
    wafer: str | None
    wafers: int
    first_end: datetime
    last_end: datetime
    now: str
    chance: float | None
    check: str
    ticked: bool
    hold: str | None
    state: str
    added: bool


@router.get("/contain")
async def to_contain(request: Request) -> Response:
    """Every failed qual that stands open, and those in doubt."""

    async def make(page: Page) -> tuple[str, bool]:
        area = area_of(asker(request), asked(request, "area").get("area"))
        answer = (await desk_of(request).ask("risk", area=area, **moments(request))).answer
        rows = [row for row in answer.tools if row.failed_at or row.suspect_quals]
        chambered = {(row.tool, row.qual_type) for row in rows if row.chamber != "*"}
        rows = [row for row in rows if row.chamber != "*" or (row.tool, row.qual_type) not in chambered]
        rows.sort(key=lambda row: (row.failed_at is None, -(row.failed_at or row.since or answer.as_of).timestamp()))
        given = {"at": "/contain", "as_of": answer.as_of, "demo": answer.demo, "answer": answer, "rows": rows}
        return page.render("contain_list.html", **given), True

    return await shelved(request, make)


async def _contained(request: Request, tool: str, given: dict[str, str], **more: Any) -> Containment:
    await seen(request, asker(request), tool)
    wanted: dict[str, Any] = {name: given[name] for name in ("qual_type", "chamber") if name in given}
    if "at" in given:
        wanted["at"] = stated_time(given["at"])
    found: Containment = (await desk_of(request).ask("contain", tool=tool, **wanted, **{**moments(request), **more})).answer
    return found


def _names(answer: Containment) -> set[str]:
    return {name_of(item.wafer, item.lot) for item in answer.items}


async def _before(request: Request, tool: str, given: dict[str, str], since: datetime) -> set[str] | None:
    """What the containment held when it was first looked at; None when nothing was loaded by then."""
    try:
        as_of = moments(request).get("as_of") or desk_of(request).now()
        return _names(await _contained(request, tool, given, known_at=since, as_of=as_of))
    except UnknownTime:
        return None


@router.get("/contain/{tool}")
async def contain(request: Request, tool: str) -> Response:
    """The containment page."""
    page, desk = Page(request), desk_of(request)
    given = asked(request, "qual_type", "chamber", "at", "view", "seen")
    answer = await _contained(request, tool, given)
    lists = [one for one in await desk.look_up("holds", tool=tool) if _same(one, answer)]
    before, since = None, None
    if "seen" in given:
        since = stated_time(given["seen"])
        before = await _before(request, tool, given, since)
    added = _names(answer) - before if before is not None else set()
    rows = _rows(answer, lists, added, page, by_wafer=given.get("view") == "wafers")
    history = await desk.ask("history", tool=tool, qual_type=answer.qual_type, days=QUAL_DAYS, **moments(request))
    marks = [mark for mark in history.answer.marks if mark.kind in ("passed", "failed")]
    failed = any(mark.at == answer.until and mark.kind == "failed" for mark in marks)
    ticked = [row for row in rows if row.ticked and row.state != "held"]
    return page.show(
        "contain.html",
        at="/contain",
        as_of=answer.as_of,
        demo=answer.demo,
        answer=answer,
        place=place_of(answer.tool, answer.chamber),
        failed=failed or not marks,
        rows=rows,
        ticked_rows=len(ticked),
        ticked_wafers=sum(row.wafers for row in ticked),
        lists=lists,
        places=_places(answer.items, page),
        marks=marks[::-1][:QUALS],
        view=given.get("view"),
        added=sum(item.wafers for item in answer.items if name_of(item.wafer, item.lot) in added),
        since=since,
        seen=given.get("seen") or iso(utc_now().replace(microsecond=0)),
    )


@router.get("/contain/{tool}/added")
async def added(request: Request, tool: str) -> Response:
    """How many wafers late data has added since the page was opened."""
    given = asked(request, "qual_type", "chamber", "at", "seen")
    since = stated_time(given.get("seen", ""))
    answer = await _contained(request, tool, given)
    before = await _before(request, tool, given, since)
    new = _names(answer) - before if before is not None else set()
    count = sum(item.wafers for item in answer.items if name_of(item.wafer, item.lot) in new)
    return Page(request).show("added.html", answer=answer, added=count, since=since, seen=given["seen"])


def _same(one: HoldList, answer: Containment) -> bool:
    own = (answer.tool, answer.chamber, answer.qual_type, answer.until)
    return (one.tool, one.chamber, one.qual_type, one.failed_at) == own


def _rows(answer: Containment, lists: Sequence[HoldList], added: set[str], page: Page, by_wafer: bool) -> list[Row]:
    held = {name_of(i.wafer, i.lot): (one.hold, i) for one in reversed(lists) for i in one.items}
    short = {name_of(i.wafer, i.lot) for i in answer.hold_90.items} if answer.hold_90 else _names(answer)
    groups: dict[str, list[Contained]] = defaultdict(list)
    for item in answer.items:
        own = name_of(item.wafer, item.lot)
        groups[own if by_wafer else (item.lot or own)].append(item)
    rows = [_row(name, items, held, short, added, page) for name, items in groups.items()]
    return sorted(rows, key=lambda row: (-(row.chance or 0.0), -row.last_end.timestamp(), row.name))


def _row(
    name: str,
    items: list[Contained],
    held: dict[str, tuple[str, HoldItem]],
    short: set[str],
    added: set[str],
    page: Page,
) -> Row:
    text = words.tongue(page.language).gettext
    names = [name_of(item.wafer, item.lot) for item in items]
    places = Counter(" · ".join(part for part in (i.now.tool, i.now.area, i.now.step) if part) for i in items)
    where = next(iter(places)) if len(places) == 1 else text("%(n)s places") % {"n": len(places)}
    checks = {(i.next_check.step, i.next_check.steps_away) for i in items if i.next_check}
    nearest = min(checks, key=lambda check: check[1], default=None)
    chances = [item.p_after_fault for item in items if item.p_after_fault is not None]
    states = {held[each][1].state for each in names if each in held}
    return Row(
        name=name,
        lot=items[0].lot,
        wafer=items[0].wafer if len(items) == 1 else None,
        wafers=sum(item.wafers for item in items),
        first_end=min(item.first_end for item in items),
        last_end=max(item.last_end for item in items),
        now=where,
        chance=max(chances, default=None),
        check=text("%(step)s in %(n)s steps") % {"step": nearest[0], "n": nearest[1]} if nearest else "–",
        ticked=any(each in short for each in names),
        hold=next((held[each][0] for each in names if each in held), None),
        state="held" if states == {"held"} and all(each in held for each in names) else ", ".join(sorted(states)),
        added=any(each in added for each in names),
    )


def _places(items: Sequence[Contained], page: Page) -> list[tuple[str, int, float]]:
    count: Counter[str] = Counter()
    for item in items:
        count[item.now.area or item.now.tool or words.tongue(page.language).gettext("not known")] += item.wafers
    most = max(count.values(), default=1) or 1
    return [(place, wafers, wafers / most) for place, wafers in count.most_common(PLACES)]


@router.post("/contain/{tool}/hold", dependencies=[needs("decide")])
async def hold(
    request: Request,
    tool: str,
    reason: Annotated[str, Form(max_length=2000)],
    names: Annotated[list[str], Form()] = [],  # noqa: B006 - read, never changed
    qual_type: Annotated[str, Form(max_length=200)] = "",
    chamber: Annotated[str, Form(max_length=200)] = "",
    at: Annotated[str, Form(max_length=40)] = "",
) -> Response:
    """Put the ticked wafers on hold."""
    key, desk = asker(request), desk_of(request)
    await seen(request, key, tool)
    wanted: dict[str, Any] = {"qual_type": qual_type or None, "chamber": chamber or None}
    if at:
        wanted["at"] = stated_time(at)
    as_of = moments(request).get("as_of") or desk.now()
    made = await desk.act("hold", tool=tool, who=key.who, reason=reason, names=names, as_of=as_of, **wanted)
    return RedirectResponse(Page(request).url(f"/holds/{made.hold}"), 303)


@router.get("/holds")
async def holds(request: Request) -> Response:
    """Every hold list, and the audit."""

    async def make(page: Page) -> tuple[str, bool]:
        desk, key = desk_of(request), asker(request)
        lists: list[HoldList] = await desk.look_up("holds")
        if key.area is not None:
            tools = {row.tool for row in (await desk.ask("risk", area=key.area)).answer.tools}
            lists = [one for one in lists if one.tool in tools]
        whole = key.area is None
        given = {
            "at": "/holds",
            "demo": desk.settings.fab.demo,
            "lists": lists,
            "held": sum(one.held for one in lists),
            "audit": await desk.fresh("verify_audit") if whole else None,
            "entries": await desk.look_up("audit", limit=ENTRIES) if whole else [],
        }
        # Not kept: that the audit is whole has to be looked at each time.
        return page.render("holds.html", **given), False

    return await shelved(request, make)


@router.get("/holds/{hold}")
async def one_hold(request: Request, hold: str) -> Response:
    """One hold list, to print and to decide on."""
    page, desk = Page(request), desk_of(request)
    (found,) = await desk.look_up("holds", hold=hold)
    await seen(request, asker(request), found.tool)
    items = [{**vars(item), "name": name_of(item.wafer, item.lot)} for item in found.items]
    return page.show("hold.html", at="/holds", demo=desk.settings.fab.demo, one=found, items=items)


@router.post("/holds/{hold}/dispose", dependencies=[needs("decide")])
async def dispose(
    request: Request,
    hold: str,
    reason: Annotated[str, Form(max_length=2000)],
    act: Annotated[str, Form(pattern="^(release|scrap)$")],
    names: Annotated[list[str], Form()] = [],  # noqa: B006 - read, never changed
) -> Response:
    """Release or scrap the ticked wafers."""
    key, desk = asker(request), desk_of(request)
    (found,) = await desk.look_up("holds", hold=hold)
    await seen(request, key, found.tool)
    await desk.act("dispose", hold=hold, act=act, who=key.who, reason=reason, names=names)
    return RedirectResponse(Page(request).url(f"/holds/{part(hold)}"), 303)
