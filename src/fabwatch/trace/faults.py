"""Faults: which runs deviate from the good runs, in which sensors, and how many wafers are affected."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

import numpy as np

from fabwatch.equipment.runs import over_runs
from fabwatch.stats.neighbours import FEWEST, Judged, judge, reference
from fabwatch.store.lake import Lake
from fabwatch.store.questions import question
from fabwatch.store.view import View
from fabwatch.terms.doubts import Doubt
from fabwatch.terms.words import sentence
from fabwatch.trace.answers import Faults, Rule, Run, RunFault, SensorFault
from fabwatch.trace.backtest import goldens, rule_states
from fabwatch.trace.doubts import TooFewRuns
from fabwatch.trace.envelope import Window, left_at, traces
from fabwatch.trace.monitors import alarms, rule_named, rule_sentence
from fabwatch.trace.run_groups import RunGroup, kind_of, run_groups
from fabwatch.trace.runs import check_names, logged_runs
from fabwatch.trace.steps import Steps, steps_of

SHOWN = 6
"""How many sensors are reported per run, the largest deviation first."""
TRACED = 2
"""For so many sensors of a faulty run the traces are read to find when they left the envelope."""
LOOKED_AT = 40
"""For so many faulty runs, the latest first."""
WORTH = 3.0
"""Robust standard deviations from which a sensor is reported; the largest deviation always is."""
CLOSE_SHARE = 0.8
"""A good run is close to a deviation if its own is at least this share of it."""
METHOD = (
    "Features: mean and standard deviation of each sensor in each step, centred on the good runs of the same lot (or wafer "
    "name prefix) and scaled by their robust spread. Score: mean distance to the 3 nearest good runs, without the run "
    "itself (kNN fault detection, He and Wang 2007). Limit: median + 2.5 robust standard deviations of the logarithm of the "
    "good runs' scores. Good runs: the golden runs where people chose some, else those that the log calls good, else those "
    "near the median of their lot. Rules that are on raise their own alarms; they compare each run only with the good runs "
    "before it."
)


def faults(view: View, tool: str | None, run: str | None) -> Faults:
    """Every run compared with the good runs of its kind, the faulty first. Raises UnknownTool."""
    lake, as_of = view.lake, view.as_of
    runs = logged_runs(lake, as_of=as_of)
    check_names(runs, tool, run)
    # A run is always compared with its whole run group.
    if run is not None:
        tool = next(row.tool for row in runs if row.run == run)
    chosen = [row for row in runs if tool is None or row.tool == tool]
    run_faults: list[RunFault] = []
    unjudged: list[Doubt] = []
    good = false = 0
    steps = steps_of(lake, tool)
    active_rules = [rule for rule in rule_states(lake) if rule.on]
    for group in run_groups(chosen, steps, goldens(lake)):
        if len(group.runs) < FEWEST + 1:
            unjudged.append(_too_few(group))
            continue
        judged, chosen_good = _judged(group)
        good += int(chosen_good.sum())
        false += int((judged.scores[chosen_good] > judged.limit).sum())
        rule_alarms = _rule_alarms(lake, active_rules, group, steps)
        run_faults += _group_faults(lake, group, judged, chosen_good, rule_alarms, run)
        run_faults += [_cut(group, row) for row in group.cut]
    if run is not None:
        run_faults = [fault for fault in run_faults if fault.run == run]
    run_faults.sort(key=_by_severity)
    header = view.header(METHOD, over_runs(question("trace", "summary")))
    rate = 1000 * false / good if good else None
    return Faults(*header, tuple(run_faults), good, rate, tuple(unjudged))


def _by_severity(fault: RunFault) -> tuple[bool, int, float, str]:
    """Faulty runs first, then those with the most wafers exposed, then those furthest above the limit."""
    return not fault.faulty, -fault.exposed, -(fault.score or 0.0) / (fault.limit or 1.0), fault.run


def _rule_alarms(lake: Lake, rules: list[Rule], group: RunGroup, steps: Steps) -> dict[str, list[tuple[Rule, SensorFault]]]:
    """The alarms of the rules that are on, by run."""
    alarms_by_run: dict[str, list[tuple[Rule, SensorFault]]] = {}
    for rule in rules:
        for run, deviations in alarms(lake, rule_named(lake.settings, rule.rule), group, steps).items():
            alarms_by_run.setdefault(run, []).extend((rule, deviation) for deviation in deviations or ())
    return alarms_by_run


def _judged(group: RunGroup) -> tuple[Judged, np.ndarray]:
    good = group.known_good
    if good is None or good.sum() < FEWEST:
        good = reference(group.features, group.regimes)
    return judge(group.features, group.regimes, good), good


def good_runs(lake: Lake, as_of: datetime, run: str, *, chosen_too: bool = True) -> tuple[list[str], str]:
    """The good runs that a run is compared with, the nearest in time first, and how they were chosen.

    Golden runs that people chose are used where there are any, unless `chosen_too` is false.
    """
    runs = logged_runs(lake, as_of=as_of)
    check_names(runs, None, run)
    mine = next(row for row in runs if row.run == run)
    alike = [row for row in runs if row.tool == mine.tool]
    for group in run_groups(alike, steps_of(lake, mine.tool), goldens(lake) if chosen_too else ()):
        names = [row.run for row in group.runs]
        whole = run in names
        if not whole and run not in [row.run for row in group.cut]:
            continue
        if group.golden is not None:
            return [name for name in group.golden.runs if name in names and name != run], group.by
        if len(names) <= FEWEST:
            return [name for name in names if name != run], "all comparable runs, too few to tell which are good"
        _, good = _judged(group)
        if whole:
            here = names.index(run)
            same = group.regimes == group.regimes[here]
            chosen = np.flatnonzero(good & same) if (good & same).sum() > FEWEST else np.flatnonzero(good)
            chosen = chosen[np.argsort(np.abs(chosen - here), kind="stable")]
        else:
            chosen = np.flatnonzero(good)
        return [names[n] for n in chosen if names[n] != run], group.by
    return [], "no comparable runs"


def good_run_names(lake: Lake, runs: Sequence[Run]) -> set[str]:
    """Which of these runs are good; where a run group is too small to tell, all of its runs are."""
    good_names: set[str] = set()
    for group in run_groups(runs, steps_of(lake, None), goldens(lake)):
        good = _judged(group)[1] if len(group.runs) > FEWEST else np.ones(len(group.runs), bool)
        good_names |= {run.run for run, is_good in zip(group.runs, good, strict=True) if is_good}
    return good_names


def _group_faults(
    lake: Lake,
    group: RunGroup,
    judged: Judged,
    good: np.ndarray,
    rule_alarms: dict[str, list[tuple[Rule, SensorFault]]],
    only: str | None,
) -> list[RunFault]:
    run_faults = []
    traced = 0
    faulty = (judged.scores > judged.limit) | np.array([bool(rule_alarms.get(run.run)) for run in group.runs], bool)
    for n, run in enumerate(group.runs):
        if only is not None and run.run != only:
            continue
        deviations = _sensors(group, judged, good, n)
        if faulty[n] and traced < LOOKED_AT:
            traced += 1
            deviations = _since(lake, group, good, n, deviations)
        by_rules = rule_alarms.get(run.run, [])
        exposed, still = _exposed(group, faulty, n) if faulty[n] else (0, False)
        run_faults.append(
            RunFault(
                run=run.run,
                wafer=run.wafer,
                score=float(judged.scores[n]),
                limit=judged.limit,
                faulty=bool(faulty[n]),
                sensors=(*(deviation for _, deviation in by_rules), *deviations),
                tool=run.tool,
                chamber=run.chamber,
                recipe=run.recipe,
                regime=group.regime_names[group.regimes[n]],
                start=run.start,
                exposed=exposed,
                still=still,
                reasons=(_exposure_reason(exposed, still, "en"),) if faulty[n] else (),
                alarms=_alarms(lake, run.run) if faulty[n] and run.alarms else (),
                rules=tuple(dict.fromkeys(_rule_word(rule) for rule, _ in by_rules)),
            )
        )
    return run_faults


def _rule_word(rule: Rule) -> str:
    """The rule with its false alarm rate when it was switched on."""
    rate = "?" if rule.false_per_1000 is None else f"{rule.false_per_1000:.1f}"
    return f"{rule.rule} ({rate} false alarms per 1,000 wafers on {rule.runs:,} runs)"


def _sensors(group: RunGroup, judged: Judged, good: np.ndarray, n: int) -> list[SensorFault]:
    """The largest deviations of a run: each sensor once, in the step and statistic where it deviates most."""
    z = judged.z[n]
    deviations: list[SensorFault] = []
    taken: set[str] = set()
    peers = _alike(group, good, n)
    if len(peers) < FEWEST:
        peers = np.flatnonzero(good & (np.arange(len(good)) != n))
    for place in np.argsort(-np.abs(z), kind="stable"):
        chamber, step, sensor, kind = group.places[place]
        if sensor in taken:
            continue
        if len(deviations) >= SHOWN or (deviations and abs(z[place]) < WORTH):
            break
        taken.add(sensor)
        value, usual = float(group.features[n, place]), float(judged.centres[n, place])
        near = int((np.sign(z[place]) * judged.z[peers, place] >= CLOSE_SHARE * abs(z[place])).sum())
        deviation = SensorFault(sensor, step, float(z[place]), "", chamber, None, kind, value, usual, None, near, len(peers))
        deviations.append(replace(deviation, sentence=sensor_sentence(deviation)))
    return deviations


def _alike(group: RunGroup, good: np.ndarray, n: int) -> np.ndarray:
    """The other good runs of the same regime."""
    return np.flatnonzero(good & (group.regimes == group.regimes[n]) & (np.arange(len(good)) != n))


def sensor_sentence(deviation: SensorFault, language: str = "en") -> str:
    """A deviation in words."""
    if deviation.rule is not None:
        return rule_sentence(deviation, language)
    where = sentence(language, "in_step", step=deviation.step) if deviation.step else ""
    where += sentence(language, "in_chamber", chamber=deviation.chamber) if deviation.chamber else ""
    since = sentence(language, "from_second", at=deviation.from_s) if deviation.from_s is not None else ""
    common = {"sensor": deviation.sensor, "step": where, "since": since, "near": deviation.near, "of": deviation.of}
    value, usual = deviation.value or 0.0, deviation.usual or 0.0
    if deviation.kind == "std":
        up = value >= usual
        least, most = sorted((value, usual))
        if not least:
            way = sentence(language, "way_varied" if up else "way_constant")
            return sentence(language, "sensor_std_constant", way=way, **common)
        times, way = most / least, sentence(language, "way_unsteady" if up else "way_steady")
        return sentence(language, "sensor_std", times=times, way=way, **common)
    way = sentence(language, "way_high" if value >= usual else "way_low")
    share = abs(value - usual) / abs(usual) if usual else None
    change = f"{share:.1%}" if share is not None and share < 10 else f"{abs(value - usual):.4g}"
    unit = f" {deviation.unit}" if deviation.unit else ""
    return sentence(language, "sensor_mean", change=change, way=way, value=value, usual=usual, unit=unit, **common)


def _since(lake: Lake, group: RunGroup, good: np.ndarray, n: int, deviations: list[SensorFault]) -> list[SensorFault]:
    """The same deviations; the first of them with the second at which the sensor left the envelope of the good runs."""
    nearest = sorted(_alike(group, good, n), key=lambda m: abs(int(m) - n))
    names = [group.runs[m].run for m in nearest]
    timed = []
    for rank, deviation in enumerate(deviations):
        if rank < TRACED:
            for trace in traces(
                lake, group.runs[n].run, names, [deviation.sensor], Window(deviation.step, deviation.chamber)
            ):
                moment = left_at(trace)
                # Zero means from the start: not worth saying.
                deviation = replace(deviation, from_s=moment if moment else None, unit=trace.unit)
            deviation = replace(deviation, sentence=sensor_sentence(deviation))
        timed.append(deviation)
    return timed


def reason(run_fault: RunFault, language: str) -> str:
    """Why a run is faulty, apart from its sensors: it was cut short, or how many wafers are affected."""
    return (
        sentence(language, "cut_short")
        if run_fault.score is None
        else _exposure_reason(run_fault.exposed, run_fault.still, language)
    )


def _exposure_reason(wafers: int, still: bool, language: str) -> str:
    return sentence(language, "exposed_since" if still else "exposed_until", wafers=wafers)


def _exposed(group: RunGroup, faulty: np.ndarray, n: int) -> tuple[int, bool]:
    """How many wafers ran from this run until the next good run, and whether there is none yet.

    Runs are listed the latest first.
    """
    wafers = {group.runs[n].wafer or group.runs[n].run}
    for later in range(n - 1, -1, -1):
        if not faulty[later]:
            return len(wafers), False
        wafers.add(group.runs[later].wafer or group.runs[later].run)
    return len(wafers), True


def _cut(group: RunGroup, run: Run) -> RunFault:
    return RunFault(
        run=run.run,
        wafer=run.wafer,
        score=None,
        limit=None,
        faulty=True,
        tool=run.tool,
        chamber=run.chamber,
        recipe=run.recipe,
        start=run.start,
        exposed=1,
        reasons=(sentence("en", "cut_short"),),
    )


def _too_few(group: RunGroup) -> TooFewRuns:
    kind = kind_of((*group.runs, *group.cut)[0])
    return TooFewRuns(", ".join(filter(None, kind)), FEWEST + 1, len(group.runs))


def _alarms(lake: Lake, run: str) -> tuple[str, ...]:
    rows = lake.rows(
        over_runs(
            "SELECT a.code, a.text, count(*) AS n FROM alarms AS a JOIN runs AS r ON r.load = a.load AND r.part = a.part "
            "WHERE r.run = $run AND a.kind = 'alarm' GROUP BY a.code, a.text ORDER BY min(a.t) LIMIT 5"
        ),
        {"run": run},
    )
    return tuple(row["text"] + (f" ({row['n']} times)" if row["n"] > 1 else "") for row in rows)
