"""The site: the API service with its pages."""

from fastapi import FastAPI
from starlette.responses import Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from fabwatch.api.app import Parts, service
from fabwatch.api.responses import Bodies
from fabwatch.web.pages import (
    account,
    alerts,
    connections,
    contain,
    defects,
    fab,
    load,
    lots,
    maps,
    model_compare,
    models,
    plan,
    polish,
    record,
    results,
    run,
    runs,
    screens,
    sensors,
    sign_in,
    source,
    spc,
    split,
    tool,
)

GENERAL = (
    fab,
    tool,
    contain,
    alerts,
    plan,
    record,
    runs,
    run,
    sensors,
    spc,
    polish,
    load,
    connections,
    source,
    sign_in,
    account,
)
RESULTS = (results, maps, lots, defects, split, screens, models, model_compare)
PAGES = tuple(page.router for page in (*GENERAL, *RESULTS))
YEAR = "public, max-age=31536000, immutable"


class _Static(StaticFiles):
    """Static files; browsers may cache them, because their address changes with their content."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        answer = await super().get_response(path, scope)
        if answer.status_code == 200 and b"v=" in scope.get("query_string", b""):
            answer.headers["Cache-Control"] = YEAR
        return answer


def site(parts: Parts) -> FastAPI:
    """The service over a fab, with its pages. Raises NoFab and BadSettings."""
    app = service(parts, PAGES)
    app.state.pages = Bodies()
    app.state.refusal_page = sign_in.refusal_page
    app.mount("/static", _Static(packages=[("fabwatch.web", "static")]), name="static")
    return app
