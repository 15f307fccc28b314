"""`[sources]` and `[logs]`: how files are read."""

import codecs
from datetime import datetime
from fnmatch import fnmatch
from typing import Any, Literal

from pydantic import Field, field_validator, model_validator

from fabwatch.terms.errors import nearest
from fabwatch.terms.settings.stated import Names, Stated, known_zone
from fabwatch.terms.tables import BY_NAME, LOADED

LOG = "log"


TIMES_AS_NUMBERS = ("excel", "epoch_s", "epoch_ms", "epoch_us", "epoch_ns", "filetime")
"""What `time_format` may be of times that are numbers: days of a spreadsheet, seconds … since 1970, Windows FILETIME."""


LOG_ROLES = (
    "time", "date", "elapsed", "tool", "chamber", "recipe", "lot", "wafer", "slot", "stage", "step", "sensor", "usage",
    "label", "message", "ignore",
)  # fmt: skip
"""The possible roles of a column of a tool log."""


SEPARATING = '\n\r,;\t|: .-09"AZaz'
"""What lines and cells are found by: its bytes have to be those of ASCII in every encoding but UTF-16."""


FOR_CELLS = '"\r\n\0.-+'
"""Signs that numbers, times and quoted cells are written with."""


Missing = tuple[str | int | float, ...] | dict[str, tuple[str | int | float, ...]]


_TIME_FORMAT = "strptime format of its times ('%d/%m/%Y %H:%M'), or excel, epoch_s, epoch_ms, epoch_us, epoch_ns, filetime."


def _ways_to_write(word: str | float) -> tuple[str, ...]:
    """A sentinel as text: -9999 is also -9999.0 and -9999.00."""
    text = str(word)
    whole = text.removesuffix(".0")
    return (text, *(f"{whole}.{'0' * n}" for n in range(1, 7))) if whole.lstrip("+-").isdigit() else (text,)


