"""The results of an STDF file: each value with its part, its test and the limits that hold for it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from fabwatch.sources.result_file import columns_of, rows_of
from fabwatch.sources.stdf.parts import Segments, Whole

RECORDS = ("PTR", "MPR", "FTR")
INVALID, UNRELIABLE, TIMEOUT, NOT_RUN, ABORTED, NO_VERDICT, FAILED = 2, 4, 8, 16, 32, 64, 128
"""Bits of TEST_FLG."""
WORTHLESS = INVALID | UNRELIABLE | TIMEOUT | NOT_RUN | ABORTED
SCALE, DRIFT, OSCILLATION = 1, 2, 4
"""Bits of PARM_FLG with which a value does not count."""
NO_SCALE, SAME_LOWER, SAME_UPPER, NO_LOWER, NO_UPPER = 1, 16, 32, 64, 128
"""Bits of OPT_FLAG: the field is the one of the first record of the test, or there is none."""
STATED = ("TEST_TXT", "OPT_FLAG", "LO_LIMIT", "HI_LIMIT", "UNITS", "RES_SCAL")
LARGEST = 1 << 40
KINDS = {"PTR": "parametric", "MPR": "multiple", "FTR": "functional"}


@dataclass
class Limit:
    """What holds for a test: its name, unit and limits."""

    kind: str
    name: str | None = None
    unit: str | None = None
    lower: float | None = None
    upper: float | None = None
    scale: int | None = None

    @property
    def doubts(self) -> str | None:
        """What is odd about it."""
        if self.lower is not None and self.upper is not None and self.lower > self.upper:
            return "the lower limit is above the upper one"
        return None


@dataclass
class Limits:
    """The limits of each test: those of its first record, and those of records that state others."""

    sets: dict[int, list[Limit]] = field(default_factory=dict)

    def number(self, test: int, kind: str, stated: Mapping[str, Any]) -> int:
        """The number of the set of limits that a record has, by what it states."""
        known = self.sets.setdefault(test, [])
        limit = self._limit(kind, stated, known[0] if known else None)
        if limit not in known:
            known.append(limit)
        return known.index(limit)

    def table(self) -> pa.Table:
        """The rows of `limits`."""
        rows = [
            {"test": test, "limit_set": n, "doubts": limit.doubts, **vars(limit)}
            for test, limits in sorted(self.sets.items())
            for n, limit in enumerate(limits)
        ]
        return rows_of("limits", rows)

    @staticmethod
    def _limit(kind: str, stated: Mapping[str, Any], first: Limit | None) -> Limit:
        """What a record states, completed by the first record of its test."""
        default = first or Limit(kind)
        flags = stated.get("OPT_FLAG") or b""
        flag = flags[0] if flags else NO_SCALE | SAME_LOWER | SAME_UPPER
        # A field that a short record leaves out is the one of the first record, as is one that its flag says so of.
        lower, upper = stated.get("LO_LIMIT"), stated.get("HI_LIMIT")
        lower = default.lower if flag & SAME_LOWER or lower is None else lower
        upper = default.upper if flag & SAME_UPPER or upper is None else upper
        scale = stated.get("RES_SCAL")
        return Limit(
            kind,
            (stated.get("TEST_TXT") or "").strip() or default.name,
            (stated.get("UNITS") or "").strip() or default.unit,
            None if flag & NO_LOWER else _decimal(lower),
            None if flag & NO_UPPER else _decimal(upper),
            default.scale if flag & NO_SCALE or scale is None else scale,
        )


@dataclass
class Results:
    """Turns records of results into rows of `tests`."""

    segments: Mapping[tuple[int, int], Segments]
    wafer_of: Whole
    """The wafer test of each part."""
    limits: Limits = field(default_factory=Limits)

    def rows(self, record: str, batch: pa.RecordBatch) -> tuple[pa.Table, pa.RecordBatch]:
        """The rows of a batch, and its records that belong to no part."""
        table = pa.Table.from_batches([batch])
        part = self._part_of(table)
        lost = part < 0
        if lost.any():
            keep = pa.array(~lost)
            table, part, orphans = table.filter(keep), part[~lost], batch.filter(pa.array(lost))
        else:
            orphans = batch.slice(0, 0)
        count = table.num_rows
        flag = _bits(table, "TEST_FLG")
        odd = _bits(table, "PARM_FLG") if record != "FTR" else np.zeros(count, np.int64)
        passed = pa.array((flag & FAILED) == 0, mask=(flag & (NO_VERDICT | NOT_RUN)) > 0)
        # Pass or fail, and beyond which limit, is what every result says.
        flags = (flag & ~FAILED) + 256 * (odd & 7)
        columns = {
            "wafer_test": self.wafer_of[part] if count else [],
            "part": part,
            "test": table.column("TEST_NUM"),
            "limit_set": self._limit_sets(record, table),
            "passed": passed,
            "flags": pa.array(flags, mask=flags == 0),
        }
        void = ((flag & WORTHLESS) > 0) | ((odd & (SCALE | DRIFT | OSCILLATION)) > 0)
        if record == "PTR":
            values = table.column("RESULT").to_numpy().astype(float)
            columns["value"] = pa.array(values, mask=void | ~np.isfinite(values))
        elif record == "MPR":
            return self._spread(table, columns, void), orphans
        return columns_of("tests", count, columns), orphans

    def _spread(self, table: pa.Table, columns: dict[str, Any], void: npt.NDArray[np.bool_]) -> pa.Table:
        """One row for each value of records of several values; one without a value for a record that has none."""
        results = table.column("RTN_RSLT").combine_chunks()
        counts = pc.list_value_length(results).to_numpy(zero_copy_only=False).astype(int)
        rows = np.maximum(counts, 1)
        source = np.repeat(np.arange(counts.size), rows)
        position = np.arange(source.size) - np.repeat(np.cumsum(rows) - rows, rows)
        there = counts[source] > 0
        values = np.full(source.size, np.nan)
        values[there] = results.flatten().to_numpy(zero_copy_only=False)
        spread = {name: _column(column).take(pa.array(source)) for name, column in columns.items()}
        mask = ~there | void[source] | ~np.isfinite(values)
        return columns_of(
            "tests", source.size, {**spread, "pin": pa.array(position, mask=~there), "value": pa.array(values, mask=mask)}
        )

    def _part_of(self, table: pa.Table) -> Whole:
        seq = table.column("sequence_number").to_numpy().astype(np.int64)
        place = table.column("HEAD_NUM").to_numpy().astype(np.int64) * 256 + table.column("SITE_NUM").to_numpy()
        part = np.full(seq.size, -1, np.int64)
        for key in np.unique(place).tolist():
            segments = self.segments.get((key // 256, key % 256))
            if segments is not None:
                mine = place == key
                n = np.searchsorted(segments.ends, seq[mine])
                part[mine] = np.where(n < segments.ends.size, segments.parts[np.minimum(n, segments.ends.size - 1)], -1)
        return part

    def _limit_sets(self, record: str, table: pa.Table) -> Whole:
        """The set of limits of each record: what is stated alike is looked at once, in the order of the file."""
        if not table.num_rows:
            return np.zeros(0, np.int64)
        names = [name for name in STATED if name in table.column_names and record != "FTR"] or ["TEST_TXT"]
        key, sorts = _codes(table.column("TEST_NUM"))
        for name in names:
            codes, count = _codes(table.column(name))
            if sorts * count > LARGEST:
                key = np.unique(key, return_inverse=True)[1]
                sorts = int(key.max()) + 1
            key, sorts = key * count + codes, sorts * count
        _, first, inverse = np.unique(key, return_index=True, return_inverse=True)
        distinct = table.select(["TEST_NUM", *names]).take(pa.array(first)).to_pylist()
        numbers = np.zeros(first.size, np.int64)
        for n in np.argsort(first):
            numbers[n] = self.limits.number(distinct[n]["TEST_NUM"], KINDS[record], distinct[n])
        return numbers[inverse]


def _codes(column: pa.ChunkedArray) -> tuple[Whole, int]:
    """A number for each value of a column, nothing among them, and how many there are."""
    encoded = column.combine_chunks().dictionary_encode(null_encoding="encode")
    return encoded.indices.to_numpy(zero_copy_only=False).astype(np.int64), max(len(encoded.dictionary), 1)


def _bits(table: pa.Table, name: str) -> Whole:
    """A column of single bytes as numbers."""
    column = table.column(name).combine_chunks()
    lengths = pc.binary_length(column)
    if table.num_rows and pc.min_max(lengths) != pa.scalar({"min": 1, "max": 1}, pc.min_max(lengths).type):
        return np.array([(value or b"\0")[0] for value in column.to_pylist()], np.int64)
    data = column.buffers()[2]
    if not table.num_rows or data is None:
        return np.zeros(0, np.int64)
    begin = np.frombuffer(column.buffers()[1], np.int32)[column.offset]
    return np.frombuffer(data, np.uint8)[begin : begin + table.num_rows].astype(np.int64)


def _column(values: Any) -> pa.Array:
    if isinstance(values, pa.ChunkedArray):
        return values.combine_chunks()
    return values if isinstance(values, pa.Array) else pa.array(values)


def _decimal(value: float | None) -> float | None:
    """A limit as it was written: -0.9 and not -0.8999999761581421, which is the nearest number of 4 bytes."""
    return float(str(np.float32(value))) if value is not None and np.isfinite(value) else None
