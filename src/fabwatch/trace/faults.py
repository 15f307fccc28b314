"""Faults: which runs left the path of the good ones, which sensors did, in words, and how many wafers that touches."""

from dataclasses import replace
from datetime import datetime
from typing import Any

import numpy as np

from fabwatch.equipment.runs import over_runs
from fabwatch.stats.neighbours import FEWEST, Judged, judge, reference
from fabwatch.store.lake import Lake
from fabwatch.store.questions import question
from fabwatch.store.view import View
from fabwatch.terms.words import sentence
from fabwatch.trace.answers import Faults, Rule, RunFault, SensorFault
from fabwatch.trace.backtest import goldens, standing
from fabwatch.trace.envelope import Window, left_at, traces
from fabwatch.trace.monitors import alarms, rule_named, rule_sentence
from fabwatch.trace.run_groups import Family, families
from fabwatch.trace.runs import check_names, run_rows
from fabwatch.trace.steps import Steps, steps_of

SHOWN = 6
"""Sensors that are named of a run, the furthest first."""
TRACED = 2
"""Sensors of a faulty run whose traces are looked at for when they left the path."""
LOOKED_AT = 40
"""Faulty runs whose traces are looked at, the latest first."""
WORTH = 3.0
"""Robust standard deviations from which a sensor is named; the furthest one always is."""
COMES_NEAR = 0.8
METHOD = (
    "Mean and standard deviation of each sensor in each step of a run, centred on the good runs of its regime (lot, or what "
    "the names of its wafers have in common), scaled by their robust spread; score = mean distance to the 3 nearest good "
    "runs, each run judged without itself (kNN fault detection, He and Wang 2007); limit = median + 2.5 robust standard "
    "deviations of the logarithm of the good runs' scores. Good are the runs that the log calls so, else those near the "
    "median of their regime; what people chose comes before both. Rules that were switched on raise alarms of their own, "
    "each run judged by the good runs before it alone."
)


def faults(view: View, tool: str | None, run: str | None) -> Faults:
    """Every run judged by its kind, the faulty first. Raises UnknownTool."""
    lake, as_of = view.lake, view.as_of
    runs = run_rows(lake, as_of=as_of)
    check_names(runs, tool, run)
    # A run is judged by its whole family, whatever is asked for.
    if run is not None:
        tool = next(one["tool"] for one in runs if one["run"] == run)
    chosen = [one for one in runs if tool is None or one["tool"] == tool]
    found: list[RunFault] = []
    unjudged: list[str] = []
    good = false = 0
    steps = steps_of(lake, tool)
    counting = [rule for rule in standing(lake) if rule.on]
    for family in families(chosen, steps, goldens(lake)):
        if len(family.runs) < FEWEST + 1:
            unjudged.append(_too_few(family))
            continue
        judged, chosen_good = _judged(family)
        good += int(chosen_good.sum())
        false += int((judged.scores[chosen_good] > judged.limit).sum())
        raised = _raised(lake, counting, family, steps)
        found += _of_family(lake, family, judged, chosen_good, raised, run)
        found += [_cut(family, one) for one in family.cut]
    if run is not None:
        found = [one for one in found if one.run == run]
    found.sort(key=lambda one: (not one.faulty, -one.exposed, -(one.score or 0.0) / (one.limit or 1.0), one.run))
    header = view.header(METHOD, over_runs(question("trace", "summary")))
    rate = 1000 * false / good if good else None
    return Faults(*header, tuple(found), good, rate, tuple(unjudged))


def _raised(lake: Lake, counting: list[Rule], family: Family, steps: Steps) -> dict[str, list[tuple[Rule, SensorFault]]]:
    """What the rules that were switched on say of each run of a family."""
    found: dict[str, list[tuple[Rule, SensorFault]]] = {}
    for rule in counting:
        for run, told in alarms(lake, rule_named(lake.settings, rule.rule), family, steps).items():
            found.setdefault(run, []).extend((rule, each) for each in told or ())
    return found


def _judged(family: Family) -> tuple[Judged, np.ndarray]:
    good = family.known_good
    if good is None or good.sum() < FEWEST:
        good = reference(family.features, family.regimes)
    return judge(family.features, family.regimes, good), good


