"""The audit for other programs: each entry as a line of JSON, as CEF, or as a message of syslog (RFC 5424)."""

import json
import socket
from collections.abc import Callable, Mapping

from fabwatch.decisions.answers import Entry
from fabwatch.decisions.audit import FIELDS
from fabwatch.store.lake import Lake
from fabwatch.terms.answers import plain
from fabwatch.terms.clock import iso
from fabwatch.terms.errors import BadQuestion
from fabwatch.terms.version import VERSION

PRIORITY = 13 * 8 + 5
"""Facility 13, log audit; severity 5, notice."""
DATA_ID = "fabwatch@32473"
"""The number is the one that RFC 5612 keeps for examples: the project has none of its own."""
LONGEST_ABOUT = 8_000
"""Signs of the details of an entry in a message of syslog: receivers cut long ones. The hash is that of the whole entry."""


def entries_since(lake: Lake, seq: int) -> list[Entry]:
    """The entries after that number, the oldest first."""
    rows = lake.rows(f"SELECT {FIELDS} FROM lake.audit WHERE seq > $seq ORDER BY seq", {"seq": seq})
    return [Entry(**row) for row in rows]


def as_json(entry: Entry) -> str:
    """The entry as it is stored, so that its hash can be worked out again."""
    return json.dumps(plain(entry), ensure_ascii=False)


def as_cef(entry: Entry) -> str:
    """The entry in ArcSight's Common Event Format."""
    head = "|".join(_escaped(word, "|") for word in ("fabwatch", "fabwatch", VERSION, entry.act, f"fabwatch {entry.act}"))
    more = {
        "rt": str(iso(entry.written_at)),
        "suser": entry.who,
        "cn1Label": "seq",
        "cn1": str(entry.seq),
        "cs1Label": "hash",
        "cs1": entry.hash,
        "cs2Label": "about",
        "cs2": entry.about,
        "msg": entry.reason,
    }
    return f"CEF:0|{head}|3|" + " ".join(f"{name}={_escaped(value, '=')}" for name, value in more.items())


def as_syslog(entry: Entry) -> str:
    """The entry as a message of RFC 5424, with number and hashes as its structured data."""
    host = "".join(sign for sign in socket.gethostname() if "!" <= sign <= "~")[:255] or "-"
    act = "".join(sign for sign in entry.act if "!" <= sign <= "~")[:32] or "-"
    data = {"seq": str(entry.seq), "hash": entry.hash, "previous": entry.previous}
    structured = " ".join(f'{name}="{_in_quotes(value)}"' for name, value in data.items())
    said = {"who": entry.who, "act": entry.act, "reason": entry.reason, "about": entry.about}
    if len(entry.about) > LONGEST_ABOUT:
        said |= {"about": entry.about[:LONGEST_ABOUT], "cut": str(len(entry.about))}
    text = json.dumps(said, ensure_ascii=True)
    return f"<{PRIORITY}>1 {iso(entry.written_at)} {host} fabwatch - {act} [{DATA_ID} {structured}] {text}"


FORMATS: Mapping[str, Callable[[Entry], str]] = {"json": as_json, "cef": as_cef, "syslog": as_syslog}


def written(lake: Lake, since: int, form: str) -> list[str]:
    """The entries after a number, a line each. Raises BadQuestion for a form that there is not."""
    if form not in FORMATS:
        raise BadQuestion(f"No format {form[:40]!r} of the audit.", f"it is one of {', '.join(FORMATS)}")
    return [FORMATS[form](entry) for entry in entries_since(lake, since)]


def _escaped(text: str, sign: str) -> str:
    return text.replace("\\", "\\\\").replace(sign, f"\\{sign}").replace("\r", "").replace("\n", "\\n")


def _in_quotes(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("]", "\\]")
