"""How a file that was sent or that waits is read, column by column, now or with a statement that is only tried."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from fabwatch.ingest import stating
from fabwatch.ingest.answers import ExplainedColumn, Explanation
from fabwatch.ingest.inbox import Inbox
from fabwatch.ingest.ledger import Ledger, identified
from fabwatch.ingest.reader import Reader, reader
from fabwatch.ingest.reading import Preview, Understand
from fabwatch.ingest.renaming import compared
from fabwatch.ingest.stating import Draft, Statement
from fabwatch.ingest.understanding import Candidate, Understanding
from fabwatch.sources.header import KINDS, UNIT_OF
from fabwatch.sources.opening import CannotRead, Document
from fabwatch.sources.reading import SHOWN
from fabwatch.store.lake import Lake
from fabwatch.terms.answers import Json
from fabwatch.terms.errors import CannotState, NotKept, unknown
from fabwatch.terms.settings import FILE, Settings
from fabwatch.terms.settings.files import LOG, LOG_ROLES

UPLOADS = "uploads"
_UPLOADED = re.compile(rf"(?:^|[\\/]){UPLOADS}[\\/]([0-9a-f]{{64}})[\\/]", re.DOTALL)
_ASKED = re.compile(r"^(\w+) = (.+?)\s+# or (.+)$", re.DOTALL)
BATCHES = 1
"""So much of a log is read to show its columns."""
TYPES = {
    **dict.fromkeys(("sensor", "setpoint", "usage", "elapsed"), "number"),
    **dict.fromkeys(("time", "date"), "time"),
}
"""The type of a column of a log by its role; text for all others."""
ALL_LOADS = "fabwatch loads lists all files, fabwatch inbox those that wait"


@dataclass(frozen=True)
class Trial:
    """A statement that was tried: what fab.toml was and would be, and how the file is read then."""

    before: str
    draft: Draft
    explanation: Explanation


def is_kept(path: str, status: str) -> bool:
    """Whether the file of a load is kept in the fab folder, so that it can be explained."""
    return status == "inbox" or _UPLOADED.search(path) is not None


def explain(lake: Lake, latest: datetime, load: str) -> Explanation:
    """How a file is read with what fab.toml states. Raises UnknownTool for an unknown load, and NotKept."""
    with reader() as reading:
        return _File(lake, reading, latest, load).as_it_is()


def tried(lake: Lake, latest: datetime, load: str, statement: Statement) -> Trial:
    """How a file would be read with a statement; nothing is stored. Raises CannotState, and what `explain` raises."""
    with reader() as reading:
        return _File(lake, reading, latest, load).tried(statement)


class _File:
    """One file that is kept in the fab folder, and what fab.toml states of it."""

    def __init__(self, lake: Lake, reading: Reader, latest: datetime, load: str):
        self._lake, self._reading, self._latest, self._load = lake, reading, latest, load
        self._ledger = Ledger(lake, lambda: latest)
        rows = lake.rows("SELECT path FROM lake.loads WHERE load = $load", {"load": load})
        if not rows:
            raise unknown("load", load[:80], (), ALL_LOADS)
        self._name: str = rows[0]["path"] or ""
        self._path, self._inside = self._place()
        stated = lake.folder / FILE
        self._text = stated.read_bytes().decode().removeprefix("\ufeff") if stated.exists() else ""
        self._settings: Settings = lake.settings
        self._file_name = ""

    def as_it_is(self) -> Explanation:
        """How it is read now."""
        seen = self._understood(self._settings)
        covering = self._settings.source_of(self._file_name)[0]
        name = covering or seen.source
        stated = stating.stated_of(self._text, name) or {"files": stating.pattern_for(self._file_name)}
        return self._explanation(seen, Draft(self._text, self._settings, name, stated))

    def tried(self, statement: Statement) -> Trial:
        """How it would be read, and the fab.toml of that."""
        seen = self._understood(self._settings)
        covering = self._settings.source_of(self._file_name)[0]
        name = statement.source or covering or seen.source
        if name != covering and name in self._settings.sources:
            hint = "choose another name, or change the source in fab.toml so that it covers the file"
            raise CannotState(f"There is a source {name} already, of other files.", hint)
        before = stating.stated_of(self._text, covering) if covering else {}
        stated = stating.keys_of(statement, covering, before, name, self._file_name)
        draft = self._drafted(name, stated)
        seen = self._understood(draft.settings)
        if statement.columns:
            stated = stating.with_columns(stated, statement.columns, seen.table, seen.log)
            draft = self._drafted(name, stated)
            seen = self._understood(draft.settings)
        return Trial(self._text, draft, self._explanation(seen, draft))

    def _drafted(self, name: str, stated: Json) -> Draft:
        return stating.drafted(self._text, self._lake.folder, name, stated, self._file_name)

    def _place(self) -> tuple[Path, str]:
        """The file in the fab folder, and the end of its name by which a sheet or member is told from the others."""
        waiting = [path for path in Inbox(self._lake.folder).files() if path.parent.name == self._load]
        if waiting:
            return waiting[0], ""
        hit = _UPLOADED.search(self._name)
        if hit is None:
            what = f"{self._name} was loaded on the machine itself."
            raise NotKept(what, "there: fabwatch ingest FILE --explain, then --again once fab.toml is changed")
        inside = self._name[hit.end() :]
        folder = self._lake.folder / UPLOADS / hit[1]
        for path in sorted(folder.glob("*")) if folder.is_dir() else []:
            if inside == path.name or inside.startswith(f"{path.name}!"):
                return path, inside
        raise NotKept(f"{inside} is not there any more.", "send it again")

    def _candidate(self, settings: Settings) -> Candidate:
        for candidate in self._reading.find(self._path, settings, None):
            if not self._inside:
                return replace(candidate, document=replace(candidate.document, origin=self._name))
            if candidate.document.name.endswith(self._inside):
                return candidate
        raise NotKept(f"{self._name} is not there any more.", "send it again")

    def _understood(self, settings: Settings) -> Understanding:
        document = Document(self._path, origin=self._name)
        try:
            candidate = self._candidate(settings)
            document = candidate.document
            seen = self._reading.one(Understand(candidate, settings, None), Understanding)
        except CannotRead as stop:
            return Understanding(document, None, problem=stop.problem)
        finally:
            self._file_name = document.file_name
        self._ledger.refresh()
        return compared(self._ledger, seen)

    def _explanation(self, seen: Understanding, draft: Draft) -> Explanation:
        guess: Json | None = None
        if seen.problem is None or seen.waits:
            try:
                previewed, guess = self._reading.one(Preview(self._latest, BATCHES), tuple)
                seen = previewed if seen.problem is None else seen
            except CannotRead as stop:
                seen = seen.refused(stop.problem)
        columns = tuple(_log_columns(guess) if seen.log is not None and guess else _table_columns(guess))
        units = _units(seen)
        covering = self._settings.source_of(self._file_name)[0]
        return Explanation(
            load=self._load,
            path=self._name,
            file=self._file_name,
            place=self._path.relative_to(self._lake.folder).as_posix(),
            status=self._status(seen),
            kind=seen.kind,
            message=_message(seen),
            columns=columns,
            lacking=tuple(guess.get("lacking", ()) if guess else ()),
            choices=_choices(seen),
            sample=tuple(guess["sample"] if "sample" in guess else guess.get("rows", ())) if guess else (),
            source=draft.name,
            covered=bool(covering) and covering == draft.name,
            stated=draft.stated,
            lines=draft.lines,
            asked=_asked(seen),
            units=units,
            unit={name: str(seen.table.mapping.constants[name]) for name in units if name in seen.table.mapping.constants}
            if seen.table
            else {},
            seen=stating.as_one_word(covering, stating.stated_of(self._text, covering)),
        )

    def _status(self, seen: Understanding) -> str:
        if seen.problem is not None:
            return seen.status
        loaded = self._ledger.already(identified(seen))
        return "already" if loaded else seen.status


def _message(seen: Understanding) -> str:
    if seen.problem is not None:
        return seen.problem.why if seen.waits else seen.message
    return "; ".join(seen.notes)


def _choices(seen: Understanding) -> tuple[str, ...]:
    """What a column can be: of the kind of file that it is, or that it is nearest to."""
    if seen.kind == LOG:
        return tuple(role for role in LOG_ROLES if role != "ignore")
    return () if seen.table is None else tuple(column.name for column in seen.table.mapping.kind.columns)


def _units(seen: Understanding) -> dict[str, tuple[str, ...]]:
    """The units that the file needs and no column of it says."""
    if seen.table is None or seen.kind == LOG:
        return {}
    mapping = seen.table.mapping
    of: dict[str, tuple[str, ...]] = {}
    for column, unit in UNIT_OF.get(mapping.kind.table.name, {}).items():
        if column in mapping.columns and unit not in mapping.columns:
            of[unit] = (*of.get(unit, ()), column)
    return of


def _asked(seen: Understanding) -> dict[str, tuple[str, ...]]:
    """The key that a problem asks for, and its possible values."""
    hit = _ASKED.match(seen.problem.hint or "") if seen.problem is not None and seen.waits else None
    if hit is None:
        return {}
    values = (hit[2], *hit[3].split(" or "))
    return {hit[1]: tuple(value.strip().strip('"') for value in values)}


def _table_columns(guess: Json | None) -> Iterator[ExplainedColumn]:
    fields: list[dict[str, Any]] = guess.get("fields", []) if guess else []
    for own in fields:
        yield ExplainedColumn(**{**own, "values": tuple(own["values"])}, setpoint_of=None)


def _log_columns(guess: Json) -> Iterator[ExplainedColumn]:
    for own in guess["columns"]:
        role = None if own["role"] == "ignore" else own["role"]
        values = tuple(value[:SHOWN] for value in own["values"])
        kind = TYPES.get(role or "", "text")
        yield ExplainedColumn(own["name"], role, "", kind, own["unit"], None, own["setpoint_of"], values)


def kinds() -> tuple[str, ...]:
    """The kinds of file."""
    return (*KINDS, LOG)
