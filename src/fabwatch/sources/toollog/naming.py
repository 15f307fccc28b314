"""File names that say something: which tool, lot, wafer or recipe a log belongs to."""

import re

from fabwatch.sources.opening import CannotRead
from fabwatch.terms.problems import Problem, WrongName

_PLACE = re.compile(r"\\\{(\\\*|[a-z]+)(?::(\d+))?\\\}")


def named(file_name: str, pattern: str | None) -> dict[str, str]:
    """What a file name says by a pattern such as `{tool}_{lot}_{wafer}_{date:8}.csv`; `{*}` is anything.

    `{name:8}` stands for eight digits, `{name}` for what has no `_` in it. Raises CannotRead when the name does not fit.
    """
    if pattern is None:
        return {}
    hit = re.fullmatch(expression(pattern), file_name.removesuffix(".gz"))
    if hit is None:
        raise CannotRead(Problem(WrongName, f"the name {file_name} does not read as {pattern}"))
    return {role: value for role, value in hit.groupdict().items() if value}


def expression(pattern: str) -> str:
    """The regular expression of a pattern."""

    def place(hit: re.Match[str]) -> str:
        name, digits = hit[1], hit[2]
        inner = rf"\d{{{digits}}}" if digits else (".*" if name == r"\*" else "[^_]+")
        return inner if name == r"\*" else f"(?P<{name}>{inner})"

    return _PLACE.sub(place, re.escape(pattern))
