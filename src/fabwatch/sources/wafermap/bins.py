"""Which bins pass, which fail, and which are no dies."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from fabwatch.sources.wafermap.doubts import PassByBin
from fabwatch.sources.wafermap.words import UNTESTED, same_bin, verdict
from fabwatch.terms.doubts import Doubt

GOOD_BIN = "1"
"""The good bin where a file does not name one: bin 1 passes in STDF and on nearly all testers."""


@dataclass(frozen=True)
class Bins:
    """What a file says about its bins."""

    verdicts: dict[str, int]
    """1 passes, 0 fails, -1 has no result; by `same_bin`."""
    names: tuple[tuple[str, str], ...] = ()
    null: frozenset[str] = frozenset()
    """Codes that are no die."""

    def passed(self, codes: Sequence[str]) -> tuple[list[int], tuple[Doubt, ...]]:
        """The verdict of each die; where the file names no passing bin, bin 1 is taken, and that is a doubt."""
        known = dict(self.verdicts)
        doubts: tuple[Doubt, ...] = ()
        if 1 not in known.values():
            good = next((code for code in (GOOD_BIN, "P", "A") if code in {same_bin(c) for c in set(codes)}), GOOD_BIN)
            known.setdefault(good, 1)
            doubts = (PassByBin(good),)
        of_code = {code: known.get(same_bin(code), 0) for code in set(codes)}
        return [of_code[code] for code in codes], doubts


def defined(definitions: Iterable[tuple[str, str, str]], null: Iterable[str] = ()) -> Bins:
    """Bins from (code, quality, name)."""
    verdicts: dict[str, int] = {}
    names: dict[str, str] = {}
    for code, quality, name in definitions:
        key = same_bin(code)
        says = quality.strip().casefold()
        if key not in verdicts or says:
            verdicts[key] = -1 if says in UNTESTED else verdict(says) if verdict(says) >= 0 else 0
        if name.strip():
            names.setdefault(key, name.strip()[:80])
    return Bins(verdicts, tuple(names.items()), frozenset(null))
