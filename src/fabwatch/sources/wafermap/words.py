"""How files say where the notch is, which way axes run, which bins pass, and what is no die."""

import re

NOTCH = {
    **dict.fromkeys(("0", "360", "down", "bottom", "south", "s", "d", "b"), "down"),
    **dict.fromkeys(("90", "left", "west", "w", "l"), "left"),
    **dict.fromkeys(("180", "up", "top", "north", "n", "u", "t"), "up"),
    **dict.fromkeys(("270", "right", "east", "e", "r"), "right"),
}
"""Degrees count clockwise from the bottom (SEMI E5, item FNLOC)."""
X_AXIS = {**dict.fromkeys(("right", "r", "+", "1"), "right"), **dict.fromkeys(("left", "l", "-", "-1"), "left")}
Y_AXIS = {**dict.fromkeys(("up", "u", "+", "1"), "up"), **dict.fromkeys(("down", "d", "-", "-1"), "down")}
PASSING = frozenset({"p", "pass", "passed", "good", "ok", "true", "t", "y", "yes", "1", "g"})
FAILING = frozenset({"f", "fail", "failed", "bad", "nok", "ng", "false", "n", "no", "0", "x", "reject"})
UNTESTED = frozenset({"", "null", "none", "skip", "edge", "reference", "na", "n/a", "nan", "untested", "ugly die"})
_SIGNS = re.compile(r"[^0-9a-z+\-]+")


def plain(word: str) -> str:
    """A word without case, signs and blanks."""
    return _SIGNS.sub("", word.casefold())


def notch_of(word: str) -> str:
    """Where the notch is: down, left, up or right; empty if the word does not say."""
    text = plain(word)
    if re.fullmatch(r"\d{1,3}0*", text):
        return NOTCH.get(str(int(text) % 360), "")
    number = re.fullmatch(r"(\d{1,3})(deg|degrees|\.0+)", word.casefold().strip())
    return NOTCH.get(str(int(number[1]) % 360), "") if number else NOTCH.get(text, "")


def verdict(word: str) -> int:
    """1 for a word that says pass, 0 for one that says fail, -1 for one that says neither."""
    text = word.strip().casefold()
    if text in PASSING:
        return 1
    return 0 if text in FAILING else -1


def same_bin(code: str) -> str:
    """A bin code by which `001`, `01` and `1` are one."""
    text = code.strip()
    return text.lstrip("0") or "0" if text.isdigit() else text
