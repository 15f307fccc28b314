"""The parts of an STDF file, and the wafers that they are of: everything but the results of single tests."""

import hashlib
from bisect import bisect_right
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from fabwatch.sources.result_file import columns_of, rows_of

Whole = npt.NDArray[np.int64]
RECORDS = ("MIR", "MRR", "WIR", "WRR", "WCR", "SDR", "PIR", "PRR", "HBR", "SBR", "PCR")
NO_COUNT = 4_294_967_295
NO_PLACE = -32_768
NO_BIN = 65_535
ALL = 255
"""Head or site number that stands for all of them."""
BY_PART, BY_PLACE, ABNORMAL, FAILED, NO_VERDICT = 1, 2, 4, 8, 16
"""Bits of PART_FLG."""


@dataclass
class Segments:
    """The parts that one site of one head has tested: a result belongs to the first of them that ends after it."""

    ends: Whole
    parts: Whole
    """Number of the part that ends there."""


@dataclass
class Session:
    """What the records of an STDF file say, but for the results."""

    records: Mapping[str, pa.Table]
    cut: bool = False
    doubts: list[str] = field(default_factory=list)

    @cached_property
    def mir(self) -> dict[str, Any]:
        """The first record about the lot; empty where the file has none."""
        return self._first("MIR")

    @cached_property
    def wafers(self) -> list[dict[str, Any]]:
        """The records that begin a wafer."""
        return self._table("WIR").to_pylist() if "WIR" in self.records else []

    @cached_property
    def parts(self) -> dict[str, Whole]:
        """The parts in the order in which they end: head, site, the record that ends each (-1 if none), its wafer test."""
        starts, ends = self._events("PIR"), self._events("PRR")
        heads = np.concatenate([ends[1], starts[1]])
        sites = np.concatenate([ends[2], starts[2]])
        seqs = np.concatenate([ends[0], starts[0]])
        row = np.concatenate([np.arange(ends[0].size), np.full(starts[0].size, -1)])
        order = np.lexsort((seqs, sites, heads))
        heads, sites, seqs, row = heads[order], sites[order], seqs[order], row[order]
        same = np.zeros(seqs.size, bool)
        same[1:] = (heads[1:] == heads[:-1]) & (sites[1:] == sites[:-1])
        # A part that begins while another of the site is open ends that one, without a record of its own.
        reopened = np.zeros(seqs.size, bool)
        reopened[1:] = same[1:] & (row[1:] < 0) & (row[:-1] < 0)
        last_open = (row < 0) & ~np.append(same[1:], False)
        closes = (row >= 0) | reopened
        picked = np.concatenate([np.flatnonzero(closes), np.flatnonzero(last_open)])
        end = np.concatenate([seqs[closes], np.full(int(last_open.sum()), np.iinfo(np.int64).max)])
        # Which wafer it is of shows where a part began, if it has no record of its own.
        began = np.where(reopened, np.roll(seqs, 1), seqs)
        at = np.concatenate([began[closes], seqs[last_open]])
        final = np.lexsort((at, end))
        picked, end, at = picked[final], end[final], at[final]
        return {
            "head": heads[picked],
            "site": sites[picked],
            "row": np.where(end == np.iinfo(np.int64).max, -1, row[picked]),
            "end": end,
            "wafer": self._wafer_of(heads[picked], at),
        }

    def segments(self) -> dict[tuple[int, int], Segments]:
        """The parts of each head and site."""
        parts = self.parts
        found: dict[tuple[int, int], Segments] = {}
        for head, site in sorted(set(zip(parts["head"].tolist(), parts["site"].tolist(), strict=True))):
            mine = np.flatnonzero((parts["head"] == head) & (parts["site"] == site))
            found[head, site] = Segments(parts["end"][mine], mine)
        return found

    def dies(self) -> pa.Table:
        """The rows of `dies`."""
        parts, count = self.parts, self.parts["row"].size
        ended = parts["row"] >= 0
        prr = self._table("PRR")

        def of(name: str, missing: int | None = None) -> pa.Array:
            values = np.zeros(count, np.int64)
            if prr.num_rows:
                values[ended] = prr.column(name).to_numpy()[parts["row"][ended]]
            void = ~ended if missing is None else ~ended | (values == missing)
            return pa.array(values, mask=void)

        flags = np.zeros(count, np.int64)
        if prr.num_rows:
            bits = np.frombuffer(b"".join(prr.column("PART_FLG").to_pylist()), np.uint8)
            flags[ended] = bits[parts["row"][ended]]
        x, y = self._placed(of("X_COORD", NO_PLACE), of("Y_COORD", NO_PLACE))
        names = prr.column("PART_ID").combine_chunks() if prr.num_rows else pa.array([], pa.string())
        names = names.take(pa.array(parts["row"], mask=~ended))
        again = np.where(flags & BY_PART, "part", np.where(flags & BY_PLACE, "position", ""))
        return columns_of(
            "dies",
            count,
            {
                "wafer_test": parts["wafer"],
                "part": np.arange(count),
                "lot": pa.repeat(pa.scalar(_text(self.mir.get("LOT_ID")), pa.string()), count),
                "wafer": self._names(parts["wafer"]),
                "x": x,
                "y": y,
                "part_id": pa.array([name or None for name in names.to_pylist()], pa.string()),
                "head": parts["head"],
                "site": parts["site"],
                "hard_bin": of("HARD_BIN", NO_BIN),
                "soft_bin": of("SOFT_BIN", NO_BIN),
                "passed": pa.array((flags & FAILED) == 0, mask=~ended | ((flags & NO_VERDICT) > 0)),
                "again": pa.array(again, mask=again == ""),
                "tests": of("NUM_TEST"),
                "seconds": pa.array(of("TEST_T", 0).to_numpy(zero_copy_only=False) / 1000.0, from_pandas=True),
            },
        )

    def wafer_tests(self, dies: pa.Table) -> pa.Table:
        """The rows of `wafer_tests`: the wafers of the file, and its parts of no wafer."""
        order = np.argsort(of := dies.column("wafer_test").to_numpy(), kind="stable")
        numbers = np.union1d(np.arange(len(self.wafers)), of)
        begins, ends = (np.searchsorted(of[order], numbers, side) for side in ("left", "right"))
        by_wafer = dies.take(pa.array(order))
        cut = zip(numbers.tolist(), begins.tolist(), ends.tolist(), strict=True)
        return rows_of("wafer_tests", [self._wafer_test(n, by_wafer.slice(begin, end - begin)) for n, begin, end in cut])

    def bins(self) -> pa.Table:
        """The rows of `bins`."""
        rows: dict[tuple[str, int], dict[str, Any]] = {}
        for record, kind, prefix in (("HBR", "hard", "HBIN"), ("SBR", "soft", "SBIN")):
            for row in self._table(record).to_pylist() if record in self.records else ():
                known = {"kind": kind, "bin": row[f"{prefix}_NUM"], "name": _text(row[f"{prefix}_NAM"])}
                known["good"] = {"P": True, "F": False}.get(row[f"{prefix}_PF"])
                if known["name"] or known["good"] is not None:
                    rows[kind, known["bin"]] = known
        return rows_of("bins", list(rows.values()))

    def _wafer_test(self, number: int, mine: pa.Table) -> dict[str, Any]:
        passed = mine.column("passed")
        begun = self.wafers[number] if number < len(self.wafers) else {}
        ended = self._end_of(number)
        counts = ended or ({} if begun else self._part_counts())
        stated, good = _count(counts.get("PART_CNT")), _count(counts.get("GOOD_CNT"))
        mir = self.mir
        return {
            "wafer_test": number,
            "format": "stdf",
            "lot": _text(mir.get("LOT_ID")),
            "wafer": self._name(number),
            "insertion": _text(mir.get("TEST_COD")) or _text(mir.get("FLOW_ID")),
            "retest": _text(mir.get("RTST_COD")),
            "product": _text(mir.get("PART_TYP")),
            "program": _text(mir.get("JOB_NAM")),
            "revision": _text(mir.get("JOB_REV")),
            "tester": _text(mir.get("NODE_NAM")),
            "card": _text(self._first("SDR").get("CARD_ID")) or _text(self._first("SDR").get("LOAD_ID")),
            "temperature": _text(mir.get("TST_TEMP")),
            "start_at": _time(begun.get("START_T") or mir.get("START_T")),
            "end_at": _time((ended or {}).get("FINISH_T") or self._first("MRR").get("FINISH_T")),
            "parts": mine.num_rows,
            "good": pa.compute.sum(passed).as_py() or 0,
            "parts_stated": stated,
            "good_stated": good,
            "orientation": self._orientation()[0],
            "cut": self.cut,
            "digest": _digest(mine),
            "doubts": "; ".join(self._doubts(number, mine, stated, good)) or None,
        }

    def _doubts(self, number: int, mine: pa.Table, stated: int | None, good: int | None) -> Iterable[str]:
        yield from self.doubts
        if not self.mir:
            yield "no record about the lot (MIR): lot, product and tester are unknown"
        elif not _text(self.mir.get("LOT_ID")):
            yield "the record about the lot (MIR) names no lot"
        if number < len(self.wafers):
            if self._name(number) is None:
                yield "the wafer has no name"
            if self._end_of(number) is None:
                yield "the wafer has no end record (WRR)"
        parts = mine.num_rows
        if stated is not None and stated != parts:
            yield f"the file counts {stated:,} parts, but holds {parts:,}"
        counted = pa.compute.sum(mine.column("passed")).as_py() or 0
        if good is not None and good != counted:
            yield f"the file counts {good:,} good parts, but holds {counted:,}"
        open_parts = mine.column("passed").null_count
        if open_parts:
            yield f"{open_parts:,} parts have no verdict"

    def _placed(self, x: pa.Array, y: pa.Array) -> tuple[pa.Array, pa.Array]:
        """Places with the notch down, x to the right and y upwards, turned and mirrored within what was tested."""
        _, turns, mirror_x, mirror_y = self._orientation()
        if not (turns or mirror_x or mirror_y) or x.null_count == len(x):
            return x, y
        void = np.asarray(x.is_null()) | np.asarray(y.is_null())
        column, row = x.fill_null(0).to_numpy().copy(), y.fill_null(0).to_numpy().copy()
        seen = ~void
        if mirror_x:
            column[seen] = column[seen].min() + column[seen].max() - column[seen]
        if mirror_y:
            row[seen] = row[seen].min() + row[seen].max() - row[seen]
        for _ in range(turns):
            # A quarter turn to the left: what was to the right is above.
            column[seen], row[seen] = row[seen].min() + row[seen].max() - row[seen], column[seen].copy()
        return pa.array(column, mask=void), pa.array(row, mask=void)

    def _orientation(self) -> tuple[str | None, int, bool, bool]:
        """What the file says about its axes, and what brings them to notch down, right and up."""
        wcr = self._first("WCR")
        flat, right, up = (str(wcr.get(name, "")).strip() for name in ("WF_FLAT", "POS_X", "POS_Y"))
        said = [f"notch {_SIDES[flat]}"] if flat in _SIDES else []
        said += [f"x to the {_SIDES[right]}"] if right in ("L", "R") else []
        said += [f"y {_SIDES[up]}"] if up in ("U", "D") else []
        turns = {"L": 1, "U": 2, "R": 3}.get(flat, 0)
        return ", ".join(said) or None, turns, right == "L", up == "D"

    def _names(self, numbers: Whole) -> pa.Array:
        names = {number: self._name(number) for number in set(numbers.tolist())}
        return pa.array([names[number] for number in numbers.tolist()], pa.string())

    def _name(self, number: int) -> str | None:
        if number >= len(self.wafers):
            return None
        return _text(self.wafers[number]["WAFER_ID"]) or _text((self._end_of(number) or {}).get("WAFER_ID"))

    def _end_of(self, number: int) -> dict[str, Any] | None:
        """The record that ends a wafer: the next of its head before another wafer begins there."""
        return self._ends[number] if number < len(self.wafers) else None

    @cached_property
    def _ends(self) -> list[dict[str, Any] | None]:
        """The record that ends each wafer; None where there is none."""
        ended: dict[int, list[dict[str, Any]]] = {}
        for row in self._table("WRR").to_pylist() if "WRR" in self.records else []:
            ended.setdefault(row["HEAD_NUM"], []).append(row)
        following: dict[int, int] = {}
        ends: list[dict[str, Any] | None] = []
        for begun in reversed(self.wafers):
            head, at = begun["HEAD_NUM"], begun["sequence_number"]
            rows = ended.get(head, [])
            place = bisect_right(rows, at, key=_sequence)
            row = rows[place] if place < len(rows) else None
            ends.append(row if row is None or _sequence(row) < following.get(head, _sequence(row) + 1) else None)
            following[head] = at
        return ends[::-1]

    def _part_counts(self) -> dict[str, Any]:
        """The record that counts the parts of all sites."""
        rows = self._table("PCR").to_pylist() if "PCR" in self.records else []
        return next((row for row in rows if row["HEAD_NUM"] == ALL), {})

    def _wafer_of(self, heads: Whole, at: Whole) -> Whole:
        """The wafer that was on a head at a record; one more than the last for none."""
        found = np.full(at.size, len(self.wafers))
        for head in set(heads.tolist()):
            mine = [(w["sequence_number"], n) for n, w in enumerate(self.wafers) if w["HEAD_NUM"] in (head, ALL)]
            if mine:
                starts, numbers = np.array(mine).T
                place = np.searchsorted(starts, at) - 1
                found = np.where((heads == head) & (place >= 0), numbers[np.maximum(place, 0)], found)
        return found

    def _events(self, record: str) -> tuple[Whole, Whole, Whole]:
        if record not in self.records:
            empty = np.zeros(0, np.int64)
            return empty, empty, empty
        table = self._table(record)
        seq, head, site = (table.column(name).to_numpy() for name in ("sequence_number", "HEAD_NUM", "SITE_NUM"))
        return seq.astype(np.int64), head.astype(np.int64), site.astype(np.int64)

    def _table(self, record: str) -> pa.Table:
        return self.records.get(record, pa.table({}))

    def _first(self, record: str) -> dict[str, Any]:
        table = self._table(record)
        return table.slice(0, 1).to_pylist()[0] if table.num_rows else {}


