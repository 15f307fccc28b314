"""Try a rule on the record before it is switched on: alarms and false alarms per 1,000 wafers, and the faults it catches."""

import json
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from fabwatch.equipment.runs import over_runs
from fabwatch.stats.intervals import of_share
from fabwatch.store.lake import Lake, Record
from fabwatch.store.questions import question
from fabwatch.store.view import View
from fabwatch.terms.errors import NothingRecorded
from fabwatch.trace.answers import Backtest, BacktestRow, Golden, Rule, RuleAlarm, Rules, Run, RunKind
from fabwatch.trace.monitors import WatchRule, alarms, rule_named, rules_of
from fabwatch.trace.run_groups import RunGroup, run_groups
from fabwatch.trace.runs import check_names, logged_runs
from fabwatch.trace.steps import steps_of

LATEST = 20
SWITCHED = "SELECT * FROM rules ORDER BY seq"
COVERAGE = 0.9
METHOD = (
    "Each run is compared only with the good runs before it. Whether a run was good comes from its log (fault, verdict), "
    "else from the next qual of its tool or chamber. Runs before a passed qual are good. For a failed qual there should be "
    "an alarm in the runs since the previous qual. With neither, every alarm counts as false: an upper limit. "
    "Interval of the false alarm share: Clopper and Pearson 1934."
)


@dataclass(frozen=True)
class _Truth:
    """Which runs were good or bad, and how that is known."""

    basis: str
    good: dict[str, bool]
    event: dict[str, object]
    """What made each bad run bad: its own log, or the qual that failed after it."""


def backtest(view: View, name: str, tool: str | None) -> Backtest:
    """How a rule would have performed on the record. Raises UnknownTool, and NothingRecorded without runs."""
    lake, as_of = view.lake, view.as_of
    rule = rule_named(lake.settings, name)
    runs = logged_runs(lake, as_of=as_of)
    check_names(runs, tool, None)
    if not runs:
        raise NothingRecorded("No runs to try a rule on.", "load tool logs: fabwatch ingest LOGS")
    chosen = [run for run in runs if tool is None or run.tool == tool]
    steps = steps_of(lake, tool)
    verdicts: dict[str, bool | None] = {run.run: None for run in chosen}
    latest: dict[str, str] = {}
    watched: set[str] = set()
    groups = run_groups(chosen, steps, goldens(lake))
    for group in groups:
        for run, raised in alarms(lake, rule, group, steps).items():
            watched.add(run)
            verdicts[run] = None if raised is None else bool(raised)
            if raised:
                latest[run] = raised[0].sentence
    truth = _truth(lake, chosen, groups)
    if not watched:
        hint = "fabwatch trace summary lists sensors, steps and statistics"
        raise NothingRecorded(f"Rule {name} matches no sensor or step in these logs: {rule.what}.", hint)
    judged = [run for run in chosen if verdicts[run.run] is not None]
    tools = {run.tool for run in judged}
    rows_by_tool = {
        tool_name: _row(tool_name or "-", [run for run in judged if run.tool == tool_name], verdicts, truth)
        for tool_name in tools
    }
    total = _row("", judged, verdicts, truth)
    low, high = of_share(total.false, total.good, COVERAGE) if total.good else (None, None)
    header = view.header(METHOD, over_runs(question("trace", "summary")))
    return Backtest(
        *header,
        rule=name,
        what=rule.what,
        basis=truth.basis,
        runs=total.runs,
        alarms=total.alarms,
        alarms_per_1000=_per_1000(total.alarms, total.runs),
        good=total.good,
        false=total.false,
        false_per_1000=_per_1000(total.false, total.good),
        false_low=None if low is None else 1000 * low,
        false_high=None if high is None else 1000 * high,
        bad=total.bad,
        caught=total.caught,
        not_judged=len(watched) - len(judged),
        tools=tuple(sorted(rows_by_tool.values(), key=lambda row: (-row.false, row.tool))),
        latest=tuple(
            RuleAlarm(run.run, run.wafer, run.tool, run.start, _truth_word(truth, run.run), latest[run.run])
            for run in [run for run in judged if run.run in latest][:LATEST]
        ),
    )


