"""Models: their versions with figures; one with its card, its explanation, a form to try it and calls to copy."""

import json
from collections.abc import Sequence
from typing import Annotated, Any

from fastapi import APIRouter, Depends, File, Form, Request, UploadFile
from starlette.concurrency import run_in_threadpool
from starlette.responses import RedirectResponse, Response

from fabwatch.api.access import cache_of, key_of, needs, whole_fab
from fabwatch.api.routes.models import LOADED, LookAt
from fabwatch.fab.actions import RetireModel, UseModel
from fabwatch.fab.answers import ColumnDrift, ModelCard, Predictions, Watched
from fabwatch.fab.models import file_header, predict_bytes
from fabwatch.fab.questions import ModelCardQuestion, ModelsQuestion, ModelWatchQuestion
from fabwatch.terms.answers import Json
from fabwatch.terms.errors import BadQuestion
from fabwatch.web.page import Page
from fabwatch.web.pages.looked import drawn, picture_calls
from fabwatch.web.query_params import sends, takes

router = APIRouter(include_in_schema=False, dependencies=[needs("read"), Depends(whole_fab)])
LONGEST_ROWS = 20_000
LONGEST_NAME = 200
SHAPES, COLUMNS = 6, 12
WIDTH, HEIGHT, EDGE = 300.0, 90.0, 6.0


@router.get("/models", dependencies=[takes(ModelsQuestion)])
async def models(request: Request) -> Response:
    """The models of the fab, each version with its figures and stage."""
    answer = await cache_of(request).answer(ModelsQuestion())
    return Page(request).show("models.html", at="/models", as_of=answer.as_of, ended=None, demo=answer.demo, answer=answer)


@router.get("/models/{model:name}", dependencies=[takes("rows")])
async def model(request: Request, model: str) -> Response:
    """One version: figures, what moves it, a form to try it, and calls to copy. Refused with 404 for an unknown one."""
    page = Page(request)
    answer = await cache_of(request).answer(ModelCardQuestion(model=model))
    stated = request.query_params.get("rows", "")[:LONGEST_ROWS]
    said, fault = None, None
    if stated.strip():
        try:
            said = await run_in_threadpool(_predicted, request, _name(answer), stated, page.language)
        except BadQuestion as stop:
            fault = stop
    return await _shown(page, answer, stated=stated, said=said, fault=fault)


@router.post("/models/{model:name}/picture", dependencies=[sends()])
async def picture(request: Request, model: str, picture: Annotated[UploadFile, File()]) -> Response:
    """The page of a version with what it says of a picture. Refused with 404 for an unknown one."""
    page, cache = Page(request), cache_of(request)
    answer = await cache.answer(ModelCardQuestion(model=model))
    looked, fault = None, None
    header = file_header(cache.now(), request.app.state.settings.fab.demo)
    name = (picture.filename or "picture")[:LONGEST_NAME]
    try:
        looked = await cache.read_file(LookAt(_name(answer), await picture.read(), name, header, page.language))
    except BadQuestion as stop:
        fault = stop
    return await _shown(page, answer, looked=None if looked is None else drawn(looked), fault=fault)


def _name(answer: ModelCard) -> str:
    return f"{answer.model}@{answer.version}"


async def _shown(
    page: Page,
    answer: ModelCard,
    stated: str = "",
    said: Predictions | None = None,
    looked: Json | None = None,
    fault: BadQuestion | None = None,
) -> Response:
    """The page of one version."""
    card, url = answer.card, page.request.url
    of_pictures = card["kind"] == "pictures"
    watched = None
    if not of_pictures:
        watched = await cache_of(page.request).answer(ModelWatchQuestion(model=_name(answer)))
    address = f"{url.scheme}://{url.netloc}{page.api(f'/models/{answer.model}/predict')}"
    example = json.dumps({"rows": [card["example"]]}, ensure_ascii=False, indent=1)
    return page.show(
        "model.html",
        at="/models",
        as_of=answer.as_of,
        ended=None,
        demo=answer.demo,
        answer=answer,
        card=card,
        name=_name(answer),
        figures=_figures(card),
        importance=_importance(card),
        shapes_drawn=[_shape(column, points) for column, points in list(card["shapes"].items())[:SHAPES]],
        rows=stated or example,
        watched=watched,
        drifted=_drifted(watched) if watched else [],
        said=said,
        looked=looked,
        fault=fault,
        calls=picture_calls(address) if of_pictures else calls(address, card["example"]),
    )


def _predicted(request: Request, name: str, stated: str, language: str) -> Predictions:
    ready = LOADED.of(request.app.state.folder, name)
    header = file_header(cache_of(request).now(), request.app.state.settings.fab.demo)
    return predict_bytes(ready, stated.encode(), "rows.json", header, "trees" not in ready.version.card, language)


@router.post("/models/{model:name}/use", dependencies=[needs("decide"), sends()])
async def use(request: Request, model: str, reason: Annotated[str, Form(max_length=2000)]) -> Response:
    """Use a version in place of the one before."""
    card = await cache_of(request).act(UseModel(model=model, reason=reason), key_of(request).who)
    return RedirectResponse(Page(request).url(f"/models/{card.model}@{card.version}"), 303)


