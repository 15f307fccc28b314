"""Live messages that are sent over HTTP: each is answered once it is on disk; another process loads it."""

import asyncio
import threading
from pathlib import Path

from fabwatch.api.faults import Refused
from fabwatch.live.messages import Message
from fabwatch.live.queue import Queue
from fabwatch.terms.clock import Clock, seconds_of
from fabwatch.terms.errors import nearest
from fabwatch.terms.settings import FILE, Settings, read_settings
from fabwatch.terms.settings.outside import LiveSettings


class Pushed:
    """The queues of the live sources, as fab.toml names them at the moment."""

    def __init__(self, folder: Path, clock: Clock):
        self._folder, self._clock = folder, clock
        self._settings, self._read_at = Settings(), -1.0
        self._queues: dict[str, tuple[LiveSettings, Queue]] = {}
        self._lock = threading.Lock()

    async def keep(self, name: str, payload: bytes, identity: str) -> bool:
        """Keep a message on disk; false for one that came before.

        Raises Refused (404, 413), BadSettings, QueueFull, DiskFull and LiveBroken.
        """
        return await asyncio.to_thread(self._kept, name, payload, identity)

    def close(self) -> None:
        """Let go of the files."""
        for _, queue in self._queues.values():
            queue.close()
        self._queues = {}

    def _kept(self, name: str, payload: bytes, identity: str) -> bool:
        stated, queue = self._queue(name)
        if len(payload) > stated.longest:
            what = f"That is more than {stated.message_mb:g} MB."
            raise Refused(413, "TooLong", what, "send it in several messages, or raise message_mb of the source in fab.toml")
        again = bool(identity) or stated.stamp is None
        message = Message(payload, "", seconds_of(self._clock()), identity, again)
        return queue.put([message]) > 0

    def _queue(self, name: str) -> tuple[LiveSettings, Queue]:
        with self._lock:
            sources = self._stated().live
            if name not in sources:
                near = nearest(name, sources)
                hint = f"did you mean {', '.join(near)}?" if near else "write [live.NAME] with a kind into fab.toml"
                raise Refused(404, "UnknownSource", "There is no live source of that name.", hint)
            known = self._queues.get(name)
            if known is None or known[0] != sources[name]:
                if known is not None:
                    known[1].close()
                known = self._queues[name] = sources[name], Queue(self._folder, name, sources[name].most_bytes)
            return known

    def _stated(self) -> Settings:
        path = self._folder / FILE
        changed = path.stat().st_mtime if path.exists() else 0.0
        if changed != self._read_at:
            self._settings, self._read_at = read_settings(self._folder), changed
        return self._settings
