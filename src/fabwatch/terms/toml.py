"""Lines for fab.toml: names and values as TOML writes them."""

import json
import re
import tomllib
from collections.abc import Mapping
from typing import Any

_BARE = re.compile(r"[A-Za-z0-9_-]+")


def key(name: str) -> str:
    """A name as a key."""
    return name if _BARE.fullmatch(name) else _text(name)


def value(what: Any) -> str:
    """A text, number, list or mapping as a value."""
    if isinstance(what, Mapping):
        return "{ " + ", ".join(f"{key(str(name))} = {value(own)}" for name, own in what.items()) + " }"
    if isinstance(what, (list, tuple)):
        return "[" + ", ".join(map(value, what)) + "]"
    return _text(what) if isinstance(what, str) else json.dumps(what)


def _text(text: str) -> str:
    # What JSON writes is a basic string of TOML, but for the one control character that JSON leaves as it is.
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def is_toml(lines: str) -> bool:
    """Whether these lines can stand in fab.toml."""
    try:
        tomllib.loads(lines)
    except tomllib.TOMLDecodeError:
        return False
    return True
