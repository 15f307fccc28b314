"""Faults in data: one class per fault; its docstring is its documentation. A faulty row is set aside, never dropped."""

from dataclasses import dataclass
from typing import Any, ClassVar


class Rule:
    """What every rule has: its code (made from its name), whether it concerns the whole file, and the way out."""

    code: ClassVar[str] = ""
    whole_file: ClassVar[bool] = False
    hint: ClassVar[str] = ""

    def __init_subclass__(cls) -> None:
        cls.code = "".join("_" + c.lower() if c.isupper() else c for c in cls.__name__).lstrip("_")


class MissingValue(Rule):
    """A required cell is empty."""

    hint = "fix the line in the source system, or state a constant for the column in fab.toml"


class BadTime(Rule):
    """Text where a time should be, or a time shorter than the others in its column."""

    hint = "times are read as 2026-03-17 06:30:00 with or without a zone; for another format state time_format in fab.toml"


class BadNumber(Rule):
    """Text where a number should be, or a decimal number where a whole number should be."""

    hint = 'if the file writes decimals with a comma, state decimal = "," for the source in fab.toml (else decimal = ".")'


class ImpossibleValue(Rule):
    """An impossible value: a thickness below 0, a rate or polish time that is not above 0, or an unknown unit."""

    hint = "fix the line, or state the right unit for the source in fab.toml: constants = { unit = 'angstrom' }"


class OddValue(Rule):
    """A cell that cannot be read for a reason that is in no rule; it costs its row, not the file."""

    hint = "fix the line in the source system, and please report it: the message says what happened"


class UnreadableCell(Rule):
    """A cell that cannot be read in a column that is not needed, such as a reading of `overflow`: it is left empty, its row
    is stored."""

    hint = "the row is stored without it; if it can be read, state decimal or time_format in fab.toml and load it --again"


class UnknownWord(Rule):
    """A word that its column does not know, such as a result that is neither a pass nor a fail."""

    hint = "state its meaning in fab.toml: [sources.NAME.words] with word = meaning"


class NegativeQuantity(Rule):
    """A quantity of wafers that is zero or negative."""

    hint = "fix the quantity in the source system and load the file again"


class StartAfterEnd(Rule):
    """Processing that ends before it starts, or a result that arrives before the wafer was processed."""

    hint = "check for swapped columns or a clock that was wrong; state the right columns in fab.toml"


class FutureTime(Rule):
    """A time that is still in the future when the file is loaded. The row waits, and is stored once that time has come."""

    hint = "set the clock of the tool; or if it writes local time, state its zone for the source in fab.toml and load again"


class NoSuchTime(Rule):
    """A local time that does not exist because the clock skipped it when summer time began."""

    hint = "export with the UTC offset, or check the zone of the source in fab.toml"


class AmbiguousTime(Rule):
    """A local time that exists twice because summer time ended."""

    hint = 'export with the UTC offset, or state ambiguous = "first" or "second" for the source in fab.toml'


class UnknownTool(Rule):
    """A qual or restore of a tool that is in no tool list and no move. It waits, and is stored once the tool is known."""

    hint = "load a tool list or moves with that tool, or fix its name; the row is stored as soon as the tool is known"


class WrongColumnCount(Rule):
    """A line with more or fewer cells than the header."""

    hint = "check the line: text that contains the separator needs quotes"


class StrayQuote(Rule):
    """A quotation mark that is not closed."""

    hint = "close the quote or double it, then load the file again"


class TallTable(Rule):
    """A table with one value a row and the name of what was measured in another column, as historians export it."""

    hint = "make it wide first: a row for each time, a column for each name (in a spreadsheet: a pivot table)"
    whole_file = True


class SummaryRow(Rule):
    """A row that sums up others, such as an average or a limit among the values of wafers: its wafer is called `Avg`."""

    hint = "nothing is to be done: the rows that it sums up are stored"


class TornLine(Rule):
    """A last line without a line end, which may have been cut off: 12 instead of 12.5."""

    hint = "load the file again when it is complete; only new rows are added"


