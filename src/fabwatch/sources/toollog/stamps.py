"""The clock of a log: ISO times, epochs, a time of day with its date elsewhere, or elapsed seconds."""

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, TypeAlias

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from fabwatch.sources.times import epoch_scale, zone_in
from fabwatch.sources.toollog.columns import SECONDS
from fabwatch.sources.toollog.layout import Layout
from fabwatch.sources.values import Convert, TimeOf, Unfit, converter
from fabwatch.terms.numbers import is_number, plain, typed
from fabwatch.terms.problems import AmbiguousTime
from fabwatch.terms.settings.files import TIMES_AS_NUMBERS, SourceSettings
from fabwatch.terms.tables import Column

_COLUMN = Column("time", "time", "When the sample was taken.")
_ISO = re.compile(r"^\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d([.,]\d{1,9})?$")
_ISO_ZONE = re.compile(r"^\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d([.,]\d{1,9})?(Z|[+-]\d\d:?\d\d)$")
_OF_DAY = re.compile(r"^(\d{1,2}):(\d\d):(\d\d)(?:([.,:])(\d{1,6}))?$")
DAY = 86_400.0
AGES = 1e11
"""Seconds: 3,000 years, which is what no clock shows."""
FALL = 1800.0
"""Seconds by which times fall back where summer time ends; rows of two threads change places by less."""
Cells: TypeAlias = Any
"""An Arrow array, in one piece or several."""


