"""How each connection of fab.toml stands, from what was noted when it was last used."""

from collections.abc import Iterator
from urllib.parse import urlsplit

from fabwatch.connections.answers import FAILING, Connection
from fabwatch.databases.notes import ACCOUNTS, SIGN_IN, noted
from fabwatch.live.state import standing
from fabwatch.store.view import View
from fabwatch.terms.settings import Settings
from fabwatch.terms.settings.place import POSTGRES

_CHANNELS = """
SELECT channel, max(noted_at) FILTER (event = 'sent') AS done_at, max(noted_at) AS tried_at,
    arg_max(event, noted_at) AS event, arg_max(text, noted_at) AS text, count(*) FILTER (event = 'sent') AS sent
FROM alert_events WHERE channel IS NOT NULL AND event IN ('sent', 'failed') GROUP BY channel
"""


def connections(view: View) -> Iterator[Connection]:
    """The store first, then what comes in, what goes out, and who is told."""
    settings = view.lake.settings
    yield from _store(view, settings)
    for name, database in settings.databases.items():
        for kind in database.pull:
            yield _exchanged(view, "pull", f"{name}.{kind}", bare(database.url))
    if settings.server.oidc is not None:
        yield _exchanged(view, SIGN_IN, ACCOUNTS, bare(settings.server.oidc.issuer))
    yield from _live(view, settings)
    for name, stated in settings.publish.items():
        into = settings.databases.get(stated.to)
        yield _exchanged(view, "publish", name, bare(into.url) if into else stated.to)
    yield from _channels(view, settings)


def bare(url: str) -> str:
    """An address without its user, and without what may be a secret: the path of a webhook."""
    parts = urlsplit(url)
    host = f"{parts.hostname or ''}{f':{parts.port}' if parts.port else ''}"
    return f"{parts.scheme}://{host}" if parts.scheme in ("http", "https") else f"{parts.scheme}://{host}{parts.path}"


def _store(view: View, settings: Settings) -> Iterator[Connection]:
    """The catalog and the data answer, or there would be no answer at all; a fab in a folder has neither outside."""
    if settings.fab.catalog.startswith(f"{POSTGRES}:"):
        yield Connection("catalog", view.lake.catalog.label, POSTGRES, "ok", view.as_of, view.as_of, None, 0, None)
    if view.lake.data.folder is None:
        yield Connection("data", settings.fab.data, settings.fab.s3.endpoint, "ok", view.as_of, view.as_of, None, 0, None)


def _exchanged(view: View, what: str, name: str, place: str) -> Connection:
    found = noted(view.lake.folder, what, name)
    if found is None:
        return Connection(what, name, place, "never", None, None, None, 0, None)
    state = FAILING if found.error else "ok"
    return Connection(what, name, place, state, found.done_at, found.tried_at, found.rows, found.failures, found.error)


def _live(view: View, settings: Settings) -> Iterator[Connection]:
    for one in standing(view.lake.folder, settings.live, view.as_of):
        state = FAILING if one.error else "quiet" if one.quiet else "stopped" if one.state == "stopped" else "ok"
        url = settings.live[one.source].url
        yield Connection(
            "live",
            one.source,
            bare(url) if url else one.by,
            state,
            one.last_message_at,
            None,
            one.messages,
            one.failed,
            one.error,
        )


def _channels(view: View, settings: Settings) -> Iterator[Connection]:
    last = {row["channel"]: row for row in view.lake.rows(_CHANNELS)}
    for name, stated in settings.alerts.channels.items():
        row, place = last.get(name), bare(stated.url) if stated.url else ""
        if row is None:
            yield Connection("channel", name, place, "never", None, None, None, 0, None)
            continue
        failing = row["event"] == "failed"
        state, error = (FAILING, row["text"]) if failing else ("ok", None)
        yield Connection("channel", name, place, state, row["done_at"], row["tried_at"], row["sent"], int(failing), error)
