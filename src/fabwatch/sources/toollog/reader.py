"""A tool log as batches: samples with their part and position in the file, and the messages between them."""

import fnmatch
import hashlib
import io
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from fabwatch.sources.effort import progress
from fabwatch.sources.opening import CannotRead, Document, Inspected, only_returns
from fabwatch.sources.prefetch import Ahead
from fabwatch.sources.text import as_text
from fabwatch.sources.toollog import keyvalue, lvm, sml
from fabwatch.sources.toollog.cells import names_of, table_of
from fabwatch.sources.toollog.chunks import Chunk, chunks, rows_of
from fabwatch.sources.toollog.columns import KEYS, LogColumn, stored_name
from fabwatch.sources.toollog.layout import Layout
from fabwatch.sources.toollog.marks import COMMENTS, Mark, Message, context_of, marks_of, message_of
from fabwatch.sources.toollog.naming import named
from fabwatch.sources.toollog.parts import Part, Parts, coded, constant
from fabwatch.sources.toollog.stamps import Stamps
from fabwatch.sources.values import Unfit
from fabwatch.terms.clock import to_utc
from fabwatch.terms.problems import BadTime, FutureTime, NulBytes, Problem, Rule, TornLine, Unreadable
from fabwatch.terms.settings.files import SourceSettings
from fabwatch.terms.tables import SAMPLE_COLUMNS

SAMPLED = ("sensor", "setpoint", "usage", "label", "message")
"""Roles of the columns that are stored with each sample; the others say which run it belongs to."""
FAST = 86_400.0
"""A clock may be this many seconds fast; a time that is further ahead is none that will come."""
FIXED = tuple(column.name for column in SAMPLE_COLUMNS if column.name != "load")
"""The first columns of every table of samples, after the load."""
ASTRAY = 86_400.0
"""A message whose time is this many seconds from the row above it gets the time of that row."""


@dataclass(frozen=True)
class TimedMessage:
    """A message with its time, and the part of the rows around it."""

    message: Message
    seconds: float
    part: int | None


@dataclass
class LogBatch:
    """Some samples (part, byte_offset, t, chamber, step, then the columns as they are), with messages and problems."""

    samples: pa.Table
    messages: list[TimedMessage] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    records: int = 0
    """How many lines of the file are rows."""


@dataclass
class _Cut:
    """Some lines of a log on their way to a batch."""

    chunk: Chunk
    whole: bool
    """True if the last line has a line end."""
    rows: np.ndarray = field(default_factory=lambda: np.zeros(0, bool))
    lines: np.ndarray = field(default_factory=lambda: np.zeros(0, int))
    table: pa.Table | None = None
    faults: list[Problem] = field(default_factory=list)
    unwritten: int = 0
    """How many lines hold zero bytes: they are set aside."""

    @property
    def torn(self) -> bool:
        """True if the last line may be cut; a blank line is ignored."""
        return not self.whole and bool(self.chunk.line(len(self.chunk) - 1).strip())


def _torn(cut: _Cut) -> list[Problem]:
    """The problem of a last line without a line end, unless fab.toml says that it is whole."""
    if not cut.torn:
        return []
    last = len(cut.chunk) - 1
    why = "the last line has no line end and may be cut; it is read once the file has grown"
    raw = as_text(cut.chunk.line(last).encode())
    return [Problem(TornLine, why, cut.chunk.number + last, int(cut.chunk.offsets[last]), raw)]


DELIMITED, LVM = "delimited", "lvm"
CUT = (DELIMITED, LVM)
"""Dialects whose lines are cut into cells."""


