"""Tests of parts and of test structures as series for charts: a subgroup for each wafer, summed up where the results are."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pyarrow as pa

from fabwatch.equipment.part_tests import names_of_tests, numbers_of_test
from fabwatch.spc.series import Series
from fabwatch.stats.charts import Subgroups
from fabwatch.store.lake import Lake, Parameters
from fabwatch.store.questions import question
from fabwatch.terms.errors import unknown

SHOWN = 50
"""So many readings of each wafer show how they are distributed."""
Read = tuple[tuple[Series, ...], str]
"""Some series, and the statement that gave them."""


def tests_of(lake: Lake, test: str, span: Parameters) -> Read:
    """The series of a test by number or name, for each product and insertion. Raises UnknownTool."""
    numbers = numbers_of_test(lake, test)
    sql = question("spc", "test_series")
    series = tuple(_series(lake, sql, {**span, "test": test, "numbers": numbers, "shown": SHOWN}, "test"))
    if not series:
        _check(lake, "test", test, names_of_tests(lake), span)
    return series, sql


def wat_of(lake: Lake, parameter: str, span: Parameters) -> Read:
    """The series of an electrical test, for each product. Raises UnknownTool."""
    sql = question("spc", "wat_series")
    series = tuple(_series(lake, sql, {**span, "parameter": parameter, "shown": SHOWN}, "wat"))
    if not series:
        known = {str(row["parameter"]) for row in lake.rows("SELECT DISTINCT parameter FROM wat")}
        _check(lake, "WAT parameter", parameter, known, span)
    return series, sql


def _check(lake: Lake, what: str, name: str, known: set[str], span: Parameters) -> None:
    """Raises UnknownTool for a name without results, and for a lot without any."""
    if name not in known:
        raise unknown(
            what, name, known, "fabwatch yield tests lists the tests" if what == "test" else "load WAT files first"
        )
    lots = "SELECT DISTINCT lot FROM wafer_tests WHERE lot IS NOT NULL UNION SELECT lot FROM wat WHERE lot IS NOT NULL"
    known_lots = {str(row["lot"]) for row in lake.rows(lots)}
    if span["lot"] is not None and span["lot"] not in known_lots:
        raise unknown("lot", str(span["lot"]), known_lots)


def _series(lake: Lake, sql: str, parameters: Parameters, of: str) -> Iterator[Series]:
    table = lake.ask(sql, parameters).to_arrow_table()
    numbers = np.asarray(table.column("series").to_numpy(), np.int64)
    starts = np.flatnonzero(np.diff(numbers, prepend=-1))
    for begin, end in zip(starts, np.append(starts[1:], len(numbers))[: len(starts)], strict=True):
        yield _one(table.slice(int(begin), int(end - begin)), of)


def _one(rows: pa.Table, of: str) -> Series:
    n = np.asarray(rows.column("n").to_numpy(), np.int64)
    mean, spread, std, lower, upper = (_floats(rows, name) for name in ("mean", "spread", "std", "lower", "upper"))
    several = n > 1
    lots = tuple(lot or "" for lot in _texts(rows, "lot"))
    wafers = tuple(" / ".join(filter(None, pair)) for pair in zip(lots, _texts(rows, "wafer"), strict=True))
    nested = all(lots) and 1 < len(set(lots)) < len(lots)
    return Series(
        tool="",
        chamber="*",
        name=rows.column("name")[0].as_py(),
        of=of,
        unit=rows.column("unit")[0].as_py(),
        at=tuple(stamp or wafer for stamp, wafer in zip(rows.column("stamp").to_pylist(), wafers, strict=True)),
        values=rows.column("shown").combine_chunks().flatten().to_numpy(zero_copy_only=False).astype(float),
        sizes=n,
        lower=_last(lower),
        upper=_last(upper),
        limit_kinds=len(set(zip(map(str, lower), map(str, upper), strict=True))),
        outside=int(np.asarray(rows.column("outside").to_numpy()).sum()),
        keys=wafers,
        levels=(("lot", lots),) if nested else (),
        inner=("wafer", "part" if of == "test" else "site"),
        figures=Subgroups(n, mean, np.where(several, spread, np.nan), np.where(several, std, np.nan)),
        kind="between",
    )


def _texts(rows: pa.Table, name: str) -> list[Any]:
    return list(rows.column(name).to_pylist())


def _floats(rows: pa.Table, name: str) -> np.ndarray:
    return np.asarray(rows.column(name).to_numpy(), float)


def _last(limits: np.ndarray) -> float | None:
    return None if np.isnan(limits[-1]) else float(limits[-1])
