"""Live sources: the part of the door that takes messages in, and loads what waits like files, each message once."""

from pathlib import Path

from fabwatch.fab.files import Files
from fabwatch.ingest.messages import set_aside
from fabwatch.ingest.summary import IngestSummary
from fabwatch.live.answers import LiveSources
from fabwatch.live.batches import Unread, Written, written
from fabwatch.live.messages import Message
from fabwatch.live.questions import LiveQuestion
from fabwatch.live.queue import Batch, Queue
from fabwatch.terms.clock import moment_at, seconds_of
from fabwatch.terms.errors import BadQuestion, unknown
from fabwatch.terms.problems import Problem, UnreadMessage
from fabwatch.terms.settings.outside import LIVE, LiveSettings

AT_ONCE = 4 << 20
"""Bytes of messages that are loaded together: some seconds of one equipment, and little enough to be loaded in one."""
FAILED = "failed"


class LiveRoom(Files):
    """Takes messages of the live sources of fab.toml, and loads them."""

    _queues: dict[str, Queue]

    def live(self) -> LiveSources:
        """How the live sources stand."""
        return self.ask(LiveQuestion())

    def live_queue(self, name: str) -> Queue:
        """The queue of a live source. Raises BadQuestion, LiveBroken and DiskFull."""
        stated = self._live_source(name)
        queues = self.__dict__.setdefault("_queues", {})
        if name not in queues:
            queues[name] = Queue(self.path, name, stated.most_bytes)
        queue: Queue = queues[name]
        return queue

    def receive(self, name: str, payload: bytes | str, *, identity: str = "", topic: str = "") -> bool:
        """Keep a message of a live source on disk until it is loaded; false for one that came before.

        Raises BadQuestion for an unknown source or a message that is too long, and QueueFull.
        """
        stated, body = self._live_source(name), payload.encode() if isinstance(payload, str) else payload
        if len(body) > stated.longest:
            raise BadQuestion(
                f"A message of {name} has {len(body):,} bytes.", f"send it in parts of {stated.message_mb:g} MB"
            )
        now = seconds_of(self._clock())
        return self.live_queue(name).put([Message(body, topic, now, identity, again=stated.stamp is None)]) > 0

    def load_live(self, name: str) -> IngestSummary:
        """Load one batch of what waits; the same one again where that was stopped.

        Raises StoreBusy, DiskFull and LiveBroken.
        """
        stated, queue = self._live_source(name), self.live_queue(name)
        batch = queue.take(AT_ONCE)
        if batch is None:
            return IngestSummary(())
        text = written(batch.messages, stated, queue.memory())
        path = queue.place / f"{_stamp(batch)}.{name}{LIVE}"
        summary = self._load_batch(path, text, stated)
        self._set_aside(path, stated, text.unread)
        queue.finish(batch, self._counts(path, text, summary), seconds_of(self._clock()), text.memory)
        if summary.failed and any(file.status == "failed" for file in summary.files):
            (queue.place / FAILED).mkdir(exist_ok=True)
            path.replace(queue.place / FAILED / path.name)
        path.unlink(missing_ok=True)
        return summary

    def _load_batch(self, path: Path, text: Written, stated: LiveSettings) -> IngestSummary:
        if not text.rows:
            return IngestSummary(())
        if not path.exists():
            # What was written before it was stopped is loaded as it was, even if fab.toml has changed since.
            beside = path.with_suffix(".part")
            beside.write_bytes(text.text)
            beside.replace(path)
        return self.ingest(path, kind=stated.kind)

    def _set_aside(self, path: Path, stated: LiveSettings, unread: tuple[Unread, ...]) -> None:
        if unread:
            problems = [Problem(UnreadMessage, one.why, line=one.number, raw=one.raw) for one in unread]
            name = f"{path.with_suffix('')}.unread"
            set_aside(self._lake, self._clock, name, stated.kind or "", problems)

    def _counts(self, path: Path, text: Written, summary: IngestSummary) -> dict[str, int]:
        """What became of a batch, by the ledger: also of one that was loaded before this was stopped."""
        rows = self._lake.rows(
            "SELECT rows, duplicates, set_aside FROM lake.loads WHERE path = $path AND status = 'loaded'",
            {"path": str(path)},
        )
        own = rows[0] if rows else {"rows": 0, "duplicates": summary.duplicates, "set_aside": 0}
        return {
            "rows": own["rows"],
            "there_already": own["duplicates"],
            "set_aside": own["set_aside"] + len(text.unread),
            "waiting": sum(file.status == "inbox" for file in summary.files),
            "failed": sum(file.status == "failed" for file in summary.files),
        }

    def _live_source(self, name: str) -> LiveSettings:
        sources = self.settings.live
        if not sources:
            raise BadQuestion("fab.toml names no live source.", "write [live.NAME] with a kind; see docs/live.md")
        if name not in sources:
            raise unknown("live source", name, sources)
        return sources[name]

    def _close_queues(self) -> None:
        for queue in self.__dict__.pop("_queues", {}).values():
            queue.close()


def _stamp(batch: Batch) -> str:
    """A name for its file that no other batch has, not even one of a queue that was begun anew."""
    return f"{moment_at(batch.messages[0].received_at):%Y%m%dT%H%M%S}-{batch.number}"
