"""Replay: what thickness and rework would have been on the fab's own history with each controller, beside what happened."""

import math
from collections.abc import Sequence

from fabwatch.cmp.history import Group, Polished, groups, measured_sql, tools_measured
from fabwatch.cmp.rates import LISTED
from fabwatch.cmp.runtorun import FIXED_AFTER, Step, best, choices, forward, score
from fabwatch.store.view import View
from fabwatch.terms.errors import NothingRecorded, unknown
from fabwatch.terms.polishing import Controlled, Replayed
from fabwatch.terms.settings import CmpSettings

METHOD = (
    "Forward in time: each wafer gets the time that the controller would have advised with the results that had arrived "
    "before it was polished; its thickness after = incoming - its own measured rate × that time. Sigma and bias are about "
    "the target; rework: thicker than the upper limit, scrap: thinner than the lower one. The first half of each group "
    "teaches and chooses the weights, the second half counts. 'auto' takes in each group the controller that missed least "
    "in the first half."
)
NAMES = ("fixed", "last", "ewma", "dewma", "age")
Missed = list[tuple[float, Polished]]
"""Thickness after (or rate that was expected) less the target (or rate that was measured), by wafer."""


def replay(view: View, tool: str | None) -> Replayed:
    """How each controller would have done. Raises UnknownTool, and BadQuestion where nothing was measured."""
    lake, as_of = view.lake, view.as_of
    every = groups(lake, as_of, tool)
    some = [group for group in every if len(group.wafers) > FIXED_AFTER]
    if not some:
        if tool is not None and not every:
            raise unknown("tool with metrology", tool, tools_measured(lake), LISTED)
        have = max((len(group.wafers) for group in every), default=0)
        raise NothingRecorded(
            f"Too little to replay: need at least {FIXED_AFTER + 1} results of a group, have {have}.", "load more metrology"
        )
    thick = any(_is_timed(wafer) for group in some for wafer in group.wafers)
    stated = lake.settings.cmp
    missed: dict[str, Missed] = {name: [] for name in (*NAMES, "auto")}
    told = []
    for group in some:
        runs = {choice: forward(group, choice) for choice in choices(group)}
        for name in NAMES:
            # The weight is chosen on the first half, so that what is shown of the second one was not seen when choosing.
            choice = min((c for c in runs if c.name == name), key=lambda c: score(runs[c][: len(runs[c]) // 2]))
            missed[name] += _missed(runs[choice], stated, thick)
        choice = min(runs, key=lambda c: score(runs[c][: len(runs[c]) // 2]))
        missed["auto"] += _missed(runs[choice], stated, thick)
        chosen, why = best(group, stated.controller)
        told.append(
            {"tool": group.key[0], "head": group.key[1], "product": group.key[2], "stage": group.key[3]}
            | {"controller": chosen.name, "weight": chosen.weight, "why": why, "n": len(group.wafers)}
        )
    units = {group.unit if thick else group.rate_unit for group in some}
    header = view.header(METHOD, measured_sql())
    return Replayed(
        *header,
        of="thickness" if thick else "rate",
        unit=units.pop() if len(units) == 1 else None,
        controllers=tuple(_told(name, some_, thick) for name, some_ in missed.items()),
        happened=_told("happened", _happened(some), thick) if thick else Controlled("happened", None, None, None, 0),
        groups=tuple(told),
    )


def _is_timed(wafer: Polished) -> bool:
    return None not in (wafer.incoming, wafer.after, wafer.seconds, wafer.target)


def _counted(steps: Sequence[Step | None]) -> list[Step]:
    return [step for step in steps[_begin(len(steps)) :] if step is not None]


def _begin(n: int) -> int:
    """The first wafer that counts: the first half teaches, and chooses the weights."""
    return max(FIXED_AFTER, n // 2)


def _missed(steps: Sequence[Step | None], stated: CmpSettings, thick: bool) -> Missed:
    found: Missed = []
    before: float | None = None
    for step in _counted(steps):
        wafer = step.wafer
        if not thick:
            found.append((step.expected - wafer.rate, wafer))
        elif wafer.incoming is not None and wafer.after is not None and wafer.seconds and wafer.target is not None:
            own = (wafer.incoming - wafer.after) / wafer.seconds
            # The expected rate is in the unit of rates; as a share of the measured one it is in any.
            seconds = (wafer.incoming - wafer.target) / (own * step.expected / wafer.rate)
            seconds = _kept(seconds, before, stated)
            before = seconds
            found.append((wafer.incoming - own * seconds - wafer.target, wafer))
    return found


def _kept(seconds: float, before: float | None, stated: CmpSettings) -> float:
    """The time within deadband, largest step and bounds."""
    if before is not None and abs(seconds - before) <= stated.deadband_s:
        seconds = before
    if before is not None and stated.step_s is not None:
        seconds = min(max(seconds, before - stated.step_s), before + stated.step_s)
    return min(max(seconds, stated.least_s), stated.most_s)


def _happened(some: Sequence[Group]) -> Missed:
    found: Missed = []
    for group in some:
        for wafer in group.wafers[_begin(len(group.wafers)) :]:
            if wafer.after is not None and wafer.target is not None:
                found.append((wafer.after - wafer.target, wafer))
    return found


def _told(name: str, missed: Missed, thick: bool) -> Controlled:
    if not missed:
        return Controlled(name, None, None, None, 0)
    bias = sum(off for off, _ in missed) / len(missed)
    sigma = math.sqrt(sum((off - bias) ** 2 for off, _ in missed) / max(len(missed) - 1, 1))
    limits = [(off, wafer) for off, wafer in missed if thick and wafer.target is not None]
    over = [(off, w) for off, w in limits if w.upper is not None]
    under = [(off, w) for off, w in limits if w.lower is not None]
    rework = sum(off + (w.target or 0.0) > (w.upper or 0.0) for off, w in over) if over else None
    scrap = sum(off + (w.target or 0.0) < (w.lower or 0.0) for off, w in under) if under else None
    return Controlled(name, sigma, bias, rework, len(missed), scrap)
