"""How long do we polish? The calculator, the state of each tool and head, the trend, and how it would have done."""

import json
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import APIRouter, Form, Request
from starlette.responses import RedirectResponse, Response

from fabwatch.api.answers import desk_of, seen
from fabwatch.api.gate import asker, needs
from fabwatch.api.routing import BASE
from fabwatch.api.traces import of_tool
from fabwatch.cmp.polish import Rate, film_of, polish_times
from fabwatch.terms.errors import BadQuestion, UnknownTool
from fabwatch.terms.polishing import PolishTime, PolishTimes, Rates
from fabwatch.web.look import Page
from fabwatch.web.pages.common import asked, moments, scale, shelved
from fabwatch.web.pages.pasting import Line, number, pasted

router = APIRouter(include_in_schema=False, dependencies=[needs("read")])
WIDTH, HEIGHT = 1000.0, 160.0
UNITS = ("angstrom", "nm", "um")
RATE_UNITS = tuple(f"{unit}/{time}" for unit in UNITS for time in ("s", "min"))
PLACE = ("tool", "head", "product", "stage")
NUMBERS = ("target", "lower", "upper", "incoming_sd", "rate", "rate_sd", "coverage")
TICKS = ("rework", "changed")
COVERAGES = (0.5, 0.8, 0.9, 0.95, 0.99)


@dataclass(frozen=True)
class Row:
    """One pasted wafer: its time, or why it has none, and the times that it would have another way."""

    name: str | None
    told: PolishTime | None
    refused: str | None
    others: tuple[PolishTime | None, ...]


@dataclass(frozen=True)
class Sheet:
    """The times of the pasted wafers."""

    rows: tuple[Row, ...]
    others: tuple[str, ...]
    """What the other times are for."""

    @property
    def first(self) -> PolishTime | None:
        """The first wafer that can be polished."""
        return next((row.told for row in self.rows if row.told is not None), None)

    def chosen(self, number: str | None) -> PolishTime | None:
        """The wafer of that number from 1, else the first."""
        row = self.rows[int(number) - 1] if number and number.isdecimal() and 0 < int(number) <= len(self.rows) else None
        return row.told if row is not None and row.told is not None else self.first


@router.get("/cmp")
async def cmp(request: Request) -> Response:
    """The calculator with the state of each tool and head."""

    async def make(page: Page) -> tuple[str, bool]:
        desk, when = desk_of(request), moments(request)
        given = asked(request, *PLACE, *NUMBERS, *TICKS, "unit", "rate_unit", "keep")
        # Pasted lines may be long; they stand in the address, so that a lot sheet can be sent to somebody.
        lines = request.query_params.get("wafers", "")[:20_000]
        await of_tool(request, asker(request), given.get("tool"))
        states, nothing = await _states(request, given.get("tool"), when)
        sheet, fault = None, None
        if lines.strip() and ("tool" in given or "rate" in given):
            try:
                sheet = await _sheet(request, given, pasted(lines), when)
            except BadQuestion as stop:
                fault = stop
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
            rate_units=RATE_UNITS,
            coverages=COVERAGES,
            sheet=sheet,
            chosen=sheet.chosen(given.get("keep")) if sheet else None,
            fault=fault,
            call=_call(page, given, pasted(lines)) if sheet else None,
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


async def _sheet(request: Request, given: dict[str, str], lines: list[Line], when: dict[str, Any]) -> Sheet:
    """The times of the pasted wafers by the tool, or by the rate where no tool is named. Raises BadQuestion."""
    if not lines:
        hint = "one wafer a line: its name if you like, then its thickness"
        raise BadQuestion("No thickness was found in these lines.", hint)
    said = _numbers(given)
    unit = given.get("unit", "angstrom")
    for_all = {name: said.get(name) for name in ("target", "lower", "upper", "incoming_sd")} | {"rework": "rework" in given}
    wafers = [{**line.asked(), **for_all} for line in lines]
    others: dict[str, PolishTimes] = {}
    by_rate = _by_rate(wafers, unit, given, said) if "rate" in said else None
    if "tool" not in given:
        told = by_rate or PolishTimes((), ())
    else:
        await seen(request, asker(request), given["tool"])
        place: dict[str, Any] = {name: given[name] for name in PLACE if name in given}
        place |= {"unit": unit, "coverage": said.get("coverage"), "as_of": desk_of(request).now(), **when}
        told = await desk_of(request).fresh("polish_times", wafers=wafers, changed="changed" in given, **place)
        if "changed" in given:
            others["unchanged"] = await desk_of(request).fresh("polish_times", wafers=wafers, **place)
        if by_rate is not None:
            others[f"{given['rate']} {given.get('rate_unit') or unit + '/s'}"] = by_rate
    return _rows(lines, told, others)


