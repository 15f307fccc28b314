"""Which tool next? Areas and tools, what to check today, and what to contain."""

from collections.abc import Sequence
from dataclasses import dataclass

from fastapi import APIRouter, Request
from starlette.responses import RedirectResponse, Response

from fabwatch.api.access import area_of, cache_of, key_of, needs
from fabwatch.api.paths import part
from fabwatch.fab.answers import URGENT, Area, Plan, Planned, Standing, Tools
from fabwatch.fab.boards import board, by_area
from fabwatch.fab.questions import HoldsQuestion, LotQuestion, PlanQuestion, RiskQuestion, ToolsQuestion
from fabwatch.terms.errors import BadQuestion
from fabwatch.web.page import Page
from fabwatch.web.pages.page_cache import Soon, cached_page, pending, within
from fabwatch.web.query_params import params, takes, times_of

router = APIRouter(include_in_schema=False, dependencies=[needs("read")])
TOGETHER = 240
"""Up to this many tools are all shown; with more, each area shows its most urgent ones."""
SHOWN = 16
TODAY = 12
HITS = 12


@dataclass(frozen=True)
class Group:
    """One area of the page."""

    area: Area
    shown: tuple[Standing, ...]
    more: int


@router.get("/", dependencies=[takes("area", "view")])
async def fab(request: Request) -> Response:
    """The fab page."""

    async def make(page: Page) -> tuple[str, bool]:
        cache, times = cache_of(request), times_of(request)
        area = area_of(key_of(request), params(request, "area").get("area"))
        settings = cache.settings.fab
        cached, fault = await within(cache.ask(ToolsQuestion(area=area, as_of=times.as_of, known_at=times.known_at)))
        plan: Soon[Plan] = None, fault
        if cached is not None:
            tools: Tools = cached.answer
            plan = await within(cache.ask(PlanQuestion(area=area, as_of=times.as_of, known_at=times.known_at)))
        else:
            risk = await cache.answer(RiskQuestion(as_of=times.as_of, known_at=times.known_at))
            tools = board(risk, None, None, settings, settings.horizon_days, area)
        waiting = pending((cached, fault), plan)
        items = [item for item in plan[0].answer.items if item.day == 0] if plan[0] else []
        fails = sorted((row for row in tools.tools if row.failed_at), key=lambda row: row.failed_at or tools.as_of)[::-1]
        text = page.render(
            "fab.html",
            at="/",
            as_of=tools.as_of,
            ended=tools.as_of_reason,
            demo=tools.demo,
            board=tools,
            groups=_groups(tools, whole=area is not None),
            chosen=area,
            view=params(request, "view").get("view"),
            pending=waiting,
            stale=cached is not None and cached.stale,
            today=_first(items),
            today_all=len(items),
            today_hours=sum(item.hours for item in items),
            open_fails=fails,
            watch=settings.watch,
            act=settings.act,
            folder=cache.folder.name,
        )
        return text, not waiting and not (cached is not None and cached.stale)

    return await cached_page(request, make)


def _first(items: Sequence[Planned]) -> list[Planned]:
    """The first checks of today; those that cannot wait are all there, whatever their number."""
    cannot_wait = [item for item in items if item.reason in URGENT]
    others = [item for item in items if item.reason not in URGENT]
    return cannot_wait + others[: max(TODAY - len(cannot_wait), 0)]


def _groups(tools: Tools, whole: bool) -> list[Group]:
    together = whole or len(tools.tools) <= TOGETHER
    groups = []
    for area, rows in by_area(tools):
        # The worst come first, and none that needs a qual now is folded away.
        most = max(SHOWN, area.act)
        shown = rows if together or len(rows) <= most + 1 else rows[:most]
        groups.append(Group(area, tuple(shown), len(rows) - len(shown)))
    return groups


async def _hits(request: Request, page: Page) -> list[tuple[str, str, str]]:
    word = params(request, "q").get("q", "").strip().casefold()
    if not word:
        return []
    key, cache, times = key_of(request), cache_of(request), times_of(request)
    rows = (await cache.answer(RiskQuestion(as_of=times.as_of, known_at=times.known_at))).tools
    seen = [row for row in rows if row.chamber == "*" and key.area in (None, row.area)]
    tools = {row.tool or "": row.area or "" for row in seen if word in (row.tool or "").casefold()}
    areas = sorted({row.area for row in seen if row.area and word in row.area.casefold()})
    order = sorted(tools, key=lambda name: (not name.casefold().startswith(word), name))
    hits = [(name, tools[name], page.url(f"/tools/{part(name)}")) for name in order]
    hits += [(area, "", page.url("/", area=area)) for area in areas]
    lists = (await cache.answer(HoldsQuestion())).holds if key.area is None else ()
    hits += [(hold.hold, hold.tool, page.url(f"/holds/{part(hold.hold)}")) for hold in lists if word in hold.hold.casefold()]
    return hits[:HITS]


async def _is_lot(request: Request) -> bool:
    """Whether the whole text is the name of a lot; one that only begins so is not looked for."""
    lot, times = params(request, "q").get("q", "").strip(), times_of(request)
    if not lot or key_of(request).area is not None:
        return False
    try:
        await cache_of(request).answer(LotQuestion(lot=lot, as_of=times.as_of, known_at=times.known_at))
    except BadQuestion:
        return False
    return True


@router.get("/search/list", dependencies=[takes("q")])
async def listed(request: Request) -> Response:
    """The search results while the search is typed."""
    page = Page(request)
    return page.show("hits.html", hits=await _hits(request, page), q=request.query_params.get("q", ""))


@router.get("/search", dependencies=[takes("q")])
async def search(request: Request) -> Response:
    """The search results; a single hit opens at once."""
    page = Page(request)
    hits = await _hits(request, page)
    word = request.query_params.get("q", "").strip().casefold()
    exact = [hit for hit in hits if hit[0].casefold() == word] or (hits if len(hits) == 1 else [])
    if exact:
        return page.finished(RedirectResponse(exact[0][2], 303))
    if not hits and await _is_lot(request):
        return page.finished(RedirectResponse(page.url(f"/lots/{part(params(request, 'q')['q'].strip())}"), 303))
    return page.show("search.html", hits=hits, q=request.query_params.get("q", ""))
