"""What somebody states of the files of a source: the keys of `[sources.NAME]`, made from choices column by column."""

import glob
import hashlib
import json
import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from fabwatch.sources.header import KINDS, recognise
from fabwatch.sources.reading import TableFile
from fabwatch.sources.toollog.reader import LogFile
from fabwatch.terms.answers import Json
from fabwatch.terms.errors import BadSettings, CannotState, nearest
from fabwatch.terms.settings import FILE, Settings, settings_of
from fabwatch.terms.settings.files import LOG, LOG_ROLES, SourceSettings
from fabwatch.terms.tables import LOADED
from fabwatch.terms.toml_edit import table_lines, with_table

PATTERNS = ("files", "pattern", "file", "file_pattern", "match", "glob")
"""The names under which fab.toml may have the patterns of a source."""
SOURCES = "sources"
_STAMP = re.compile(r"\d{4,}(?:[-_.T]?\d+)*")
LEAST_LETTERS = 3


@dataclass(frozen=True)
class Statement:
    """What somebody states of a file: its source, the keys to change, and what its columns are."""

    source: str | None = None
    """The source in fab.toml; without it the one that covers the file, else a new one."""
    files: tuple[str, ...] = ()
    """The patterns of its files; without them they stay."""
    keys: Mapping[str, Any] = field(default_factory=dict)
    """Keys of `[sources.NAME]`; None or empty takes one back. What is a table of its own is changed key by key."""
    columns: Mapping[str, str | None] = field(default_factory=dict)
    """{header: column of the table, or role in a log}; None or empty for one that is not used."""


@dataclass(frozen=True)
class Draft:
    """What fab.toml would be."""

    text: str
    settings: Settings
    name: str
    stated: Json
    """The keys of the source."""

    @property
    def lines(self) -> str:
        """The table of the source."""
        return table_lines((SOURCES, self.name), self.stated)


def stated_of(text: str, name: str) -> Json:
    """The keys of a source as fab.toml has them; none if there is no such source."""
    return dict(tomllib.loads(text).get(SOURCES, {}).get(name, {}))