def good_runs(lake: Lake, as_of: datetime, run: str, *, chosen_too: bool = True) -> tuple[list[str], str]:
    """The good runs that a run is compared with, the nearest in time first, and how they were chosen.

    Those that people chose come first, unless they are not to count.
    """
    runs = run_rows(lake, as_of=as_of)
    check_names(runs, None, run)
    mine = next(one for one in runs if one["run"] == run)
    alike = [one for one in runs if one["tool"] == mine["tool"]]
    for family in families(alike, steps_of(lake, mine["tool"]), goldens(lake) if chosen_too else ()):
        names = [one["run"] for one in family.runs]
        whole = run in names
        if not whole and run not in [one["run"] for one in family.cut]:
            continue
        if family.golden is not None:
            return [name for name in family.golden.runs if name in names and name != run], family.by
        if len(names) <= FEWEST:
            return [name for name in names if name != run], "all others of its kind, too few to be judged"
        _, good = _judged(family)
        if whole:
            here = names.index(run)
            same = family.regimes == family.regimes[here]
            chosen = np.flatnonzero(good & same) if (good & same).sum() > FEWEST else np.flatnonzero(good)
            chosen = chosen[np.argsort(np.abs(chosen - here), kind="stable")]
        else:
            chosen = np.flatnonzero(good)
        return [names[n] for n in chosen if names[n] != run], family.by
    return [], "none of its kind"


def good_ones(lake: Lake, runs: list[dict[str, Any]]) -> set[str]:
    """Which of some runs are good, of whatever kind; those that cannot be judged are taken for good."""
    found: set[str] = set()
    for family in families(runs, steps_of(lake, None), goldens(lake)):
        good = _judged(family)[1] if len(family.runs) > FEWEST else np.ones(len(family.runs), bool)
        found |= {run["run"] for run, is_good in zip(family.runs, good, strict=True) if is_good}
    return found


def _of_family(
    lake: Lake,
    family: Family,
    judged: Judged,
    good: np.ndarray,
    raised: dict[str, list[tuple[Rule, SensorFault]]],
    only: str | None,
) -> list[RunFault]:
    found = []
    looked = 0
    faulty = (judged.scores > judged.limit) | np.array([bool(raised.get(run["run"])) for run in family.runs], bool)
    for n, run in enumerate(family.runs):
        if only is not None and run["run"] != only:
            continue
        named = _sensors(family, judged, good, n)
        if faulty[n] and looked < LOOKED_AT:
            looked += 1
            named = _since(lake, family, good, n, named)
        by_rules = raised.get(run["run"], [])
        exposed, still = _exposed(family, faulty, n) if faulty[n] else (0, False)
        found.append(
            RunFault(
                run=run["run"],
                wafer=run["wafer"],
                score=float(judged.scores[n]),
                limit=judged.limit,
                faulty=bool(faulty[n]),
                sensors=(*(told for _, told in by_rules), *named),
                tool=run["tool"],
                chamber=run["chamber"],
                recipe=run["recipe"],
                regime=family.regime_names[family.regimes[n]],
                start=run["start_at"],
                exposed=exposed,
                still=still,
                reasons=(_touches(exposed, still, "en"),) if faulty[n] else (),
                alarms=_alarms(lake, run["run"]) if faulty[n] and run["alarms"] else (),
                rules=tuple(dict.fromkeys(_rule_word(rule) for rule, _ in by_rules)),
            )
        )
    return found


def _rule_word(rule: Rule) -> str:
    """The rule with what it was switched on with."""
    rate = "?" if rule.false_per_1000 is None else f"{rule.false_per_1000:.1f}"
    return f"{rule.rule} ({rate} false alarms per 1,000 wafers on {rule.runs:,} runs)"


def _sensors(family: Family, judged: Judged, good: np.ndarray, n: int) -> list[SensorFault]:
    """The sensors of a run that lie furthest, each once, in the step and kind in which it does."""
    z = judged.z[n]
    named: list[SensorFault] = []
    taken: set[str] = set()
    peers = _alike(family, good, n)
    if len(peers) < FEWEST:
        peers = np.flatnonzero(good & (np.arange(len(good)) != n))
    for place in np.argsort(-np.abs(z), kind="stable"):
        chamber, step, sensor, kind = family.places[place]
        if sensor in taken:
            continue
        if len(named) >= SHOWN or (named and abs(z[place]) < WORTH):
            break
        taken.add(sensor)
        value, usual = float(family.features[n, place]), float(judged.centres[n, place])
        near = int((np.sign(z[place]) * judged.z[peers, place] >= COMES_NEAR * abs(z[place])).sum())
        told = SensorFault(sensor, step, float(z[place]), "", chamber, None, kind, value, usual, None, near, len(peers))
        named.append(replace(told, sentence=sensor_sentence(told)))
    return named


