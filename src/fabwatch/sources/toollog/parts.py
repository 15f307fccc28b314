"""Which rows of a log belong together: one wafer on one tool without a long gap, whether rows of others lie between."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from fabwatch.stats.codes import combined, there
from fabwatch.terms.traces import GAP

MANY = 10_000
BACK = 1.0
"""Seconds by which time since the start may fall without a new start."""


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
    """Words that stood the same in every row."""


class Parts:
    """Numbers the parts of a file as its rows go by."""

    def __init__(self, dated: bool, gap: float = GAP):
        self._dated, self._gap = dated, gap
        self.found: list[Part] = []
        self._open: dict[tuple[str | None, ...], tuple[int, float, float]] = {}

    def number(
        self, keys: Mapping[str, pa.DictionaryArray], seconds: np.ndarray, steps: np.ndarray | None, offsets: np.ndarray
    ) -> np.ndarray:
        """The number of the part that each row belongs to.

        `keys` are names by row, `seconds` times by row (NaN allowed), `steps` numbers of steps where rows name nothing
        else: a step that falls back begins a new run.
        """
        codes, values = combined(map(by_name, keys.values()), len(seconds))
        found = np.empty(len(seconds), np.int64)
        for rows in _groups(codes):
            key = values[codes[rows[0]]]
            found[rows] = self._of_key(key, seconds[rows], None if steps is None else steps[rows], offsets[rows], list(keys))
        self._count(found, seconds)
        return found

    def _of_key(
        self, key: tuple[str | None, ...], t: np.ndarray, steps: np.ndarray | None, offsets: np.ndarray, names: list[str]
    ) -> np.ndarray:
        known = self._open.get(key)
        nameless = not any(value for name, value in zip(names, key, strict=True) if name in ("wafer", "lot", "slot"))
        before = np.concatenate(([known[1] if known else np.nan], t[:-1]))
        with np.errstate(invalid="ignore"):
            # A clock that starts anew means a new run only where rows name no wafer: some logs leave a row behind.
            fresh = t - before > self._gap if self._dated else (t < before - BACK) & nameless
        if steps is not None:
            earlier = np.concatenate(([known[2] if known else np.nan], steps[:-1]))
            with np.errstate(invalid="ignore"):
                fresh |= steps < earlier
        if known is None:
            fresh[0] = True
        first = len(self.found)
        for row in np.flatnonzero(fresh):
            self.found.append(Part(dict(zip(names, key, strict=True)), int(offsets[row])))
        local = np.cumsum(fresh) - 1
        numbers = np.where(local >= 0, first + local, known[0] if known else first)
        last = t[~np.isnan(t)][-1] if np.any(~np.isnan(t)) else (known[1] if known else np.nan)
        self._open[key] = (int(numbers[-1]), float(last), np.nan if steps is None else float(steps[-1]))
        return numbers

    def _count(self, numbers: np.ndarray, seconds: np.ndarray) -> None:
        for rows in _groups(numbers):
            part, t = self.found[numbers[rows[0]]], seconds[rows]
            part.rows += len(t)
            if not np.all(np.isnan(t)):
                part.begin, part.end = min(part.begin, float(np.nanmin(t))), max(part.end, float(np.nanmax(t)))

    def note_words(self, numbers: np.ndarray, words: Mapping[str, pa.DictionaryArray]) -> None:
        """Keep which chambers a part went through, and the words that stand the same in all its rows."""
        for name, column in words.items():
            codes = column.indices.fill_null(-1).to_numpy(zero_copy_only=False).astype(np.int64)
            texts: Sequence[str] = column.dictionary.to_pylist()
            for pair in there(numbers * (len(texts) + 1) + codes + 1):
                number, code = divmod(int(pair), len(texts) + 1)
                part, text = self.found[number], texts[code - 1] if code else None
                if name == "chamber":
                    if text is not None:
                        part.chambers.add(text)
                elif part.labels.setdefault(name, text) != text:
                    part.labels[name] = ""


def by_name(column: pa.DictionaryArray) -> tuple[np.ndarray, list[str | None]]:
    """The code of each row and the name of each code; the last one stands for no name."""
    names = [*column.dictionary.to_pylist(), None]
    return column.indices.fill_null(len(names) - 1).to_numpy(zero_copy_only=False).astype(np.int64), names


def _groups(codes: np.ndarray) -> list[np.ndarray]:
    """The rows of each code, by the row in which it comes first."""
    if not len(codes):
        return []
    edges = np.flatnonzero(np.diff(codes)) + 1
    if len(edges) < MANY:
        # Rows of one wafer mostly stand together: stretches are put together instead of sorting all rows.
        stretches: dict[int, list[np.ndarray]] = {}
        for rows in np.split(np.arange(len(codes)), edges):
            stretches.setdefault(int(codes[rows[0]]), []).append(rows)
        return [some[0] if len(some) == 1 else np.concatenate(some) for some in stretches.values()]
    order = np.argsort(codes, kind="stable")
    groups = np.split(order, np.flatnonzero(np.diff(codes[order])) + 1)
    return sorted(groups, key=lambda some: int(some[0]))


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