def as_one_word(name: str, stated: Json) -> str:
    """What is stated of a source, as one word that changes with it."""
    text = json.dumps([name, stated], sort_keys=True, ensure_ascii=False, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def keys_of(statement: Statement, covering: str, before: Json, name: str, file_name: str) -> Json:
    """The keys of a source with those of the statement; `covering` is the source of the file now and `before` its keys."""
    pattern = next((key for key in PATTERNS if key in before), "files")
    own = name == covering
    stated: Json = dict(before) if own else {key: value for key, value in before.items() if key not in PATTERNS}
    files = list(statement.files)
    if own and not files:
        files = []
    elif not files:
        files = [pattern_for(file_name)]
    if files and files != _listed(stated.get(pattern)):
        stated.pop(pattern, None)
        stated = {"files": files[0] if len(files) == 1 else files, **stated}
    for key, value in statement.keys.items():
        _put(stated, key, value)
    return _of_its_kind(stated) if stated.get("kind") != before.get("kind") else stated


def _put(stated: Json, key: str, value: Any) -> None:
    if isinstance(value, Mapping) and isinstance(stated.get(key, {}), Mapping):
        value = {name: own for name, own in {**stated.get(key, {}), **value}.items() if own not in (None, "")}
    if value in (None, "", [], (), {}):
        stated.pop(key, None)
    else:
        stated[key] = list(value) if isinstance(value, tuple) else value


def _of_its_kind(stated: Json) -> Json:
    """The keys without columns and constants that the kind of file does not have."""
    kind = KINDS.get(str(stated.get("kind")))
    known = {column.name for column in kind.columns} if kind else set(LOG_ROLES)
    kept = dict(stated)
    for key in ("columns", "constants"):
        own = {name: value for name, value in dict(stated.get(key, {})).items() if name in known or value in known}
        _put(kept, key, None)
        _put(kept, key, own)
    return kept


def pattern_for(file_name: str) -> str:
    """A pattern for the files of which this is one: dates and long numbers in its name stand for any."""
    parts = _STAMP.split(file_name)
    letters = sum(char.isalpha() for char in "".join(parts).partition(".")[0])
    return "*".join(map(glob.escape, parts)) if letters >= LEAST_LETTERS else glob.escape(file_name)


def drafted(text: str, folder: Path, name: str, stated: Json, file_name: str) -> Draft:
    """What fab.toml would be with these keys of a source. Raises CannotState for what cannot be stated so."""
    if not name.strip():
        raise CannotState("The source needs a name.", "name it after the system that writes the files, such as mes")
    try:
        made = with_table(text, (SOURCES, name), stated)
        # Half a character cannot be written into a file.
        made.encode()
        settings = settings_of(made, folder / FILE)
    except ValueError as fault:
        raise CannotState(f"{fault}.", "write the lines into fab.toml yourself") from None
    except BadSettings as fault:
        raise CannotState(fault.what.partition("\n")[2].strip() or fault.what) from None
    owner = settings.source_of(file_name)[0]
    if owner != name:
        by = f"it belongs to {owner}, whose pattern is longer" if owner else "its patterns do not match the name"
        raise CannotState(f"{file_name} would not be a file of the source {name}: {by}.", f"state files = {file_name!r}")
    return Draft(made, settings, name, stated)


def with_columns(stated: Json, choices: Mapping[str, str | None], table: TableFile | None, log: LogFile | None) -> Json:
    """The keys of a source with what its columns are. Raises CannotState for a column that is chosen twice or unknown."""
    if log is not None:
        names = [column.name for column in log.layout.columns]
        _check(choices, names, LOG_ROLES, several=True)
        return _with_roles(stated, choices, {column.name: column.role for column in log.layout.columns})
    if table is None:
        raise CannotState("The file has no columns that could be chosen.")
    _check(choices, table.header, [column.name for column in table.mapping.kind.columns], several=False)
    return _with_columns(stated, choices, table)


def _check(choices: Mapping[str, str | None], header: Sequence[str], known: Sequence[str], *, several: bool) -> None:
    there = [name.casefold() for name in header]
    by_column: dict[str, str] = {}
    for name, column in choices.items():
        if name.casefold() not in there:
            near = nearest(name, header) or list(header)[:12]
            raise CannotState(f"The file has no column {name!r}.", f"its columns are {', '.join(near)}")
        if not column:
            continue
        if column not in known:
            near = nearest(column, known) or list(known)
            raise CannotState(f"{column!r} is not a column of such files.", f"choose one of {', '.join(near)}")
        if there.count(name.casefold()) > 1:
            raise CannotState(f"Several columns of the file are called {name!r}.", "give each a name of its own first")
        if not several and column in by_column:
            raise CannotState(
                f"{column} is chosen for two columns: {by_column[column]!r} and {name!r}.",
                "choose it for one of them, and 'not used' for the other",
            )
        by_column[column] = name


def _with_columns(stated: Json, choices: Mapping[str, str | None], table: TableFile) -> Json:
    """Only what the names of the columns do not say by themselves is stated."""
    wanted = {name.casefold(): column or None for name, column in choices.items()}
    known = {name for of in LOADED for name in of.names}
    columns = {
        key: value
        for key, value in dict(stated.get("columns", {})).items()
        if wanted.get(_header(key, value, known).casefold(), ...) in (..., key if key in known else value)
    }
    ignored = [name for name in _listed(stated.get("ignore")) if not wanted.get(name.casefold())]
    header = {name.casefold() for name in table.header}
    for _ in range(2):
        # What is left out or chosen frees or takes a column that the name of another says.
        read = recognise(table.header, _settings(stated, columns, ignored), table.mapping.kind.table.name)
        has = {table.header[place].casefold(): column for column, place in read.columns.items()}
        for name, column in choices.items():
            own = has.get(name.casefold())
            if column and own != column:
                _add(columns, name, column, header, known)
            elif not column and own is not None and name not in ignored:
                ignored.append(name)
    made = dict(stated)
    _put(made, "columns", None)
    _put(made, "columns", columns)
    _put(made, "ignore", ignored)
    return made


def _add(columns: dict[str, str], name: str, column: str, header: set[str], known: set[str]) -> None:
    other = columns.get(column)
    if other is not None and other.casefold() not in header and name not in known:
        # Other files of the source have it under another name: both hold.
        columns[name] = column
    else:
        columns[column] = name


def _with_roles(stated: Json, choices: Mapping[str, str | None], roles: Mapping[str, str]) -> Json:
    columns, ignored = dict(stated.get("columns", {})), _listed(stated.get("ignore"))
    wanted = {name: role or "ignore" for name, role in choices.items()}
    for name, role in wanted.items():
        if roles.get(name) == role:
            continue
        columns = {key: value for key, value in columns.items() if _header(key, value, set(LOG_ROLES)) != name}
        ignored = [other for other in ignored if other != name]
        if role == "ignore":
            ignored.append(name)
        elif name.casefold() not in LOG_ROLES and (role in columns or list(wanted.values()).count(role) > 1):
            columns[name] = role
        elif role in columns:
            raise CannotState(f"{name!r} cannot be stated to be {role}: {columns[role]!r} is.")
        else:
            columns[role] = name
    made = dict(stated)
    _put(made, "columns", None)
    _put(made, "columns", columns)
    _put(made, "ignore", ignored)
    return made


def _header(key: str, value: str, known: set[str]) -> str:
    """The header in an entry of `columns`, which may be written either way round."""
    return str(value) if key in known else key


def _settings(stated: Json, columns: Mapping[str, str], ignored: Sequence[str]) -> SourceSettings:
    own = {key: value for key, value in stated.items() if key not in PATTERNS}
    try:
        return SourceSettings.model_validate({**own, "columns": columns, "ignore": ignored})
    except ValidationError as fault:
        raise CannotState(str(fault.errors()[0]["msg"]).removeprefix("Value error, ") + ".") from None


def _listed(value: Any) -> list[str]:
    return [value] if isinstance(value, str) else list(value or ())


def kind_of(stated: Json) -> str | None:
    """The kind of file that is stated."""
    kind = stated.get("kind")
    return kind if kind in (*KINDS, LOG) else None
