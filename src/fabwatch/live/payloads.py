"""What a message says, as rows: JSON of an object, of a list of them, of columns side by side, or a line for each."""

import json
from collections.abc import Iterator
from typing import Any

MOST_ROWS = 200_000
MOST_COLUMNS = 2_000
DEEPEST = 8
AT_ONCE = 64 << 10
"""Bytes up to which a message is read on the spot."""
Cells = dict[str, str]
"""One row, by column; a cell that is empty is left out."""


class NotUnderstood(Exception):
    """Why a message cannot be read."""


class Digits(str):
    """A number as it was written, so that 12.50 stays 12.50."""

    __slots__ = ()


def rows_of(payload: bytes) -> list[Cells]:
    """The rows of a message. Raises NotUnderstood."""
    try:
        text = payload.decode("utf-8-sig")
    except UnicodeDecodeError as fault:
        raise NotUnderstood(f"byte {fault.start:,} is not UTF-8") from fault
    if "\0" in text:
        raise NotUnderstood("it holds zero bytes")
    try:
        rows = [row for value in _values(text) for row in _of_value(value)]
    except RecursionError:
        raise NotUnderstood(f"it is nested deeper than {DEEPEST} levels") from None
    if len(rows) > MOST_ROWS:
        raise NotUnderstood(f"it has more than {MOST_ROWS:,} rows")
    if any(len(row) > MOST_COLUMNS for row in rows):
        raise NotUnderstood(f"it has more than {MOST_COLUMNS:,} fields")
    return rows


def check(payload: bytes) -> None:
    """Whether a message is one at all, without the work of reading all of it. Raises NotUnderstood."""
    start = payload.lstrip(b"\xef\xbb\xbf \t\r\n")[:1]
    if start not in (b"{", b"["):
        raise NotUnderstood("it is not JSON of an object or a list")
    if len(payload) <= AT_ONCE:
        rows_of(payload)


def _values(text: str) -> Iterator[Any]:
    """The value that a text is, or those of its lines."""
    try:
        yield _parsed(text)
    except ValueError as fault:
        lines = [line for line in text.splitlines() if line.strip()]
        if len(lines) < 2 or not lines[0].lstrip().startswith("{"):
            raise NotUnderstood(f"it is not JSON: {fault}") from None
        for number, line in enumerate(lines, 1):
            try:
                yield _parsed(line)
            except ValueError as wrong:
                raise NotUnderstood(f"line {number} is not JSON: {wrong}") from None


def _parsed(text: str) -> Any:
    return json.loads(text, parse_float=Digits, parse_int=Digits, parse_constant=lambda _: None)


def _of_value(value: Any) -> Iterator[Cells]:
    if isinstance(value, dict):
        yield from _of_object(value)
    elif isinstance(value, list):
        for item in value:
            if not isinstance(item, dict):
                raise NotUnderstood("it is a list of something else than objects")
            yield from _of_object(item)
    else:
        raise NotUnderstood("it is a single value, not an object with named fields")


def _of_object(value: dict[str, Any]) -> Iterator[Cells]:
    """One row, or the rows of the one list of objects in it, or of its lists side by side."""
    lists = {name: item for name, item in value.items() if isinstance(item, list)}
    shared = _flat({name: item for name, item in value.items() if name not in lists})
    if not lists:
        yield shared
        return
    inner = [name for name, items in lists.items() if any(isinstance(item, dict) for item in items)]
    if not inner:
        yield from _side_by_side(shared, lists)
        return
    if len(inner) > 1:
        raise NotUnderstood(f"it has several lists of objects: {', '.join(inner)[:200]}")
    for name, items in lists.items():
        if name != inner[0]:
            shared[name] = json.dumps(items, ensure_ascii=False)
    for item in lists[inner[0]]:
        if not isinstance(item, dict):
            raise NotUnderstood(f"{inner[0][:80]} holds objects and other values")
        yield shared | _flat(item)


def _side_by_side(shared: Cells, lists: dict[str, list[Any]]) -> Iterator[Cells]:
    lengths = {len(items) for items in lists.values()}
    if len(lengths) > 1:
        raise NotUnderstood(f"its lists have different lengths: {', '.join(lists)[:200]}")
    for items in zip(*lists.values(), strict=True):
        yield shared | _flat(dict(zip(lists, items, strict=True)))


def _flat(value: dict[str, Any], before: str = "", depth: int = 1) -> Cells:
    """The fields of an object; those of an object in it carry both names: chamber.pressure."""
    if depth > DEEPEST:
        raise NotUnderstood(f"it is nested deeper than {DEEPEST} levels")
    cells: Cells = {}
    for name, item in value.items():
        column = before + " ".join(name.split())
        if isinstance(item, dict):
            cells |= _flat(item, f"{column}.", depth + 1)
        elif isinstance(item, list):
            cells[column] = json.dumps(item, ensure_ascii=False)
        elif item is True or item is False:
            cells[column] = "true" if item else "false"
        elif item is not None and item != "":
            cells[column] = item
    return cells
