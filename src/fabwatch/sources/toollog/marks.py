"""Lines between the rows of a log: comments, messages, alarms, and marks that say which step or wafer runs now."""

import re
from dataclasses import dataclass

from fabwatch.sources.toollog.columns import KEYS, role_of

READ = 2_000
"""So many signs of a line between the rows are looked at for what it says; the whole of it is kept."""
COMMENTS = ("#", "//", "%", "!", "*", "--")
CONTEXT = (*KEYS, "step", "time", "date")
_PAIR = re.compile(r"^\s*\[?([A-Za-z][\w .\-/]{0,40}?)\]?\s*[:=]\s*(.*?)\s*$")
_STEP = r"(?:recipe\s+)?step\s*(?:no\.?|number|id)?\s*[#:=]?\s*([\w.\-]+)"
_STEP_START = re.compile(
    rf"\b(?:{_STEP}\s*[:,\-]?\s*(?:has\s+)?(?:start(?:ed|s)?|begin|began|begun|on)\b|(?:start(?:ed|ing|\s+of)?|begin|enter(?:ing)?)\s+{_STEP})",
    re.IGNORECASE,
)
_STEP_END = re.compile(
    rf"\b{_STEP}\s*[:,\-]?\s*(?:end(?:ed|s)?|finish(?:ed)?|complete(?:d)?|stop(?:ped)?|off)\b", re.IGNORECASE
)
_KEY_START = re.compile(
    r"\b(wafer|lot|recipe|slot)\s*(?:id|name)?\s*[#:=]?\s*([\w.\-/]+)\s+(?:start(?:ed)?|loaded|begin|in)\b"
    r"|\b(?:start(?:ed|ing)?|begin|load(?:ed|ing)?|process(?:ing)?)\s+(wafer|lot|recipe)\s*(?:id|name)?\s*[#:=]?\s*([\w.\-/]+)"
    r"|\b(wafer|lot|recipe)\s+(?:start(?:ed)?|loaded|begin)\s*[#:=]?\s*([\w.\-/]+)",
    re.IGNORECASE,
)
_ALARM = re.compile(r"\b(alarm|alert|fault|interlock|abort(?:ed)?|error|fatal|trip(?:ped)?)\b", re.IGNORECASE)
_WARNING = re.compile(r"\bwarn(?:ing)?\b", re.IGNORECASE)
_CLEARED = re.compile(r"\b(clear(?:ed)?|reset|recovered|off)\b", re.IGNORECASE)
_CODE = re.compile(
    r"\b(?:alarm|alert|fault|error|warn(?:ing)?|interlock|alid|code|id)\s*(?:id|code|no\.?)?\s*[#:=\[(]*\s*"
    r"([A-Z]{0,6}[-_]?\d[\w\-]*)",
    re.IGNORECASE,
)
_TIMED = re.compile(
    r"^\W{0,2}(\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:[.,]\d{1,9})?(?:Z|[+-]\d\d:?\d\d)?"
    r"|\d{1,2}[./]\d{1,2}[./]\d{4}[ T]\d\d:\d\d:\d\d(?:[.,]\d+)?|\d\d:\d\d:\d\d(?:[.,]\d+)?|\d+(?:\.\d+)?)\W{1,3}"
)


@dataclass(frozen=True)
class Message:
    """One line between the rows: its position, its own time if it has one, its kind, its code and its text."""

    byte_offset: int
    line: int
    stamp: str
    kind: str
    """alarm, warning or message."""
    code: str
    text: str


@dataclass(frozen=True)
class Mark:
    """From this byte on, rows belong to this step, wafer, lot …; the value None ends it."""

    byte_offset: int
    role: str
    value: str | None


def _short(text: str) -> str:
    """The begin of a line with single blanks: a pattern with several gaps takes the square of the length of a wide one."""
    return " ".join(text[:READ].split())


def uncommented(line: str) -> str:
    """A line without its comment mark."""
    text = line.strip("\r\n")
    for mark in COMMENTS:
        if text.lstrip().startswith(mark):
            return text.lstrip().removeprefix(mark).lstrip("#/%!*- ")
    return text


def context_of(line: str, delimiter: str = "") -> dict[str, str]:
    """What a line such as `Recipe: OX-1` says about the rows below it; empty if it says nothing about a run."""
    text = uncommented(line[:READ]).strip()
    if "\0" in text:
        # A block of the disk that was never written: what stands before it may be cut.
        return {}
    hit = _PAIR.match(text)
    if hit:
        name, value = hit[1], hit[2]
    else:
        cells = [cell.strip() for cell in text.split(delimiter)] if delimiter.strip() or delimiter == "\t" else []
        cells = [cell for cell in cells if cell]
        if len(cells) != 2:
            return {}
        name, value = cells
    role = _context_role(name)
    return {role: value.strip(" \"'\t;,")} if role and value else {}


def _context_role(name: str) -> str | None:
    role = role_of(name)
    if role in CONTEXT:
        return role
    plain = "_".join(name.casefold().split())
    return (
        "time" if plain in ("start", "start_time", "started", "begin", "process_start", "run_start", "log_start") else None
    )


def marks_of(text: str, byte_offset: int) -> list[Mark]:
    """The marks that a message line sets for the rows below it."""
    marks: list[Mark] = []
    text = _short(text)
    if start := _STEP_START.search(text):
        marks.append(Mark(byte_offset, "step", start[1] or start[2]))
    elif _STEP_END.search(text):
        marks.append(Mark(byte_offset, "step", None))
    if key := _KEY_START.search(text):
        role = (key[1] or key[3] or key[5]).casefold()
        marks.append(Mark(byte_offset, role, key[2] or key[4] or key[6]))
    elif not marks:
        timed = _TIMED.match(text)
        context = context_of(text[timed.end() :] if timed else text)
        marks += [Mark(byte_offset, role, value) for role, value in context.items() if role in (*KEYS, "step")]
    return marks


def message_of(text: str, byte_offset: int, line: int) -> Message:
    """A line between the rows as a message."""
    timed = _TIMED.match(text)
    words = text[timed.end() :].strip() if timed else text.strip()
    read = _short(words)
    kind = "alarm" if _ALARM.search(read) else "warning" if _WARNING.search(read) else "message"
    if kind == "alarm" and _CLEARED.search(read):
        kind = "message"
    code = _CODE.search(read) if kind != "message" else None
    return Message(byte_offset, line, timed[1] if timed else "", kind, code[1] if code else "", words)
