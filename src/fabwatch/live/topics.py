"""Topics as fab.toml states them: fab/{area}/{tool}/moves subscribes to fab/+/+/moves and fills two columns."""

import re
from functools import cache

_PLACE = re.compile(r"\{(\w+)\}")


def subscription(pattern: str) -> str:
    """The topic filter of a pattern."""
    return _PLACE.sub("+", pattern)


def cells_of(topic: str, patterns: tuple[str, ...]) -> dict[str, str]:
    """What the levels of a topic say by the first pattern that it fits."""
    for pattern in patterns:
        hit = _expression(pattern).fullmatch(topic)
        if hit:
            return {name: text for name, text in hit.groupdict().items() if text}
    return {}


@cache
def _expression(pattern: str) -> re.Pattern[str]:
    levels = []
    for level in pattern.split("/"):
        place = _PLACE.fullmatch(level)
        levels.append(f"(?P<{place[1]}>[^/]*)" if place else {"+": "[^/]*", "#": ".*"}.get(level, re.escape(level)))
    return re.compile("/".join(levels), re.DOTALL)