class Stamps:
    """Turns the time columns of a log into seconds: since 1970 if the date is known, else elapsed seconds."""

    def __init__(self, layout: Layout, table: pa.Table, source: SourceSettings):
        self._source = source
        self._time = next(iter(layout.having("time") or layout.having("elapsed")), None)
        self._date = next(iter(layout.having("date")), None)
        if self._time is None and self._date is not None:
            self._time, self._date = self._date, None
        column = layout.columns[self._time] if self._time is not None else None
        if self._time is not None and source.zone is None and self._time < len(layout.header):
            self._source = source.model_copy(update={"zone": zone_in(layout.header[self._time])})
        dated = source.time_format in TIMES_AS_NUMBERS
        self._elapsed = column is not None and column.role == "elapsed" and not dated
        self._scale = SECONDS.get(column.unit.casefold(), 1.0) if column else 1.0
        if self._elapsed and column is not None and re.search(r"(^|_)(ms|msec)$", column.name.casefold()):
            self._scale = 1e-3
        self._decimal = layout.decimal
        self.zoneless = False
        """Whether a time says no zone, and fab.toml neither."""
        self._began = self._start(layout.context)
        self._rolled, self._last = 0.0, -np.inf
        self._before = -np.inf
        """The time of the row before."""
        self._fell = False
        """Whether its hour is the second of two."""
        self.faults: dict[int, Unfit] = {}
        """Rows of the table that was read last whose time cannot be taken, where more is known of it than that."""
        sample = [cell for cell in self._cells(table.slice(0, 500)).to_pylist() if cell] if column else []
        self._read = self._reader([cell.strip() for cell in sample]) if column else None

    @property
    def there(self) -> bool:
        """True if the log has a clock."""
        return self._time is not None

    @property
    def dated(self) -> bool:
        """True if its times are seconds since 1970."""
        return self.there and (not self._elapsed or self._began is not None)

    def seconds(self, table: pa.Table) -> np.ndarray:
        """The time of each row in seconds; NaN where the cell is not a time, and everywhere without a clock."""
        self.faults = {}
        if self._read is None:
            return np.full(table.num_rows, np.nan)
        seconds: np.ndarray = self._read(self._cells(table))
        if self._elapsed and self._began is not None:
            seconds = seconds + self._began
        return np.where(np.abs(seconds) < AGES, seconds, np.nan)

    def of(self, stamps: Sequence[str]) -> np.ndarray:
        """The times of messages, written like those of the rows; NaN for others."""
        if self._read is None or self._date is not None:
            return np.full(len(stamps), np.nan)
        rolled = self._rolled, self._last
        seconds: np.ndarray = self._read(pa.array([stamp or None for stamp in stamps], pa.string()))
        self._rolled, self._last = rolled
        return seconds + self._began if self._elapsed and self._began is not None else seconds

    def _cells(self, table: pa.Table) -> Cells:
        cells = pc.utf8_trim_whitespace(table.column(str(self._time)))
        if self._date is None:
            return cells
        return pc.binary_join_element_wise(pc.utf8_trim_whitespace(table.column(str(self._date))), cells, " ")

    def _reader(self, sample: Sequence[str]) -> Callable[[Cells], np.ndarray]:
        if self._elapsed:
            return self._numbers
        if all(map(is_number, sample)):
            numbers = [text for cell in sample if (text := _plain(cell, self._decimal))]
            scale = epoch_scale(numbers, self._source.time_format)
            if scale is not None or not sample:
                self._scale = scale or 1.0
                return self._numbers
        if all(_ISO.match(cell) for cell in sample) and not self._source.time_format:
            self.zoneless |= self._source.zone is None
            return self._iso
        if all(_ISO_ZONE.match(cell) for cell in sample):
            return self._iso_zone
        if all(_OF_DAY.match(cell) for cell in sample):
            if self._began is None:
                self._elapsed = True
            return self._of_day
        self._convert = self._converter(sample)
        if isinstance(self._convert, TimeOf):
            self.zoneless |= self._source.zone is None and self._convert.is_zoneless(sample)
        return self._one_by_one

    def _numbers(self, cells: Cells) -> np.ndarray:
        try:
            numbers = pc.cast(pc.replace_substring(cells, ",", ".") if self._decimal == "," else cells, pa.float64())
        except pa.ArrowInvalid:
            numbers = pa.array([typed(cell or "", self._decimal) for cell in cells.to_pylist()], pa.float64())
        return _floats(numbers) * self._scale

    def _iso(self, cells: Cells) -> np.ndarray:
        try:
            times = pc.cast(pc.replace_substring(cells, ",", "."), pa.timestamp("ns"))
            if self._source.zone:
                times = pc.assume_timezone(times, self._source.zone, ambiguous="raise", nonexistent="raise")
        except (pa.ArrowInvalid, ValueError):
            return self._one_by_one(cells)
        return _since_1970(times)

    def _iso_zone(self, cells: Cells) -> np.ndarray:
        try:
            times = pc.cast(pc.replace_substring(cells, ",", "."), pa.timestamp("ns", "UTC"))
        except (pa.ArrowInvalid, ValueError):
            return self._one_by_one(cells)
        return _since_1970(times)

    def _one_by_one(self, cells: Cells) -> np.ndarray:
        convert = getattr(self, "_convert", None) or self._converter([c for c in cells.to_pylist() if c])
        known: dict[str | None, float] = {None: np.nan}
        faults: dict[str | None, Unfit] = {}
        for cell in pc.unique(cells).to_pylist():
            if cell is not None:
                try:
                    moment = convert(cell)
                    known[cell] = np.nan if moment is None else moment.replace(tzinfo=UTC).timestamp()
                except Unfit as fault:
                    known[cell], faults[cell] = np.nan, fault
        listed = cells.to_pylist()
        twice = {cell for cell, fault in faults.items() if fault.rule is AmbiguousTime}
        if twice:
            return self._in_order(listed, known, twice, faults)
        self._before = next((known[cell] for cell in reversed(listed) if known[cell] == known[cell]), self._before)
        if faults:
            self.faults = {row: faults[cell] for row, cell in enumerate(listed) if cell in faults}
        return np.array([known[cell] for cell in listed])

    def _converter(self, sample: Sequence[str]) -> Convert:
        """How a stamp is read; one of the hour that exists twice is not: the rows around it say which hour it is."""
        return converter(_COLUMN, sample, self._source.model_copy(update={"ambiguous": ""}))

    def _in_order(
        self,
        listed: Sequence[str | None],
        known: Mapping[str | None, float],
        twice: set[str | None],
        faults: Mapping[str | None, Unfit],
    ) -> np.ndarray:
        """Times of rows over the end of summer time: where they fall back by themselves, the second hour begins.

        Where they do not, nobody knows which of the two hours it is, unless fab.toml says so.
        """
        cells = [cell for cell in listed if cell in twice]
        zones = [self._source.model_copy(update={"ambiguous": which}) for which in ("first", "second")]
        hours = [converter(_COLUMN, cells, zone) for zone in zones]
        both = {cell: [hour(cell).replace(tzinfo=UTC).timestamp() for hour in hours] for cell in twice}
        firsts = np.array([both[cell][0] if cell in twice else known[cell] for cell in listed])
        steps = np.diff(firsts[~np.isnan(firsts)])
        falls = bool((steps < -FALL).any()) or (self._fell and bool(firsts[0] < self._before))
        times = np.full(len(listed), np.nan)
        for row, cell in enumerate(listed):
            times[row] = known[cell]
            if cell in twice and falls:
                early, late = both[cell]
                times[row] = early if self._before <= early else late
            elif cell in twice and self._source.ambiguous:
                times[row] = both[cell][self._source.ambiguous == "second"]
            if times[row] == times[row]:
                self._before = float(times[row])
            elif cell in faults:
                self.faults[row] = faults[cell]
        self._fell = falls
        return times

    def _of_day(self, cells: Cells) -> np.ndarray:
        """A time of day; if it falls by more than half a day, midnight has passed."""
        times = np.full(len(cells), np.nan)
        for row, cell in enumerate(cells.to_pylist()):
            hit = _OF_DAY.match(cell) if cell else None
            if hit is None:
                continue
            # 12:00:00:25 is 25 ms, 12:00:00.25 is 250.
            fraction = 0.0 if not hit[5] else int(hit[5]) / 1000 if hit[4] == ":" else float(f"0.{hit[5]}")
            seconds = int(hit[1]) * 3600 + int(hit[2]) * 60 + int(hit[3]) + fraction
            if seconds + self._rolled < self._last - DAY / 2:
                self._rolled += DAY
            self._last = times[row] = seconds + self._rolled
        if self._began is not None:
            times += self._began - self._began % DAY
        return times

    def _start(self, context: dict[str, str]) -> float | None:
        for name in ("time", "date"):
            text = context.get(name)
            if text:
                both = f"{context['date']} {text}" if name == "time" and "date" in context and len(text) < 13 else text
                convert = converter(_COLUMN, [both], self._source)
                try:
                    moment = convert(both)
                except Unfit:
                    moment = None
                if isinstance(moment, datetime):
                    self.zoneless = self._source.zone is None and isinstance(convert, TimeOf) and convert.is_zoneless([both])
                    return moment.replace(tzinfo=UTC).timestamp()
        return None


def _plain(cell: str, decimal: str) -> str:
    """A number with a decimal point; empty for what is none."""
    try:
        return plain(cell, decimal)
    except ValueError:
        return ""


def _floats(cells: Cells) -> np.ndarray:
    return np.asarray(cells.to_numpy(zero_copy_only=False) if isinstance(cells, pa.Array) else cells.to_numpy(), float)


def _since_1970(cells: Cells) -> np.ndarray:
    whole = pc.cast(cells, pa.int64())
    seconds = _floats(whole) / 1e9
    return np.where(_floats(pc.cast(pc.is_null(cells), pa.int8())) > 0, np.nan, seconds)