_SIDES = {"D": "down", "U": "up", "L": "left", "R": "right"}


def _digest(dies: pa.Table) -> str | None:
    """A hash of the parts, whatever they are called."""
    if not dies.num_rows:
        return None
    digest = hashlib.sha256()
    for name in ("x", "y", "hard_bin", "soft_bin", "passed", "tests", "seconds", "site"):
        digest.update(repr(dies.column(name).to_pylist()).encode())
    return digest.hexdigest()[:32]


def _sequence(row: dict[str, Any]) -> int:
    """The place of a record in its file."""
    return int(row["sequence_number"])


def _text(value: str | None) -> str | None:
    return (value or "").replace("\0", "").strip() or None


def _count(value: int | None) -> int | None:
    return None if value in (None, NO_COUNT) else value


def _time(seconds: int | None) -> datetime | None:
    return datetime.fromtimestamp(seconds, UTC).replace(tzinfo=None) if seconds else None


def gathered(pieces: Iterable[tuple[str, pa.RecordBatch]]) -> dict[str, pa.Table]:
    """The records of a file by their type."""
    found: dict[str, list[pa.RecordBatch]] = {}
    for record, batch in pieces:
        found.setdefault(record, []).append(batch)
    return {record: pa.Table.from_batches(batches) for record, batches in found.items()}
