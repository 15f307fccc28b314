"""SECS-II messages written as SML: S5F1 becomes an alarm, S6F11 an event, any other message stays as it is."""

import re
from collections.abc import Sequence
from typing import Any

from fabwatch.sources.toollog.chunks import Chunk
from fabwatch.sources.toollog.marks import Message

_HEAD = re.compile(r"(?:^|\s)(?:([\w\-]+)\s*:\s*)?'?S(\d{1,3})F(\d{1,3})(?:'|\b)", re.IGNORECASE)
_STAMP = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:[.,]\d{1,9})?(?:Z|[+-]\d\d:?\d\d)?")
_TOKEN = re.compile(r"""<\s*([A-Z]\w*)\s*(?:\[[^\]]{0,40}\])?|>|"([^"]*)"|'([^']*)'|([^\s<>"']+)""")
_QUOTED = re.compile(r""""[^"]*"|'(?!S\d{1,3}F\d{1,3}')[^']*'""", re.IGNORECASE)
ALARM_ON = 0x80
QUOTED_LINES = 20
"""A quoted text may span this many lines; a quote still open after that is a stray one."""
DEEPEST = 64
"""Lists within lists; what lies deeper is put into the list of this depth."""


def is_sml(lines: Sequence[str]) -> bool:
    """True if the first lines of a file are SML."""
    heads = sum(bool(_head(line)) for line in lines)
    items = sum(line.lstrip().startswith(("<", ">")) or " <" in line for line in lines)
    return heads >= 1 and items >= 1 and 2 * (heads + items) > len([line for line in lines if line.strip()]) - heads


def _head(line: str) -> re.Match[str] | None:
    """The head of a message: it stands before the items, and in no text that somebody quotes."""
    before = line.partition("<")[0]
    # Blanks keep the places.
    return _HEAD.search(
        _QUOTED.sub(lambda hit: " " * len(hit[0]), before) if before.count('"') + before.count("'") else before
    )


def messages(chunk: Chunk, *, open_end: bool) -> list[Message]:
    """The messages in some lines, each positioned at its first line; a last line that is open is not read yet."""
    complete: list[Message] = []
    lines: list[str] = []
    begin, stamp, own, open_for = 0, "", "", 0
    for row in range(len(chunk) - open_end):
        text = chunk.line(row)
        # A quote goes on over some lines, as in a text of two lines.
        inside, ends = open_for > 0, text.count('"') % 2 == 1
        open_for = (0 if ends else open_for - 1) if inside else QUOTED_LINES * ("<" in text and ends)
        if not inside and _head(text):
            complete += _message(lines, own, int(chunk.offsets[begin]), chunk.number + begin)
            lines, begin = [text], row
            # The time is on the line of the message or on one above it.
            own = (_STAMP.search(text) or [stamp])[0]
        elif lines:
            lines.append(text)
        if hit := _STAMP.search(text):
            stamp = hit[0]
    return complete + _message(lines, own, int(chunk.offsets[begin]) if lines else 0, chunk.number + begin)


def _message(lines: list[str], stamp: str, offset: int, number: int) -> list[Message]:
    head = _head(lines[0]) if lines else None
    if head is None:
        return []
    kind = (int(head[2]), int(head[3]))
    body = " ".join([lines[0][head.end() :], *lines[1:]])
    value = _value(body)
    name = f"S{kind[0]}F{kind[1]}" + (f" {head[1]}" if head[1] else "")
    if kind == (5, 1) and isinstance(value, list) and len(value) >= 3:
        code, text = _flat(value[1]), _flat(value[2])
        set_now = _number(_flat(value[0])) & ALARM_ON
        return [Message(offset, number, stamp, "alarm" if set_now else "message", code, text or name)]
    if kind == (6, 11) and isinstance(value, list) and len(value) >= 2:
        text = f"CEID {_flat(value[1])}: {_flat(value[2:])}".rstrip(": ")
        return [Message(offset, number, stamp, "event", _flat(value[1]), text)]
    return [Message(offset, number, stamp, "message", "", f"{name}: {_flat(value)}".rstrip(": "))]


def _value(body: str) -> Any:
    """The items of a message: lists as lists, everything else as text."""
    stack: list[tuple[str, list[Any]]] = [("L", [])]
    buried = 0
    for hit in _TOKEN.finditer(body):
        if hit[0] == ">":
            if buried:
                buried -= 1
            elif len(stack) > 1:
                kind, items = stack.pop()
                stack[-1][1].append(items if kind == "L" else " ".join(map(_flat, items)))
        elif hit[1] and len(stack) > DEEPEST:
            buried += 1
        elif hit[1]:
            stack.append((hit[1], []))
        else:
            text = next((part for part in (hit[2], hit[3], hit[4]) if part is not None), "")
            if len(stack) > 1:
                stack[-1][1].append(text)
    while len(stack) > 1:
        kind, items = stack.pop()
        stack[-1][1].append(items if kind == "L" else " ".join(map(_flat, items)))
    items = stack[0][1]
    return items[0] if items else []


def _flat(value: Any) -> str:
    return value if isinstance(value, str) else ", ".join(filter(None, map(_flat, value)))


def _number(text: str) -> int:
    try:
        return int(text.split()[0], 0)
    except (ValueError, IndexError):
        return 0
