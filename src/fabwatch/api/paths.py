"""Names in paths: a tool may be called A/B, 50%, ../x or .. and still has its page and its routes."""

import re
from urllib.parse import quote, unquote

from fastapi import Request
from starlette.convertors import Convertor, register_url_convertor

SLASH = "\ue02f"
"""Stands for a slash inside a name while the path is matched; in Unicode it is nobody's."""
MARK = "~"
"""Before a name that programs would take for a way through folders, and before a name that begins with it."""


def part(name: str) -> str:
    """A name as one segment of a path, with its special characters escaped."""
    return quote(MARK + name if name in (".", "..") or name.startswith(MARK) else name, safe="")


def named(path: str) -> str:
    """The path of a route whose parts are names."""
    return re.sub(r"\{(\w+)\}", r"{\1:name}", path)


def readable(raw_path: bytes) -> str:
    """A path as it is matched: each segment decoded by itself, so that a slash in a name does not divide it."""
    return "/".join(unquote(segment).replace("/", SLASH) for segment in raw_path.decode("latin-1").split("/"))


def address(request: Request) -> str:
    """The path of a request as it was sent, to be linked to or shown."""
    raw: bytes | None = request.scope.get("raw_path")
    return raw.decode("latin-1") if raw else quote(request.url.path)


class _Name(Convertor[str]):
    """A name in a path."""

    regex = "[^/]+"

    def convert(self, value: str) -> str:
        """The name as it was before `part`."""
        return value.replace(SLASH, "/").removeprefix(MARK)

    def to_string(self, value: str) -> str:
        """The segment."""
        return part(value)


register_url_convertor("name", _Name())
