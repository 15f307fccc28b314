"""Keys: 256 random bits, shown once, kept only as a hash; with a scope, an area, an end, and sessions of pages."""

import hashlib
import hmac
import os
import re
import secrets
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from fabwatch.terms.clock import Clock, iso, utc_now
from fabwatch.terms.errors import BadQuestion, NoFab, StoreBroken
from fabwatch.terms.settings.service import Scope

SCOPES: dict[str, frozenset[str]] = {
    "read": frozenset({"read"}),
    "load": frozenset({"read", "load"}),
    "decide": frozenset({"read", "decide"}),
    "admin": frozenset({"read", "load", "decide", "admin"}),
}
"""What each scope may do."""
FILE = "keys.sqlite"
SESSION = timedelta(hours=12)
LONGEST_DAYS = 3650
NAME = re.compile(r"[\w.@ -]{1,60}")
_MAKE = """
CREATE TABLE IF NOT EXISTS keys (id TEXT PRIMARY KEY, name TEXT NOT NULL, hash TEXT NOT NULL, scope TEXT NOT NULL,
    area TEXT, created TEXT NOT NULL, expires TEXT, revoked TEXT);
CREATE TABLE IF NOT EXISTS sessions (hash TEXT PRIMARY KEY, id TEXT NOT NULL, expires TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS accounts (account TEXT PRIMARY KEY, id TEXT NOT NULL UNIQUE);
CREATE TABLE IF NOT EXISTS loaded (id TEXT PRIMARY KEY, day TEXT NOT NULL, bytes INTEGER NOT NULL);
"""
_KEYS = (
    "SELECT k.id, name, hash, scope, area, created, k.expires, revoked, account FROM keys AS k LEFT JOIN accounts USING (id)"
)
_INSERT = "INSERT INTO keys VALUES (?, ?, ?, ?, ?, ?, ?, NULL)"
_NO_SECRET = ""
"""In the place of the hash of a key that nobody can show: that of an account."""
_NOBODY = hashlib.sha256(b"").hexdigest()


@dataclass(frozen=True)
class Key:
    """What is known of a key; never the key itself."""

    id: str
    name: str
    scope: Scope
    area: str | None
    created: datetime
    expires: datetime | None
    revoked: datetime | None
    account: str | None = None
    """The account of a person who signs in at the provider; there is no key to show then."""

    def may(self, act: str) -> bool:
        """True when its scope covers the act: read, load, decide or admin."""
        return act in SCOPES[self.scope]

    @property
    def who(self) -> str:
        """How the audit names it."""
        return f"{self.name} ({self.id})"