def _alike(family: Family, good: np.ndarray, n: int) -> np.ndarray:
    """The good runs of the regime of a run, without itself."""
    return np.flatnonzero(good & (family.regimes == family.regimes[n]) & (np.arange(len(good)) != n))


def sensor_sentence(told: SensorFault, language: str = "en") -> str:
    """What a sensor did, in words."""
    if told.rule is not None:
        return rule_sentence(told, language)
    where = sentence(language, "in_step", step=told.step) if told.step else ""
    where += sentence(language, "in_chamber", chamber=told.chamber) if told.chamber else ""
    since = sentence(language, "from_second", at=told.from_s) if told.from_s is not None else ""
    common = {"sensor": told.sensor, "step": where, "since": since, "near": told.near, "of": told.of}
    value, usual = told.value or 0.0, told.usual or 0.0
    if told.kind == "std":
        up = value >= usual
        times = value / usual if up and usual else usual / value if value else 0.0
        way = sentence(language, "way_unsteady" if up else "way_steady")
        if not times or not np.isfinite(times):
            times = 1.0
        return sentence(language, "sensor_std", times=times, way=way, **common)
    way = sentence(language, "way_high" if value >= usual else "way_low")
    share = abs(value - usual) / abs(usual) if usual else None
    change = f"{share:.1%}" if share is not None and share < 10 else f"{abs(value - usual):.4g}"
    unit = f" {told.unit}" if told.unit else ""
    return sentence(language, "sensor_mean", change=change, way=way, value=value, usual=usual, unit=unit, **common)


def _since(lake: Lake, family: Family, good: np.ndarray, n: int, named: list[SensorFault]) -> list[SensorFault]:
    """The same, with when the first of them left the envelope of the good runs."""
    nearest = sorted(_alike(family, good, n), key=lambda m: abs(int(m) - n))
    names = [family.runs[m]["run"] for m in nearest]
    found = []
    for place, told in enumerate(named):
        if place < TRACED:
            for trace in traces(lake, family.runs[n]["run"], names, [told.sensor], Window(told.step, told.chamber)):
                moment = left_at(trace)
                # From the begin on is no news.
                told = replace(told, from_s=moment if moment else None, unit=trace.unit)
            told = replace(told, sentence=sensor_sentence(told))
        found.append(told)
    return found


def reason(found: RunFault, language: str) -> str:
    """Why a run is called faulty, beside its sensors: what it lacks, or how many wafers it touches."""
    return sentence(language, "cut_short") if found.score is None else _touches(found.exposed, found.still, language)


def _touches(wafers: int, still: bool, language: str) -> str:
    return sentence(language, "exposed_since" if still else "exposed_until", wafers=wafers)


def _exposed(family: Family, faulty: np.ndarray, n: int) -> tuple[int, bool]:
    """How many wafers ran from this run on until one was good again, and whether none was so far.

    Runs are listed the latest first.
    """
    wafers = {family.runs[n]["wafer"] or family.runs[n]["run"]}
    for later in range(n - 1, -1, -1):
        if not faulty[later]:
            return len(wafers), False
        wafers.add(family.runs[later]["wafer"] or family.runs[later]["run"])
    return len(wafers), True


def _cut(family: Family, run: dict[str, Any]) -> RunFault:
    return RunFault(
        run=run["run"],
        wafer=run["wafer"],
        score=None,
        limit=None,
        faulty=True,
        tool=run["tool"],
        chamber=run["chamber"],
        recipe=run["recipe"],
        start=run["start_at"],
        exposed=1,
        reasons=(sentence("en", "cut_short"),),
    )


def _too_few(family: Family) -> str:
    some = (*family.runs, *family.cut)
    what = ", ".join(str(some[0][name]) for name in ("tool", "chamber", "recipe", "stage") if some[0][name])
    return f"TooFewRuns: {what}: need at least {FEWEST + 1} runs that are alike, have {len(family.runs)}"


def _alarms(lake: Lake, run: str) -> tuple[str, ...]:
    rows = lake.rows(
        over_runs(
            "SELECT a.code, a.text, count(*) AS n FROM alarms AS a JOIN runs AS r ON r.load = a.load AND r.part = a.part "
            "WHERE r.run = $run AND a.kind = 'alarm' GROUP BY a.code, a.text ORDER BY min(a.t) LIMIT 5"
        ),
        {"run": run},
    )
    return tuple(row["text"] + (f" ({row['n']} times)" if row["n"] > 1 else "") for row in rows)
