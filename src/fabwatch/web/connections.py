"""Connections: how many there may be, how long a header may take, and how a connection ends whose body nobody wants."""

import asyncio
import json
import socket
import struct
import sys
from collections import Counter
from collections.abc import Collection
from dataclasses import asdict
from ipaddress import ip_address, ip_network
from typing import Any

import h11
from uvicorn.protocols.http.h11_impl import STATUS_PHRASES, H11Protocol

from fabwatch.api.faults import Fault

HEADER_S = 10.0
"""Seconds in which the header of a request has to be complete."""
LINGER_S, LINGER_BYTES = 5.0, 256 << 20
"""So long, and so many bytes, the rest of a refused body is taken in: a client that still sends does not listen."""
SLOW_READER_S, SLOW_READER_BYTES = 30.0, 16 << 10
"""A client that takes fewer bytes of an answer in that time is let go."""
READ_BYTES, READ_OF_A_BODY = 8 << 10, 256 << 10
"""Read at once: so much is parsed while others wait. A body of a stated length needs no parsing."""
MOST, MOST_PER_ADDRESS = 600, 200


class Connections:
    """The open connections of a server: at most so many, and so many of one address.

    Where there is no more room, the oldest connection goes that has sent no complete request; those that are being
    answered stay. The addresses of `proxies` have no limit of their own.
    """

    def __init__(self, most: int = MOST, most_per_address: int = MOST_PER_ADDRESS, proxies: Collection[str] = ()):
        self.most, self.most_per_address = most, most_per_address
        self._proxies = [ip_network(proxy) for proxy in proxies]
        self._open: dict[GuardedProtocol, str] = {}
        self._per_address: Counter[str] = Counter()

    def admit(self, connection: "GuardedProtocol", address: str) -> bool:
        """Whether there is room for a connection, made if need be."""
        crowded = self._per_address[address] >= self.most_per_address and not self._is_proxy(address)
        if crowded or len(self._open) >= self.most:
            # Of the same address where that is the crowd: nobody closes the connections of others.
            among = [other for other, own in self._open.items() if not crowded or own == address]
            oldest = next((other for rank in (0, 1, 2) for other in among if other.rank() == rank), None)
            if oldest is None:
                return False
            self.forget(oldest)
            oldest.give_up()
        self._open[connection] = address
        self._per_address[address] += 1
        return True

    def _is_proxy(self, address: str) -> bool:
        try:
            return any(ip_address(address) in proxy for proxy in self._proxies)
        except ValueError:
            return False

    def forget(self, connection: "GuardedProtocol") -> None:
        """A connection that has ended."""
        address = self._open.pop(connection, None)
        if address is not None:
            self._per_address[address] -= 1
            if not self._per_address[address]:
                del self._per_address[address]


class _Transport:
    """The transport of a connection, which is not closed while its client still sends a body that nobody reads."""

    def __init__(self, transport: asyncio.Transport, protocol: "GuardedProtocol"):
        self._transport, self._protocol = transport, protocol

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)

    def close(self) -> None:
        self._protocol.leave()

    def is_closing(self) -> bool:
        return self._protocol.lingering or self._transport.is_closing()


