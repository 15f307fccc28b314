"""How long do we polish? The calculator, the state of each tool and head, the trend, and how it would have done."""

import re
from typing import Annotated, Any

from fastapi import APIRouter, Form, Request
from starlette.responses import RedirectResponse, Response

from fabwatch.api.answers import desk_of, seen
from fabwatch.api.gate import asker, needs
from fabwatch.api.traces import of_tool
from fabwatch.terms.errors import BadQuestion, UnknownTool
from fabwatch.terms.polishing import PolishTimes, Rates
from fabwatch.web.look import Page
from fabwatch.web.pages.common import asked, moments, shelved

router = APIRouter(include_in_schema=False, dependencies=[needs("read")])
MOST_LINES = 500
WIDTH, HEIGHT = 1000.0, 160.0
_POINTS = re.compile(r"[+-]?\d{1,3}(\.\d{3})+,\d+")
_COMMA = re.compile(r"[+-]?\d+,\d+")
_THOUSANDS = re.compile(r"[+-]?[1-9]\d{0,2}(,\d{3})+")
UNITS = ("angstrom", "nm", "um")


def pasted(text: str) -> list[dict[str, Any]]:
    """Wafers from lines as a spreadsheet gives them: a name where there is one, then the thickness; decimal commas too.

    A line without a number is a heading and left out. Raises BadQuestion for too many lines.
    """
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    if len(lines) > MOST_LINES:
        hint = "send more to POST /api/v1/cmp/polish-time"
        raise BadQuestion(f"{len(lines):,} lines; at most {MOST_LINES} are taken here.", hint)
    found = []
    for line in lines:
        cells = [cell.strip() for cell in re.split(r"[\t;]| {2,}", line) if cell.strip()] or [line]
        if len(cells) == 1 and " " in cells[0]:
            cells = cells[0].split()
        value = number(cells[-1])
        if value is not None:
            found.append({"incoming": value, "wafer": cells[0] if len(cells) > 1 else None})
    return found


def number(text: str) -> float | None:
    """A number as it is written here or there: 9000, 9,000.5, 9.000,5, 9000,5."""
    plain = text.replace("\u00a0", "").replace(" ", "").replace("'", "")
    if _POINTS.fullmatch(plain) or (_COMMA.fullmatch(plain) and not _THOUSANDS.fullmatch(plain)):
        plain = plain.replace(".", "").replace(",", ".")
    else:
        plain = plain.replace(",", "")
    try:
        return float(plain)
    except ValueError:
        return None


@router.get("/cmp")
async def cmp(request: Request) -> Response:
    """The calculator with the state of each tool and head."""

    async def make(page: Page) -> tuple[str, bool]:
        desk, when = desk_of(request), moments(request)
        given = asked(request, "tool", "head", "product", "stage", "unit", "target", "wafers")
        # Pasted lines may be long; they stand in the address, so that a lot sheet can be sent to somebody.
        lines = request.query_params.get("wafers", "")[:20_000]
        await of_tool(request, asker(request), given.get("tool"))
        states, nothing = await _states(request, given.get("tool"), when)
        told, fault = await _told(request, given, lines, when)
        text = page.render(
            "cmp.html",
            at="/cmp",
            as_of=states.as_of if states else desk.now(),
            demo=desk.settings.fab.demo,
            answer=states,
            nothing=nothing,
            given=given,
            lines=lines,
            units=UNITS,
            told=told,
            names=[one["wafer"] for one in pasted(lines)] if told else [],
            fault=fault,
            replayed=(await desk.ask("replay", **when)).answer if states and "replay" in request.query_params else None,
            trends=[trend(one) for one in await desk.look_up("rate_trends", tool=given.get("tool"))] if states else [],
        )
        return text, True

    return await shelved(request, make)


async def _states(request: Request, tool: str | None, when: dict[str, Any]) -> tuple[Rates | None, BadQuestion | None]:
    try:
        return (await desk_of(request).ask("rates", tool=tool, **when)).answer, None
    except UnknownTool:
        raise
    except BadQuestion as stop:
        return None, stop


async def _told(
    request: Request, given: dict[str, str], lines: str, when: dict[str, Any]
) -> tuple[PolishTimes | None, BadQuestion | None]:
    """The times of the pasted wafers, or why there are none."""
    if not lines.strip() or "tool" not in given:
        return None, None
    try:
        target = number(given.get("target", ""))
        if target is None:
            raise BadQuestion("The target thickness is missing.", "write it into the box, in the unit beside it")
        wafers = [{**one, "target": target} for one in pasted(lines)]
        if not wafers:
            hint = "one wafer a line: its name if you like, then its thickness"
            raise BadQuestion("No thickness was found in these lines.", hint)
        await seen(request, asker(request), given["tool"])
        place = {name: given[name] for name in ("tool", "head", "product", "stage") if name in given}
        told = await desk_of(request).fresh(
            "polish_times",
            wafers=wafers,
            unit=given.get("unit", "angstrom"),
            **place,
            **{"as_of": desk_of(request).now(), **when},
        )
        return told, None
    except BadQuestion as stop:
        return None, stop


def trend(one: dict[str, Any]) -> dict[str, Any]:
    """The rate of one group wafer by wafer as a path of WIDTH × HEIGHT, with a mark where a consumable was changed."""
    values = one["rates"]
    low, high = min(values), max(values)
    room = (high - low) * 0.08 or abs(high) * 0.01 or 1.0
    low, high = low - room, high + room
    across = [n / max(len(values) - 1, 1) * WIDTH for n in range(len(values))]
    points = [f"{x:.1f},{(high - value) / (high - low) * HEIGHT:.1f}" for x, value in zip(across, values, strict=True)]
    marks = [f"{across[n]:.1f}" for n in one["changes"]]
    return {**one, "line": "M" + "L".join(points), "low": low + room, "high": high - room, "marks": marks}


@router.post("/cmp/keep", dependencies=[needs("decide")])
async def keep(
    request: Request,
    tool: Annotated[str, Form(max_length=200)],
    incoming: Annotated[float, Form()],
    target: Annotated[float, Form()],
    reason: Annotated[str, Form(max_length=2000)],
    unit: Annotated[str, Form(max_length=20)] = "angstrom",
    wafer: Annotated[str, Form(max_length=200)] = "",
    head: Annotated[str, Form(max_length=200)] = "",
    product: Annotated[str, Form(max_length=200)] = "",
    stage: Annotated[str, Form(max_length=200)] = "",
    chosen: Annotated[str, Form(max_length=40)] = "",
) -> Response:
    """Keep an advice, or the time that was chosen instead."""
    await seen(request, asker(request), tool)
    place = {
        name: value or None for name, value in (("head", head), ("product", product), ("stage", stage), ("wafer", wafer))
    }
    said: dict[str, Any] = {"tool": tool, "incoming": incoming, "target": target, "unit": unit, "reason": reason}
    instead = number(chosen) if chosen else None
    await desk_of(request).act("keep_polish", **said, **place, chosen_s=instead, who=asker(request).who)
    return RedirectResponse(Page(request).url("/cmp", tool=tool, head=head, product=product, stage=stage), 303)
