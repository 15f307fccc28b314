"""Rules that watch logs: each run is compared only with the good runs before it, in a backtest as in daily use."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from fnmatch import fnmatch

import numpy as np

from fabwatch.stats.neighbours import FEWEST, MAD, WITHIN, judge, reference
from fabwatch.store.lake import Lake
from fabwatch.terms.errors import unknown
from fabwatch.terms.settings import Settings
from fabwatch.terms.settings.answering import BUILT_IN, RuleSettings
from fabwatch.terms.words import sentence
from fabwatch.trace.answers import Run, SensorFault
from fabwatch.trace.envelope import GOOD_AT_MOST, IN_A_ROW, Window, columns_of, parts_of, stretched
from fabwatch.trace.run_groups import RunGroup
from fabwatch.trace.steps import Steps

REMEMBERED = 1000
"""A run is compared with at most this many good runs before it, the latest ones."""
ORIGINS = 40
"""In how many blocks a record is evaluated; the good runs are learned again before each block."""
LONGER = 1.5
"""Rule setpoint: alarm if off the setpoint this many times as long as any good run before …"""
SHARE_OF_STEP = 0.01
"""… plus this share of the step."""
WIDER = 0.25
"""Rule golden: the envelope is the range of the good runs plus this share of it on both sides."""
SHOWN = 3
"""Alarms per run and rule, the largest deviation first."""
BUILT_IN_WORDS = {
    "neighbours": "distance to the 3 nearest good runs is above the limit (all sensors together)",
    "setpoint": f"a sensor is off its setpoint more than {LONGER} times as long as in any good run before",
    "golden": f"a sensor is outside the envelope of the good runs before for {IN_A_ROW} time intervals in a row",
}
Alarms = dict[str, list[SensorFault] | None]
"""The alarms of a rule by run: an empty list for no alarm, None where there are too few good runs to tell."""


@dataclass(frozen=True)
class WatchRule:
    """A rule as it is defined now."""

    name: str
    settings: RuleSettings | None = None
    """None for a built-in rule."""

    @property
    def text(self) -> str:
        """The rule as one text, to see whether it was changed."""
        return json.dumps(self.settings.model_dump(exclude_defaults=True) if self.settings else {}, sort_keys=True)

    @property
    def what(self) -> str:
        """The rule in words."""
        if self.settings is None:
            return BUILT_IN_WORDS[self.name]
        settings = self.settings
        patterns = {name: getattr(settings, name) for name in ("step", "chamber", "recipe", "tool")}
        where = [f"{name} {pattern}" for name, pattern in patterns.items() if pattern != "*"]
        says = [f"above {settings.above:g}"] if settings.above is not None else []
        says += [f"below {settings.below:g}"] if settings.below is not None else []
        says += [f"{settings.z:g} robust standard deviations from the good runs before"] if settings.z is not None else []
        return f"{settings.figure} of {settings.sensor}{''.join(', ' + text for text in where)}: {' or '.join(says)}"


def rules_of(settings: Settings) -> dict[str, WatchRule]:
    """Every rule by its name."""
    own = {name: WatchRule(name, rule) for name, rule in settings.rules.items()}
    return {name: WatchRule(name) for name in BUILT_IN} | own


def rule_named(settings: Settings, name: str) -> WatchRule:
    """The rule of that name. Raises UnknownTool."""
    known = rules_of(settings)
    if name not in known:
        fault = unknown("rule", name, known)
        fault.hint = f"there are {', '.join(known)}; add your own under [rules.NAME] in fab.toml"
        raise fault
    return known[name]


def alarms(lake: Lake, rule: WatchRule, group: RunGroup, steps: Steps) -> Alarms:
    """The alarms of a rule for each run that it watches, compared only with the good runs before it."""
    alarms_by_run: Alarms
    if rule.name == "neighbours" and rule.settings is None:
        alarms_by_run = _neighbour_alarms(group)
    elif rule.name == "golden" and rule.settings is None:
        alarms_by_run = _envelope_alarms(lake, group)
    else:
        alarms_by_run = _statistic_alarms(rule, group, steps)
    return {
        run: raised and [_with_sentence(replace(alarm, rule=rule.name)) for alarm in raised]
        for run, raised in alarms_by_run.items()
    }


def _with_sentence(alarm: SensorFault) -> SensorFault:
    return replace(alarm, sentence=rule_sentence(alarm))


def rule_sentence(alarm: SensorFault, language: str = "en") -> str:
    """An alarm in words."""
    where = sentence(language, "in_step", step=alarm.step) if alarm.step else ""
    where += sentence(language, "in_chamber", chamber=alarm.chamber) if alarm.chamber else ""
    value, usual = alarm.value or 0.0, alarm.usual or 0.0
    values = {"rule": alarm.rule, "sensor": alarm.sensor, "step": where, "value": value, "usual": usual}
    if alarm.kind in ("neighbours", "golden", "setpoint"):
        return sentence(language, f"rule_{alarm.kind}", **values, at=alarm.from_s or 0.0)
    key = "rule_above" if value >= usual else "rule_below"
    return sentence(language, key, **values, figure=alarm.kind)


def _in_time(group: RunGroup) -> np.ndarray:
    """The runs in order of time (they are stored with the latest first)."""
    return np.arange(len(group.runs))[::-1]


def _good_before(group: RunGroup, before: np.ndarray) -> np.ndarray:
    """Which of these earlier runs were good, by what was known then."""
    if group.known_good is not None:
        return np.asarray(group.known_good[before])
    if len(before) < FEWEST:
        return np.ones(len(before), bool)
    return reference(group.features[before], group.regimes[before])


def _blocks(group: RunGroup) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Blocks of runs in order of time: the good runs before the block, and its runs."""
    order = _in_time(group)
    step = max(1, len(order) // ORIGINS)
    for begin in range(0, len(order), step):
        before = order[:begin][-REMEMBERED:]
        yield before[_good_before(group, before)], order[begin : begin + step]


def _neighbour_alarms(group: RunGroup) -> Alarms:
    alarms_by_run: Alarms = {}
    for good, here in _blocks(group):
        if len(good) < FEWEST:
            alarms_by_run |= {group.runs[n].run: None for n in here}
            continue
        both = np.concatenate([good, here])
        judged = judge(group.features[both], group.regimes[both], np.arange(len(both)) < len(good))
        for place, n in enumerate(here, len(good)):
            run = group.runs[n].run
            if (group.regimes[good] == group.regimes[n]).sum() <= WITHIN < len(good) and len(group.regime_names) > 1:
                # The lot has too few wafers so far to know its level.
                alarms_by_run[run] = None
            elif judged.scores[place] <= judged.limit:
                alarms_by_run[run] = []
            else:
                furthest = int(np.argmax(np.abs(judged.z[place])))
                chamber, step, sensor, _ = group.places[furthest]
                score, limit = float(judged.scores[place]), judged.limit
                z = float(judged.z[place, furthest])
                alarms_by_run[run] = [SensorFault(sensor, step, z, "", chamber, None, "neighbours", score, limit)]
    return alarms_by_run


@dataclass
class _Matrix:
    """One statistic of every run of a run group, by place."""

    places: list[tuple[str | None, str | None, str]]
    values: np.ndarray
    seconds: np.ndarray
    """How long the place lasted."""
    units: list[str | None]


def _matrix(group: RunGroup, steps: Steps, statistic: str) -> _Matrix:
    rows, number = steps.of([run.run for run in group.runs])
    present = ~np.isnan(steps.statistic(statistic)[rows])
    rows, number = rows[present], number[present]
    codes, first = np.unique(steps.place[rows], return_index=True)
    # Places in the order in which they first appear in the runs.
    codes = codes[np.argsort(first)]
    position = np.zeros(len(steps.places), int)
    position[codes] = np.arange(len(codes))
    here = number, position[steps.place[rows]]
    values, seconds = np.full((len(group.runs), len(codes)), np.nan), np.zeros((len(group.runs), len(codes)))
    values[here] = steps.statistic(statistic)[rows]
    lasted = [np.nan_to_num(steps.numbers[name][rows], nan=0.0) for name in ("t_last", "t_first")]
    seconds[here] = lasted[0] - lasted[1]
    return _Matrix([steps.places[code] for code in codes], values, seconds, [steps.units[code] for code in codes])


def _statistic_alarms(rule: WatchRule, group: RunGroup, steps: Steps) -> Alarms:
    """Alarms of rules on a statistic of a sensor in a step, and of the rule setpoint."""
    settings = rule.settings or RuleSettings(figure="outside_s", z=1.0)
    covered = [n for n, run in enumerate(group.runs) if _covers(settings, run)]
    matrix = _matrix(group, steps, settings.figure)
    watched = np.array([m for m, place in enumerate(matrix.places) if _watches(settings, place)], int)
    if not len(watched):
        return {}
    alarms_by_run: Alarms = {group.runs[n].run: None for n in covered}
    x = matrix.values[:, watched]
    for good, here in _blocks(group):
        limits = _Limits(rule, settings, x[good], matrix.seconds[np.ix_(good, watched)])
        for n in here:
            if group.runs[n].run not in alarms_by_run or not limits.can_judge:
                continue
            high, low = limits.high, limits.low
            with np.errstate(invalid="ignore"):
                out = np.flatnonzero((x[n] > high) | (x[n] < low))
            raised = []
            for m in out.tolist():
                chamber, step, sensor = matrix.places[watched[m]]
                value, limit = float(x[n, m]), float(high[m] if x[n, m] > high[m] else low[m])
                z = limits.z_of(m, value)
                kind = settings.figure if rule.settings else "setpoint"
                raised.append(SensorFault(sensor, step, z, "", chamber, matrix.units[watched[m]], kind, value, limit))
            raised.sort(key=lambda alarm: -abs(alarm.z))
            alarms_by_run[group.runs[n].run] = raised[:SHOWN]
    return alarms_by_run


class _Limits:
    """Low and high limit of each place that a rule watches, from the good runs before."""

    def __init__(self, rule: WatchRule, settings: RuleSettings, good: np.ndarray, seconds: np.ndarray):
        wide = good.shape[1]
        self.high = np.full(wide, np.inf if settings.above is None else settings.above)
        self.low = np.full(wide, -np.inf if settings.below is None else settings.below)
        self.can_judge = settings.z is None or len(good) >= FEWEST
        self._middle, self._spread = np.zeros(wide), np.full(wide, np.inf)
        if len(good) < FEWEST:
            return
        there = ~np.isnan(good).all(axis=0)
        self._middle[there] = np.nanmedian(good[:, there], axis=0)
        distance = np.abs(good[:, there] - self._middle[there])
        mad = MAD * np.nanmedian(distance, axis=0)
        self._spread[there] = np.where(mad > 0, mad, np.nanstd(good[:, there], axis=0))
        if rule.settings is None:
            most = np.full(wide, np.inf)
            most[there] = LONGER * np.nanmax(good[:, there], axis=0) + SHARE_OF_STEP * np.nanmax(seconds[:, there], axis=0)
            self.high = most
        elif settings.z is not None:
            # No limit from a statistic that was constant in the good runs.
            varies = there & (self._spread > 1e-12 * np.maximum(np.abs(self._middle), 1e-300))
            self.high = np.where(varies, np.minimum(self.high, self._middle + settings.z * self._spread), self.high)
            self.low = np.where(varies, np.maximum(self.low, self._middle - settings.z * self._spread), self.low)

    def z_of(self, place: int, value: float) -> float:
        """Distance of a value from the good runs, in robust standard deviations."""
        spread = self._spread[place]
        return float((value - self._middle[place]) / spread) if np.isfinite(spread) and spread > 0 else 0.0


def _covers(settings: RuleSettings, run: Run) -> bool:
    return all(fnmatch(str(getattr(run, name) or ""), getattr(settings, name)) for name in ("tool", "recipe"))


def _watches(settings: RuleSettings, place: tuple[str | None, str | None, str]) -> bool:
    chamber, step, sensor = place
    patterns = ((chamber, settings.chamber), (step, settings.step), (sensor, settings.sensor))
    return all(fnmatch(str(name or ""), pattern) for name, pattern in patterns)


def _envelope_alarms(lake: Lake, group: RunGroup) -> Alarms:
    """Alarms for runs outside the envelope of the good runs before them."""
    names = [run.run for run in group.runs]
    alarms_by_run: Alarms = dict.fromkeys(names)
    parts = parts_of(lake, names)
    if not parts:
        return alarms_by_run
    shape = parts[-1].shape
    mine = [part for part in parts if part.shape == shape]
    sensors = [column for column in columns_of(lake, shape).values() if column.role == "sensor"]
    seconds = float(np.median([run.seconds or 0.0 for run in group.runs])) or 1.0
    if not sensors:
        return alarms_by_run
    stretches = stretched(lake, mine, sensors, max(seconds / 100, 1e-3), Window())
    row = {run: n for n, run in enumerate(stretches.runs)}
    alarms_outside: dict[str, list[SensorFault]] = {}
    judged: set[str] = set()
    for good, here in _blocks(group):
        rows = [row[names[n]] for n in good[-GOOD_AT_MOST:] if names[n] in row]
        block_runs = [names[n] for n in here if names[n] in row]
        if len(rows) < FEWEST:
            continue
        judged |= set(block_runs)
        for (place, sensor), cells in stretches.values.items():
            means = cells["mean"]
            there = ~np.isnan(means[rows]).all(axis=0)
            low, high = np.full(means.shape[1], -np.inf), np.full(means.shape[1], np.inf)
            low[there], high[there] = np.nanmin(means[rows][:, there], axis=0), np.nanmax(means[rows][:, there], axis=0)
            room = np.where(there, WIDER * (high - low), 0.0)
            for run in block_runs:
                with np.errstate(invalid="ignore"):
                    outside = (means[row[run]] < low - room) | (means[row[run]] > high + room)
                begin = _in_a_row(outside)
                if begin is not None:
                    value = float(means[row[run], begin])
                    edge = float(high[begin] if value > high[begin] else low[begin])
                    wide = float(high[begin] - low[begin]) or abs(edge) or 1.0
                    z = (value - edge) / wide
                    fault = SensorFault(
                        sensor, place[1], z, "", place[0], None, "golden", value, edge, begin * stretches.every
                    )
                    alarms_outside.setdefault(run, []).append(fault)
    for run in judged:
        alarms_by_run[run] = sorted(alarms_outside.get(run, []), key=lambda alarm: -abs(alarm.z))[:SHOWN]
    return alarms_by_run


def _in_a_row(outside: np.ndarray) -> int | None:
    """Where the first IN_A_ROW true values in a row begin."""
    if outside.sum() < IN_A_ROW:
        return None
    runs = np.convolve(outside.astype(int), np.ones(IN_A_ROW, int), "valid")
    hits = np.flatnonzero(runs == IN_A_ROW)
    return int(hits[0]) if len(hits) else None
