"""What following the advice would have changed: the record again, with quals at the intervals that were advised then.

Nothing that came after an origin is used for its advice. The hidden failures are those of the record, placed between the
quals that bound them.
"""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from fabwatch.quals.answers import AdviceValue, Change, Value, grounded
from fabwatch.quals.history import Cycle, Stream
from fabwatch.quals.interval import cost_curves
from fabwatch.quals.judging import Key
from fabwatch.quals.replay import PARTS, placed
from fabwatch.quals.schedule import usual_round
from fabwatch.quals.timeline import NOW, Check, Plan, Stage, Timeline, days_from, last_before, schedule
from fabwatch.quals.wear import Wear, cycle_pieces
from fabwatch.stats.cycles import Floats
from fabwatch.stats.renewal import Costs
from fabwatch.terms.settings.answering import QualSettings

DRAWS, SEED = 200, 16
EDGES = (0.05, 0.95)
"""The 90 % range: quantiles of DRAWS records that hold each cycle a random number of times, once on average."""
REQUAL = 0.25
"""A qual within this share of the usual interval after a restore belongs to the restore: no interval does away with it."""
QUALS, FAILURES, EXPOSED, BAD, COST = range(5)


def plans_at(wear: Wear, members: Sequence[int], costs: Costs) -> dict[Key, Plan]:
    """The interval of least cost of each of these streams of one type; those without enough failures have none."""
    failures, grid = wear.failures, wear.fitted.grid
    known = [n for n in members if grounded(wear.streams[n].failures, failures)]
    plans = {}
    for curve in cost_curves(wear, known, costs) if known else ():
        weight, stream = wear.fitted.weight[curve.member], curve.stream
        scale, shape = float(weight @ grid.log_scale), float(weight @ grid.log_shape)
        key = (stream.tool, stream.chamber, stream.qual_type)
        plans[key] = Plan(wear.clock, float(curve.every[curve.best(0.0)]), grid.family, scale, shape)
    return plans


class _Cycle(NamedTuple):
    """One cycle since the first origin: its quals, failures, wafers exposed and bad, and days, as it was and as advised."""

    was: Floats
    advised: Floats
    days: float
    days_advised: float
    earlier: tuple[float, float]
    """How much earlier its failure is found, in days and in wafers."""


def _compared(timeline: Timeline, checks: Sequence[Check], begin: float, hidden: "_Hidden | None", misses: float) -> _Cycle:
    """One cycle from a day on, as it was and with the quals of a schedule; `misses` a failure gets past on average."""
    seen = sum(day > begin for day in timeline.quals)
    length = timeline.end - begin
    if hidden is None:
        return _Cycle(_counts(seen), _counts(len(checks)), length, length, (0.0, 0.0))
    days = [check.day for check in checks]
    # A qual of the record that passed did not find the failure, wherever it is placed.
    finding = [n for n, check in enumerate(checks) if check.plan is not None or check.day >= timeline.end]
    found, quals = np.empty(hidden.days.size), np.empty(hidden.days.size)
    for n, fail in enumerate(hidden.days):
        at = next(i for i in finding if days[i] >= fail - NOW)
        plan = checks[at].plan
        found[n], quals[n] = days[at], at + 1
        if plan is not None and misses:
            found[n] = timeline.after(days[at], replace(plan, every=misses * plan.every))
            quals[n] += misses
    done = [day for day in timeline.quals if day <= begin]
    before_found = np.array([max(last_before(fail, done), last_before(fail, days)) for fail in hidden.days])
    before_end = np.array([last_before(fail, timeline.quals) for fail in hidden.days])
    ran, end = partial(timeline.age, clock="wafers"), np.full(found.size, timeline.end)
    was = _counts(seen, 1.0, hidden.mean(ran(end) - ran(before_end)), hidden.mean(ran(end) - ran(hidden.days)))
    exposed, bad = hidden.mean(ran(found) - ran(before_found)), hidden.mean(ran(found) - ran(hidden.days))
    earlier = hidden.mean(end - found), hidden.mean(ran(end) - ran(found))
    return _Cycle(was, _counts(hidden.mean(quals), 1.0, exposed, bad), length, length - earlier[0], earlier)


def _counts(quals: float, failures: float = 0.0, exposed: float = 0.0, bad: float = 0.0) -> Floats:
    return np.array([quals, failures, exposed, bad])


class _Hidden(NamedTuple):
    """Days of a cycle at which its hidden failure may have come, and the weight of each."""

    days: Floats
    weight: Floats

    def mean(self, values: Floats) -> float:
        """The mean over the days."""
        return float(values @ self.weight)


def _hidden(cycle: Cycle, timeline: Timeline, plan: Plan | None, stated: QualSettings) -> _Hidden:
    """The hidden failure of a cycle by the wear known at the origin before it was found; evenly where none was known."""
    if plan is None or not timeline.runs(plan.clock):
        good = last_before(timeline.end, timeline.quals)
        return _Hidden(good + PARTS * (timeline.end - good), np.full(PARTS.size, 1 / PARTS.size))
    seen = Cycle(cycle.began, cycle.quals[: timeline.count], None, cycle.known_start)
    spans = [span for span in cycle_pieces(seen, plan.clock, stated) if np.isfinite(span[1])]
    ages, chances = zip(
        *(placed(plan.family, low, high, plan.log_scale, plan.log_shape) for low, high, _ in spans), strict=True
    )
    # Chances of 0 in all spans leave the weights of the qual results alone.
    each = np.array([weight * max(chance, 1e-12) for (*_, weight), chance in zip(spans, chances, strict=True)])
    weight = np.repeat(each / each.sum() / PARTS.size, PARTS.size)
    return _Hidden(timeline.day(np.concatenate(ages), plan.clock), weight)


