"""The record of past forecasts: how they turned out, in tables and pictures."""

from collections.abc import Sequence
from dataclasses import replace

from fastapi import APIRouter, Request
from starlette.responses import Response

from fabwatch.api.access import area_of, cache_of, key_of, needs, seen
from fabwatch.fab.answers import Bin, Tenth
from fabwatch.fab.questions import ScoreQuestion
from fabwatch.terms.answers import Json
from fabwatch.terms.errors import TooFewFailures
from fabwatch.terms.words import yardstick_of
from fabwatch.web.page import Page
from fabwatch.web.pages.page_cache import pending, within
from fabwatch.web.query_params import question_of, takes, times_of

router = APIRouter(include_in_schema=False, dependencies=[needs("read")])
LEFT, TOP, WIDTH, HEIGHT = 38, 10, 260, 190
"""The field within the axes of a picture; its writing is beside it and below."""
SMALLEST, LARGEST = 2.5, 9.0
"""Radius of the dot of one qual, and of the row with the most."""
CAP = 4
"""Half the width of the end of a whisker."""


@router.get("/record", dependencies=[takes(ScoreQuestion)])
async def record(request: Request) -> Response:
    """How accurate past forecasts were."""
    page, cache = Page(request), cache_of(request)
    question = question_of(request, ScoreQuestion)
    await seen(request, key_of(request), question.tool)
    question = replace(question, area=area_of(key_of(request), question.area))
    present = cache.present()
    if question.as_of is None:
        # The past does not change within the hour: a new time every minute would never hit the cache.
        live = cache.as_of is None and present.reason is None
        question = replace(question, as_of=present.at.replace(minute=0, second=0) if live else present.at)
    answer = await within(cache.ask(question))
    cached, fault = answer
    return page.show(
        "record.html",
        at="/record",
        as_of=question.as_of,
        demo=cache.settings.fab.demo,
        answer=cached.answer if cached else None,
        pending=pending(answer),
        nothing=fault and f"{fault.what} {fault.hint}",
        tool=question.tool,
        area=question.area,
        yardstick_of=yardstick_of,
        **(pictures(cached.answer.calibration, cached.answer.positions) if cached else {}),
    )


@router.get("/record/short", dependencies=[takes(ScoreQuestion)])
async def short(request: Request) -> Response:
    """How accurate past forecasts of the whole fab were, in one sentence."""
    page, cache, times = Page(request), cache_of(request), times_of(request)
    if key_of(request).area is not None or times.known_at is not None:
        return page.show("sentence.html", sentence="")
    try:
        sentence = page.sentence((await cache.daily(ScoreQuestion(as_of=times.as_of))).answer)
    except TooFewFailures as fault:
        sentence = fault.what
    return page.show("sentence.html", sentence=sentence)


def pictures(calibration: Sequence[Tenth], positions: Sequence[Bin]) -> Json:
    """The reliability diagram and the histogram of positions; None where there is nothing to draw."""
    return {
        "reliability": _reliability(calibration) if calibration else None,
        "histogram": _histogram(positions) if positions else None,
    }


def _reliability(rows: Sequence[Tenth]) -> Json:
    """Each row as a dot at its forecast chance and its observed share, with its range; the area of a dot is its quals."""
    most = max(row.quals for row in rows)
    dots = [
        {
            "x": _across(row.said),
            "y": _up(row.came),
            "r": round(SMALLEST + (LARGEST - SMALLEST) * (row.quals / most) ** 0.5, 1),
            "whisker": _whisker(row.said, row.came_low, row.came_high),
            "row": row,
        }
        for row in rows
    ]
    chances = (0.0, 0.25, 0.5, 0.75, 1.0)
    return _field(chances, chances, 1.0) | {"dots": dots, "line": f"M{_across(0)},{_up(0)}L{_across(1)},{_up(1)}"}


def _histogram(bins: Sequence[Bin]) -> Json:
    """Each bin as a bar with its range, and the level of forecasts that are right."""
    step = 0.05 if max(part.share_high for part in bins) <= 0.25 else 0.25
    top = step * (int(max(part.share_high for part in bins) / step) + 1)
    bars = []
    for part in bins:
        left, right, up = _across(part.low + 0.008), _across(part.high - 0.008), _up(part.share, top)
        whisker = _whisker((part.low + part.high) / 2, part.share_low, part.share_high, top)
        bars.append(
            {
                "x": left,
                "y": up,
                "width": round(right - left, 1),
                "height": round(_up(0) - up, 1),
                "whisker": whisker,
                "row": part,
            }
        )
    level = _up(bins[0].high - bins[0].low, top)
    shares = tuple(step * n for n in range(round(top / step) + 1))
    return _field((0.0, 0.5, 1.0), shares, top) | {"bars": bars, "line": f"M{_across(0)},{level}L{_across(1)},{level}"}


def _field(chances: Sequence[float], shares: Sequence[float], top: float) -> Json:
    """The axes: where each chance and each share stands."""
    field = {"left": LEFT, "top": TOP, "right": LEFT + WIDTH, "bottom": TOP + HEIGHT}
    return field | {
        "across": [(_across(chance), chance) for chance in chances],
        "up": [(_up(share, top), share) for share in shares],
    }


def _across(chance: float) -> float:
    return round(LEFT + chance * WIDTH, 1)


def _up(share: float, top: float = 1.0) -> float:
    return round(TOP + (1 - min(share / top, 1.0)) * HEIGHT, 1)


def _whisker(chance: float, low: float, high: float, top: float = 1.0) -> str:
    x, ends = _across(chance), (_up(low, top), _up(high, top))
    caps = "".join(f"M{x - CAP:.1f},{y}h{2 * CAP}" for y in ends)
    return f"M{x},{ends[0]}V{ends[1]}{caps}"
