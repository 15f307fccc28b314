"""Changing one table of a TOML text: whatever else stands there stays as it is, comments and layout included."""

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from fabwatch.terms import toml

Path = tuple[str, ...]


@dataclass
class _Part:
    """Some whole lines of the text: the header of a table, one `key = value`, or what is neither."""

    text: str
    table: Path | None = None
    """The table that a header opens."""
    key: str = ""
    """The first name of the key."""


def with_table(text: str, path: Path, stated: Mapping[str, Any]) -> str:
    """The text with a table at `path` that states just this; what it stated of it already stays as it is written.

    Raises ValueError for a table that is written in a way that cannot be changed so: inline, or by dotted keys.
    """
    wanted = tomllib.loads(text)
    before = _at(wanted, path)
    end = "\r\n" if "\r\n" in text else "\n"
    parts = list(_parts(text))
    if before is None:
        made = _appended(text, path, stated, end)
    elif not any(part.table == path for part in parts):
        # It is there by tables below it alone: what is new gets a header of its own, and what is checked below is the whole.
        fresh = {key: value for key, value in stated.items() if key not in before}
        made = _appended(text, path, fresh, end)
    else:
        made = "".join(part.text for part in _changed(parts, path, before, stated, end))
    _put(wanted, path, dict(stated))
    try:
        done = tomllib.loads(made) == wanted
    except tomllib.TOMLDecodeError:
        done = False
    if not done:
        raise ValueError(f"{'.'.join(path)} is written in a way that cannot be changed by a program")
    return made


def table_lines(path: Path, stated: Mapping[str, Any], end: str = "\n") -> str:
    """A table as it is written."""
    header = f"[{'.'.join(map(toml.key, path))}]"
    return end.join([header, *(_line(key, value) for key, value in stated.items()), ""])


def _appended(text: str, path: Path, stated: Mapping[str, Any], end: str) -> str:
    gap = "" if not text else end if text.endswith("\n") else end + end
    return f"{text}{gap}{table_lines(path, stated, end)}"


def _changed(parts: list[_Part], path: Path, before: Mapping[str, Any], stated: Mapping[str, Any], end: str) -> list[_Part]:
    """The parts of the text with those of one table changed."""
    begin = next((n for n, part in enumerate(parts) if part.table == path), None)
    if begin is None:
        return parts
    stop = next((n for n in range(begin + 1, len(parts)) if parts[n].table is not None), len(parts))
    body, rest = parts[begin + 1 : stop], parts[stop:]
    for key in [*before, *(key for key in stated if key not in before)]:
        if key in before and key in stated and before[key] == stated[key]:
            continue
        deeper = (*path, key)
        if any(part.table == deeper for part in rest) and isinstance(stated.get(key), Mapping):
            rest = _changed(rest, deeper, before[key], stated[key], end)
            continue
        rest = _without(rest, deeper)
        body = _with_key(body, key, _line(key, stated[key]) + end if key in stated else "", end)
    return [*parts[: begin + 1], *body, *rest]


def _with_key(body: list[_Part], key: str, line: str, end: str) -> list[_Part]:
    """The body of a table with one key written anew, added at its end, or taken out where there is no line."""
    places = [n for n, part in enumerate(body) if part.key == key]
    if places:
        line = line and line.removesuffix(end) + _comment(body[places[0]].text) + end
        new = [_Part(line, key=key)] if line else []
        return [part for n, part in enumerate(body) for part in (new if n == places[0] else [] if n in places else [part])]
    if not line:
        return body
    last = max((n for n, part in enumerate(body) if part.key), default=-1) + 1
    if last and not body[last - 1].text.endswith("\n"):
        body[last - 1].text += end
    return [*body[:last], _Part(line, key=key), *body[last:]]


def _without(parts: list[_Part], path: Path) -> list[_Part]:
    """The parts without a table and those in it."""
    kept: list[_Part] = []
    inside = False
    for part in parts:
        if part.table is not None:
            inside = part.table[: len(path)] == path
        if not inside:
            kept.append(part)
    return kept


def _comment(text: str) -> str:
    """The comment behind a value of one line, with the blanks before it."""
    line = text.rstrip("\r\n")
    for place, sign in enumerate(line):
        if sign == "#" and "\n" not in line and _means(line[:place]) == _means(line):
            bare = line[:place].rstrip()
            return line[len(bare) :]
    return ""


def _means(line: str) -> Mapping[str, Any] | None:
    try:
        return tomllib.loads(line)
    except tomllib.TOMLDecodeError:
        return None


def _parts(text: str) -> Iterator[_Part]:
    """The parts of a text that is TOML."""
    pending = ""
    lines = text.split("\n")
    for number, line in enumerate(lines):
        pending += line + ("\n" if number < len(lines) - 1 else "")
        bare = pending.strip()
        if not bare or bare.startswith("#"):
            yield _Part(pending)
            pending = ""
            continue
        meant = _means(pending)
        if meant is None:
            # A value goes on in the next line.
            continue
        yield _Part(pending, table=_path(meant)) if bare.startswith("[") else _Part(pending, key=next(iter(meant)))
        pending = ""
    if pending:
        yield _Part(pending)


def _path(meant: Mapping[str, Any]) -> Path:
    names: list[str] = []
    while meant:
        name, inner = next(iter(meant.items()))
        names.append(name)
        meant = inner[0] if isinstance(inner, list) else inner
    return tuple(names)


def _at(document: Mapping[str, Any], path: Path) -> Any:
    place: Any = document
    for name in path:
        place = place.get(name) if isinstance(place, Mapping) else None
    return place


def _put(document: dict[str, Any], path: Path, value: dict[str, Any]) -> None:
    for name in path[:-1]:
        document = document.setdefault(name, {})
    document[path[-1]] = value


def _line(key: str, value: Any) -> str:
    return f"{toml.key(key)} = {toml.value(value)}"
