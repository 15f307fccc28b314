"""Numbers as people write them: the decimal sign of a column is told by all of its numbers, and never guessed."""

import re
from collections.abc import Iterable

LARGEST = 1e100
"""What is larger is no measured value, and its square is no number any more."""
LONGEST = 400
"""Signs; what is longer is no number that anybody measured."""
_WAYS = {
    sign: re.compile(
        rf"""[+-]?(?={re.escape(sign)}?\d)
        (?:[1-9]\d{{0,2}}(?:(?P<g>[{other}'\u2019\ \u00a0\u202f])\d{{3}}(?:(?P=g)\d{{3}})*)|\d*)
        (?:{re.escape(sign)}\d*)?(?:[eE][+-]?\d+)?""",
        re.VERBOSE,
    )
    for sign, other in ((".", ","), (",", "."))
}
"""What a number looks like whose decimal sign is this: the other sign stands between groups of three, if at all."""
_GROUPS = {sign: str.maketrans("", "", f"'\u2019 \u00a0\u202f{other}") for sign, other in ((".", ","), (",", "."))}
_EITHER = re.compile(r"[+-]?[1-9]\d{0,2}[.,]\d{3}")
"""A number that reads with either sign, and not as the same."""


def is_number(text: str, sign: str = "") -> bool:
    """Whether a text is a number with this decimal sign; without one, with either."""
    return len(text) <= LONGEST and any(way.fullmatch(text) for way in ((_WAYS[sign],) if sign else _WAYS.values()))


def plain(text: str, sign: str) -> str:
    """A number without signs between its groups and with a decimal point. Raises ValueError for what is no number.

    Without a decimal sign it is read by itself; a comma that may be for decimals or for thousands is then no number.
    """
    sign = sign or decimal_of([text]) or ("" if undecided([text]) else ".")
    if not sign or not is_number(text, sign):
        raise ValueError(text)
    return text.translate(_GROUPS[sign]).replace(",", ".")


def telling(texts: Iterable[object]) -> dict[str, str]:
    """The numbers that read with one decimal sign only: {sign: the first of them}."""
    first: dict[str, str] = {}
    for cell in texts:
        if isinstance(cell, str) and ("," in cell or "." in cell) and len(first) < len(_WAYS):
            text = cell.strip()
            signs = [sign for sign in _WAYS if is_number(text, sign)]
            if len(signs) == 1 and not _EITHER.fullmatch(text):
                first.setdefault(signs[0], text)
    return first


def decimal_of(texts: Iterable[object]) -> str | None:
    """The decimal sign that numbers show; None where they show none, or both."""
    signs = telling(texts)
    return next(iter(signs)) if len(signs) == 1 else None


def undecided(texts: Iterable[object], mark: str = ",") -> str | None:
    """The first number with a comma, or another mark, that may be for decimals or for thousands."""
    cells = (cell.strip() for cell in texts if isinstance(cell, str))
    return next((cell for cell in cells if mark in cell and _EITHER.fullmatch(cell)), None)


_BEYOND = re.compile(r"(<=?|≤|>=?|≥)\s*(.+)", re.DOTALL)


def beyond(text: str) -> tuple[str, str] | None:
    """A number of which only the side is known, as `<0.5` or `≥ 500`: `<` or `>`, and what stands behind; else None."""
    hit = _BEYOND.fullmatch(text)
    return None if hit is None else ("<" if hit[1][0] in "<≤" else ">", hit[2])


def typed(text: str, sign: str | None = None) -> float | None:
    """A number that a person typed, as it reads by itself, else with this decimal sign; None for what is none.

    A comma that may be for decimals or for thousands is no number while no sign is known.
    """
    text = text.strip()
    try:
        return float(plain(text, decimal_of([text]) or sign or ""))
    except ValueError:
        return None
