"""The wafers that are compared, by lot, and how surely what passed a value goes with being bad."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from fabwatch.stats.enrichment import chances, chances_within, strength, strength_within, together, within_lots, worth

Wholes = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]


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

    def counted(self, value: Wholes, unit: Wholes, size: int) -> Counts:
        """Wafers and lots of each of `size` values, from the value and the wafer of each row."""
        lots = self._size.size
        pairs, inverse, count = np.unique(value * lots + self._lot[unit], return_inverse=True, return_counts=True)
        exposed = count.astype(float)
        hits = np.bincount(inverse, weights=self._bad_flags[unit], minlength=pairs.size)
        of, lot = pairs // lots, pairs % lots

        def summed(weights: Floats | None = None) -> Floats:
            return np.asarray(np.bincount(of, weights=weights, minlength=size), float)

        bad, lot_size = self._hits[lot], self._size[lot]
        # Lots of which some wafers passed and some did not, some of them bad and some not, can be compared within.
        within = (exposed < lot_size) & (bad > 0) & (bad < lot_size)
        wafers, weight = summed(exposed), summed(worth(exposed, self._rho))
        scale = np.divide(weight, wafers, out=np.zeros(size), where=wafers > 0)
        return Counts(
            wafers=wafers,
            lots=summed(),
            bad_lots=summed((hits > 0).astype(float)),
            worth=weight,
            bad_worth=summed(hits.astype(float)) * scale,
            within=summed(np.where(within, hits, 0.0)),
            within_expected=summed(np.where(within, exposed * bad / np.maximum(lot_size, 1), 0.0)),
            within_bad=summed(np.where(within, bad, 0.0)),
        )

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
