"""What to contain, what is on hold, and what was decided about it."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Form, Request
from starlette.responses import RedirectResponse, Response

from fabwatch.api.access import area_of, cache_of, key_of, needs, seen
from fabwatch.api.area import hold_of, of_area
from fabwatch.api.faults import Refused
from fabwatch.api.paths import part
from fabwatch.fab.actions import Hold, Release, Scrap
from fabwatch.fab.answers import Contained, Containment, HoldItem, HoldList, name_of
from fabwatch.fab.questions import (
    AuditCheckQuestion,
    AuditQuestion,
    ContainQuestion,
    HistoryQuestion,
    HoldsQuestion,
    RiskQuestion,
)
from fabwatch.terms.answers import place_of
from fabwatch.terms.clock import iso, stated_time, utc_now
from fabwatch.terms.errors import UnknownTime
from fabwatch.web import translation
from fabwatch.web.page import Page
from fabwatch.web.pages.page_cache import cached_page
from fabwatch.web.query_params import params, question_of, sends, takes, times_of

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
    after_fail: bool


@router.get("/contain", dependencies=[takes("area")])
async def to_contain(request: Request) -> Response:
    """Every open failed qual, and suspect ones."""

    async def make(page: Page) -> tuple[str, bool]:
        area, times = area_of(key_of(request), params(request, "area").get("area")), times_of(request)
        answer = await cache_of(request).answer(RiskQuestion(area=area, as_of=times.as_of, known_at=times.known_at))
        rows = [row for row in answer.tools if row.failed_at or row.suspect_quals]
        chambered = {(row.tool, row.qual_type) for row in rows if row.chamber != "*"}
        rows = [row for row in rows if row.chamber != "*" or (row.tool, row.qual_type) not in chambered]
        rows.sort(key=lambda row: (row.failed_at is None, -(row.failed_at or row.since or answer.as_of).timestamp()))
        text = page.render(
            "contain_list.html",
            at="/contain",
            as_of=answer.as_of,
            ended=answer.as_of_reason,
            demo=answer.demo,
            answer=answer,
            rows=rows,
        )
        return text, True

    return await cached_page(request, make)


async def _contained(request: Request, tool: str, **stated: Any) -> Containment:
    await seen(request, key_of(request), tool)
    return await cache_of(request).answer(question_of(request, ContainQuestion, tool=tool, **stated))


def _names(answer: Containment) -> set[str]:
    return {name_of(item.wafer, item.lot) for item in answer.to_hold}


async def _before(request: Request, tool: str, since: datetime) -> set[str] | None:
    """The wafers of the containment when it was first seen; None if nothing was loaded by then."""
    try:
        as_of = times_of(request).as_of or cache_of(request).now()
        return _names(await _contained(request, tool, known_at=since, as_of=as_of))
    except UnknownTime:
        return None


@router.get("/contain/{tool:name}", dependencies=[takes(ContainQuestion, "view", "seen")])
async def contain(request: Request, tool: str) -> Response:
    """The containment page."""
    page, cache, times = Page(request), cache_of(request), times_of(request)
    shown = params(request, "view", "seen")
    answer = await _contained(request, tool)
    lists = [hold for hold in (await cache.answer(HoldsQuestion(tool=tool))).holds if _same(hold, answer)]
    before, since = None, None
    if "seen" in shown:
        since = stated_time(shown["seen"])
        before = await _before(request, tool, since)
    added = _names(answer) - before if before is not None else set()
    rows = _rows(answer, lists, added, page, by_wafer=shown.get("view") == "wafers")
    question = HistoryQuestion(
        tool=tool, qual_type=answer.qual_type, days=QUAL_DAYS, as_of=times.as_of, known_at=times.known_at
    )
    marks = [mark for mark in (await cache.answer(question)).marks if mark.kind in ("passed", "failed")]
    chambers = {mark.chamber for mark in marks if mark.at == answer.until and mark.kind == "failed"}
    failed = bool(chambers) if answer.chamber == "*" else bool(chambers & {"*", answer.chamber})
    ticked = [row for row in rows if row.ticked and row.state != "held"]
    return page.show(
        "contain.html",
        at="/contain",
        as_of=answer.as_of,
        ended=answer.as_of_reason,
        demo=answer.demo,
        answer=answer,
        place=place_of(answer.tool, answer.chamber),
        failed=failed or not marks,
        rows=rows,
        ticked_rows=len(ticked),
        ticked_wafers=sum(row.wafers for row in ticked),
        lists=lists,
        places=_places(answer.to_hold, page),
        marks=marks[::-1][:QUALS],
        view=shown.get("view"),
        added=sum(item.wafers for item in answer.to_hold if name_of(item.wafer, item.lot) in added),
        since=since,
        seen=shown.get("seen") or iso(utc_now().replace(microsecond=0)),
    )


@router.get("/contain/{tool:name}/added", dependencies=[takes(ContainQuestion, "view", "seen")])
async def added(request: Request, tool: str) -> Response:
    """How many wafers late data has added since the page was opened."""
    first_seen = params(request, "seen").get("seen", "")
    since = stated_time(first_seen)
    answer = await _contained(request, tool)
    before = await _before(request, tool, since)
    new = _names(answer) - before if before is not None else set()
    count = sum(item.wafers for item in answer.to_hold if name_of(item.wafer, item.lot) in new)
    return Page(request).show("added.html", answer=answer, added=count, since=since, seen=first_seen)


def _same(hold: HoldList, answer: Containment) -> bool:
    own = (answer.tool, answer.chamber, answer.qual_type, answer.until)
    return (hold.tool, hold.chamber, hold.qual_type, hold.failed_at) == own


def _rows(answer: Containment, lists: Sequence[HoldList], added: set[str], page: Page, by_wafer: bool) -> list[Row]:
    held = {name_of(i.wafer, i.lot): (hold.hold, i) for hold in reversed(lists) for i in hold.items}
    short = {name_of(i.wafer, i.lot) for i in answer.hold_90.items} if answer.hold_90 else _names(answer)
    after = {name_of(i.wafer, i.lot) for i in (answer.after_fail.items if answer.after_fail else ())}
    groups: dict[str, list[Contained]] = defaultdict(list)
    for item in answer.to_hold:
        own = name_of(item.wafer, item.lot)
        groups[own if by_wafer else (item.lot or own)].append(item)
    rows = [_row(name, items, held, short, added, page, after) for name, items in groups.items()]
    return sorted(rows, key=lambda row: (-(row.chance or 0.0), -row.last_end.timestamp(), row.name))


def _row(
    name: str,
    items: list[Contained],
    held: dict[str, tuple[str, HoldItem]],
    short: set[str],
    added: set[str],
    page: Page,
    after: set[str],
) -> Row:
    tongue = translation.tongue(page.language)
    names = [name_of(item.wafer, item.lot) for item in items]
    places = Counter(" · ".join(part for part in (i.now.tool, i.now.area, i.now.step) if part) for i in items)
    where = next(iter(places)) if len(places) == 1 else tongue.gettext("%(n)s places") % {"n": len(places)}
    checks = {(i.next_check.step, i.next_check.steps_away) for i in items if i.next_check}
    nearest = min(checks, key=lambda check: check[1], default=None)
    chances = [item.p_after_fault for item in items if item.p_after_fault is not None]
    states = {held[wafer][1].state for wafer in names if wafer in held}
    return Row(
        name=name,
        lot=items[0].lot,
        wafer=items[0].wafer if len(items) == 1 else None,
        wafers=sum(item.wafers for item in items),
        first_end=min(item.first_end for item in items),
        last_end=max(item.last_end for item in items),
        now=where,
        chance=max(chances, default=None),
        check=tongue.ngettext("%(step)s in %(n)s step", "%(step)s in %(n)s steps", nearest[1])
        % {"step": nearest[0], "n": nearest[1]}
        if nearest
        else "–",
        ticked=any(wafer in short for wafer in names),
        hold=next((held[wafer][0] for wafer in names if wafer in held), None),
        state="held" if states == {"held"} and all(wafer in held for wafer in names) else ", ".join(sorted(states)),
        added=any(wafer in added for wafer in names),
        after_fail=any(wafer in after for wafer in names),
    )


def _places(items: Sequence[Contained], page: Page) -> list[tuple[str, int, float]]:
    count: Counter[str] = Counter()
    for item in items:
        count[item.now.area or item.now.tool or translation.tongue(page.language).gettext("not known")] += item.wafers
    most = max(count.values(), default=1) or 1
    return [(place, wafers, wafers / most) for place, wafers in count.most_common(PLACES)]


@router.post("/contain/{tool:name}/hold", dependencies=[needs("decide"), sends()])
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
    key, cache = key_of(request), cache_of(request)
    await seen(request, key, tool)
    action = Hold(
        tool=tool,
        reason=reason,
        names=tuple(names),
        qual_type=qual_type or None,
        chamber=chamber or None,
        at=at or None,
        as_of=times_of(request).as_of or cache.now(),
    )
    made = await cache.act(action, key.who)
    return RedirectResponse(Page(request).url(f"/holds/{part(made.hold)}"), 303)


@router.get("/holds", dependencies=[takes()])
async def holds(request: Request) -> Response:
    """Every hold list, and the audit."""

    async def make(page: Page) -> tuple[str, bool]:
        cache, key = cache_of(request), key_of(request)
        lists = (await of_area(request, key, await cache.answer(HoldsQuestion()), "holds")).holds
        whole = key.area is None
        text = page.render(
            "holds.html",
            at="/holds",
            demo=cache.settings.fab.demo,
            lists=lists,
            held=sum(hold.held for hold in lists),
            audit=await cache.answer(AuditCheckQuestion()) if whole else None,
            entries=(await cache.answer(AuditQuestion(limit=ENTRIES))).entries if whole else [],
        )
        # Not cached: the audit has to be checked every time.
        return text, False

    return await cached_page(request, make)


@router.get("/holds/{hold:name}", dependencies=[takes()])
async def one_hold(request: Request, hold: str) -> Response:
    """One hold list, to print and to decide about."""
    page, cache = Page(request), cache_of(request)
    hold_list = await hold_of(request, key_of(request), hold)
    items = [{**vars(item), "name": name_of(item.wafer, item.lot)} for item in hold_list.items]
    return page.show("hold.html", at="/holds", demo=cache.settings.fab.demo, hold=hold_list, items=items)


@router.post("/holds/{hold:name}/scrap", dependencies=[needs("decide"), sends("act", "reason")])
async def confirm_scrap(
    request: Request,
    hold: str,
    names: Annotated[list[str], Form()] = [],  # noqa: B006 - read, never changed
) -> Response:
    """The second step before wafers are scrapped: what and how many; nothing is scrapped yet."""
    page, cache = Page(request), cache_of(request)
    hold_list = await hold_of(request, key_of(request), hold)
    items = [{**vars(item), "name": name_of(item.wafer, item.lot)} for item in _ticked(hold_list, names)]
    wafers = sum(item["wafers"] for item in items)
    return page.show("scrap.html", at="/holds", demo=cache.settings.fab.demo, hold=hold_list, items=items, wafers=wafers)


def _ticked(hold_list: HoldList, names: Sequence[str]) -> list[HoldItem]:
    """The items that were ticked and are on hold still. Raises Refused (422) where there are none."""
    items = hold_list.still_held(names)
    if not items:
        raise Refused(422, "BadRequest", "Nothing that is on hold was selected.", "go back and tick the wafers or lots")
    return items


@router.post("/holds/{hold:name}/dispose", dependencies=[needs("decide"), sends()])
async def dispose(
    request: Request,
    hold: str,
    reason: Annotated[str, Form(max_length=2000)],
    act: Annotated[str, Form(pattern="^(release|scrap)$")],
    names: Annotated[list[str], Form()] = [],  # noqa: B006 - read, never changed
) -> Response:
    """Release or scrap the ticked wafers."""
    key, cache = key_of(request), cache_of(request)
    hold_list = await hold_of(request, key, hold)
    _ticked(hold_list, names)
    action = Release if act == "release" else Scrap
    await cache.act(action(hold=hold, reason=reason, names=tuple(names)), key.who)
    return RedirectResponse(Page(request).url(f"/holds/{part(hold)}"), 303)
