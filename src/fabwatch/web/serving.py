"""Serving: the service and its pages on an address of this machine."""

import gc
import ipaddress
import logging
import socket
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import uvicorn

from fabwatch.api.app import Parts
from fabwatch.api.keys import Keys
from fabwatch.api.middleware.bodies import SayClose
from fabwatch.api.middleware.limits import Limits
from fabwatch.api.middleware.requests import Requests, Served
from fabwatch.api.request_id import current
from fabwatch.fab import Fab
from fabwatch.terms.clock import iso, stated_time
from fabwatch.terms.errors import BadQuestion, PortTaken
from fabwatch.terms.log_lines import log_as
from fabwatch.terms.settings import Settings
from fabwatch.web.connections import MOST, Connections, guarded
from fabwatch.web.site import site

LOG = logging.getLogger("fabwatch.requests")
FAULT = 500
"""From this status on an answer is a fault of the service."""
BACKLOG = 256
RESERVE = 200
"""Descriptors for files, workers and the engine."""
DEMO_KEY = "demo"
LEAVE = 3
"""Seconds that requests have to finish when the server is stopped."""


def run(
    folder: Path,
    host: str = "127.0.0.1",
    port: int = 8000,
    as_of: str | None = None,
    ready: Callable[[str], None] | None = None,
) -> None:
    """Serve the fab in a folder until it is stopped; `ready` is called with the address.

    Raises NoFab, NewerFab, BadSettings, PortTaken, and BadQuestion for an address that others can reach if there is no key.
    """
    with Fab(folder) as fab:
        settings = fab.settings
    _guarded(folder, host, settings)
    form = settings.server.log
    log_as(form, current)
    parts = Parts(folder, settings, stated_time(as_of) if as_of else None)
    with _bound(host, port) as listening:
        app = site(parts)
        at = listening.getsockname()
        where = f"[{at[0]}]" if ":" in at[0] else at[0]
        config = uvicorn.Config(
            Requests(SayClose(Limits(app)), app.state.counts, _tell if form == "json" else None),
            log_level="warning",
            log_config=uvicorn.config.LOGGING_CONFIG if form == "text" else None,
            access_log=False,
            server_header=False,
            timeout_keep_alive=15,
            timeout_graceful_shutdown=LEAVE,
            backlog=BACKLOG,
            lifespan="on",
            http=guarded(Connections(_most_connections(), proxies=settings.server.proxies)),
            ws="none",
            proxy_headers=bool(settings.server.proxies),
            forwarded_allow_ips=list(settings.server.proxies),
        )
        server = uvicorn.Server(config)
        # What is made once is not looked through again each time that a large body makes many objects: others would wait.
        gc.freeze()
        gc.set_threshold(20_000, 20, 50)
        (ready or _say)(f"http://{where}:{at[1]}/")
        server.run(sockets=[listening])


def run_demo(folder: Path, port: int, as_of: datetime) -> None:
    """Serve the demo as of its last day, on a free port if `port` is taken, with a key that is valid for one day."""
    keys = Keys(folder)
    for old in keys.all():
        if old.name == DEMO_KEY and old.revoked is None:
            keys.revoke(old.id)
    secret, _ = keys.create(DEMO_KEY, "admin", days=1)
    keys.close()

    def ready(address: str) -> None:
        print(f"\nThe demo is served at  {address}\nSign in with the key  {secret}\nCtrl-C stops it.", flush=True)  # noqa: T201

    try:
        run(folder, "127.0.0.1", port, iso(as_of), ready)
    except PortTaken:
        run(folder, "127.0.0.1", 0, iso(as_of), ready)


def _tell(served: Served) -> None:
    """A line of the log about a request; what was asked for in it stands in no log."""
    about = {"request_id": served.request_id, "key": served.key, "method": served.method, "route": served.route}
    level = logging.ERROR if served.status >= FAULT else logging.INFO
    LOG.log(level, "request", extra={**about, "status": served.status, "ms": served.ms})


def _guarded(folder: Path, host: str, settings: Settings) -> None:
    keys = Keys(folder)
    known = any(key.revoked is None for key in keys.all())
    keys.close()
    if not known and not settings.server.oidc and not _is_loopback(host):
        raise BadQuestion(
            f"{host} can be reached from other machines, and there is no key.",
            "fabwatch key create NAME --scope read --fab FOLDER",
        )


def _most_connections() -> int:
    """How many connections there may be, so that descriptors are left for files and workers."""
    try:
        import resource
    except ImportError:
        return MOST
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = MOST + 2 * BACKLOG + RESERVE
    if soft != resource.RLIM_INFINITY and soft < wanted:
        soft = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    return MOST if soft == resource.RLIM_INFINITY else max(min(MOST, soft - 2 * BACKLOG - RESERVE), soft // 4)


def _say(address: str) -> None:
    print(f"fabwatch is served at {address}  (Ctrl-C stops it)", flush=True)  # noqa: T201


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _bound(host: str, port: int) -> socket.socket:
    try:
        kind = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        # With the protocol given, answers are sent at once; without it, each waits 40 ms for the other side.
        listening = socket.socket(kind[0], kind[1], kind[2])
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind(kind[4])
        # From here on connections queue up, so the address may be announced.
        listening.listen(BACKLOG)
        return listening
    except OSError as fault:
        raise PortTaken(f"{host}:{port} cannot be used: {fault.strerror or fault}") from None
