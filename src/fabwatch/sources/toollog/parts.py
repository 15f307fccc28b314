"""Which rows of a log belong together: one wafer on one tool without a long gap, even with rows of others in between."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from fabwatch.stats.codes import combined, there
from fabwatch.terms.clock import GAP

MANY = 10_000
BACK = 1.0
"""Elapsed time may fall by this many seconds without starting a new run."""


@dataclass
class Part:
    """The rows of one run in one file."""

    keys: dict[str, str | None]
    first_offset: int
    begin: float = np.inf
    end: float = -np.inf
    rows: int = 0
    chambers: set[str] = field(default_factory=set)
    labels: dict[str, str | None] = field(default_factory=dict)
    """Words that are the same in every row."""


class Parts:
    """Numbers the parts of a file while its rows are read."""

    def __init__(self, dated: bool, gap: float = GAP):
        self._dated, self._gap = dated, gap
        self.parts: list[Part] = []
        self._open: dict[tuple[str | None, ...], tuple[int, float, float]] = {}

    def number(
        self,
        keys: Mapping[str, pa.DictionaryArray],
        seconds: np.ndarray,
        steps: np.ndarray | None,
        offsets: np.ndarray,
        counts: np.ndarray,
    ) -> np.ndarray:
        """The number of the part that each row belongs to; a row that does not count yet is numbered all the same.

        `keys` are names by row, `seconds` times by row (NaN allowed), `steps` step numbers if rows name nothing
        else: a lower step number then starts a new run.
        """
        codes, values = combined(map(by_name, keys.values()), len(seconds))
        numbers = np.empty(len(seconds), np.int64)
        for rows in _groups(codes):
            key = values[codes[rows[0]]]
            numbers[rows] = self._of_key(
                key, seconds[rows], None if steps is None else steps[rows], offsets[rows], list(keys)
            )
        self._count(numbers[counts], seconds[counts])
        return numbers

    def _of_key(
        self, key: tuple[str | None, ...], t: np.ndarray, steps: np.ndarray | None, offsets: np.ndarray, names: list[str]
    ) -> np.ndarray:
        known = self._open.get(key)
        nameless = not any(value for name, value in zip(names, key, strict=True) if name in ("wafer", "lot", "slot"))
        before = np.concatenate(([known[1] if known else np.nan], t[:-1]))
        with np.errstate(invalid="ignore"):
            # A clock that restarts means a new run only if rows name no wafer: some logs have a stray row.
            fresh = t - before > self._gap if self._dated else (t < before - BACK) & nameless
        if steps is not None:
            earlier = np.concatenate(([known[2] if known else np.nan], steps[:-1]))
            with np.errstate(invalid="ignore"):
                fresh |= steps < earlier
        if known is None:
            fresh[0] = True
        first = len(self.parts)
        for row in np.flatnonzero(fresh):
            self.parts.append(Part(dict(zip(names, key, strict=True)), int(offsets[row])))
        local = np.cumsum(fresh) - 1
        numbers = np.where(local >= 0, first + local, known[0] if known else first)
        last = t[~np.isnan(t)][-1] if np.any(~np.isnan(t)) else (known[1] if known else np.nan)
        self._open[key] = (int(numbers[-1]), float(last), np.nan if steps is None else float(steps[-1]))
        return numbers

    def _count(self, numbers: np.ndarray, seconds: np.ndarray) -> None:
        for rows in _groups(numbers):
            part, t = self.parts[numbers[rows[0]]], seconds[rows]
            part.rows += len(t)
            if not np.all(np.isnan(t)):
                part.begin, part.end = min(part.begin, float(np.nanmin(t))), max(part.end, float(np.nanmax(t)))

    def note_words(self, numbers: np.ndarray, words: Mapping[str, pa.DictionaryArray]) -> None:
        """Note the chambers of each part, and the words that are the same in all its rows."""
        for name, column in words.items():
            codes = column.indices.fill_null(-1).to_numpy(zero_copy_only=False).astype(np.int64)
            texts: Sequence[str] = column.dictionary.to_pylist()
            for pair in there(numbers * (len(texts) + 1) + codes + 1):
                number, code = divmod(int(pair), len(texts) + 1)
                part, text = self.parts[number], texts[code - 1] if code else None
                if name == "chamber":
                    if text is not None:
                        part.chambers.add(text)
                elif part.labels.setdefault(name, text) != text:
                    part.labels[name] = ""


def by_name(column: pa.DictionaryArray) -> tuple[np.ndarray, list[str | None]]:
    """The code of each row and the name of each code; the last code means no name."""
    names = [*column.dictionary.to_pylist(), None]
    return column.indices.fill_null(len(names) - 1).to_numpy(zero_copy_only=False).astype(np.int64), names


def _groups(codes: np.ndarray) -> list[np.ndarray]:
    """The rows of each code, in order of its first row."""
    if not len(codes):
        return []
    edges = np.flatnonzero(np.diff(codes)) + 1
    if len(edges) < MANY:
        # Rows of one wafer are mostly together: joining stretches is faster than sorting all rows.
        stretches: dict[int, list[np.ndarray]] = {}
        for rows in np.split(np.arange(len(codes)), edges):
            stretches.setdefault(int(codes[rows[0]]), []).append(rows)
        return [parts[0] if len(parts) == 1 else np.concatenate(parts) for parts in stretches.values()]
    order = np.argsort(codes, kind="stable")
    groups = np.split(order, np.flatnonzero(np.diff(codes[order])) + 1)
    return sorted(groups, key=lambda rows: int(rows[0]))


def constant(value: str | None, rows: int) -> pa.DictionaryArray:
    """The same name in every row."""
    known = [] if value is None else [value]
    codes = (
        pa.array(np.zeros(rows, np.int32), mask=np.ones(rows, bool)) if value is None else pa.array(np.zeros(rows, np.int32))
    )
    return pa.DictionaryArray.from_arrays(codes, pa.array(known, pa.string()))


def coded(column: pa.Array) -> pa.DictionaryArray:
    """Names by row as codes."""
    return column if pa.types.is_dictionary(column.type) else pc.dictionary_encode(column)