def _rows(lines: list[Line], told: PolishTimes, others: dict[str, PolishTimes]) -> Sheet:
    rows = []
    for n, line in enumerate(lines):
        # A thickness that cannot be read is missing for the calculation; what is wrong with it is known here.
        refused = line.fault or told.refused[n]
        rows.append(Row(line.wafer, told.wafers[n], refused, tuple(other.wafers[n] for other in others.values())))
    return Sheet(tuple(rows), tuple(others))


def _call(page: Page, given: dict[str, str], lines: list[Line]) -> str:
    """The same question as a line for a terminal."""
    place = PLACE if "tool" in given else ("rate_unit",)
    by = {name: given[name] for name in place if name in given}
    said = {name: value for name, value in _numbers(given).items() if name not in ("rate", "rate_sd") or "tool" not in given}
    ticks = {name: True for name in TICKS if name in given}
    body = {**by, "unit": given.get("unit", "angstrom"), **said, **ticks, "wafers": [line.asked() for line in lines]}
    text = json.dumps(_told(body), ensure_ascii=False).replace("'", "'\\''")
    where = f"{page.request.url.scheme}://{page.request.url.netloc}{BASE}/cmp/polish-time"
    return f"curl -H \"Authorization: Bearer $FABWATCH_KEY\" -H 'Content-Type: application/json' {where} -d '{text}'"


def _told(value: Any) -> Any:
    """The same without what was not said."""
    if isinstance(value, dict):
        return {name: _told(each) for name, each in value.items() if each is not None}
    return [_told(each) for each in value] if isinstance(value, list) else value


def _numbers(given: dict[str, str]) -> dict[str, float]:
    """The numbers that were written. Raises BadQuestion for one that is none."""
    found = {}
    for name in NUMBERS:
        if name in given:
            value = number(given[name])
            if value is None:
                raise BadQuestion(f"{given[name]!r} is no number: {name}.", "write it such as 9012.5 or 9012,5")
            found[name] = value
    return found


def _by_rate(wafers: list[dict[str, Any]], unit: str, given: dict[str, str], said: dict[str, float]) -> PolishTimes:
    rate = Rate(said["rate"], given.get("rate_unit") or f"{unit}/s", said.get("rate_sd"), "the rate that was given")
    films = [film_of(one, unit) for one in wafers]
    return polish_times(films, rate, said.get("coverage", 0.9))


def trend(one: dict[str, Any]) -> dict[str, Any]:
    """The rate of one group wafer by wafer as a path of WIDTH × HEIGHT, with a mark where a consumable was changed."""
    values = one["rates"]
    low, high = scale(values)
    across = [n / max(len(values) - 1, 1) * WIDTH for n in range(len(values))]
    points = [f"{x:.1f},{(high - value) / (high - low) * HEIGHT:.1f}" for x, value in zip(across, values, strict=True)]
    marks = [f"{across[n]:.1f}" for n in one["changes"]]
    return {**one, "line": "M" + "L".join(points), "low": min(values), "high": max(values), "marks": marks}


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
    rework: Annotated[str, Form(max_length=5)] = "",
    changed: Annotated[str, Form(max_length=5)] = "",
    chosen: Annotated[str, Form(max_length=40)] = "",
) -> Response:
    """Keep an advice, or the time that was chosen instead."""
    await seen(request, asker(request), tool)
    place = {
        name: value or None for name, value in (("head", head), ("product", product), ("stage", stage), ("wafer", wafer))
    }
    said: dict[str, Any] = {"tool": tool, "incoming": incoming, "target": target, "unit": unit, "reason": reason}
    said |= {"rework": bool(rework), "changed": bool(changed)}
    instead = number(chosen) if chosen else None
    await desk_of(request).act("keep_polish", **said, **place, chosen_s=instead, who=asker(request).who)
    return RedirectResponse(Page(request).url("/cmp", tool=tool, head=head, product=product, stage=stage), 303)
