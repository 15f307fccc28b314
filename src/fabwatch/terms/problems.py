"""Faults in data: one class a fault, whose docstring is its page. A faulty row is set aside, never dropped."""

from dataclasses import dataclass
from typing import Any, ClassVar


class Rule:
    """What every rule has: its code (made from its name), whom it concerns and the way out."""

    code: ClassVar[str] = ""
    whole_file: ClassVar[bool] = False
    hint: ClassVar[str] = ""

    def __init_subclass__(cls) -> None:
        cls.code = "".join("_" + c.lower() if c.isupper() else c for c in cls.__name__).lstrip("_")


class MissingValue(Rule):
    """A cell that every row of the table needs is empty."""

    hint = "mend the line in the source system, or state a constant for the column in fab.toml"


class BadTime(Rule):
    """Text where a time should be, or a time shorter than those beside it."""

    hint = "times are read as 2026-03-17 06:30:00 with or without a zone; state time_format in fab.toml for others"


class BadNumber(Rule):
    """Text where a number should be, or a fraction where a whole number should be."""

    hint = 'state decimal = "," or "." for the source in fab.toml if the file writes decimals that way'


class ImpossibleValue(Rule):
    """A value that cannot be: a thickness below 0, a rate or polish time that is not above 0, a unit that nobody knows."""

    hint = "mend the line, or state the right unit for the source in fab.toml: constants = { unit = 'angstrom' }"


class UnknownWord(Rule):
    """A word outside the vocabulary of its column, such as a result that is neither a pass nor a fail."""

    hint = "state its meaning in fab.toml: [sources.NAME.words] with word = meaning"


class NegativeQuantity(Rule):
    """A quantity of wafers that is zero or below."""

    hint = "mend the quantity in the source system and load the file again"


class StartAfterEnd(Rule):
    """Processing that ends before it starts, or a result that arrives before the wafer was processed."""

    hint = "look for swapped columns or a clock that jumped; state the right columns in fab.toml"


class FutureTime(Rule):
    """A time that has not come yet when the file is loaded."""

    hint = "if the tool writes local time, state its zone for the source in fab.toml and load again"


class NoSuchTime(Rule):
    """A local time that the clock skipped when summer time began."""

    hint = "export with the UTC offset, or check the zone of the source in fab.toml"


class AmbiguousTime(Rule):
    """A local time that came twice when summer time ended."""

    hint = 'export with the UTC offset, or state ambiguous = "first" or "second" for the source in fab.toml'


class UnknownTool(Rule):
    """A qual or restore of a tool that neither a tool list nor a move names. It waits, and is stored when one does."""

    hint = "load a tool list or moves that name the tool, or mend its name; the row is stored as soon as one is loaded"


class WrongColumnCount(Rule):
    """A line with more or fewer cells than the header."""

    hint = "look at the line: a separator inside a text needs quotes around the text"


class StrayQuote(Rule):
    """A quotation mark that is never closed."""

    hint = "close the quote or double it, then load the file again"


class TornLine(Rule):
    """A last line without a line end, which may have been cut: 12 of 12.5."""

    hint = "load the file again when it is written whole; only what is new will be added"


class BadEncoding(Rule):
    """Bytes that are no text in the encoding of the file."""

    hint = 'state the encoding of the source in fab.toml, for example encoding = "latin-1"'


class NulBytes(Rule):
    """Zero bytes inside a line: a block of the disk that was never written."""

    hint = "copy the file again from the tool; the line cannot be read"


class TornFile(Rule):
    """A packed file that ends before its end, or whose check sum is wrong; the whole lines before are stored."""

    hint = "copy the file again and load it; only what is new will be added"
    whole_file = True


class EmptyFile(Rule):
    """A file without a single row."""

    hint = "check the export: the file holds no data"
    whole_file = True


class UnknownColumns(Rule):
    """A header from which no table can be recognised; the file waits in the inbox with a suggestion."""

    hint = "fabwatch inbox shows what to write into fab.toml; then: fabwatch inbox --retry"
    whole_file = True


class WrongName(Rule):
    """A file whose name does not read as the pattern that fab.toml states for its source."""

    hint = "mend the name of the file, or the pattern (name = …) of its source in fab.toml"
    whole_file = True


class MissingColumns(Rule):
    """A log that lacks a column which fab.toml expects of its source."""

    hint = "export the file again with all its columns, or mend `expects` of its source in fab.toml"
    whole_file = True


class RenamedColumn(Rule):
    """A column that earlier files of this header had is gone, and an unknown one came in its place."""

    hint = "fabwatch inbox shows what to write into fab.toml; then: fabwatch inbox --retry"
    whole_file = True


class Undecided(Rule):
    """Something a file does not settle by itself: day or month first, decimal or thousands comma."""

    hint = "state it for the source in fab.toml, then: fabwatch inbox --retry"
    whole_file = True


class Unreadable(Rule):
    """A file that cannot be opened, or is no text, gz, zip or Parquet file."""

    hint = "check that you may read the file and that it is CSV, TSV, gz, zip or Parquet"
    whole_file = True


class Refused(Rule):
    """A file past the limits: a line over 1 MiB, over 2,000 columns, or packed over 200 times (a bomb)."""

    hint = "this is no export of a fab; if it is, split it or unpack it first"
    whole_file = True


RULES: tuple[type[Rule], ...] = tuple(Rule.__subclasses__())


@dataclass(frozen=True)
class Problem:
    """One row set aside: where it stands, which rule, why, its raw text, and the row as read when it only waits."""

    rule: type[Rule]
    why: str
    line: int = 0
    byte_offset: int = 0
    raw: str = ""
    waiting: dict[str, Any] | None = None
    hint: str = ""

    @property
    def way_out(self) -> str:
        """The hint of this very problem, or else of its rule."""
        return self.hint or self.rule.hint
