"""The wafer maps of the fab: a gallery by pattern or likeness, and where on the wafer parts fail."""

from dataclasses import replace

from fastapi import APIRouter, Depends, Request
from starlette.responses import RedirectResponse, Response

from fabwatch.api.access import cache_of, needs, whole_fab
from fabwatch.fab.answers import FabMap, FabMaps
from fabwatch.fab.questions import DrawnMapsQuestion, MapsQuestion, StackedMapQuestion
from fabwatch.terms.errors import BadQuestion
from fabwatch.web.page import Page
from fabwatch.web.pages.page_cache import cached_page, pending, within
from fabwatch.web.pages.wafer_pictures import mean_picture, wafer_picture
from fabwatch.web.query_params import form_of, params, question_of, takes

router = APIRouter(include_in_schema=False, dependencies=[needs("read")])
SHOWN = 200
MOST = 500
"""Maps that the page draws; the API lists more."""
FILTERS = ("lot", "wafer", "product", "pattern", "like", "most")
STACKED = (*FILTERS, "test")
DESTINATIONS = {"commonality": ("/commonality", "bad"), "split": ("/yield/split", "wafers")}
"""Where the wafers go that were ticked, and the parameter that names them there."""
PICKED, OTHERS = "picked", "others"


@router.get("/maps", dependencies=[takes(*STACKED), Depends(whole_fab)])
async def maps(request: Request) -> Response:
    """The latest maps, those that show a pattern, or those most like one wafer; drawn before patterns are known."""

    async def make(page: Page) -> tuple[str, bool]:
        question = question_of(request, MapsQuestion, **({} if params(request, "most") else {"most": SHOWN}))
        question = replace(question, most=min(question.most, MOST), pictures=True)
        answer, waiting = await drawn_first(request, question)
        stacked = question_of(request, StackedMapQuestion)
        stack = None
        if answer is not None and answer.maps:
            product = question.product or _only([row.product for row in answer.maps])
            stack = await cache_of(request).answer(replace(stacked, product=product))
        text = page.render(
            "maps.html",
            at="/maps",
            as_of=answer.as_of if answer else None,
            ended=answer.as_of_reason if answer else None,
            demo=bool(answer and answer.demo),
            answer=answer,
            pending=waiting,
            chosen=question,
            form=form_of(question, FILTERS, page.zone) + form_of(stacked, ("test",), page.zone),
            filters=params(request, *FILTERS),
            name_of=name_of,
            stack=stack,
            wafer=wafer_picture(stack.dies) if stack else None,
            means=mean_picture(stack.dies) if stack else None,
        )
        return text, not waiting

    return await cached_page(request, make)


@router.get("/maps/pick", dependencies=[takes(*FILTERS, "name", "to"), Depends(whole_fab)])
async def pick(request: Request) -> Response:
    """Take the wafers that were ticked to the page that compares them with the others. Raises BadQuestion for none."""
    names = list(dict.fromkeys(request.query_params.getlist("name")))
    if not names:
        raise BadQuestion("No map was ticked.", "tick the maps that belong together, then ask what they share")
    path, parameter = DESTINATIONS.get(request.query_params.get("to", ""), DESTINATIONS["commonality"])
    values = names if parameter == "bad" else [f"{PICKED}={name}" for name in names] + await _others(request, names)
    page = Page(request)
    return page.finished(RedirectResponse(page.url(path, **{parameter: values}), 303))


async def _others(request: Request, names: list[str]) -> list[str]:
    """The maps beside which those were ticked, as a second group."""
    question = replace(question_of(request, DrawnMapsQuestion), most=MOST)
    answer = await cache_of(request).answer(question)
    rest = {name_of(row): None for row in answer.maps if row.wafer}
    return [f"{OTHERS}={name}" for name in rest if name not in names]


async def drawn_first(request: Request, question: MapsQuestion) -> tuple[FabMaps | None, bool]:
    """The maps, without patterns if those take longer; and whether more is to come."""
    cache = cache_of(request)
    drawn = None
    if not question.pattern and not question.like:
        names = ("lot", "wafer", "product", "most", "as_of", "known_at")
        drawn = await cache.answer(DrawnMapsQuestion(**{name: getattr(question, name) for name in names}))
    asked = await within(cache.ask(question))
    return (asked[0].answer if asked[0] else drawn), pending(asked)


def name_of(row: FabMap) -> str:
    """The wafer as it is named where wafers are compared: LOT,WAFER."""
    return ",".join(filter(None, (row.lot, row.wafer)))


def _only(products: list[str | None]) -> str | None:
    """The product of the maps if all are of one; places of several do not match."""
    return products[0] if len(set(products)) == 1 else None