class LogFile:
    """A log and how to read it; `parts` fills while the batches are read."""

    def __init__(self, document: Document, inspected: Inspected, stated: SourceSettings, dialect: str, layout: Layout):
        self.document, self.inspected, self.stated, self.dialect, self.layout = document, inspected, stated, dialect, layout
        self.notes = list(layout.notes)
        self.dated = False
        self.parts: list[Part] = []
        self.end = 0
        """How far the file has been read, in bytes: the start of a line that may still grow, or the end."""
        self._stamps: Stamps | None = None
        self._tracker = Parts(dated=False)
        self._now: dict[str, str | None] = {**named(document.file_name, stated.name), **layout.context}
        self._now |= {role: str(value) for role, value in stated.constants.items() if role in (*KEYS, "step")}
        self.opened: dict[str, str | None] = dict(self._now)
        """Step, wafer and so on by its name, its header and fab.toml, before its first row."""
        self._lines = 0
        self._last = np.nan
        self._part: int | None = None

    @property
    def lines(self) -> int:
        """How many lines have been read."""
        return self._lines

    @property
    def now(self) -> dict[str, str | None]:
        """Step, wafer and so on of the next row, where the rows themselves do not name them."""
        return dict(self._now)

    def go_on(self, lines: int, now: dict[str, str | None]) -> None:
        """Continue where an earlier reading stopped."""
        self._lines, self._now = lines, dict(now)

    def unread(self) -> "LogFile":
        """The same log, of which nothing has been read yet."""
        twin = LogFile(self.document, self.inspected, self.stated, self.dialect, self.layout)
        twin.notes = list(self.notes)
        return twin

    def was_read(
        self, parts: list[Part], *, dated: bool, end: int, lines: int, now: dict[str, str | None], notes: list[str]
    ) -> None:
        """Take over what is known of it once it has been read, elsewhere."""
        self.parts, self.dated, self.end, self._lines = parts, dated, end, lines
        self._now, self.notes = dict(now), list(notes)

    @property
    def sampled(self) -> list[tuple[int, LogColumn]]:
        """The columns that are stored with each sample, with their position in the file."""
        return [(n, column) for n, column in enumerate(self.layout.columns) if column.role in SAMPLED]

    def lacking(self) -> list[str]:
        """The columns that fab.toml expects and the log does not have."""
        there = [name.casefold() for name in self.layout.header]
        return [column for column in self.stated.expects if not fnmatch.filter(there, column.casefold())]

    def is_sure(self, of_table: int) -> bool:
        """True if this is more likely a log than a table with `of_table` known columns."""
        readings = sum(column.role in ("sensor", "usage", "setpoint") for _, column in self.sampled)
        wide = readings >= 2 and readings >= of_table
        if self.dialect != DELIMITED or wide:
            return True
        # Where a table knows more of the columns than the time, so few readings make no log of it; one beside words neither.
        said = self.layout.clock_named and (readings >= 2 or bool(self.layout.having("step", "wafer")))
        alone = of_table <= 1 and (readings >= 2 or not self.layout.having("label"))
        return readings >= 1 and self.layout.dense and (said or alone)

    @property
    def shape(self) -> str:
        """A name for the set of columns: logs of the same shape share a table."""
        columns = [(c.name, c.unit, c.role, c.setpoint_of, c.number) for _, c in self.sampled]
        return hashlib.sha256(repr(columns).encode()).hexdigest()[:10]

    @property
    def schema(self) -> pa.Schema:
        """The columns of `LogBatch.samples`."""
        fixed = [("part", pa.int32()), ("byte_offset", pa.int64()), ("t", pa.float64()), ("chamber", pa.string())]
        stored = [(stored_name(c.name), pa.float64() if c.number else pa.string()) for _, c in self.sampled]
        return pa.schema([*fixed, ("step", pa.string()), *stored])

    def batches(self, latest: datetime, begin: int = 0) -> Iterator[LogBatch]:
        """The samples from byte `begin` on; a row with a time after `latest` is set aside. Raises CannotRead."""
        limit = latest.replace(tzinfo=UTC).timestamp()
        with self.document.open(begin, returns=only_returns(self.inspected.start)) as stream:
            # Each stage works a few pieces ahead of the next: split lines, read cells, separate runs.
            for cut in Ahead(map(self._tabled, Ahead(self._cut(stream, begin)))):
                chunk = cut.chunk
                self.end = chunk.end if cut.whole else int(chunk.offsets[-1])
                batch = self._batch(cut, limit)
                batch.records = int(cut.rows.sum()) + cut.unwritten
                progress(self.end / max(self.inspected.size, 1))
                # A line that was cut is read and counted again once the file has grown.
                self._lines = chunk.number - 1 + len(chunk) - (self.end < chunk.end)
                yield batch

    def _cut(self, stream: io.BufferedReader, begin: int) -> Iterator["_Cut"]:
        """Lines, and which of them are rows."""
        for chunk in chunks(stream, self.layout.encoding, begin, self._lines + 1):
            whole = chunk.closed or self.stated.complete
            zeros = chunk.unwritten(last=whole)
            cut = _Cut(chunk.without(zeros) if len(zeros) else chunk, whole)
            cut.faults = [self._problem(chunk, int(line), NulBytes, "the line contains zero bytes") for line in zeros]
            cut.unwritten = len(zeros)
            if self.dialect in CUT:
                cut.rows = rows_of(cut.chunk, self.layout)
                if begin == 0:
                    cut.rows[: max(self.layout.first_line + 1 - chunk.number, 0)] = False
                if cut.torn:
                    cut.rows[-1] = False
            yield cut

    def _tabled(self, cut: "_Cut") -> "_Cut":
        """The same with the cells of the rows."""
        if self.dialect in CUT:
            cut.table, cut.lines, faults = table_of(cut.chunk, cut.rows, self.layout)
            cut.faults += faults
        elif self.dialect == "keyvalue":
            cut.table, cut.lines, cut.rows = keyvalue.table_of(cut.chunk, self.layout, open_end=cut.torn)
        return cut

    def _batch(self, cut: "_Cut", limit: float) -> LogBatch:
        problems = [*_torn(cut), *cut.faults]
        if cut.table is None:
            self.dated = True
            messages = sml.messages(cut.chunk, open_end=cut.torn)
            timed = [TimedMessage(message, own_time(message.stamp), None) for message in messages]
            return LogBatch(self.schema.empty_table(), timed, problems)
        between, marks = self._between(cut.chunk, cut.rows, cut.torn)
        return self._samples(cut.chunk, cut.table, cut.lines, between, marks, problems, limit)

    def _between(self, chunk: Chunk, rows: np.ndarray, torn: bool) -> tuple[list[Message], list[Mark]]:
        messages: list[Message] = []
        marks: list[Mark] = []
        header = self.layout.header
        for row in np.flatnonzero(~rows[: len(rows) - 1 if torn else None]):
            number = chunk.number + int(row)
            text = chunk.line(int(row)).strip()
            if not text or number <= self.layout.first_line:
                continue
            if self.dialect == LVM and lvm.is_another_segment(text):
                raise CannotRead(Problem(Unreadable, f"line {number}: a second measurement begins", hint=lvm.ALONE))
            offset = int(chunk.offsets[row])
            if text.startswith(COMMENTS):
                marks += [Mark(offset, role, value) for role, value in context_of(text).items() if role in (*KEYS, "step")]
                continue
            if header and header[0] and text.startswith(header[0]) and header[-1] in text:
                continue
            marks += marks_of(text, offset)
            messages.append(message_of(text, offset, number))
        return messages, marks

    def _samples(
        self,
        chunk: Chunk,
        table: pa.Table,
        lines: np.ndarray,
        messages: list[Message],
        marks: list[Mark],
        problems: list[Problem],
        limit: float,
    ) -> LogBatch:
        if self._stamps is None:
            self._stamps = Stamps(self.layout, table, self.stated)
            self.dated = self._stamps.dated
            self._tracker = Parts(self.dated)
            self.parts = self._tracker.parts
            if self._stamps.zoneless:
                self.notes.append('times without a zone: read as UTC (zone = "…" in fab.toml for another)')
        t = self._stamps.seconds(table)
        late = np.zeros(len(t), bool)
        if self._stamps.there:
            table, lines, t, late = self._timely(chunk, table, lines, t, problems, limit)
        offsets = chunk.offsets[lines]
        keys = {role: self._key(role, table, marks, offsets) for role in (*KEYS, "step")}
        numbers = self._number(keys, table, t, offsets, late)
        columns = [pa.array(numbers, pa.int32()), pa.array(offsets, pa.int64()), pa.array(t, pa.float64(), from_pandas=True)]
        columns += [keys["chamber"].dictionary_decode(), keys["step"].dictionary_decode()]
        columns += [table.column(str(n)) for n, _ in self.sampled]
        samples = pa.Table.from_arrays(columns, schema=self.schema)
        if late.any():
            problems += self._waiting(chunk, samples.filter(pa.array(late)), lines[late])
            samples, offsets, t, numbers = samples.filter(pa.array(~late)), offsets[~late], t[~late], numbers[~late]
        stamped = self._stamps.of([message.stamp for message in messages])
        timed = [self._timed(message, own, offsets, t, numbers) for message, own in zip(messages, stamped, strict=True)]
        for mark in marks:
            self._now[mark.role] = mark.value
        if len(t):
            self._last, self._part = float(t[-1]), int(numbers[-1])
        return LogBatch(samples, timed, problems)

    def _timely(
        self, chunk: Chunk, table: pa.Table, lines: np.ndarray, t: np.ndarray, problems: list[Problem], limit: float
    ) -> tuple[pa.Table, np.ndarray, np.ndarray, np.ndarray]:
        """Without the rows whose time cannot be read or will not come soon; which of the others are in the future."""
        with np.errstate(invalid="ignore"):
            late = (t > limit) if self.dated else np.zeros(len(t), bool)
            bad = np.isnan(t) | (late & (t > limit + FAST))
        if not bad.any():
            return table, lines, t, late
        assert self._stamps is not None  # noqa: S101 - it has just read these times
        for row in np.flatnonzero(bad):
            fault = self._stamps.faults.get(int(row), Unfit(BadTime, "the time cannot be read"))
            rule, why = (FutureTime, "the time is in the future") if late[row] else (fault.rule, fault.why)
            problems.append(self._problem(chunk, int(lines[row]), rule, why))
        return table.filter(pa.array(~bad)), lines[~bad], t[~bad], late[~bad]

    def _waiting(self, chunk: Chunk, samples: pa.Table, lines: np.ndarray) -> list[Problem]:
        """Rows of a tool whose clock is fast, with all that it takes to store them once their time has come."""
        why = "the time is in the future: the row waits until it has come"
        waiting = []
        for row, line in zip(samples.to_pylist(), lines, strict=True):
            part = self.parts[row["part"]]
            sample = {name: value for name, value in row.items() if name not in FIXED}
            fixed = {name: row[name] for name in FIXED}
            whole = {"shape": self.shape, **part.keys, **fixed, "first_offset": part.first_offset, "values": sample}
            waiting.append(replace(self._problem(chunk, int(line), FutureTime, why), waiting=whole))
        return waiting

    @staticmethod
    def _problem(chunk: Chunk, line: int, rule: type[Rule], why: str) -> Problem:
        raw = as_text(chunk.line(line).encode())
        return Problem(rule, why, chunk.number + line, int(chunk.offsets[line]), raw)

    def _key(self, role: str, table: pa.Table, marks: list[Mark], offsets: np.ndarray) -> pa.DictionaryArray:
        """One key of each row: its own cell, else the last mark above it, else what the file says."""
        position = next(iter(self.layout.having(role)), None)
        if position is not None:
            return names_of(pc.cast(table.column(str(position)), pa.string()))
        mine = [mark for mark in marks if mark.role == role]
        if not mine:
            return constant(self._now.get(role), len(offsets))
        values = [self._now.get(role), *(mark.value for mark in mine)]
        where = np.searchsorted([mark.byte_offset for mark in mine], offsets, side="right")
        return coded(pc.take(pa.array(values, pa.string()), pa.array(where)))

    def _number(
        self, keys: dict[str, pa.DictionaryArray], table: pa.Table, t: np.ndarray, offsets: np.ndarray, late: np.ndarray
    ) -> np.ndarray:
        nameless = all(keys[role].null_count == len(t) for role in ("wafer", "lot", "slot"))
        run_keys = {role: keys[role] for role in KEYS if role != "chamber" or nameless}
        steps = _ordered(keys["step"]) if nameless else None
        numbers = self._tracker.number(run_keys, t, steps, offsets, ~late)
        words = {c.name: coded(table.column(str(n)).combine_chunks()) for n, c in self.sampled if c.role == "label"}
        self._tracker.note_words(numbers, {"chamber": keys["chamber"], **words})
        return numbers

    def _timed(self, message: Message, own: float, offsets: np.ndarray, t: np.ndarray, numbers: np.ndarray) -> TimedMessage:
        """A message with its own time, or the time of the row above if it has none or an implausible one."""
        before = int(np.searchsorted(offsets, message.byte_offset)) - 1
        if before < 0 and (self._part is not None or not len(t)):
            near, part = self._last, self._part
        else:
            near, part = float(t[max(before, 0)]), int(numbers[max(before, 0)])
        return TimedMessage(message, float(own) if abs(own - near) < ASTRAY else near, part)


def own_time(stamp: str) -> float:
    """Seconds since 1970 of an ISO stamp; NaN for anything else."""
    try:
        return to_utc(datetime.fromisoformat(stamp.replace(",", "."))).replace(tzinfo=UTC).timestamp()
    except ValueError:
        return float("nan")


def _ordered(steps: pa.DictionaryArray) -> np.ndarray | None:
    """Steps by row as numbers; None unless all are numbers."""
    try:
        values = [float(value) for value in steps.dictionary.to_pylist()]
    except ValueError:
        return None
    codes = steps.indices.fill_null(len(values)).to_numpy(zero_copy_only=False).astype(np.int64)
    return np.asarray(np.array([*values, np.nan])[codes])
