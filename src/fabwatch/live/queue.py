"""The queue of one live source: on disk before a message is acknowledged, and until what it says is in the lake.

A file of SQLite with a write-ahead log that reaches the disk at each commit: a process that is killed, or a machine that
loses its power, leaves whole messages alone. Receiver and loader may be two processes.
"""

import json
import sqlite3
import threading
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from fabwatch.live.batches import Memory
from fabwatch.live.messages import Message
from fabwatch.terms.errors import DiskFull, LiveBroken, QueueFull

FOLDER = "live"
REMEMBERED = 1_000_000
"""So many messages back one that comes again is known."""
WAIT_S = 20.0
"""Seconds that one process waits for the other."""
TABLES = """
CREATE TABLE IF NOT EXISTS messages (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, topic TEXT, payload BLOB, received_at REAL, size INTEGER, batch INTEGER);
CREATE INDEX IF NOT EXISTS waiting ON messages (batch, seq);
CREATE TABLE IF NOT EXISTS seen (seq INTEGER PRIMARY KEY, digest BLOB UNIQUE);
CREATE TABLE IF NOT EXISTS batches (batch INTEGER PRIMARY KEY AUTOINCREMENT);
CREATE TABLE IF NOT EXISTS counts (name TEXT PRIMARY KEY, value REAL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS words (name TEXT PRIMARY KEY, value TEXT) WITHOUT ROWID;
"""
PLACES = ("messages", "duplicates", "queued", "queued_bytes", "rows", "there_already", "set_aside", "waiting", "failed")


@dataclass(frozen=True)
class Batch:
    """Messages that are loaded together, the same ones however often it is tried."""

    number: int
    messages: tuple[Message, ...]


