"""Doubts: what makes an answer less certain than its figures look. One class per doubt; its docstring documents it."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, ClassVar

from fabwatch.terms.words import sentence


@dataclass(frozen=True)
class Doubt:
    """What every doubt has: a code for programs, and a sentence for people, which its fields are filled into."""

    code: ClassVar[str] = ""

    def __init_subclass__(cls) -> None:
        if "code" not in vars(cls):
            cls.code = cls.__name__

    def sentence(self, language: str = "en") -> str:
        """Why the answer is in doubt."""
        return sentence(language, f"doubt_{type(self).__name__}", **vars(self))

    def __str__(self) -> str:
        return f"{self.code}: {self.sentence()}"

    @classmethod
    def __get_pydantic_json_schema__(cls, *_: Any) -> dict[str, Any]:
        return {"type": "string", "description": "The code of a doubt, a colon, and its sentence."}


def joined(doubts: Iterable[Doubt]) -> str:
    """Doubts in one cell of a table."""
    return "; ".join(map(str, doubts))