@router.post("/models/{model:name}/retire", dependencies=[needs("decide"), sends()])
async def retire(request: Request, model: str, reason: Annotated[str, Form(max_length=2000)]) -> Response:
    """Retire a version."""
    card = await cache_of(request).act(RetireModel(model=model, reason=reason), key_of(request).who)
    return RedirectResponse(Page(request).url(f"/models/{card.model}@{card.version}"), 303)


def _figures(card: Json) -> list[tuple[str, list[Any]]]:
    """The figures that the three sides have, by name."""
    sides = [card[side] for side in ("held_out", "random_split", "floor")]
    names = [name for name in FIGURES if any(side.get(name) is not None for side in sides)]
    return [(name, [side.get(name) for side in sides]) for name in names]


FIGURES = (
    "auc",
    "pr_auc",
    "recall",
    "precision",
    "accuracy",
    "macro_f1",
    "rmse",
    "mae",
    "r2",
    "calibration",
    "rows",
    "positives",
)


DRIFTS_SHOWN = 6


def _drifted(watched: Watched) -> list[ColumnDrift]:
    """All columns that drift, or some that come nearest to it."""
    own = [one for one in watched.columns if one.drifted]
    return own[:COLUMNS] or list(watched.columns[:DRIFTS_SHOWN])


def _importance(card: Json) -> list[tuple[str, float, float]]:
    """The columns that move it most: name, size, and its share of the largest."""
    top = card["importance"][:COLUMNS]
    largest = max((one["moves"] for one in top), default=1.0) or 1.0
    return [(one["column"], one["moves"], one["moves"] / largest) for one in top]


def _shape(column: str, points: Sequence[Json]) -> Json:
    """What a column adds along its values, as a line, or as bars of levels; and where the training rows lie."""
    adds = [point["adds"] for point in points]
    low, high = min([*adds, 0.0]), max([*adds, 0.0])
    span = (high - low) or 1.0

    def up(value: float) -> float:
        return float(round(HEIGHT - EDGE - (HEIGHT - 2 * EDGE) * (value - low) / span, 1))

    step = WIDTH / max(len(points), 1)
    text = isinstance(points[0]["at"], str) if points else False
    most = max((point["share"] or 0.0 for point in points), default=0.0) or 1.0
    return {
        "column": column,
        "text": text,
        "zero": up(0.0),
        "low": low,
        "high": high,
        "first": points[0]["at"] if points else "",
        "last": points[-1]["at"] if points else "",
        "line": "M" + "L".join(f"{round((n + 0.5) * step, 1)},{up(add)}" for n, add in enumerate(adds)),
        "bars": [
            (
                round(n * step + step * 0.15, 1),
                min(up(add), up(0.0)),
                round(step * 0.7, 1),
                abs(round(up(add) - up(0.0), 1)),
                point["at"],
                add,
            )
            for n, (add, point) in enumerate(zip(adds, points, strict=True))
        ],
        "density": [
            (round(n * step, 1), round(step, 1), round(12 * (point["share"] or 0.0) / most, 1))
            for n, point in enumerate(points)
        ],
    }


def calls(address: str, example: Json) -> list[tuple[str, str]]:
    """The call in several languages, each with a row that works."""
    body = json.dumps({"rows": [example]}, ensure_ascii=False)
    # Within a text of M, the language of Excel's queries, a quote is written twice, and #( begins an escape.
    doubled = body.replace('"', '""').replace("#(", "#(#)(")
    # A text of JMP ends at the first bracket with a backslash; in JSON both are within a name or a value.
    bracketed = body.replace("]\\", "\\u005d\\")
    json_of_r = json.dumps(body, ensure_ascii=False)
    return [
        (
            "curl",
            f"curl -X POST '{address}' -H \"Authorization: Bearer $FABWATCH_KEY\" \\\n"
            f"  -H 'Content-Type: application/json' -d '{body.replace(chr(39), chr(92) + 'u0027')}'",
        ),
        (
            "Python",
            f"import httpx\n\nrows = {[example]!r}\n"
            f'answer = httpx.post("{address}", json={{"rows": rows}},\n'
            '                    headers={"Authorization": "Bearer " + KEY}).json()\nprint(answer["predictions"])',
        ),
        (
            "Excel (Power Query)",
            f'let\n  body = "{doubled}",\n  answer = Json.Document(Web.Contents("{address}",\n'
            '    [Headers = [Authorization = "Bearer " & KEY, #"Content-Type" = "application/json"],\n'
            "     Content = Text.ToBinary(body)]))\nin Table.FromRecords(answer[predictions])",
        ),
        (
            "JMP",
            f'request = New HTTP Request(\n  URL( "{address}" ), Method( "POST" ),\n'
            '  Headers( {"Authorization: Bearer " || key, "Content-Type: application/json"} ),\n'
            f'  JSON( "\\[{bracketed}]\\" )\n);\nanswer = Parse JSON( request << Send );',
        ),
        (
            "R",
            f'library(httr2)\nrequest("{address}") |>\n  req_auth_bearer_token(key) |>\n'
            f'  req_body_raw({json_of_r}, "application/json") |>\n  req_perform() |> resp_body_json(simplifyVector = TRUE)',
        ),
    ]
