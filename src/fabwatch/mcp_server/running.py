"""Running the server of assistants: over a folder or a service, on standard streams or over HTTP."""

import asyncio
import sys
from pathlib import Path

import uvicorn

from fabwatch.mcp_server.server import Api, of_address, of_folder, over_http, over_stdio
from fabwatch.terms.errors import BadQuestion


def serve(folder: Path, url: str | None, port: int | None, area: str | None, as_of: str | None, secret: str | None) -> None:
    """Serve until it is stopped. Raises NoFab, BadSettings and BadQuestion."""
    if url is not None and (area is not None or as_of is not None):
        hint = "give the key of that area, and let the assistant state as_of"
        raise BadQuestion("--area and --as-of belong to a folder.", hint)
    if url is not None and secret is None and port is None:
        raise BadQuestion("There is no key.", "put one into the environment variable FABWATCH_KEY: fabwatch key create")
    asyncio.run(_serve(folder, url, port, area, as_of, secret))


async def _serve(
    folder: Path, url: str | None, port: int | None, area: str | None, as_of: str | None, secret: str | None
) -> None:
    if url is None:
        async with of_folder(folder, as_of, area) as (api, key):
            await _served(api, key, port)
    else:
        async with of_address(url) as api:
            await _served(api, f"Bearer {secret}" if secret else None, port)


async def _served(api: Api, key: str | None, port: int | None) -> None:
    if port is None:
        await over_stdio(api, key)
        return
    config = uvicorn.Config(over_http(api, key), host="127.0.0.1", port=port, log_level="warning", access_log=False)
    server = uvicorn.Server(config)
    await _said(server)


async def _said(server: uvicorn.Server) -> None:
    """Serve, and say where once it listens."""
    running = asyncio.ensure_future(server.serve())
    while not server.started and not running.done():
        await asyncio.sleep(0.05)
    for one in server.servers if server.started else ():
        host, port = one.sockets[0].getsockname()[:2]
        print(f"assistants ask at http://{host}:{port}/mcp  (Ctrl-C stops it)", file=sys.stderr, flush=True)  # noqa: T201
    await running
