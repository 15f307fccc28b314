"""A mail server and a receiver of webhooks on 127.0.0.1, for as long as a test needs them."""

import json
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from email import message_from_bytes
from email.message import Message
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

from aiosmtpd.controller import Controller


class Sink:
    """Keeps the mails that come in; refuses them while `broken`."""

    def __init__(self) -> None:
        self.mails: list[Message] = []
        self.broken = False

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802 - so the server calls it
        del server, session
        if self.broken:
            return "451 come back later"
        self.mails.append(message_from_bytes(envelope.content))
        return "250 OK"


@contextmanager
def mail_server(tls: ssl.SSLContext | None = None) -> Iterator[tuple[Sink, str]]:
    """A mail server, and its address."""
    sink = Sink()
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    controller = Controller(sink, hostname="127.0.0.1", port=port, ready_timeout=30, ssl_context=tls)
    controller.start()
    try:
        yield sink, f"{'smtp' if tls is None else 'smtps'}://127.0.0.1:{port}"
    finally:
        controller.stop()


class Hook:
    """Keeps what was posted, with its headers; answers with `status`."""

    def __init__(self) -> None:
        self.posted: list[tuple[str, dict[str, Any], dict[str, str]]] = []
        self.status = 200


@contextmanager
def webhook(tls: ssl.SSLContext | None = None) -> Iterator[tuple[Hook, str]]:
    """A receiver of webhooks, and its address."""
    hook = Hook()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            content = self.rfile.read(int(self.headers["Content-Length"]))
            hook.posted.append((self.path, json.loads(content), dict(self.headers)))
            self.send_response(hook.status)
            if hook.status == 302:
                self.send_header("Location", "/elsewhere")
            self.end_headers()

        do_GET = do_POST  # noqa: N815 - a redirect that is followed comes as GET

        def log_message(self, *given: Any) -> None:
            del given

    server = HTTPServer(("127.0.0.1", 0), Handler)
    if tls is not None:
        server.socket = tls.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield hook, f"{'http' if tls is None else 'https'}://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join(10)
        server.server_close()
