"""The server: each call asks the API with the key of whoever calls; rights, rows and evidence are those of the API."""

import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
import mcp_types as types
from mcp.server.lowlevel import Server
from starlette.applications import Starlette

from fabwatch.api.app import Parts, service
from fabwatch.api.keys import Keys
from fabwatch.fab import Fab
from fabwatch.mcp_server.tools import Tool, tools
from fabwatch.terms.clock import stated_time
from fabwatch.terms.version import VERSION

ABOUT = (
    "Answers about a semiconductor fab from its own record: wafers at risk, forecasts of failed quals, containment, tool "
    "logs, polish times, yield, models. Each answer begins with a sentence for people; `how` says how it was computed and "
    "`as_of` for when it holds. Times are UTC. Quote figures as they are given, with their intervals and doubts, and say "
    "where an answer says that it cannot tell. Nothing can be changed by these tools."
)
TIMEOUT_S = 300.0
KEY_NAME = "mcp"
Authorization = Callable[[Any], str | None]
"""The header with the key of whoever calls, from the request of HTTP."""


@dataclass(frozen=True)
class Api:
    """The API of a service, elsewhere or in this process."""

    client: httpx2.AsyncClient
    pages: str
    """Where people find it; empty where nobody serves it."""

    async def ask(self, tool: Tool, arguments: dict[str, Any], authorization: str | None) -> types.CallToolResult:
        """The answer to a question; what went wrong is an answer too, with its way out."""
        path, query = tool.address(arguments)
        headers = {"Authorization": authorization} if authorization else {}
        try:
            answer = await self.client.get(path, params=query, headers=headers)
            body = answer.json()
        except (httpx2.HTTPError, ValueError) as fault:
            return _failed(
                f"The service cannot be asked: {type(fault).__name__}.", "is it running, and is its address right?"
            )
        if answer.status_code != 200:
            return _failed(str(body.get("what", answer.status_code)), str(body.get("hint", "")))
        link = f"\n{self.pages}{answer.request.url.raw_path.decode()}" if self.pages else ""
        sentence = body.get("sentence", "")
        text = f"{sentence}{link}\n{json.dumps(body, ensure_ascii=False)}"
        return types.CallToolResult(content=[types.TextContent(text=text)], structured_content=body)


def server_of(api: Api, authorization: Authorization) -> Server[Any]:
    """A server whose tools are the questions."""
    known = tools()
    readonly = types.ToolAnnotations(read_only_hint=True, destructive_hint=False, open_world_hint=False)
    listed = [
        types.Tool(name=one.name, description=one.about, input_schema=one.schema, annotations=readonly)
        for one in known.values()
    ]

    async def on_list(context: Any, params: Any) -> types.ListToolsResult:
        del context, params
        return types.ListToolsResult(tools=listed)

    async def on_call(context: Any, params: types.CallToolRequestParams) -> types.CallToolResult:
        tool = known.get(params.name)
        if tool is None:
            return _failed(f"There is no tool {params.name[:60]}.", "list the tools")
        return await api.ask(tool, params.arguments or {}, authorization(context.request))

    return Server("fabwatch", version=VERSION, instructions=ABOUT, on_list_tools=on_list, on_call_tool=on_call)


@asynccontextmanager
async def of_folder(folder: Path, as_of: str | None, area: str | None) -> AsyncIterator[tuple[Api, str]]:
    """The API of a fab folder in this process, with a key that is gone afterwards. Raises NoFab and BadSettings."""
    with Fab(folder) as fab:
        settings = fab.settings
    keys = Keys(folder)
    secret, key = keys.create(KEY_NAME, "read", days=1, area=area)
    app = service(Parts(folder, settings, stated_time(as_of) if as_of else None, works=False))
    try:
        async with app.router.lifespan_context(app):
            transport = httpx2.ASGITransport(app)
            async with httpx2.AsyncClient(transport=transport, base_url="http://127.0.0.1", timeout=TIMEOUT_S) as client:
                yield Api(client, ""), f"Bearer {secret}"
    finally:
        keys.revoke(key.id)
        keys.close()


@asynccontextmanager
async def of_address(address: str) -> AsyncIterator[Api]:
    """The API of a service."""
    base = address.rstrip("/")
    async with httpx2.AsyncClient(base_url=base, timeout=TIMEOUT_S) as client:
        yield Api(client, base)


async def over_stdio(api: Api, key: str | None) -> None:
    """Serve one assistant on the standard streams."""
    from mcp.server.stdio import stdio_server

    server = server_of(api, lambda request: key)
    async with stdio_server() as (reading, writing):
        await server.run(reading, writing, server.create_initialization_options())


def over_http(api: Api, key: str | None = None) -> Starlette:
    """An application that serves assistants under /mcp, each with the key that it sends; `key` where it sends none."""

    def authorization(request: Any) -> str | None:
        sent: str | None = None if request is None else request.headers.get("authorization")
        return sent or key

    return server_of(api, authorization).streamable_http_app(json_response=True, stateless_http=True)


def _failed(what: str, hint: str) -> types.CallToolResult:
    return types.CallToolResult(content=[types.TextContent(text=f"{what} {hint}".strip())], is_error=True)