@dataclass
class _Followed:
    """The cycles of one stream since the first origin, and in how many of its stretches an interval was advised."""

    cycles: list[_Cycle]
    stretches: int
    advised: int

    def scaled(self) -> list[_Cycle]:
        """The cycles with the advice over as many days as were run: found later, a failure costs time, and the reverse."""
        days, with_advice = sum(c.days for c in self.cycles), sum(c.days_advised for c in self.cycles)
        factor = days / with_advice if with_advice > 0 else 1.0
        return [cycle._replace(advised=cycle.advised * factor) for cycle in self.cycles]


def _followed(stream: Stream, origins: Sequence[datetime], plans: Sequence[Plan | None], stated: QualSettings) -> _Followed:
    usual = usual_round(stream).days or 0.0
    misses = (1 - stated.sensitivity) / stated.sensitivity
    cycles = []
    for cycle in stream.all_cycles:
        timeline = Timeline(cycle, stream)
        starts = [days_from(cycle.began, origin) for origin in origins]
        if timeline.end <= max(starts[0], 0.0):
            continue
        spans = pairwise([*starts, np.inf])
        stages = [Stage(max(a, 0.0), b, plan) for (a, b), plan in zip(spans, plans, strict=True) if b > 0]
        kept = [day for day, qual in zip(timeline.quals, cycle.quals, strict=False) if qual.alarm]
        if timeline.quals and cycle.known_start and timeline.quals[0] < REQUAL * usual and timeline.quals[0] not in kept:
            kept.insert(0, timeline.quals[0])
        then = next(stage.plan for stage in reversed(stages) if stage.begin < timeline.end)
        hidden = _hidden(cycle, timeline, then, stated) if timeline.failed else None
        checks = schedule(timeline, stages, kept)
        cycles.append(_compared(timeline, checks, stages[0].begin, hidden, misses))
    ends = [*origins[1:], stream.now]
    running = [plan for plan, end in zip(plans, ends, strict=True) if end > stream.all_cycles[0].began]
    return _Followed(cycles, len(running), sum(plan is not None for plan in running))


def value(
    later: Mapping[Key, Stream],
    origins: Sequence[datetime],
    plans: Sequence[Mapping[Key, Plan]],
    area_of: Callable[[str], str | None],
    costs: Costs,
    costs_stated: bool,
    stated_of: Callable[[str], QualSettings],
) -> Value | None:
    """What came after the first origin, as it was and with quals at the intervals that `plans` holds for each origin.

    `later` holds what is known today. In a cycle each qual comes as long after the last one as was advised at the latest
    origin before it; where none was, the quals of the record come. Quals after alarms and right after a restore come in any
    case. Everything is counted over the same days; a failed qual is taken to be a failure. None where no time has passed.
    Source: as for the replay of one tool, with the advice made forward in time, A. P. Dawid, J. R. Stat. Soc. A 147 (1984).
    """
    by_area: dict[str, list[_Followed]] = defaultdict(list)
    for key, stream in sorted(later.items()):
        followed = _followed(stream, origins, [plan.get(key) for plan in plans], stated_of(key[2]))
        if followed.cycles:
            by_area[area_of(key[0]) or "-"].append(followed)
    whole = [followed for members in by_area.values() for followed in members]
    if not whole:
        return None
    areas = tuple(_row(name, members, costs) for name, members in sorted(by_area.items()))
    return Value(origins[0], costs_stated, _row("all", whole, costs), areas)


def _row(name: str, members: Sequence[_Followed], costs: Costs) -> AdviceValue:
    cycles = [cycle for followed in members for cycle in followed.scaled()]
    prices = np.array([costs.qual, costs.fail, costs.contain, costs.scrap])
    was, advised = (
        np.array([(*counts, counts @ prices) for counts in side]) for side in zip(*(c[:2] for c in cycles), strict=True)
    )
    earlier, failures = np.array([cycle.earlier for cycle in cycles]), was[:, FAILURES]
    # Each cycle comes a random number of times, once on average: cycles are nearly independent, and a tool has few.
    times = np.random.default_rng(SEED).poisson(1.0, (DRAWS, len(cycles)))
    days_run = np.array([cycle.days for cycle in cycles])
    # Over as many days as were run, with a cycle more that changes nothing: one alone would else seem to be certain.
    same_days = (days_run.sum() + days_run.mean()) / (times @ days_run + days_run.mean())
    low, high = np.quantile(times @ (advised - was) * same_days[:, None], EDGES, axis=0)
    quals, exposed, bad, cost = (
        Change(*(round(float(figure), 2) for figure in (was[:, n].sum(), advised[:, n].sum(), low[n], high[n])))
        for n in (QUALS, EXPOSED, BAD, COST)
    )
    days, wafers = earlier.sum(axis=0) / max(failures.sum(), 1.0)
    sooner = np.quantile(times @ earlier[:, 0] / np.maximum(times @ failures, 1.0), EDGES)
    return AdviceValue(
        name=name,
        stretches=sum(followed.stretches for followed in members),
        advised=sum(followed.advised for followed in members),
        failures=int(failures.sum()),
        quals=quals,
        exposed=exposed,
        bad=bad,
        cost=cost,
        earlier_days=round(float(days), 3),
        earlier_low=round(float(sooner[0]), 3),
        earlier_high=round(float(sooner[1]), 3),
        earlier_wafers=round(float(wafers), 1),
    )
