"""Numbers of wafers, and how surely what passed a value goes with lower or higher ones: ranks of lots, and within lots."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from fabwatch.stats.enrichment import Stretch, together, within_lots_of
from fabwatch.stats.ranks import medians, midranks, shift_between, shift_stretch, shift_within, upper_tail
from fabwatch.yields.compared import ALL_PERIODS, Flags, Floats, Passed, Wholes, passed_by

LOW, HIGH = "low", "high"


@dataclass(frozen=True)
class Sums:
    """What passed each value: wafers, lots, and by how much its ranks are above those that chance would give it.

    `between` is of lots, `within` of wafers in lots of which others did not pass it; each in standard deviations.
    """

    wafers: Floats
    lots: Floats
    between: Floats
    within: Floats

    @property
    def bad_lots(self) -> Floats:
        """Lots that can show something: every lot has numbers."""
        return self.lots


class ComparedNumbers:
    """The wafers that are compared, by the numbers that they have; `sign` turns those that are looked for into high ones."""

    def __init__(self, values: Floats, among: Flags, lot: Wholes, sign: int, *, either: bool):
        self._lot, self._either = lot, either
        lots = int(lot.max()) + 1
        self._size = np.bincount(lot[among], minlength=lots).astype(float)
        x, own = sign * values[among], lot[among]
        center = medians(x, own, lots)
        there = self._size > 0
        # Of lots the ranks of their medians, of wafers those of their distance to that of their lot.
        self._lot_rank = np.zeros(lots)
        ranks = midranks(center[there])
        self._lot_rank[there] = ranks - ranks.mean()
        self._lots, self._lot_spread = int(there.sum()), float((self._lot_rank**2).sum())
        aligned = midranks(x - center[own]) if x.size else x
        mean = np.bincount(own, aligned, lots) / np.maximum(self._size, 1)
        self._away = np.zeros(values.size)
        self._away[among] = aligned - mean[own]
        self._spread = np.bincount(own, self._away[among] ** 2, lots)

    def passed(self, value: Wholes, unit: Wholes, bits: Wholes, size: int) -> Passed:
        """What passed each of `size` values, from the value, the wafer (or whole lot) and the periods of each row."""
        # The ranks within a lot add up to nothing over all of it.
        return passed_by(value, unit, bits, size, self._lot, self._size, self._away, np.zeros(self._size.size))

    def counted(self, passed: Passed, periods: int = ALL_PERIODS) -> Sums:
        """Wafers, lots and ranks of each value in some periods, as bits."""
        rows = (passed.bits & periods) != 0
        pair = passed.pair[rows]
        exposed = np.bincount(pair, passed.count[rows], passed.value.size)
        away = np.bincount(pair, passed.hits[rows], passed.value.size)
        some = exposed > 0
        of, lot = passed.value[some], passed.lot[some]
        size = self._size[lot]
        exposed, away = np.minimum(exposed[some], size), away[some]
        share = np.divide(exposed, size, out=np.zeros(exposed.size), where=size > 0)

        def summed(weights: Floats | None = None) -> Floats:
            return np.asarray(np.bincount(of, weights=weights, minlength=passed.size), float)

        varies = (exposed < size) & (size > 1)
        chance = np.where(varies, exposed * (size - exposed) / np.maximum(size * (size - 1), 1) * self._spread[lot], 0.0)
        total = summed(share)
        apart = (summed(share**2) - total**2 / max(self._lots, 1)) * self._lot_spread / max(self._lots - 1, 1)
        return Sums(
            wafers=summed(exposed),
            lots=summed(),
            between=_deviate(summed(share * self._lot_rank[lot]), apart),
            within=_deviate(summed(np.where(varies, away, 0.0)), summed(chance)),
        )

    def chances(self, sums: Sums, values: Wholes) -> Floats:
        """The chance of the ranks of some values, between lots and within them."""
        between, within = sums.between[values], sums.within[values]
        one = _chance(between, within)
        return np.minimum(2 * np.minimum(one, _chance(-between, -within)), 1.0) if self._either else one

    def strength(self, sums: Sums, values: Wholes) -> Floats:
        """How strong the ranks of some values are; less than 0 where they are on the other side than what is looked for."""
        between, within = (np.nan_to_num(z[values]) for z in (sums.between, sums.within))
        both = (np.sign(between) * between**2 + np.sign(within) * within**2) / 2
        return np.abs(both) if self._either else both


def _deviate(away: Floats, variance: Floats) -> Floats:
    """A sum in standard deviations; NaN where chance alone cannot move it."""
    out: Floats = np.full(away.shape, np.nan)
    return np.divide(away, np.sqrt(np.maximum(variance, 0)), out=out, where=variance > 1e-9)


def _chance(between: Floats, within: Floats) -> Floats:
    p_between, p_within = upper_tail(np.nan_to_num(between)), upper_tail(np.nan_to_num(within))
    both = together(p_between, p_within)
    # What cannot be compared says nothing.
    one = np.where(np.isnan(within), np.where(np.isnan(between), 1.0, p_between), p_within)
    return np.where(np.isnan(between) | np.isnan(within), one, both)


@dataclass(frozen=True)
class Shifts:
    """Numbers of wafers as what is compared: `low` or `high` ones are looked for, or either."""

    values: Floats
    there: Flags
    lot: Wholes
    direction: str | None

    @property
    def either(self) -> bool:
        """Whether both directions are looked for."""
        return self.direction is None

    @property
    def _sign(self) -> int:
        return -1 if self.direction == LOW else 1

    def compared(self, among: Flags) -> ComparedNumbers:
        """The comparison of some of the wafers."""
        return ComparedNumbers(self.values, among, self.lot, self._sign, either=self.direction is None)

    def shows(self, passed: Flags) -> bool:
        """Whether these wafers can show something."""
        return bool(passed.any())

    def stretch(self, wafer: Wholes, entry: Wholes, among: Flags) -> Stretch:
        """Where a series of passes of some wafers is farthest off."""
        exposed = np.zeros(self.values.size, bool)
        exposed[wafer] = True
        score, weight = self._scores(among, inside=self._is_inside(exposed & among, among))
        totals = (float(score[among].sum()), float(among.sum()), weight)
        return shift_stretch(wafer, entry, score[wafer], totals, sided=self.direction is not None)

    def _scores(self, among: Flags, *, inside: bool) -> tuple[Floats, float]:
        """Scores of wafers with a standard deviation of 1, and how many independent wafers one is worth."""
        x, own = self._sign * self.values[among], self.lot[among]
        if inside:
            x = x - medians(x, own, int(self.lot.max()) + 1)[own]
        ranks = midranks(x)
        score = np.zeros(self.values.size)
        score[among] = (ranks - ranks.mean()) / (ranks.std() or 1.0)
        rho = 0.0 if inside else within_lots_of(score[among], np.unique(own, return_inverse=True)[1])
        typical = among.sum() / max(np.unique(own).size, 1)
        return score, 1 / (1 + (max(typical, 1) - 1) * rho)

    def _is_inside(self, exposed: Flags, among: Flags) -> bool:
        """Whether most of the exposed wafers are of lots of which others are not."""
        size, with_ = (np.bincount(self.lot[flags], minlength=int(self.lot.max()) + 1) for flags in (among, exposed))
        return bool(2 * with_[with_ < size].sum() > with_.sum())

    def figures(self, passed: Flags) -> dict[str, Any]:
        """What a finding says of the wafers that passed it, and of the others."""
        exposed, others = passed & self.there, self.there & ~passed
        shift, low, high = self._shift(exposed) or (float("nan"),) * 3
        return {
            **dict.fromkeys(("bad_with", "bad_without", "good_with", "good_without")),
            "n_with": int(exposed.sum()),
            "n_without": int(others.sum()),
            "median_with": float(np.median(self.values[exposed])),
            "median_without": float(np.median(self.values[others])) if others.any() else None,
            "effect": shift,
            "low": low,
            "high": high,
            "lots": len(set(self.lot[exposed].tolist())),
        }

    def _shift(self, exposed: Flags) -> tuple[float, float, float] | None:
        there, lot = self.there, self.lot
        inside = shift_within(self.values[there], lot[there], exposed[there])
        if inside is not None and self._is_inside(exposed, there):
            return inside
        lots = int(lot.max()) + 1
        with_, without = (np.unique(lot[flags]) for flags in (exposed, there & ~exposed))
        x, y = (medians(self.values[flags], lot[flags], lots) for flags in (exposed, there & ~exposed))
        return shift_between(x[with_], y[np.setdiff1d(without, with_)]) or inside or shift_between(x[with_], y[without])
