"""Runs that can be compared: the same tool, chambers, recipe and steps, in regimes whose levels may differ."""

import json
import re
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from fabwatch.stats.neighbours import FEWEST, WITHIN
from fabwatch.store.lake import Record
from fabwatch.trace.answers import Golden, Run, RunKind
from fabwatch.trace.steps import Steps, steps_from

_NUMBERED = re.compile(r"^(.*[^\d].*?|.*[^\d])(\d{1,2})$")
_BAD_LABEL = re.compile(r"^(fault|fault_type|faulty|defect|defect_type|failure|fail|anomaly)$")
_VERDICT = re.compile(r"^(result|verdict|status|quality|pass|passed|ok|good)$")
_NO = frozenset({"0", "no", "none", "false", "normal", "ok", "good", "pass", "passed", "n/a", "-"})
_FAILED = frozenset({"fail", "failed", "bad", "nok", "ng", "reject", "rejected", "faulty"})


@dataclass(frozen=True)
class RunGroup:
    """Comparable runs with their features: mean and standard deviation of each sensor in each step."""

    runs: tuple[Run, ...]
    places: tuple[tuple[str | None, str | None, str, str], ...]
    """What each feature is: chamber, step, sensor, and `mean` or `std`."""
    features: np.ndarray
    regimes: np.ndarray
    regime_names: tuple[str, ...]
    labelled: np.ndarray | None
    """Which runs the log calls good; None where it does not say."""
    golden: Golden | None = None
    """The golden runs that people chose for this kind."""
    cut: tuple[Run, ...] = ()
    """Runs without a step that the others have."""

    @property
    def known_good(self) -> np.ndarray | None:
        """Runs that people chose as golden, else those that the log calls good; None where neither is known."""
        if self.golden is not None:
            chosen = np.array([run.run in self.golden.runs for run in self.runs], bool)
            if chosen.sum() >= FEWEST:
                return chosen
        return self.labelled

    @property
    def by(self) -> str:
        """How the good runs were chosen, in words."""
        if self.golden is not None:
            return f"version {self.golden.version}, chosen by {self.golden.who}"
        return "good by the log" if self.labelled is not None else "good by their scores"


def kind_of(run: Run) -> RunKind:
    """Runs of one kind can be compared: tool, chambers, recipe and stage."""
    return RunKind(run.tool, run.chamber, run.recipe, run.stage)


def run_groups(runs: Sequence[Run], summary: Steps | Sequence[Record], goldens: Sequence[Golden] = ()) -> list[RunGroup]:
    """Groups of comparable runs (rows of `runs_list.sql`), with their features and the golden runs that people chose."""
    steps = summary if isinstance(summary, Steps) else steps_from(summary)
    mixed = _mixed(steps)
    groups: dict[tuple[RunKind, frozenset[int]], list[Run]] = defaultdict(list)
    for run in runs:
        if run.run in steps.rows:
            # Runs whose sensors are recorded in other units are not compared.
            units = frozenset(mixed[steps.place[steps.rows[run.run]]].tolist()) if mixed is not None else frozenset()
            groups[kind_of(run), units].append(run)
    chosen = {golden.kind: golden for golden in goldens}
    return [_run_group(group, steps, chosen.get(kind)) for (kind, _), group in groups.items()]


def _mixed(steps: Steps) -> np.ndarray | None:
    """For each place a number of its sensor and unit, if that sensor is recorded in several; else 0. None without any."""
    units: dict[str, set[str | None]] = defaultdict(set)
    for (_, _, sensor), unit in zip(steps.places, steps.units, strict=True):
        units[sensor].add(unit)
    pairs = [(sensor, unit) for sensor, known in units.items() if len(known) > 1 for unit in known]
    numbers = {pair: n for n, pair in enumerate(pairs, 1)}
    names = ((sensor, unit) for (_, _, sensor), unit in zip(steps.places, steps.units, strict=True))
    return np.array([numbers.get(name, 0) for name in names], int) if pairs else None


def _run_group(runs: Sequence[Run], steps: Steps, golden: Golden | None) -> RunGroup:
    rows, number = steps.of([run.run for run in runs])
    codes = steps.place[rows]
    often = np.flatnonzero(np.bincount(codes, minlength=len(steps.places)) > 0.5 * len(runs))
    usual = sorted(often.tolist(), key=lambda code: tuple(str(name) for name in steps.places[code]))
    position = np.full(len(steps.places), -1)
    position[usual] = np.arange(len(usual))
    is_usual = position[codes] >= 0
    values = np.full((len(runs), len(usual), 2), np.nan)
    here = number[is_usual], position[codes[is_usual]]
    values[(*here, 0)] = steps.numbers["mean"][rows[is_usual]]
    values[(*here, 1)] = np.nan_to_num(steps.numbers["std"][rows[is_usual]], nan=0.0)
    is_cut = np.isnan(values).any(axis=(1, 2))
    whole = [run for run, lacks in zip(runs, is_cut, strict=True) if not lacks]
    cut = [run for run, lacks in zip(runs, is_cut, strict=True) if lacks]
    places = tuple((*steps.places[code], kind) for code in usual for kind in ("mean", "std"))
    names = _regimes(whole)
    order = sorted(set(names))
    regimes = np.array([order.index(name) for name in names], int)
    features = values[~is_cut].reshape(len(whole), len(places))
    return RunGroup(tuple(whole), places, features, regimes, tuple(order), _labelled(whole), golden, tuple(cut))


def _regimes(runs: Sequence[Run]) -> list[str]:
    """What the level of each run may depend on: its lot, or the wafer name up to the number."""
    lots = [run.lot or "" for run in runs]
    if _large_enough(lots):
        return lots
    prefixes = []
    for run in runs:
        hit = _NUMBERED.match(run.wafer or "")
        prefixes.append(hit[1] if hit else "")
    return prefixes if all(prefixes) and _large_enough(prefixes) else [""] * len(runs)


def _large_enough(names: Sequence[str]) -> bool:
    """Whether most runs are in lots large enough to have a level of their own."""
    counts = Counter(names)
    return len(counts) > 1 and sum(n for n in counts.values() if n > WITHIN) > 0.8 * len(names)


def _labelled(runs: Sequence[Run]) -> np.ndarray | None:
    """Whether the log calls each run good: a column like `fault` is empty, and no verdict says failed."""
    labels = [json.loads(run.labels) if run.labels else {} for run in runs]
    names = {name for run_labels in labels for name in run_labels}
    faults = [name for name in names if _BAD_LABEL.match(_plain(name))]
    verdicts = [name for name in names if _VERDICT.match(_plain(name))]
    if not faults and not verdicts:
        return None
    return np.array(
        [
            all(_plain(run_labels.get(name, "")) in _NO | {""} for name in faults)
            and not any(_plain(run_labels.get(name, "")) in _FAILED for name in verdicts)
            for run_labels in labels
        ]
    )


def _plain(text: str) -> str:
    return "_".join(text.casefold().split())
