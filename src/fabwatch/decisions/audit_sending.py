"""The audit sent to a receiver of syslog: each entry once, in order, from the last one that was sent."""

import json
import os
import socket
import ssl
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from urllib.parse import urlsplit

from filelock import FileLock, Timeout

from fabwatch.decisions.answers import Entry
from fabwatch.decisions.audit_export import as_syslog, entries_since
from fabwatch.store.anchor import Head
from fabwatch.store.lake import Lake
from fabwatch.terms.errors import CannotSend
from fabwatch.terms.settings.service import AuditSettings
from fabwatch.terms.tls import trusting

NOTE = "audit.sent"
TIMEOUT_S = 10.0
AT_ONCE = 500
"""Entries of one connection: after them it is noted how far it came."""
PORTS = {"udp": 514, "tcp": 601, "tls": 6514}
HINT = "see that the receiver of [audit] syslog runs; what was not sent is sent as soon as it does"


def send_new(lake: Lake, stated: AuditSettings) -> int:
    """Send what came after the last entry that was sent; how many. Raises CannotSend; what was sent until then is noted."""
    if not stated.syslog:
        return 0
    lock = FileLock(lake.folder / f"{NOTE}.lock", timeout=0)
    try:
        with lock:
            return _sent(lake, stated)
    except Timeout:
        # Another service of this fab sends them.
        return 0


def _sent(lake: Lake, stated: AuditSettings) -> int:
    last = _last(lake, stated.syslog)
    if lake.head("audit").seq == last:
        return 0
    waiting = entries_since(lake, last)
    for first in range(0, len(waiting), AT_ONCE):
        some = waiting[first : first + AT_ONCE]
        try:
            _deliver(stated, some)
        except (OSError, ValueError) as fault:
            raise CannotSend(f"The audit could not be sent to {stated.syslog}: {fault}", HINT) from fault
        _note(lake.folder, stated.syslog, Head(some[-1].seq, some[-1].hash))
    return len(waiting)


def _deliver(stated: AuditSettings, entries: Sequence[Entry]) -> None:
    parts = urlsplit(stated.syslog)
    address = parts.hostname or "localhost", parts.port or PORTS[parts.scheme]
    messages = [as_syslog(entry).encode() for entry in entries]
    if parts.scheme == "udp":
        kind, *_, place = socket.getaddrinfo(*address, type=socket.SOCK_DGRAM)[0]
        with socket.socket(kind, socket.SOCK_DGRAM) as link:
            link.settimeout(TIMEOUT_S)
            link.connect(place)
            for message in messages:
                link.send(message)
        return
    with socket.create_connection(address, TIMEOUT_S) as plain:
        if parts.scheme == "tls":
            with trusting(stated.ca).wrap_socket(plain, server_hostname=address[0]) as link:
                _stream(link, messages)
        else:
            _stream(plain, messages)


def _stream(link: socket.socket, messages: Sequence[bytes]) -> None:
    """Send with the length before each message (RFC 6587, RFC 5425), and see that the other side did not break off."""
    link.sendall(b"".join(b"%d %s" % (len(message), message) for message in messages))
    # A receiver that keeps the connection open, or leaves without a goodbye, has what was sent; one that resets it has not.
    with suppress(TimeoutError, ssl.SSLError):
        if isinstance(link, ssl.SSLSocket):
            link.unwrap()
            return
        link.shutdown(socket.SHUT_WR)
        while link.recv(4096):
            pass


def _last(lake: Lake, address: str) -> int:
    """The number of the last entry that was sent there; 0 where the audit is another one than that of which it was."""
    try:
        noted = json.loads((lake.folder / NOTE).read_text(encoding="utf-8"))
        seq, own = int(noted["seq"]), noted["hash"]
        if noted["to"] != address:
            return 0
    except (OSError, ValueError, KeyError, TypeError):
        return 0
    # After a backup was brought back its entries have the same numbers and other hashes: all are sent again.
    known = lake.rows("SELECT hash FROM lake.audit WHERE seq = $seq", {"seq": seq})
    return seq if known and known[0]["hash"] == own else 0


def _note(folder: Path, address: str, head: Head) -> None:
    beside = folder / f"{NOTE}.{os.getpid()}"
    beside.write_text(json.dumps({"to": address, "seq": head.seq, "hash": head.hash}), encoding="utf-8")
    beside.replace(folder / NOTE)
