"""A wafer map as rows of the tables of results."""

import hashlib
from collections.abc import Iterator
from typing import Any

import numpy as np
import pyarrow as pa

from fabwatch.sources.result_file import ResultFile, ResultRows, columns_of, rows_of
from fabwatch.sources.wafermap.doubts import MapCut
from fabwatch.sources.wafermap.maps import WaferMap
from fabwatch.sources.wafermap.reader import read_maps

LETTERS = 36
"""Bins that are one letter or digit are read as its value to this base: A is 10."""


class WafermapFile(ResultFile):
    """A file of wafer maps: G85, E142, rows of characters such as SINF, or a table of x, y and bin."""

    format = "wafermap"

    def batches(self) -> Iterator[ResultRows]:
        """The wafers, then their dies and the names of bins. Raises CannotRead."""
        raw = b"".join(self.document.pieces([]))
        maps = read_maps(raw, self.document.file_name)
        yield ResultRows(
            "wafer_tests", rows_of("wafer_tests", [_wafer(n, one) for n, one in enumerate(maps)]), counted=False
        )
        part = 0
        for number, one in enumerate(maps):
            tested = one.passed >= 0
            count = int(tested.sum())
            yield ResultRows("dies", _dies(one, number, part, tested, count))
            part += count
        names = {_bin(code): name for one in maps for code, name in one.bin_names.items() if _bin(code) is not None and name}
        rows = [{"kind": "hard", "bin": number, "name": name} for number, name in names.items()]
        yield ResultRows("bins", rows_of("bins", rows), counted=False)
        if not maps:
            self.note("no map is in it")


def _wafer(number: int, one: WaferMap) -> dict[str, Any]:
    tested = one.passed >= 0
    said = [f"notch {one.notch}"] if one.notch else []
    said += [f"x to the {one.x_axis}"] if one.x_axis else []
    said += [f"y {one.y_axis}"] if one.y_axis else []
    words = repr((one.x[tested].tolist(), one.y[tested].tolist(), one.passed[tested].tolist(), one.bins))
    return {
        "wafer_test": number,
        "format": WafermapFile.format,
        "lot": one.lot or None,
        "wafer": one.wafer or None,
        "product": one.product or None,
        "parts": int(tested.sum()),
        "good": int((one.passed == 1).sum()),
        "orientation": ", ".join(said) or None,
        "cut": any(isinstance(doubt, MapCut) for doubt in one.doubts),
        "digest": hashlib.sha256(words.encode()).hexdigest()[:32],
        "doubts": "; ".join(doubt.sentence() for doubt in one.doubts) or None,
    }


def _dies(one: WaferMap, number: int, first: int, tested: Any, count: int) -> pa.Table:
    bins = [_bin(code) for code, use in zip(one.bins, tested.tolist(), strict=True) if use]
    return columns_of(
        "dies",
        count,
        {
            "wafer_test": np.full(count, number),
            "part": np.arange(first, first + count),
            "lot": pa.repeat(pa.scalar(one.lot or None, pa.string()), count),
            "wafer": pa.repeat(pa.scalar(one.wafer or None, pa.string()), count),
            "x": one.x[tested],
            "y": one.y[tested],
            "hard_bin": pa.array(bins, pa.int64()),
            "passed": one.passed[tested] == 1,
        },
    )


def _bin(code: str) -> int | None:
    """The number of a bin; of a single letter its value to base 36. None for any other word."""
    text = code.strip()
    if text.isascii() and text.isdecimal() and len(text) < 10:
        return int(text)
    return int(text, LETTERS) if len(text) == 1 and text.isascii() and text.isalnum() else None
