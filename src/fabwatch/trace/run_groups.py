"""Runs that can be compared: the same tool, chambers, recipe and steps, in regimes whose levels may differ."""

import json
import re
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from fabwatch.stats.neighbours import FEWEST, WITHIN
from fabwatch.terms.rules import Golden

KIND = ("tool", "chamber", "recipe", "stage")

_NUMBERED = re.compile(r"^(.*[^\d].*?|.*[^\d])(\d{1,2})$")
_BAD_LABEL = re.compile(r"^(fault|fault_type|faulty|defect|defect_type|failure|fail|anomaly)$")
_VERDICT = re.compile(r"^(result|verdict|status|quality|pass|passed|ok|good)$")
_NO = frozenset({"0", "no", "none", "false", "normal", "ok", "good", "pass", "passed", "n/a", "-"})
_FAILED = frozenset({"fail", "failed", "bad", "nok", "ng", "reject", "rejected", "faulty"})


@dataclass(frozen=True)
class Family:
    """Comparable runs with their features: mean and standard deviation of each sensor in each step."""

    runs: tuple[dict[str, Any], ...]
    places: tuple[tuple[str | None, str | None, str, str], ...]
    """What each feature is: chamber, step, sensor, and `mean` or `std`."""
    features: np.ndarray
    regimes: np.ndarray
    regime_names: tuple[str, ...]
    labelled: np.ndarray | None
    """Which runs the log itself calls good; None where it says nothing of it."""
    golden: Golden | None = None
    """The good runs that people chose for this kind."""
    cut: tuple[dict[str, Any], ...] = ()
    """Runs that lack a step which the others have."""

    @property
    def known_good(self) -> np.ndarray | None:
        """Which runs are good because people chose them, else because the log says so; None where nobody has said so."""
        if self.golden is not None:
            chosen = np.array([run["run"] in self.golden.runs for run in self.runs], bool)
            if chosen.sum() >= FEWEST:
                return chosen
        return self.labelled

    @property
    def by(self) -> str:
        """How the good runs are known, in words."""
        if self.golden is not None:
            return f"version {self.golden.version}, chosen by {self.golden.who}"
        return "good by the log" if self.labelled is not None else "good by their scores"


def kind_of(run: dict[str, Any]) -> tuple[Any, ...]:
    """Runs of one kind can be compared: tool, chambers, recipe and stage."""
    return tuple(run[name] for name in KIND)


def by_run(summary: Sequence[dict[str, Any]]) -> dict[str, list[dict[str, Any]]]:
    """What the sensors of each run did; a counter tells how old a part is, not how the run went."""
    found: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for row in summary:
        if row["mean"] is not None and row["role"] == "sensor":
            found[row["run"]].append(row)
    return found


def families(
    runs: Sequence[dict[str, Any]], summary: Sequence[dict[str, Any]], goldens: Sequence[Golden] = ()
) -> list[Family]:
    """The families of some runs, by their rows of `runs_list.sql` and `summary.sql`, and the runs that people chose."""
    rows = by_run(summary)
    groups: dict[tuple[Any, ...], list[dict[str, Any]]] = defaultdict(list)
    for run in runs:
        if run["run"] in rows:
            groups[kind_of(run)].append(run)
    chosen = {(golden.tool, golden.chamber, golden.recipe, golden.stage): golden for golden in goldens}
    return [_family(group, rows, chosen.get(kind)) for kind, group in groups.items()]


def _family(group: list[dict[str, Any]], by_run: dict[str, list[dict[str, Any]]], golden: Golden | None) -> Family:
    there = Counter(place for run in group for place in {(r["chamber"], r["step"], r["sensor"]) for r in by_run[run["run"]]})
    usual = sorted((place for place, n in there.items() if n > 0.5 * len(group)), key=lambda p: tuple(str(x) for x in p))
    position = {place: n for n, place in enumerate(usual)}
    whole, cut, rows = [], [], []
    for run in group:
        values = np.full((len(usual), 2), np.nan)
        for row in by_run[run["run"]]:
            where = position.get((row["chamber"], row["step"], row["sensor"]))
            if where is not None:
                values[where] = row["mean"], row["std"] if row["std"] is not None else 0.0
        if np.isnan(values).any():
            cut.append(run)
        else:
            whole.append(run)
            rows.append(values.ravel())
    places = tuple((*place, kind) for place in usual for kind in ("mean", "std"))
    names = _regimes(whole)
    order = sorted(set(names))
    codes = np.array([order.index(name) for name in names], int)
    features = np.array(rows) if rows else np.empty((0, len(places)))
    return Family(tuple(whole), places, features, codes, tuple(order), _labelled(whole), golden, tuple(cut))


def _regimes(runs: Sequence[dict[str, Any]]) -> list[str]:
    """What each run's level may depend on: its lot, or what its wafer's name says before the number."""
    lots = [run["lot"] or "" for run in runs]
    if _worth(lots):
        return lots
    prefixes = []
    for run in runs:
        hit = _NUMBERED.match(run["wafer"] or "")
        prefixes.append(hit[1] if hit else "")
    return prefixes if all(prefixes) and _worth(prefixes) else [""] * len(runs)


def _worth(names: Sequence[str]) -> bool:
    """Whether most groups of that name are large enough to have a level of their own."""
    counts = Counter(names)
    return len(counts) > 1 and sum(n for n in counts.values() if n > WITHIN) > 0.8 * len(names)


def _labelled(runs: Sequence[dict[str, Any]]) -> np.ndarray | None:
    """Whether the log calls each run good: a column such as `fault` that is empty, or a verdict that is none of failed."""
    labels = [json.loads(run["labels"]) if run["labels"] else {} for run in runs]
    names = {name for some in labels for name in some}
    faults = [name for name in names if _BAD_LABEL.match(_plain(name))]
    verdicts = [name for name in names if _VERDICT.match(_plain(name))]
    if not faults and not verdicts:
        return None
    return np.array(
        [
            all(_plain(some.get(name, "")) in _NO | {""} for name in faults)
            and not any(_plain(some.get(name, "")) in _FAILED for name in verdicts)
            for some in labels
        ]
    )


def _plain(text: str) -> str:
    return "_".join(text.casefold().split())