def _row(tool: str, runs: Sequence[Run], verdicts: dict[str, bool | None], truth: _Truth) -> BacktestRow:
    names = [run.run for run in runs]
    raised = [name for name in names if verdicts[name]]
    good = [name for name in names if truth.good.get(name) is True]
    events = {truth.event[name] for name in names if name in truth.event}
    caught = {truth.event[name] for name in raised if name in truth.event}
    false = sum(truth.good.get(name) is True for name in raised)
    return BacktestRow(tool, len(names), len(raised), len(good), false, len(events), len(caught))


def _per_1000(count: int, total: int) -> float | None:
    return 1000 * count / total if total else None


def _truth_word(truth: _Truth, run: str) -> str:
    known = truth.good.get(run)
    return "unknown" if known is None or truth.basis == "none" else "good" if known else "bad"


def _truth(lake: Lake, runs: Sequence[Run], groups: Sequence[RunGroup]) -> _Truth:
    """Which runs were good: by the log itself, else by the next quals, else unknown."""
    labelled = {
        run.run: bool(good)
        for group in groups
        if group.labelled is not None
        for run, good in zip(group.runs, group.labelled, strict=True)
    }
    if labelled:
        return _Truth("log", labelled, {run: run for run, good in labelled.items() if not good})
    good, event = _by_quals(lake, runs)
    if good:
        return _Truth("quals", good, event)
    return _Truth("none", {run.run: True for run in runs}, {})


def _by_quals(lake: Lake, runs: Sequence[Run]) -> tuple[dict[str, bool], dict[str, object]]:
    """Runs before a passed qual are good. Runs before a failed one belong to it; which of them were bad is unknown."""
    quals_by_tool: dict[str, list[tuple[datetime, str | None, bool]]] = defaultdict(list)
    for row in lake.rows("SELECT tool, chamber, processed_at, passed FROM quals ORDER BY processed_at"):
        quals_by_tool[row["tool"]].append((row["processed_at"], row["chamber"], row["passed"]))
    good: dict[str, bool] = {}
    event: dict[str, object] = {}
    for run in runs:
        quals = quals_by_tool.get(run.tool, [])
        if run.end is None or not quals:
            continue
        chambers = set((run.chamber or "").split(";"))
        for at, chamber, passed in quals[bisect_left(quals, run.end, key=lambda qual: qual[0]) :]:
            if chamber is None or chamber in chambers or not run.chamber:
                if passed:
                    good[run.run] = True
                else:
                    event[run.run] = (run.tool, chamber, at)
                break
    return good, event


def all_goldens(lake: Lake) -> list[Golden]:
    """Every version of the golden runs, the latest first."""
    rows = lake.rows("SELECT * FROM goldens ORDER BY seq DESC")
    names = Golden.__dataclass_fields__
    return [Golden(**{**{name: row[name] for name in names}, "runs": tuple(json.loads(row["runs"]))}) for row in rows]


def goldens(lake: Lake) -> list[Golden]:
    """The golden runs in use: the latest version of each kind, without those that were withdrawn."""
    latest: dict[RunKind, Golden] = {}
    for golden in all_goldens(lake)[::-1]:
        latest[golden.kind] = golden
    return [golden for golden in latest.values() if golden.runs]


def rule_states(lake: Lake) -> list[Rule]:
    """Every rule, and whether it is on: switched on, and not changed since."""
    latest = {row["rule"]: row for row in lake.rows(SWITCHED)}
    return [_rule_state(rule, latest.get(name)) for name, rule in rules_of(lake.settings).items()]


def _rule_state(rule: WatchRule, row: Record | None) -> Rule:
    if row is None or not row["counts"]:
        return Rule(rule.name, rule.what, False)
    changed = row["stated"] != rule.text
    names = ("runs", "alarms_per_1000", "false_per_1000", "basis", "decided_at", "who", "reason")
    return Rule(rule.name, rule.what, not changed, changed, **{name: row[name] for name in names})


def rules(view: View) -> Rules:
    """Every rule, those that are on first."""
    lake = view.lake
    ordered = sorted(rule_states(lake), key=lambda rule: not rule.on)
    method = "A rule is on from when it was switched on until its definition changes."
    header = view.header(method, SWITCHED)
    return Rules(*header, tuple(ordered))