class Queue:
    """The messages of a live source that are not loaded yet; one object for a thread, or guarded by its own lock."""

    def __init__(self, folder: Path, name: str, most_bytes: int):
        """Open the queue in a fab folder. Raises LiveBroken and DiskFull."""
        self.place = folder / FOLDER / name
        self.name, self._most = name, most_bytes
        self._lock = threading.Lock()
        self.place.mkdir(parents=True, exist_ok=True)
        with self._told():
            self._database = sqlite3.connect(
                self.place / "queue.sqlite", timeout=WAIT_S, isolation_level=None, check_same_thread=False
            )
            self._database.execute("PRAGMA journal_mode = WAL")
            self._database.execute("PRAGMA synchronous = FULL")
            self._database.executescript(TABLES)

    def close(self) -> None:
        """Let go of the file."""
        self._database.close()

    def put(self, messages: Iterable[Message]) -> int:
        """Keep messages on disk; returns how many are new. Raises QueueFull (then none is kept), DiskFull and LiveBroken."""
        some = list(messages)
        with self._writing() as database:
            held = self._count("queued_bytes")
            arriving = sum(len(message.payload) for message in some)
            if held and held + arriving > self._most:
                raise QueueFull(f"The queue of {self.name} is full: {held / 1e6:,.3g} MB wait to be loaded.")
            fresh = [message for message in some if self._is_new(database, message)]
            self._add(
                {
                    "messages": len(fresh),
                    "duplicates": len(some) - len(fresh),
                    "queued": len(fresh),
                    "queued_bytes": sum(len(message.payload) for message in fresh),
                }
            )
            if some:
                self._say("last_at", repr(max(message.received_at for message in some)))
        return len(fresh)

    def take(self, most_bytes: int) -> Batch | None:
        """The batch that was begun, else a new one of what has waited longest; None where nothing waits."""
        with self._writing() as database:
            begun = database.execute("SELECT min(batch) FROM batches").fetchone()[0]
            if begun is None:
                begun = self._begun(database, most_bytes)
            if begun is None:
                return None
            rows = database.execute(
                "SELECT payload, topic, received_at, size FROM messages WHERE batch = ? ORDER BY seq", (begun,)
            )
            return Batch(begun, tuple(Message(payload, topic, at, size=size) for payload, topic, at, size in rows))

    def finish(self, batch: Batch, counts: Mapping[str, int], at: float, memory: Memory) -> None:
        """Forget messages that are loaded; count what became of them, and remember what the next batch rests on."""
        with self._writing() as database:
            gone = database.execute(
                "SELECT count(*), coalesce(sum(length(payload)), 0) FROM messages WHERE batch = ?", (batch.number,)
            ).fetchone()
            database.execute("DELETE FROM messages WHERE batch = ?", (batch.number,))
            database.execute("DELETE FROM batches WHERE batch = ?", (batch.number,))
            database.execute("DELETE FROM seen WHERE seq <= (SELECT max(seq) FROM seen) - ?", (REMEMBERED,))
            self._add({**counts, "queued": -gone[0], "queued_bytes": -gone[1]})
            self._say("loaded_at", repr(at))
            self._say("memory", json.dumps(asdict(memory)))

    def note(self, **words: str | None) -> None:
        """Note how the receiver stands: connected_since, error."""
        with self._writing():
            for name, value in words.items():
                self._say(name, value)

    def counts(self) -> dict[str, int]:
        """How many messages came, and what became of them."""
        with self._lock, self._told():
            rows = dict(self._database.execute("SELECT name, value FROM counts").fetchall())
        return {name: int(rows.get(name, 0)) for name in PLACES}

    def words(self) -> dict[str, str]:
        """What was noted."""
        with self._lock, self._told():
            return dict(self._database.execute("SELECT name, value FROM words WHERE value IS NOT NULL").fetchall())

    def memory(self) -> Memory:
        """What the batches before have said that the next one rests on."""
        return Memory(**json.loads(self.words().get("memory", "{}")))

    def oldest(self) -> float | None:
        """When the message that has waited longest came; None where none waits."""
        with self._lock, self._told():
            row = self._database.execute("SELECT received_at FROM messages ORDER BY seq LIMIT 1").fetchone()
        return None if row is None else float(row[0])

    def _begun(self, database: sqlite3.Connection, most_bytes: int) -> int | None:
        last, held = None, 0
        for seq, length in database.execute("SELECT seq, length(payload) FROM messages WHERE batch IS NULL ORDER BY seq"):
            if last is not None and held + length > most_bytes:
                break
            last, held = seq, held + length
        if last is None:
            return None
        begun = database.execute("INSERT INTO batches DEFAULT VALUES").lastrowid
        database.execute("UPDATE messages SET batch = ? WHERE batch IS NULL AND seq <= ?", (begun, last))
        return begun

    def _is_new(self, database: sqlite3.Connection, message: Message) -> bool:
        """Keep a message, unless it is one that came before."""
        if message.again and database.execute("SELECT 1 FROM seen WHERE digest = ?", (message.digest,)).fetchone():
            return False
        seq = database.execute(
            "INSERT INTO messages (topic, payload, received_at, size) VALUES (?, ?, ?, ?)",
            (message.topic, message.payload, message.received_at, message.size or len(message.payload)),
        ).lastrowid
        database.execute("INSERT OR REPLACE INTO seen VALUES (?, ?)", (seq, message.digest))
        return True

    def _count(self, name: str) -> float:
        row = self._database.execute("SELECT value FROM counts WHERE name = ?", (name,)).fetchone()
        return 0.0 if row is None else float(row[0])

    def _add(self, counts: Mapping[str, int]) -> None:
        self._database.executemany(
            "INSERT INTO counts VALUES (?, ?) ON CONFLICT DO UPDATE SET value = value + excluded.value", counts.items()
        )

    def _say(self, name: str, value: str | None) -> None:
        self._database.execute("INSERT OR REPLACE INTO words VALUES (?, ?)", (name, value))

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        """One transaction, on disk at its end."""
        with self._lock, self._told():
            self._database.execute("BEGIN IMMEDIATE")
            try:
                yield self._database
                self._database.execute("COMMIT")
            except BaseException:
                if self._database.in_transaction:
                    self._database.execute("ROLLBACK")
                raise

    @contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as fault:
            if getattr(fault, "sqlite_errorcode", None) in (sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR):
                raise DiskFull(f"The disk of {self.place} is full: {fault}.") from fault
            raise LiveBroken(f"The queue of {self.name} cannot be used: {fault}.") from fault
