"""How long do we polish? The calculator, the state of each tool and head, the trend, and the replay of the history."""

import json
from dataclasses import dataclass, replace
from typing import Annotated, Any

from fastapi import APIRouter, Form, Request
from starlette.responses import RedirectResponse, Response

from fabwatch.api.access import cache_of, key_of, needs, of_tool, seen
from fabwatch.api.routing import BASE
from fabwatch.fab.actions import KeepPolish
from fabwatch.fab.answers import PolishTime, PolishTimes, Rates, RateTrend
from fabwatch.fab.polishing import WaferToPolish, times_by_rate
from fabwatch.fab.questions import PolishTimesQuestion, RatesQuestion, RateTrendsQuestion, ReplayQuestion
from fabwatch.terms.answers import Json
from fabwatch.terms.errors import BadQuestion, UnknownTool
from fabwatch.terms.questions import Timed
from fabwatch.web.page import Page
from fabwatch.web.pages.page_cache import cached_page, scale
from fabwatch.web.pages.pasted_lines import Line, decimal_shown, either, number, pasted
from fabwatch.web.query_params import params, sends, takes, times_of

router = APIRouter(include_in_schema=False, dependencies=[needs("read")])
WIDTH, HEIGHT = 1000.0, 160.0
UNITS = ("angstrom", "nm", "um")
RATE_UNITS = tuple(f"{unit}/{time}" for unit in UNITS for time in ("s", "min"))
PLACE = ("tool", "head", "product", "stage")
NUMBERS = ("target", "lower", "upper", "incoming_sd", "rate", "rate_sd", "coverage")
RATE = ("rate", "rate_sd")
TICKS = ("rework", "changed")
COVERAGES = (0.5, 0.8, 0.9, 0.95, 0.99)


@dataclass(frozen=True)
class Row:
    """One pasted wafer: its time, or why it has none, and its times under other assumptions."""

    name: str | None
    time: PolishTime | None
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
        return next((row.time for row in self.rows if row.time is not None), None)

    def chosen(self, number: str | None) -> PolishTime | None:
        """The wafer with that number (from 1), else the first."""
        row = self.rows[int(number) - 1] if number and number.isdecimal() and 0 < int(number) <= len(self.rows) else None
        return row.time if row is not None and row.time is not None else self.first


@router.get("/cmp", dependencies=[takes(*PLACE, *NUMBERS, *TICKS, "unit", "rate_unit", "keep", "wafers", "replay")])
async def cmp(request: Request) -> Response:
    """The calculator with the state of each tool and head."""

    async def make(page: Page) -> tuple[str, bool]:
        cache, times = cache_of(request), times_of(request)
        fields = params(request, *PLACE, *NUMBERS, *TICKS, "unit", "rate_unit", "keep")
        # Pasted lines may be long; they are part of the address, so that a lot sheet can be shared.
        lines = request.query_params.get("wafers", "")[:20_000]
        await of_tool(request, key_of(request), fields.get("tool"))
        states, nothing = await _states(request, fields.get("tool"), times)
        replay = states and "replay" in request.query_params
        trends = (await cache.answer(RateTrendsQuestion(tool=fields.get("tool")))).groups if states else ()
        sheet, fault, call = None, None, None
        if lines.strip() and ("tool" in fields or "rate" in fields):
            try:
                sign = decimal_shown(lines, (fields[name] for name in NUMBERS if name in fields))
                wafers, numbers = pasted(lines, sign), _numbers(fields, sign)
                sheet = await _sheet(request, fields, wafers, numbers, times)
                call = _curl_command(page, fields, wafers, numbers)
            except BadQuestion as stop:
                fault = stop
        text = page.render(
            "cmp.html",
            at="/cmp",
            as_of=states.as_of if states else cache.now(),
            ended=states.as_of_reason if states else None,
            demo=cache.settings.fab.demo,
            answer=states,
            nothing=nothing,
            fields=fields,
            lines=lines,
            units=UNITS,
            rate_units=RATE_UNITS,
            coverages=COVERAGES,
            sheet=sheet,
            chosen=sheet.chosen(fields.get("keep")) if sheet else None,
            fault=fault,
            call=call,
            replayed=await cache.answer(ReplayQuestion(as_of=times.as_of, known_at=times.known_at)) if replay else None,
            trends=[trend_picture(trend) for trend in trends],
        )
        return text, True

    return await cached_page(request, make)


async def _states(request: Request, tool: str | None, times: Timed) -> tuple[Rates | None, BadQuestion | None]:
    try:
        question = RatesQuestion(tool=tool, as_of=times.as_of, known_at=times.known_at)
        return await cache_of(request).answer(question), None
    except UnknownTool:
        raise
    except BadQuestion as stop:
        return None, stop


