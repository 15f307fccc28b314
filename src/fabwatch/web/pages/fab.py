"""Which tool next? Areas and tools, what to check today, and what to contain."""

from dataclasses import dataclass

from fastapi import APIRouter, Request
from starlette.responses import RedirectResponse, Response

from fabwatch.api.answers import desk_of
from fabwatch.api.gate import area_of, asker, needs
from fabwatch.risk.board import board, by_area
from fabwatch.terms.boards import Area, Standing, Tools
from fabwatch.web.look import Page, part
from fabwatch.web.pages.common import asked, moments, newest, shelved, soon, waits

router = APIRouter(include_in_schema=False, dependencies=[needs("read")])
TOGETHER = 240
"""So many tools are shown whole; above it each area shows its most urgent ones."""
SHOWN = 16
TODAY = 12
HITS = 12


@dataclass(frozen=True)
class Group:
    """One area of the page."""

    area: Area
    shown: tuple[Standing, ...]
    more: int


@router.get("/")
async def fab(request: Request) -> Response:
    """The fab page."""

    async def make(page: Page) -> tuple[str, bool]:
        desk, when = desk_of(request), moments(request)
        area = area_of(asker(request), asked(request, "area").get("area"))
        held, fault = await soon(desk.ask("tools", area=area, **when))
        settings = desk.settings
        if held is not None:
            found: Tools = held.answer
        else:
            exposed = await desk.ask("risk", **when)
            found = board(exposed.answer, None, None, settings.fab, settings.fab.horizon_days, area)
        planned = await soon(desk.ask("plan", area=area, **when)) if held is not None else (None, fault)
        plan, pending = planned[0], waits((held, fault), planned)
        items = [item for item in plan.answer.items if item.day == 0] if plan else []
        fails = sorted((row for row in found.tools if row.failed_at), key=lambda row: row.failed_at or found.as_of)
        fresh = await newest(request, desk, found.as_of)
        text = page.render(
            "fab.html",
            at="/",
            as_of=found.as_of,
            demo=found.demo,
            newest=fresh,
            board=found,
            groups=_groups(found, whole=area is not None),
            chosen=area,
            view=asked(request, "view").get("view"),
            pending=pending,
            stale=held is not None and held.stale,
            today=items[:TODAY],
            today_all=len(items),
            today_hours=sum(item.hours for item in items),
            open_fails=fails[::-1][:6],
            watch=settings.fab.watch,
            act=settings.fab.act,
            folder=desk.folder.name,
        )
        return text, not pending and not (held is not None and held.stale)

    return await shelved(request, make)


def _groups(found: Tools, whole: bool) -> list[Group]:
    together = whole or len(found.tools) <= TOGETHER
    groups = []
    for area, rows in by_area(found):
        shown = rows if together or len(rows) <= SHOWN + 1 else rows[:SHOWN]
        groups.append(Group(area, tuple(shown), len(rows) - len(shown)))
    return groups


async def _hits(request: Request, page: Page) -> list[tuple[str, str, str]]:
    wanted = asked(request, "q").get("q", "").strip().casefold()
    if not wanted:
        return []
    key, desk = asker(request), desk_of(request)
    rows = (await desk.ask("risk", **moments(request))).answer.tools
    seen = [row for row in rows if row.chamber == "*" and key.area in (None, row.area)]
    tools = {row.tool: row.area or "" for row in seen if wanted in (row.tool or "").casefold()}
    areas = sorted({row.area for row in seen if row.area and wanted in row.area.casefold()})
    order = sorted(tools, key=lambda name: (not name.casefold().startswith(wanted), name))
    found = [(name, tools[name], page.url(f"/tools/{part(name)}")) for name in order]
    found += [(area, "", page.url("/", area=area)) for area in areas]
    lists = await desk.look_up("holds") if key.area is None else []
    found += [(one.hold, one.tool, page.url(f"/holds/{one.hold}")) for one in lists if wanted in one.hold.casefold()]
    return found[:HITS]


@router.get("/search/list")
async def listed(request: Request) -> Response:
    """What a search has found, while it is typed."""
    page = Page(request)
    return page.show("hits.html", hits=await _hits(request, page), q=request.query_params.get("q", ""))


@router.get("/search")
async def search(request: Request) -> Response:
    """What a search has found; the one hit at once."""
    page = Page(request)
    hits = await _hits(request, page)
    wanted = request.query_params.get("q", "").strip().casefold()
    exact = [hit for hit in hits if hit[0].casefold() == wanted] or (hits if len(hits) == 1 else [])
    if exact:
        return page.finished(RedirectResponse(exact[0][2], 303))
    return page.show("search.html", hits=hits, q=request.query_params.get("q", ""))
