"""From an MQTT broker: a message is acknowledged once it is on disk, so that the broker sends again what is not."""

import importlib
import itertools
import json
import os
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote, urlsplit

from fabwatch.live.messages import Message
from fabwatch.live.source import Source, cannot
from fabwatch.live.topics import subscription
from fabwatch.terms.errors import ExtraMissing, QueueFull

KEEP_ALIVE_S = 30
CONNECT_S = 15.0
AT_ONCE, COLLECT_S = 500, 0.02
"""Messages that reach the disk together, and seconds that the first of them waits for others."""
FULL_S = 0.25
PARTS = 8
"""So many parts of a queue go in one after the other."""
BEGINNING = 64 << 10
"""Bytes that are kept of a message that is too long."""
PORTS = {"mqtt": 1883, "mqtts": 8883}


def receive(source: Source, others: Mapping[str, Source]) -> None:
    """Receive until it is stopped. Raises CannotReceive, ExtraMissing, DiskFull and LiveBroken."""
    del others
    try:
        library = importlib.import_module("paho.mqtt.client")
    except ModuleNotFoundError as fault:
        what = f"Live source {source.name} needs the package paho-mqtt, which is not installed."
        raise ExtraMissing(what, "pip install 'fabwatch[mqtt]'") from fault
    Session(source, library).run()


@dataclass
class Session:
    """One connection to a broker."""

    source: Source
    library: Any
    arrived: list[tuple[Message, int, int]] = field(default_factory=list)
    """Messages that are not on disk yet, each with its number and quality of service."""
    since: float = 0.0
    accepted: bool = False
    refused: str = ""

    def run(self) -> None:
        """Connect and receive."""
        client = self._client()
        parts = urlsplit(self.source.stated.url or "")
        try:
            client.connect(parts.hostname or "localhost", parts.port or PORTS[parts.scheme], KEEP_ALIVE_S)
            self._loop(client)
        except (OSError, ValueError) as fault:
            raise cannot(self.source, fault) from fault
        finally:
            client.disconnect()

    def _loop(self, client: Any) -> None:
        deadline = time.monotonic() + CONNECT_S
        while not self.source.stop.is_set():
            ended = client.loop(COLLECT_S)
            if self.refused:
                raise cannot(self.source, f"the broker refuses: {self.refused}")
            if ended:
                raise cannot(self.source, f"the broker is gone ({self.library.error_string(ended)})")
            if not self.accepted and time.monotonic() > deadline:
                raise cannot(self.source, "the broker does not answer")
            if self.arrived and (len(self.arrived) >= AT_ONCE or time.monotonic() - self.since >= COLLECT_S):
                self._keep(client)
        if self.arrived:
            self._keep(client)

    def _client(self) -> Any:
        stated, library = self.source.stated, self.library
        parts = urlsplit(stated.url or "")
        # The broker keeps what a known client has missed; it is known by its name.
        client = library.Client(
            library.CallbackAPIVersion.VERSION2,
            client_id=stated.client or f"fabwatch-{self.source.name}",
            clean_session=False,
            manual_ack=True,
        )
        if parts.username:
            client.username_pw_set(unquote(parts.username), _secret(self.source))
        if parts.scheme == "mqtts":
            client.tls_set(ca_certs=stated.ca)
        client.on_connect, client.on_message, client.on_subscribe = self._connected, self._message, self._subscribed
        return client

    def _connected(self, client: Any, _: object, __: object, reason: Any, *___: object) -> None:
        if reason.is_failure:
            self.refused = str(reason)
            return
        client.subscribe([(subscription(topic), 1) for topic in self.source.stated.topics])

    def _subscribed(self, _: object, __: object, ___: object, reasons: Any, *____: object) -> None:
        if any(reason.is_failure for reason in reasons):
            self.refused = "it does not let this user subscribe to all of topics"
            return
        self.accepted = True
        self.source.connected()

    def _message(self, _: object, __: object, came: Any) -> None:
        stated, payload = self.source.stated, bytes(came.payload)
        size = len(payload)
        kept = payload if size <= stated.longest else payload[:BEGINNING]
        # Without a time in it only what the broker marks as sent again may be one that came before.
        again = stated.stamp is None or came.dup or came.retain
        message = Message(kept, came.topic, self.source.now(), identity_of(kept, stated.identity), again, size)
        if not self.arrived:
            self.since = time.monotonic()
        self.arrived.append((message, came.mid, came.qos))

    def _keep(self, client: Any) -> None:
        """Bring on disk what has come, and acknowledge it; while the queue is full nothing more is taken from the broker."""
        while self.arrived:
            own = self.arrived[: self._fitting()]
            if not self._patiently([message for message, _, _ in own]):
                # Not acknowledged: the broker sends it again.
                return
            for _, number, quality in own:
                if quality:
                    client.ack(number, quality)
            del self.arrived[: len(own)]

    def _fitting(self) -> int:
        """How many of the messages go into the queue together: no more than a part of it, and at least one."""
        held = itertools.accumulate(len(message.payload) for message, _, _ in self.arrived)
        most = self.source.stated.most_bytes // PARTS
        return max(sum(1 for _ in itertools.takewhile(lambda bytes_: bytes_ <= most, held)), 1)

    def _patiently(self, messages: list[Message]) -> bool:
        """Put messages into the queue as soon as there is room; false if it was stopped before."""
        full = False
        while True:
            try:
                self.source.queue.put(messages)
            except QueueFull as fault:
                if not full:
                    self.source.queue.note(error=fault.what)
                full = True
                if self.source.stop.wait(FULL_S):
                    return False
            else:
                if full:
                    self.source.queue.note(error=None)
                return True


def identity_of(payload: bytes, name: str | None) -> str:
    """What a message calls itself in a field; empty where it does not."""
    if name is None:
        return ""
    try:
        value = json.loads(payload)
        found = value.get(name) if isinstance(value, dict) else None
    except (ValueError, RecursionError):
        return ""
    return "" if found is None else str(found)


def _secret(source: Source) -> str | None:
    name = source.stated.secret_env
    if name is None:
        return None
    found = os.environ.get(name)
    if not found:
        raise cannot(source, f"the environment variable {name} is not set")
    return found