async def _sheet(
    request: Request, fields: dict[str, str], lines: list[Line], numbers: dict[str, float], times: Timed
) -> Sheet:
    """The times of the pasted wafers, by the tool or, without a tool, by the rate. Raises BadQuestion."""
    if not lines:
        hint = "one wafer per line: its name (optional), then its thickness"
        raise BadQuestion("There is no thickness in these lines.", hint)
    unit = fields.get("unit", "angstrom")
    wafers = tuple(_wafer(line, numbers, "rework" in fields) for line in lines)
    others: dict[str, PolishTimes] = {}
    by_rate = _by_rate(wafers, unit, fields, numbers) if "rate" in numbers else None
    if "tool" not in fields:
        own = by_rate or PolishTimes((), ())
    else:
        await seen(request, key_of(request), fields["tool"])
        question = PolishTimesQuestion(
            tool=fields["tool"],
            wafers=wafers,
            unit=unit,
            head=fields.get("head"),
            product=fields.get("product"),
            stage=fields.get("stage"),
            changed="changed" in fields,
            coverage=numbers.get("coverage"),
            as_of=times.as_of,
            known_at=times.known_at,
        )
        own = await cache_of(request).answer(question)
        if question.changed:
            others["unchanged"] = await cache_of(request).answer(replace(question, changed=False))
        if by_rate is not None:
            others[f"{fields['rate']} {fields.get('rate_unit') or unit + '/s'}"] = by_rate
    return _rows(lines, own, others)


def _wafer(line: Line, numbers: dict[str, float], rework: bool) -> WaferToPolish:
    return WaferToPolish(
        incoming=line.incoming,
        sites=line.sites,
        wafer=line.wafer,
        head=line.head,
        rework=rework,
        target=numbers.get("target"),
        lower=numbers.get("lower"),
        upper=numbers.get("upper"),
        incoming_sd=numbers.get("incoming_sd"),
    )


def _rows(lines: list[Line], own: PolishTimes, others: dict[str, PolishTimes]) -> Sheet:
    rows = []
    for n, line in enumerate(lines):
        # For the calculation an unreadable thickness is missing; what is wrong with it is known only here.
        refusal = own.refused[n]
        refused = line.fault or (refusal.line() if refusal else None)
        rows.append(Row(line.wafer, own.wafers[n], refused, tuple(other.wafers[n] for other in others.values())))
    return Sheet(tuple(rows), tuple(others))


def _curl_command(page: Page, fields: dict[str, str], lines: list[Line], numbers: dict[str, float]) -> str:
    """The same question as a line for a terminal."""
    place = PLACE if "tool" in fields else ("rate_unit",)
    by = {name: fields[name] for name in place if name in fields}
    numbers = {name: value for name, value in numbers.items() if "tool" not in fields or name not in RATE}
    ticks = {name: True for name in TICKS if name in fields}
    body = {**by, "unit": fields.get("unit", "angstrom"), **numbers, **ticks, "wafers": [line.stated() for line in lines]}
    text = json.dumps(_stated(body), ensure_ascii=False).replace("'", "'\\''")
    where = f"{page.request.url.scheme}://{page.request.url.netloc}{BASE}/cmp/polish-time"
    return f"curl -H \"Authorization: Bearer $FABWATCH_KEY\" -H 'Content-Type: application/json' {where} -d '{text}'"


def _stated(value: Any) -> Any:
    """The value without empty fields."""
    if isinstance(value, dict):
        return {name: _stated(part) for name, part in value.items() if part is not None}
    return [_stated(part) for part in value] if isinstance(value, list) else value


def _numbers(fields: dict[str, str], sign: str | None) -> dict[str, float]:
    """The numbers that were typed. Raises BadQuestion if one is not a number, or may be one of two."""
    return {name: _number(name, fields[name], sign) for name in NUMBERS if name in fields}


def _number(name: str, text: str, sign: str | None = None) -> float:
    value = number(text, sign)
    if value is None:
        hint = either(text, sign) or "write a number such as 9012.5 or 9012,5"
        raise BadQuestion(f"{name} must be a number (got {text!r}).", hint)
    return value


def _by_rate(wafers: tuple[WaferToPolish, ...], unit: str, fields: dict[str, str], numbers: dict[str, float]) -> PolishTimes:
    coverage = numbers.get("coverage")
    return times_by_rate(wafers, numbers["rate"], fields.get("rate_unit"), numbers.get("rate_sd"), unit, coverage)


def trend_picture(trend: RateTrend) -> Json:
    """The rate of one group wafer by wafer as a path of WIDTH × HEIGHT, with a mark where a consumable was changed."""
    values = trend.rates
    low, high = scale(values)
    across = [n / max(len(values) - 1, 1) * WIDTH for n in range(len(values))]
    points = [f"{x:.1f},{(high - value) / (high - low) * HEIGHT:.1f}" for x, value in zip(across, values, strict=True)]
    marks = [f"{across[n]:.1f}" for n in trend.changes]
    return {**vars(trend), "line": "M" + "L".join(points), "low": min(values), "high": max(values), "marks": marks}


@router.post("/cmp/keep", dependencies=[needs("decide"), sends()])
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
    """Record an advised time, or the time that was chosen instead."""
    key = key_of(request)
    await seen(request, key, tool)
    chosen_s = _number("The chosen time", chosen) if chosen.strip() else None
    action = KeepPolish(
        tool=tool,
        incoming=incoming,
        target=target,
        unit=unit,
        reason=reason,
        head=head or None,
        product=product or None,
        stage=stage or None,
        wafer=wafer or None,
        rework=bool(rework),
        changed=bool(changed),
        chosen_s=chosen_s,
    )
    await cache_of(request).act(action, key.who)
    return RedirectResponse(Page(request).url("/cmp", tool=tool, head=head, product=product, stage=stage), 303)
