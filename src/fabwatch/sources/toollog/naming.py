"""File names that carry data: the tool, lot, wafer or recipe of a log."""

import re

from fabwatch.sources.opening import CannotRead
from fabwatch.terms.problems import Problem, WrongName

_PLACE = re.compile(r"\\\{(\\\*|[a-z]+)(?::(\d+))?\\\}")


def named(file_name: str, pattern: str | None) -> dict[str, str]:
    """What a file name says, read with a pattern such as `{tool}_{lot}_{wafer}_{date:8}.csv`; `{*}` is anything.

    `{name:8}` stands for eight digits, `{name}` for text without `_`. Raises CannotRead if the name does not match.
    """
    if pattern is None:
        return {}
    hit = re.fullmatch(expression(pattern), file_name.removesuffix(".gz"))
    if hit is None:
        raise CannotRead(Problem(WrongName, f"the file name {file_name} does not match {pattern}"))
    return {role: value for role, value in hit.groupdict().items() if value}


def expression(pattern: str) -> str:
    """The regular expression of a pattern."""

    def place(hit: re.Match[str]) -> str:
        name, digits = hit[1], hit[2]
        inner = rf"\d{{{digits}}}" if digits else (".*" if name == r"\*" else "[^_]+")
        return inner if name == r"\*" else f"(?P<{name}>{inner})"

    return _PLACE.sub(place, re.escape(pattern))