class BadEncoding(Rule):
    """Bytes that are not text in the encoding of the file."""

    hint = 'state the encoding of the source in fab.toml, for example encoding = "latin-1"'


class NulBytes(Rule):
    """Zero bytes inside a line: a disk block that was never written."""

    hint = "copy the file again from the tool; the line cannot be read"


class TornFile(Rule):
    """A packed file that is cut off or has a wrong checksum; the complete lines before the damage are stored."""

    hint = "copy the file again and load it; only new rows are added"
    whole_file = True


class EmptyFile(Rule):
    """A file without a single row."""

    hint = "check the export: the file holds no data"
    whole_file = True


class UnknownColumns(Rule):
    """A header that fits no table; the file waits in the inbox with a suggestion."""

    hint = "fabwatch inbox shows what to write into fab.toml; then: fabwatch inbox --retry"
    whole_file = True


class WrongName(Rule):
    """A file name that does not match the pattern in fab.toml for its source."""

    hint = "fix the file name, or the pattern (name = …) of its source in fab.toml"
    whole_file = True


class MissingColumns(Rule):
    """A log without a column that fab.toml expects from its source."""

    hint = "export the file again with all its columns, or fix `expects` of its source in fab.toml"
    whole_file = True


class RenamedColumn(Rule):
    """A column that earlier files with this header had is gone, and an unknown one is there instead."""

    hint = "fabwatch inbox shows what to write into fab.toml; then: fabwatch inbox --retry"
    whole_file = True


class Undecided(Rule):
    """Something that the file alone does not show: day or month first, decimal or thousands comma."""

    hint = "state it for the source in fab.toml, then: fabwatch inbox --retry"
    whole_file = True


class LostResults(Rule):
    """Results of a tester that belong to no part: no part was begun or ended on their head and site. They are set aside."""

    hint = "export the file from the tester again; its parts and their other results are stored"


class Unreadable(Rule):
    """A file that cannot be opened, or that is not a text, gz, zip or Parquet file."""

    hint = "check that you have permission to read the file, and that it is CSV, TSV, gz, zip or Parquet"
    whole_file = True


class LinkOutside(Rule):
    """A link in a folder to a file outside of it, which is not followed."""

    hint = "copy the file into the folder, or load it by its own path"
    whole_file = True


class Refused(Rule):
    """A file over the limits: a line over 1 MiB, over 1,900 columns, or packed to less than 1/200 (a zip bomb)."""

    hint = "this does not look like an export of a fab; if it is one, split it or unpack it first"
    whole_file = True


class OverBudget(Rule):
    """A file that takes more processor time or memory than reading any file does."""

    hint = "split the file, or export it again; if it is well, please report it: the others were loaded"
    whole_file = True


class ReadingFailed(Rule):
    """A file at which reading failed for a reason that is in no rule; the others were loaded."""

    hint = "take out what stands at that place and load it again; and please report it: the message says what happened"
    whole_file = True


class NotSummarised(Rule):
    """A log whose steps could not be summarised: its samples are stored, its runs have no statistics. Others have them."""

    hint = "the next load tries it again; please report it: the message says what happened"
    whole_file = True


class UnreadMessage(Rule):
    """A live message that cannot be read: it is not JSON, or not rows. Its text is kept; those beside it are loaded."""

    hint = "see docs/live.md for what a message may be, and change what its sender sends"


class Unbalanced(Rule):
    """A file whose rows are not all accounted for: stored, set aside, waiting or there already. Nothing of it is stored."""

    hint = "this is a fault of fabwatch: please report it with the file; nothing of it was stored"
    whole_file = True


RULES: tuple[type[Rule], ...] = tuple(Rule.__subclasses__())


@dataclass(frozen=True)
class Problem:
    """One row set aside: its position, the rule, why, its raw text, and the row as read if it only waits."""

    rule: type[Rule]
    why: str
    line: int = 0
    byte_offset: int = 0
    raw: str = ""
    waiting: dict[str, Any] | None = None
    hint: str = ""

    @property
    def way_out(self) -> str:
        """The hint of this problem, else that of its rule."""
        return self.hint or self.rule.hint
