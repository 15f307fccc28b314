"""The plan, the record of past forecasts, and readings in figures."""

from fastapi import APIRouter, Request
from starlette.responses import Response

from fabwatch.api.answers import desk_of, seen
from fabwatch.api.gate import area_of, asker, needs
from fabwatch.spc.summary import BY
from fabwatch.terms.clock import stated_time
from fabwatch.terms.errors import BadQuestion, TooFewFailures
from fabwatch.web.look import Page
from fabwatch.web.pages.common import asked, moments, newest, offset_of, shelved, soon, waits

router = APIRouter(include_in_schema=False, dependencies=[needs("read")])
SHOWN = 200


@router.get("/plan")
async def plan(request: Request) -> Response:
    """What to check on which day."""

    async def make(page: Page) -> tuple[str, bool]:
        desk, given = desk_of(request), asked(request, "area", "days")
        area = area_of(asker(request), given.get("area"))
        days = given.get("days", "7")
        if not days.isdecimal():
            raise BadQuestion(f"A plan of {days} days is none.", "give 1 to 366 days")
        ahead = {} if days == "7" else {"days": int(days)}
        held, fault = await soon(desk.ask("plan", area=area, **ahead, **moments(request)))
        known = await desk.ask("areas", **moments(request))
        text = page.render(
            "plan.html",
            at="/plan",
            as_of=known.answer.as_of,
            demo=desk.settings.fab.demo,
            newest=await newest(request, desk, known.answer.as_of),
            answer=held.answer if held else None,
            pending=waits((held, fault)),
            nothing=fault and f"{fault.what} {fault.hint}",
            area=area,
            days=int(days),
            areas=[row.area for row in known.answer.areas if row.area and asker(request).area in (None, row.area)],
        )
        return text, fault is not None or (held is not None and not held.stale)

    return await shelved(request, make)


@router.get("/record")
async def record(request: Request) -> Response:
    """How past forecasts turned out."""
    page, desk = Page(request), desk_of(request)
    given = asked(request, "area", "tool")
    await seen(request, asker(request), given.get("tool"))
    area = area_of(asker(request), given.get("area"))
    when = moments(request)
    # The past does not change within the hour: asked anew each minute, it would never be at hand.
    when.setdefault("as_of", desk.now().replace(minute=0, second=0) if desk.as_of is None else desk.now())
    held, fault = await soon(desk.ask("score", area=area, tool=given.get("tool"), **when))
    return page.show(
        "record.html",
        at="/record",
        as_of=when["as_of"],
        demo=desk.settings.fab.demo,
        answer=held.answer if held else None,
        pending=waits((held, fault)),
        nothing=fault and f"{fault.what} {fault.hint}",
        tool=given.get("tool"),
        area=area,
    )


@router.get("/record/short")
async def short(request: Request) -> Response:
    """How past forecasts of the whole fab turned out, in a sentence."""
    page, desk, when = Page(request), desk_of(request), moments(request)
    if asker(request).area is not None or "known_at" in when:
        return page.show("sentence.html", said="")
    try:
        said = page.said((await desk.of_today("score", **when)).answer)
    except TooFewFailures as fault:
        said = fault.what
    return page.show("sentence.html", said=said)


@router.get("/stats")
async def stats(request: Request) -> Response:
    """Readings in figures."""

    async def make(page: Page) -> tuple[str, bool]:
        desk = desk_of(request)
        given = asked(request, "area", "tool", "qual_type", "since", "until", "by", "offset")
        await seen(request, asker(request), given.get("tool"))
        part = {name: given.get(name) for name in ("tool", "qual_type")}
        part["area"] = area_of(asker(request), given.get("area"))
        period = {name: stated_time(given[name]) for name in ("since", "until") if name in given}
        answer = (await desk.ask("stats", by=given.get("by", "area"), **part, **period, **moments(request))).answer
        offset = offset_of(given)
        text = page.render(
            "stats.html",
            at="/stats",
            as_of=answer.as_of,
            demo=answer.demo,
            answer=answer,
            kinds=BY,
            groups=answer.groups[offset : offset + SHOWN],
            total=len(answer.groups),
            limit=SHOWN,
            offset=offset,
            asked={name: value for name, value in {**part, **asked(request, "since", "until")}.items() if value},
        )
        return text, True

    return await shelved(request, make)