class Keys:
    """The keys of one fab, in a file of their own that only its owner can read."""

    def __init__(self, folder: Path, clock: Clock = utc_now):
        if not (folder / "fabwatch.json").exists():
            raise NoFab(f"There is no fab in {folder}.")
        self._clock = clock
        path = folder / FILE
        try:
            if not path.exists():
                os.close(os.open(path, os.O_CREAT | os.O_WRONLY, 0o600))
            self._store = sqlite3.connect(path, timeout=10, isolation_level=None, check_same_thread=False)
            self._store.executescript(_MAKE)
        except (OSError, sqlite3.Error) as fault:
            hint = "serve a fab from where it can be written; the command line answers from a folder that cannot be, too"
            raise StoreBroken(f"The keys in {path} cannot be kept: {fault}", hint) from None

    def close(self) -> None:
        """Let go of the file."""
        self._store.close()

    def create(self, name: str, scope: str, area: str | None = None, days: float | None = None) -> tuple[str, Key]:
        """A new key and what is known of it; the key is not kept and cannot be shown again. Raises BadQuestion."""
        if not NAME.fullmatch(name):
            raise BadQuestion(f"{name!r} is not a valid name for a key.", "1 to 60 letters, digits, spaces or . _ @ -")
        if scope not in SCOPES:
            raise BadQuestion(f"No scope {scope!r}.", f"it is one of {', '.join(SCOPES)}")
        if days is not None and not 0 < days <= LONGEST_DAYS:
            raise BadQuestion(
                f"days must be above 0 and at most {LONGEST_DAYS:,} (got {days:g}).", "give the days until the key ends"
            )
        now = self._clock()
        key_id = secrets.token_hex(4)
        key = f"fw_{key_id}_{secrets.token_urlsafe(32)}"
        expires = None if days is None else now + timedelta(days=days)
        row = (key_id, name, _hash(key), scope, area, iso(now), iso(expires))
        self._store.execute(_INSERT, row)
        return key, self._of(key_id)

    def person(self, account: str, name: str, scope: Scope, area: str | None) -> Key:
        """What a person may who signed in with that account, as it is from now on; it may be revoked."""
        shown = re.sub(r"[^\w.@ -]", "-", name.strip())[:60] or "person"
        with self._at_once():
            row = self._store.execute("SELECT id FROM accounts WHERE account = ?", (account,)).fetchone()
            key_id = row[0] if row else secrets.token_hex(4)
            if row:
                known = (shown, scope, area, key_id)
                self._store.execute("UPDATE keys SET name = ?, scope = ?, area = ? WHERE id = ?", known)
            else:
                made = (key_id, shown, _NO_SECRET, scope, area, iso(self._clock()), None)
                self._store.execute(_INSERT, made)
                self._store.execute("INSERT INTO accounts VALUES (?, ?)", (account, key_id))
        return self._of(key_id)

    def allow(self, named: str) -> list[Key]:
        """Let people of that id or name sign in again whose accounts were revoked. Raises BadQuestion."""
        hits = [key for key in self.all() if named in (key.id, key.name) and key.account and key.revoked]
        if not hits:
            hint = "fabwatch key list shows them; a key that was revoked stays so: make a new one"
            raise BadQuestion(f"No account {named} was revoked.", hint)
        for key in hits:
            self._store.execute("UPDATE keys SET revoked = NULL WHERE id = ?", (key.id,))
        return [self._of(key.id) for key in hits]

    def all(self) -> list[Key]:
        """Every key that was ever made, the latest first."""
        rows = self._store.execute(f"{_KEYS} ORDER BY created DESC, k.id").fetchall()
        return [self._key(row) for row in rows]

    def revoke(self, named: str) -> list[Key]:
        """Revoke the key of that id, or all of that name; its sessions end too. Raises BadQuestion."""
        hits = [key for key in self.all() if named in (key.id, key.name)]
        if not hits:
            raise BadQuestion(f"No key {named}.", "fabwatch key list shows their ids and names")
        with self._at_once():
            for key in hits:
                row = (iso(self._clock()), key.id)
                self._store.execute("UPDATE keys SET revoked = coalesce(revoked, ?) WHERE id = ?", row)
                self._store.execute("DELETE FROM sessions WHERE id = ?", (key.id,))
        return [key for key in self.all() if named in (key.id, key.name)]

    def check(self, token: str) -> Key | None:
        """The key that `token` is, when it is valid now."""
        key = self.find(token)
        return self.valid(key) if key else None

    def find(self, token: str) -> Key | None:
        """The key that `token` is, valid or not any more; a wrong id takes as long as a wrong key."""
        parts = token.split("_", 2)
        key_id = parts[1] if len(parts) == 3 else ""
        row = self._store.execute(f"{_KEYS} WHERE k.id = ?", (key_id,)).fetchone()
        same = hmac.compare_digest(_hash(token), row[2] if row else _NOBODY)
        return self._key(row) if row and same else None

    def sign_in(self, key: Key) -> tuple[str, datetime]:
        """A session for pages: its secret, and when it ends."""
        now = self._clock()
        ends = min(now + SESSION, key.expires or now + SESSION)
        secret = secrets.token_urlsafe(32)
        with self._at_once():
            self._store.execute("DELETE FROM sessions WHERE expires < ?", (iso(now),))
            self._store.execute("INSERT INTO sessions VALUES (?, ?, ?)", (_hash(secret), key.id, iso(ends)))
        return secret, ends

    def signed_in(self, secret: str) -> Key | None:
        """The key behind a session, when both are valid now."""
        row = self._store.execute("SELECT id, expires FROM sessions WHERE hash = ?", (_hash(secret),)).fetchone()
        if row is None or (_time(row[1]) or self._clock()) <= self._clock():
            return None
        return self.valid(self._of(row[0]))

    def sign_out(self, secret: str) -> None:
        """End a session."""
        self._store.execute("DELETE FROM sessions WHERE hash = ?", (_hash(secret),))

    def loaded(self, key_id: str) -> int:
        """Bytes that a key has loaded today (UTC)."""
        sql = "SELECT bytes FROM loaded WHERE id = ? AND day = ?"
        row = self._store.execute(sql, (key_id, self._clock().date().isoformat())).fetchone()
        return int(row[0]) if row else 0

    def note_loaded(self, key_id: str, count: int) -> None:
        """Count bytes that a key loads."""
        if count:
            sql = (
                "INSERT INTO loaded VALUES (?1, ?2, ?3) ON CONFLICT (id) DO UPDATE SET "
                "bytes = CASE WHEN day = ?2 THEN bytes ELSE 0 END + ?3, day = ?2"
            )
            self._store.execute(sql, (key_id, self._clock().date().isoformat(), count))

    def valid(self, key: Key) -> Key | None:
        """The key, unless it was revoked or has ended."""
        over = key.revoked is not None or (key.expires is not None and key.expires <= self._clock())
        return None if over else key

    def _of(self, key_id: str) -> Key:
        return self._key(self._store.execute(f"{_KEYS} WHERE k.id = ?", (key_id,)).fetchone())

    @staticmethod
    def _key(row: tuple[str, ...]) -> Key:
        key_id, name, _, scope, area, created, expires, revoked, account = row
        made = _time(created)
        assert made is not None  # noqa: S101 - the column is NOT NULL
        return Key(key_id, name, scope, area, made, _time(expires), _time(revoked), account)  # type: ignore[arg-type]

    @contextmanager
    def _at_once(self) -> Iterator[None]:
        self._store.execute("BEGIN IMMEDIATE")
        try:
            yield
            self._store.execute("COMMIT")
        except BaseException:
            self._store.execute("ROLLBACK")
            raise


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode("utf-8", "replace")).hexdigest()


def _time(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text).replace(tzinfo=None)