class GuardedProtocol(H11Protocol):
    """HTTP/1.1 with deadlines and limits; made for one server by `guarded`."""

    guard: Connections

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """A client has connected."""
        self.lingering = False
        self._timer: asyncio.TimerHandle | None = None
        self._slow: asyncio.TimerHandle | None = None
        self._discarded = 0
        self._raw = transport
        super().connection_made(_Transport(transport, self))  # type: ignore[arg-type]
        if self.guard.admit(self, self.client[0] if self.client else "-"):
            self._read_at_once(READ_BYTES)
            self._expect_header()
        else:
            self._refuse(503, "TooBusy", "Too many connections.", "try again in 2 s", (b"retry-after", b"2"))

    def connection_lost(self, exc: Exception | None) -> None:
        """The connection has ended."""
        self.guard.forget(self)
        self._forget_timers()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Bytes from the client."""
        if self.lingering:
            self._discarded += len(data)
            if self._discarded > LINGER_BYTES:
                self.give_up()
            return
        super().data_received(data)
        self._look()

    def on_response_complete(self) -> None:
        """An answer was sent."""
        super().on_response_complete()
        if self.conn.their_state is h11.SEND_BODY:
            self.leave()
        elif not self.lingering:
            self._look()

    def rank(self) -> int | None:
        """How easily it is given up: 0 lingering, 1 an incomplete header, 2 between requests; None while it is served."""
        if self.lingering:
            return 0
        if self.conn.their_state is not h11.IDLE or (self.cycle is not None and not self.cycle.response_complete):
            return None
        return 2 if self.cycle is not None and not self.conn.trailing_data[0] else 1

    def give_up(self) -> None:
        """End the connection at once."""
        self._forget_timers()
        plug = self._raw.get_extra_info("socket")
        if plug is not None:
            # A reset: the other side learns of it, and nothing of the connection is kept here.
            plug.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._raw.abort()

    def leave(self, unread: bool = False) -> None:
        """End the connection; if the client still sends, only after what it sends was discarded for a while."""
        if self.lingering:
            return
        unread = unread or self.conn.their_state in (h11.SEND_BODY, h11.ERROR)
        if not unread or self._raw.is_closing():
            self._raw.close()
            return
        self.lingering = True
        self._unset_keepalive_if_required()
        self._forget_timers()
        self._read_at_once(READ_OF_A_BODY)
        self.flow.resume_reading()
        if self._raw.can_write_eof():
            self._raw.write_eof()
        self._timer = self.loop.call_later(LINGER_S, self.give_up)

    def shutdown(self) -> None:
        """The server is being stopped."""
        if self.lingering or self.rank() == 1:
            self.give_up()
        else:
            super().shutdown()

    def pause_writing(self) -> None:
        """The client reads an answer more slowly than it is sent."""
        super().pause_writing()
        self._watch_reader(self._raw.get_write_buffer_size() + SLOW_READER_BYTES)

    def resume_writing(self) -> None:
        """The client has read on."""
        super().resume_writing()
        if self._slow is not None:
            self._slow.cancel()
            self._slow = None

    def send_400_response(self, msg: str) -> None:
        """Refuse a request that is not HTTP, or whose header is too long."""
        fault = sys.exc_info()[1]
        if isinstance(fault, h11.RemoteProtocolError) and fault.error_status_hint == 431:
            hint = "send at most 32 kB of address and headers; the body of a POST may be longer"
            self._refuse(431, "HeaderTooLong", "The header of the request is too long.", hint)
        else:
            self._refuse(400, "BadRequest", "That is not a request of HTTP/1.1.", "see the page /reference")

    def _should_upgrade(self) -> bool:
        return False

    def _refuse(self, status: int, code: str, what: str, hint: str, *headers: tuple[bytes, bytes]) -> None:
        if self.conn.our_state not in (h11.IDLE, h11.SEND_RESPONSE):
            # An answer is under way already.
            self.leave()
            return
        body = json.dumps(asdict(Fault(code, what, "", hint))).encode()
        length = (b"content-length", str(len(body)).encode())
        own = [(b"content-type", b"application/json"), length, (b"connection", b"close"), *headers]
        response = h11.Response(status_code=status, headers=own, reason=STATUS_PHRASES[status])
        for event in (response, h11.Data(data=body), h11.EndOfMessage()):
            self._raw.write(self.conn.send(event) or b"")
        self.leave(unread=True)

    def _read_at_once(self, size: int) -> None:
        if hasattr(self._raw, "max_size"):
            self._raw.max_size = size

    def _expect_header(self) -> None:
        self._timer = self.loop.call_later(HEADER_S, self._header_is_late)

    def _header_is_late(self) -> None:
        self._timer = None
        if self.rank() == 1 and self.conn.trailing_data[0]:
            hint = f"send the header of a request within {HEADER_S:.0f} s"
            self._refuse(408, "TooSlow", "The header of the request did not come in time.", hint)
        elif self.rank() == 1:
            self._raw.close()

    def _look(self) -> None:
        """Whether a header is expected still, or again: of a request that follows in the same bytes."""
        plain = self.conn.their_state is h11.SEND_BODY and any(name == b"content-length" for name, _ in self.headers)
        self._read_at_once(READ_OF_A_BODY if plain else READ_BYTES)
        waits = self.rank() == 1
        if waits and self._timer is None:
            self._expect_header()
        elif not waits and self._timer is not None and not self.lingering:
            self._timer.cancel()
            self._timer = None

    def _watch_reader(self, before: int) -> None:
        self._slow = self.loop.call_later(SLOW_READER_S, self._reader_is_late, before)

    def _reader_is_late(self, before: int) -> None:
        left = self._raw.get_write_buffer_size()
        if before - left < SLOW_READER_BYTES:
            self.give_up()
        else:
            self._watch_reader(left)

    def _forget_timers(self) -> None:
        for timer in (self._timer, self._slow):
            if timer is not None:
                timer.cancel()
        self._timer = self._slow = None


def guarded(connections: Connections) -> type[GuardedProtocol]:
    """The protocol of a server with these connections."""
    return type("Protocol", (GuardedProtocol,), {"guard": connections})
