"""Reasons: why an answer is what it is, in words that follow the language of the reader."""

from collections.abc import Mapping
from typing import Any

from fabwatch.terms.words import sentence

Part = tuple[str, Mapping[str, Any]]
"""The key of a sentence, and what is filled into it; a reason in it is said in the same language."""


class Reason(str):
    """A reason of some parts. As text it is English, as JSON and CSV have it; a page says it in the reader's language."""

    parts: tuple[Part, ...]

    def __new__(cls, *parts: Part) -> "Reason":
        """Made of its parts."""
        made = super().__new__(cls, _said("en", parts))
        made.parts = parts
        return made

    def __getnewargs__(self) -> tuple[Part, ...]:  # type: ignore[override]
        return self.parts

    def sentence(self, language: str = "en") -> str:
        """The reason in a language."""
        return _said(language, self.parts)


def _said(language: str, parts: tuple[Part, ...]) -> str:
    def filled(value: object) -> object:
        return value.sentence(language) if isinstance(value, Reason) else value

    return "; ".join(sentence(language, key, **{name: filled(v) for name, v in values.items()}) for key, values in parts)
