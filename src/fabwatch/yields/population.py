"""Which wafers are compared: bad ones, and those that they are compared with."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from statistics import median

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from fabwatch.store.lake import Record
from fabwatch.store.temporary import temp_table
from fabwatch.store.view import View
from fabwatch.terms.errors import NothingRecorded, nearest
from fabwatch.yields.compared import BadWafers
from fabwatch.yields.counting import Chosen, yields
from fabwatch.yields.identity import TESTED, wafer_key
from fabwatch.yields.shifts import Shifts

SHOWN = 5
ROBUST = 3 * 1.4826
"""Three standard deviations, from the median deviation."""
LOWEST = 0.02
"""A yield that is so near to the median is not low."""
NICE = 0.05
"""A limit is rounded down to so much."""
Wafer = tuple[str | None, str | None]
"""Lot and wafer; the wafer by its name, or by the key that all of its names have."""
_MOVED = f"""
SELECT lot, wafer, {wafer_key("lot", "wafer")} AS key
FROM (SELECT DISTINCT lot, wafer FROM moves WHERE end_at <= $as_of AND coalesce(kind, 'production') <> 'test') AS names"""


@dataclass
class Population:
    """Wafers, or lots where wafers are not named; those that are bad, and the lot that each is of."""

    lots: list[str | None]
    wafers: list[str | None]
    keys: list[str | None]
    bad: npt.NDArray[np.bool_]
    unknown: list[str] = field(default_factory=list)
    """Names that were given and are of no wafer."""
    tested: bool = True
    """Whether the others are those that were tested, or all that ran."""
    values: npt.NDArray[np.float64] | None = None
    """A number of each, where numbers are compared and none is bad."""
    direction: str | None = None
    """Whether `low` or `high` numbers are looked for; None for either."""

    def outcome(self, there: npt.NDArray[np.bool_]) -> BadWafers | Shifts:
        """What is compared of those that are `there` in the moves."""
        if self.values is None:
            return BadWafers(self.bad & there, there, self.lot_numbers)
        return Shifts(self.values, there, self.lot_numbers, self.direction)

    @cached_property
    def lot_numbers(self) -> npt.NDArray[np.int64]:
        """A number for the lot of each wafer; a wafer without a lot is a lot of its own."""
        named = [lot if lot is not None else f"\0{n}" for n, lot in enumerate(self.lots)]
        return np.unique(np.array(named, dtype=object).astype(str), return_inverse=True)[1].astype(np.int64)

    def hand_over(self, view: View) -> None:
        """Write them into the table `units`, which statements read."""
        columns = {
            "unit": pa.array(range(len(self.lots)), pa.int64()),
            "lot": pa.array(self.lots, pa.string()),
            "lot_number": pa.array(self.lot_numbers, pa.int64()),
            "key": pa.array(self.keys, pa.string()),
        }
        temp_table(view.lake, "units", pa.table(columns))


def below(view: View, threshold: float | None) -> Population:
    """Wafers whose yield is below a share, and all others that were tested; without one, wafers far below the others.

    Raises NothingRecorded where there are none.
    """
    names, worst = worst_yields(view)
    places = list(worst)
    limit = threshold if threshold is not None else low_limit(list(worst.values()))
    bad = np.array([worst[place] < limit for place in places])
    if not bad.any():
        lowest = min(worst.values())
        hint = f"the lowest is {lowest:.1%}: state a yield above that"
        raise NothingRecorded(f"No wafer has a yield below {limit:.1%}.", hint)
    return Population([names[p][0] for p in places], [names[p][1] for p in places], [p[1] for p in places], bad)


def worst_yields(view: View) -> tuple[dict[Wafer, Wafer], dict[Wafer, float]]:
    """The names of the wafers that were tested, and the lowest yield of each. Raises NothingRecorded without any."""
    groups = yields(view, "wafer", Chosen()).groups
    if not groups:
        raise NothingRecorded("No wafer has test results.", "load test files, wafer maps or sort summaries first")
    known = {(row["lot"], row["wafer"]): row["key"] for row in view.lake.rows(TESTED, {"as_of": view.as_of})}
    # A wafer that was tested at several insertions or under several names is one; its worst yield counts.
    worst: dict[Wafer, float] = {}
    names: dict[Wafer, Wafer] = {}
    for group in groups:
        place = (group.lot, known.get((group.lot, group.wafer), group.wafer))
        names.setdefault(place, (group.lot, group.wafer))
        worst[place] = min(worst.get(place, 1.0), group.yield_)
    return names, worst


def low_limit(shares: Sequence[float]) -> float:
    """A round yield below which wafers are far below the others: three robust deviations under the median."""
    middle = median(shares)
    limit = min(middle - ROBUST * median(abs(share - middle) for share in shares), middle - LOWEST)
    rounded = round(int(limit / NICE) * NICE, 4)
    return rounded if rounded > 0 else max(limit, 0.0)


def named(view: View, bad: Sequence[str], good: Sequence[str]) -> Population:
    """Wafers and lots by name, `LOT`, `WAFER` or `LOT,WAFER`; without good ones all others count as good.

    Others are those that were tested, if the bad ones were, else all that ran. Raises NothingRecorded for unknown names.
    """
    tested = WaferNames(view.lake.rows(TESTED, {"as_of": view.as_of}))
    bad_rows, unknown = tested.find(bad)
    among_tested = bool(bad_rows) and not unknown and len(bad_rows) < len(tested.rows)
    pool = tested
    if not among_tested:
        pool = WaferNames(view.lake.rows(_MOVED, {"as_of": view.as_of}))
        bad_rows, unknown = pool.find(bad)
    if not bad_rows:
        near = nearest(bad[0].split(",")[0], pool.names) if bad else []
        hint = f"did you mean {', '.join(near)}?" if near else "name wafers or lots that are in the moves or test results"
        raise NothingRecorded(f"None of the {len(bad):,} bad wafers is known, such as {bad[0]!r}.", hint)
    good_rows, lost = pool.find(good) if good else (set(range(len(pool.rows))), [])
    chosen = sorted(bad_rows | good_rows)
    rows = [pool.rows[number] for number in chosen]
    flags = np.array([number in bad_rows for number in chosen])
    if flags.all():
        raise NothingRecorded(
            "There is no wafer to compare the bad ones with.", "state good ones with --good, or load their tests"
        )
    lots, wafers, keys = ([row[name] for row in rows] for name in ("lot", "wafer", "key"))
    return Population(lots, wafers, keys, flags, [*unknown, *lost], among_tested)


class WaferNames:
    """Wafers by all of their names."""

    def __init__(self, rows: list[Record]):
        merged: dict[tuple[str | None, str | None], Record] = {}
        for row in rows:
            merged.setdefault((row["lot"], row["key"]), row)
        self.rows = list(merged.values())
        self._by_name: dict[str, set[int]] = {}
        place = {key: number for number, key in enumerate(merged)}
        for row in rows:
            number = place[row["lot"], row["key"]]
            lot, wafer, key = row["lot"], row["wafer"], row["key"]
            pair = f"{lot},{wafer}" if lot and wafer else None
            short = f"{lot},{key.rpartition(chr(31))[2]}" if lot and key and chr(31) in key else None
            for name in {lot, wafer, pair, short} - {None}:
                self._by_name.setdefault(str(name), set()).add(number)

    @property
    def names(self) -> list[str]:
        """Every name."""
        return list(self._by_name)

    def find(self, names: Sequence[str]) -> tuple[set[int], list[str]]:
        """The numbers of the wafers of some names, and the names that are of none."""
        found: set[int] = set()
        unknown = []
        for name in names:
            numbers = self._look_up(name)
            found |= numbers
            unknown += [] if numbers else [name]
        return found, unknown

    def _look_up(self, name: str) -> set[int]:
        lot, comma, wafer = (part.strip() for part in name.partition(","))
        if not comma:
            return self._by_name.get(lot, set())
        plain = f"{lot},{int(wafer)}" if wafer.isdecimal() else None
        return self._by_name.get(f"{lot},{wafer}") or (self._by_name.get(plain, set()) if plain else set())
