"""The wafers that are compared, by lot, and how surely what passed a value goes with being bad."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from fabwatch.stats.enrichment import (
    Stretch,
    chances,
    chances_within,
    difference,
    strength,
    strength_within,
    stretch,
    together,
    within_lots,
    worth,
)

Wholes = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]
PERIODS = 12
"""Stretches of time in which effects are looked for are made of so many periods."""
ALL_PERIODS = (1 << PERIODS) - 1


@dataclass(frozen=True)
class Counts:
    """What passed each value: wafers, lots, lots with bad ones, and independent wafers that they are worth.

    And of lots of which only some wafers passed it: their bad ones, those that passed it, and how many would by chance.
    """

    wafers: Floats
    lots: Floats
    bad_lots: Floats
    worth: Floats
    bad_worth: Floats
    within: Floats
    within_expected: Floats
    within_bad: Floats


@dataclass(frozen=True)
class Passed:
    """What passed each value, lot by lot: wafers of one lot that passed it in the same periods are one row."""

    pair: Wholes
    """The value and lot of each row, by number."""
    bits: Wholes
    count: Floats
    hits: Floats
    """Bad wafers among those of the row."""
    value: Wholes
    lot: Wholes
    """Of each pair."""
    size: int


class Compared:
    """The wafers that are compared: by lot how many, and how many of them bad."""

    def __init__(self, bad: Flags, among: Flags, lot: Wholes):
        lots = int(lot.max()) + 1
        self._bad_flags, self._lot = bad, lot
        self._size = np.bincount(lot[among], minlength=lots).astype(float)
        self._hits = np.bincount(lot[bad], minlength=lots).astype(float)
        self._rho = within_lots(bad[among], np.unique(lot[among], return_inverse=True)[1]) if among.any() else 1.0
        wafers = max(int(among.sum()), 1)
        self._total = float(worth(self._size[self._size > 0], self._rho).sum())
        self._bad = float(bad.sum()) * self._total / wafers
        self.weight = self._total / wafers
        """Independent wafers that one is worth."""

    def counted(self, passed: "Passed", periods: int = ALL_PERIODS) -> Counts:
        """Wafers and lots of each value that passed it in some periods, as bits."""
        rows = (passed.bits & periods) != 0
        pair = passed.pair[rows]
        exposed = np.asarray(np.bincount(pair, weights=passed.count[rows], minlength=passed.value.size), float)
        hits = np.asarray(np.bincount(pair, weights=passed.hits[rows], minlength=passed.value.size), float)
        some = exposed > 0
        exposed, hits, of, lot = exposed[some], hits[some], passed.value[some], passed.lot[some]
        # Where moves name wafers and lots by turns, a wafer may stand in both.
        exposed, hits = np.minimum(exposed, self._size[lot]), np.minimum(hits, self._hits[lot])

        def summed(weights: Floats | None = None) -> Floats:
            return np.asarray(np.bincount(of, weights=weights, minlength=passed.size), float)

        bad, lot_size = self._hits[lot], self._size[lot]
        # Lots of which some wafers passed and some did not, some of them bad and some not, can be compared within.
        within = (exposed < lot_size) & (bad > 0) & (bad < lot_size)
        wafers, weight = summed(exposed), summed(worth(exposed, self._rho))
        scale = np.divide(weight, wafers, out=np.zeros(passed.size), where=wafers > 0)
        return Counts(
            wafers=wafers,
            lots=summed(),
            bad_lots=summed((hits > 0).astype(float)),
            worth=weight,
            bad_worth=summed(hits) * scale,
            within=summed(np.where(within, hits, 0.0)),
            within_expected=summed(np.where(within, exposed * bad / np.maximum(lot_size, 1), 0.0)),
            within_bad=summed(np.where(within, bad, 0.0)),
        )

    def passed(self, value: Wholes, unit: Wholes, bits: Wholes, size: int) -> "Passed":
        """What passed each of `size` values, from the value, the wafer (or whole lot) and the periods of each row."""
        return passed_by(value, unit, bits, size, self._lot, self._size, self._bad_flags.astype(float), self._hits)

    def chances(self, counts: Counts, values: Wholes) -> Floats:
        """The chance of the counts of some values, between lots and within them."""
        between = chances(counts.bad_worth[values], counts.worth[values], self._bad, self._total)
        bad = counts.within_bad[values]
        inside = chances_within(counts.within[values], counts.within_expected[values], bad)
        return np.where(bad > 0, together(between, inside), between)

    def strength(self, counts: Counts, values: Wholes) -> Floats:
        """How strong the counts of some values are; less than 0 where bad wafers are fewer than among the others."""
        between = strength(counts.bad_worth[values], counts.worth[values], self._bad, self._total)
        more = counts.bad_worth[values] * self._total >= self._bad * counts.worth[values]
        inside = strength_within(counts.within[values], counts.within_expected[values], counts.within_bad[values])
        return np.where(more, between, -between) + inside


def passed_by(
    value: Wholes, unit: Wholes, bits: Wholes, size: int, lot: Wholes, lot_size: Floats, score: Floats, lot_score: Floats
) -> Passed:
    """What passed each of `size` values, by the lot of each wafer; `score` is summed up over wafers, `lot_score` is of lots.

    Each row has the value, the wafer (or -1 - the number of a whole lot) and the periods in which it passed.
    """
    lots, whole = lot_size.size, unit < 0
    wafer = np.maximum(unit, 0)
    of_lot = np.where(whole, -1 - unit, lot[wafer])
    key = (value * lots + of_lot) * (ALL_PERIODS + 1) + bits
    keys, inverse = np.unique(key, return_inverse=True)
    pairs, pair = np.unique(keys // (ALL_PERIODS + 1), return_inverse=True)
    # A row of a whole lot, which the moves name alone, is as many wafers as are compared of it.
    wafers = np.where(whole, lot_size[of_lot], 1.0)
    scores = np.where(whole, lot_score[of_lot], score[wafer])
    count = np.asarray(np.bincount(inverse, weights=wafers, minlength=keys.size), float)
    hits = np.asarray(np.bincount(inverse, weights=scores, minlength=keys.size), float)
    return Passed(pair, keys % (ALL_PERIODS + 1), count, hits, pairs // lots, pairs % lots, size)


@dataclass(frozen=True)
class BadWafers:
    """Bad wafers as what is compared, among those that are in the moves."""

    bad: Flags
    there: Flags
    lot: Wholes
    either = False

    def compared(self, among: Flags) -> Compared:
        """The comparison of some of the wafers."""
        return Compared(self.bad & among, among, self.lot)

    def shows(self, passed: Flags) -> bool:
        """Whether these wafers can show something: some of them are bad."""
        return bool((self.bad & passed).any())

    def stretch(self, wafer: Wholes, entry: Wholes, among: Flags) -> Stretch:
        """Where a series of passes of some wafers is worst."""
        return stretch(wafer, entry, self.bad[wafer], (float((self.bad & among).sum()), float(among.sum())))

    def figures(self, passed: Flags) -> dict[str, Any]:
        """What a finding says of the wafers that passed it, and of the others."""
        bad_with, with_all = int((passed & self.bad).sum()), int(passed.sum())
        bad_without, without_all = int(self.bad.sum()) - bad_with, int(self.there.sum()) - with_all
        counts = np.array([bad_with, with_all, bad_without, without_all]) * self.compared(self.there).weight
        effect, low, high = difference(*counts.tolist())
        return {
            "bad_with": bad_with,
            "bad_without": bad_without,
            "good_with": with_all - bad_with,
            "good_without": without_all - bad_without,
            "effect": effect,
            "low": low,
            "high": high,
            "lots": len(set(self.lot[passed & self.bad].tolist())),
        }