class SourceSettings(Stated):
    """`[sources.NAME]`: how the files of one source are to be read."""

    pattern: Names = Field((), alias="files", description="Names of its files, such as 'moves_*.csv.gz'.")
    kind: str | None = Field(
        None,
        description="Its table (moves, quals, restores, counters, metrology, tools, sort_summary, wat, layouts), or log.",
    )
    zone: str | None = Field(None, description="IANA zone of times without one, such as 'Europe/Berlin'.")
    ambiguous: Literal["", "first", "second"] = Field("", description="Which of the two, for the hour that exists twice.")
    columns: dict[str, str] = Field({}, description="column = 'Header in the file'.")
    ignore: Names = Field((), description="Headers that are not needed.")
    constants: dict[str, str | int | float | bool] = Field({}, description="A value for a column the file lacks.")
    words: dict[str, str | bool] = Field({}, description="Meaning of a word: ENGR = 'test', GREEN = 'pass'.")
    missing: Missing = Field((), description="What stands for 'not measured': [-9999], or by column { reading = [-9999] }.")
    encoding: str | None = Field(None, description="Encoding, when it is not UTF-8 or UTF-16 with a mark.")
    delimiter: str | None = Field(None, description="The separator, if it is not recognised.")
    decimal: Literal[".", ","] | None = Field(None, description="The decimal sign.")
    time_format: str | None = Field(None, description=_TIME_FORMAT)
    complete: bool = Field(False, description="true: a last line without a line end is whole.")
    name: str | None = Field(None, description="Pattern of log file names: '{tool}_{lot}_{wafer}_{*}.csv'.")
    expects: Names = Field((), description="Columns that a log must have; * stands for any text.")

    def as_stated(self) -> dict[str, Any]:
        """What is stated of the source, as fab.toml has it; without the names of its files."""
        return self.model_dump(exclude={"pattern"}, exclude_defaults=True)

    def missing_words(self, column: str = "") -> tuple[str, ...]:
        """What stands for "not measured" in a column, as it may be written."""
        stated = self.missing.get(column, ()) if isinstance(self.missing, dict) else self.missing
        if not column and isinstance(self.missing, dict):
            stated = tuple(word for words in self.missing.values() for word in words)
        return tuple(dict.fromkeys(text for word in stated for text in _ways_to_write(word)))

    @model_validator(mode="before")
    @classmethod
    def _pattern_by_other_names(cls, value: Any) -> Any:
        if isinstance(value, dict):
            value = dict(value)
            for other in ("pattern", "file", "file_pattern", "match", "glob"):
                if other in value and "files" not in value:
                    value["files"] = value.pop(other)
        return value

    @field_validator("zone")
    @classmethod
    def _zone_is_known(cls, value: str | None) -> str | None:
        return None if value is None else known_zone(value)

    @field_validator("kind")
    @classmethod
    def _kind_is_a_table(cls, value: str | None) -> str | None:
        kinds = [*(table.name for table in LOADED), LOG]
        if value is not None and value not in kinds:
            raise ValueError(f"{value!r} is not a kind of file; use one of {', '.join(kinds)}")
        return value

    @field_validator("encoding")
    @classmethod
    def _encoding_is_known(cls, value: str | None) -> str | None:
        if value is not None:
            try:
                name = codecs.lookup(value).name
                own = SEPARATING.encode(value)
            except (LookupError, UnicodeError):
                raise ValueError(f"{value!r} is not an encoding of text") from None
            if not name.startswith("utf-16") and own != SEPARATING.encode():
                why = "line ends and separators have other bytes in it"
                raise ValueError(f"{value!r} cannot be read: {why}; save such files as UTF-8 first")
        return value

    @field_validator("delimiter")
    @classmethod
    def _delimiter_is_one_character(cls, value: str | None) -> str | None:
        if value is not None and len(value) != 1:
            raise ValueError("a delimiter is a single character")
        if value is not None and (not value.isascii() or value.isalnum() or value in FOR_CELLS):
            raise ValueError(f"{value!r} cannot be a delimiter: it stands in cells, ends lines or is not ASCII")
        return value

    @field_validator("time_format")
    @classmethod
    def _time_format_reads_a_date(cls, value: str | None) -> str | None:
        if value is not None and value not in TIMES_AS_NUMBERS:
            moment = datetime(2026, 3, 17, 6, 30)  # noqa: DTZ001 - a local time on purpose
            try:
                back = datetime.strptime(moment.strftime(value), value)  # noqa: DTZ007 - a local time on purpose
            except ValueError as fault:
                raise ValueError(f"not a time format: {fault}") from None
            if back.date() != moment.date():
                raise ValueError("a time format needs the year, the month and the day")
        return value

    @model_validator(mode="after")
    def _columns_are_known(self) -> "SourceSettings":
        if self.kind == LOG:
            return self
        tables = [BY_NAME[self.kind]] if self.kind else list(LOADED)
        known = {name for table in tables for name in table.names} | set(LOG_ROLES)
        for column, header in self.columns.items():
            if column not in known and header not in known:
                near = nearest(column, known)
                raise ValueError(f"columns: {column!r} is not a column" + (f"; near it: {', '.join(near)}" if near else ""))
        for column in self.constants:
            if column not in known:
                raise ValueError(f"constants: {column!r} is not a column")
        return self

    def headers(self) -> dict[str, str]:
        """What the user states about the header: {header in the file, case folded: column}, written either way round."""
        known = {name for table in LOADED for name in table.names}
        return {
            (header if column in known else column).casefold(): column if column in known else header
            for column, header in self.columns.items()
        }

    def roles(self) -> dict[str, str]:
        """What the user states about the columns of a log: {header in the file, case folded: role}."""
        roles = {
            (header if column in LOG_ROLES else column).casefold(): column if column in LOG_ROLES else header
            for column, header in self.columns.items()
        }
        return roles | {header.casefold(): "ignore" for header in self.ignore}

    def covers(self, name: str, file_name: str) -> bool:
        """True if a file of that name belongs to this source; without a pattern the file name must contain NAME."""
        folded = file_name.casefold()
        patterns = [p.casefold() for p in self.pattern] or [f"*{name.casefold()}*"]
        # A sheet of a workbook goes by the name of the workbook, too.
        names = (folded, folded.partition("!")[0])
        return any(fnmatch(own, p) or fnmatch(own, p + ".gz") for p in patterns for own in names)


class LogSettings(Stated):
    """`[logs]`: tolerances for tool logs."""

    tolerance: float = Field(
        0.02, gt=0, lt=1, description="Allowed deviation from a setpoint, as a share of the largest setpoint in the run."
    )
    tolerances: dict[str, float] = Field({}, description="The same for single sensors, in their unit: Pressure = 0.5.")
