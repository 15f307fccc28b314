"""Replay: thickness and rework on the fab's own history with each controller, next to what happened."""

import math
from collections.abc import Sequence

from fabwatch.cmp.answers import Controlled, Replayed
from fabwatch.cmp.history import Group, Polished, groups, measured_sql, tools_measured
from fabwatch.cmp.polish import bounds_of, within_bounds
from fabwatch.cmp.rates import LISTED
from fabwatch.cmp.runtorun import FIXED_AFTER, Step, best, choices, forward, score
from fabwatch.store.view import View
from fabwatch.terms.answers import Row
from fabwatch.terms.errors import NothingRecorded, unknown
from fabwatch.terms.settings.answering import CmpSettings

METHOD = (
    "Forward in time: each wafer gets the time that the controller would have advised from the results that had arrived "
    "before it was polished; its thickness after = incoming - its own measured rate × that time. Sigma and bias are "
    "relative to the target; rework: thicker than the upper limit, scrap: thinner than the lower one. The first half of "
    "each group trains the controllers and selects the weights, the second half counts. 'auto' uses in each group the "
    "controller with the smallest error in the first half."
)
NAMES = ("fixed", "last", "ewma", "dewma", "age")
Errors = list[tuple[float, Polished]]
"""Thickness after minus target (or expected minus measured rate), by wafer."""


def replay(view: View, tool: str | None) -> Replayed:
    """How each controller performs on the record. Raises UnknownTool, and BadQuestion where nothing was measured."""
    lake, as_of = view.lake, view.as_of
    all_groups = groups(lake, as_of, tool)
    replayed = [group for group in all_groups if len(group.wafers) > FIXED_AFTER]
    if not replayed:
        if tool is not None and not all_groups:
            raise unknown("tool with metrology", tool, tools_measured(lake), LISTED)
        have = max((len(group.wafers) for group in all_groups), default=0)
        raise NothingRecorded(
            f"Too little to replay: need at least {FIXED_AFTER + 1} results of a group, have {have}.", "load more metrology"
        )
    by_thickness = any(_is_timed(wafer) for group in replayed for wafer in group.wafers)
    settings = lake.settings.cmp
    errors: dict[str, Errors] = {name: [] for name in (*NAMES, "auto")}
    summaries: list[Row] = []
    for group in replayed:
        runs = {choice: forward(group, choice) for choice in choices(group)}
        for name in NAMES:
            # Select the weight on the first half only, so that the second half is an independent test.
            choice = min((c for c in runs if c.name == name), key=lambda c: score(runs[c][: len(runs[c]) // 2]))
            errors[name] += _errors(runs[choice], settings, by_thickness)
        choice = min(runs, key=lambda c: score(runs[c][: len(runs[c]) // 2]))
        errors["auto"] += _errors(runs[choice], settings, by_thickness)
        chosen, why = best(group, settings.controller)
        summaries.append(
            {
                **{"tool": group.key[0], "head": group.key[1], "product": group.key[2], "stage": group.key[3]},
                **{"controller": chosen.name, "weight": chosen.weight, "why": why, "n": len(group.wafers)},
            }
        )
    units = {group.unit if by_thickness else group.rate_unit for group in replayed}
    header = view.header(METHOD, measured_sql())
    return Replayed(
        *header,
        of="thickness" if by_thickness else "rate",
        unit=units.pop() if len(units) == 1 else None,
        controllers=tuple(_controlled(name, members, by_thickness) for name, members in errors.items()),
        happened=_controlled("happened", _happened(replayed), by_thickness)
        if by_thickness
        else Controlled("happened", None, None, None, 0),
        groups=tuple(summaries),
    )


def _is_timed(wafer: Polished) -> bool:
    return None not in (wafer.incoming, wafer.after, wafer.seconds, wafer.target)


def _test_steps(steps: Sequence[Step | None]) -> list[Step]:
    return [step for step in steps[_begin(len(steps)) :] if step is not None]


def _begin(n: int) -> int:
    """The first wafer that counts: the first half trains, and selects the weights."""
    return max(FIXED_AFTER, n // 2)


def _errors(steps: Sequence[Step | None], settings: CmpSettings, by_thickness: bool) -> Errors:
    errors: Errors = []
    last: float | None = None
    for step in _test_steps(steps):
        wafer = step.wafer
        if not by_thickness:
            errors.append((step.expected - wafer.rate, wafer))
        elif wafer.incoming is not None and wafer.after is not None and wafer.seconds and wafer.target is not None:
            own_rate = (wafer.incoming - wafer.after) / wafer.seconds
            # Rates may be in another unit than the thickness: use the expected rate as a share of the measured one.
            seconds = (wafer.incoming - wafer.target) / (own_rate * step.expected / wafer.rate)
            seconds, _ = within_bounds(seconds, bounds_of(settings, last_s=last))
            last = seconds
            errors.append((wafer.incoming - own_rate * seconds - wafer.target, wafer))
    return errors


def _happened(replayed: Sequence[Group]) -> Errors:
    errors: Errors = []
    for group in replayed:
        for wafer in group.wafers[_begin(len(group.wafers)) :]:
            if wafer.after is not None and wafer.target is not None:
                errors.append((wafer.after - wafer.target, wafer))
    return errors


def _controlled(name: str, errors: Errors, by_thickness: bool) -> Controlled:
    if not errors:
        return Controlled(name, None, None, None, 0)
    bias = sum(error for error, _ in errors) / len(errors)
    sigma = math.sqrt(sum((error - bias) ** 2 for error, _ in errors) / max(len(errors) - 1, 1))
    limits = [(error, wafer) for error, wafer in errors if by_thickness and wafer.target is not None]
    over = [(error, w) for error, w in limits if w.upper is not None]
    under = [(error, w) for error, w in limits if w.lower is not None]
    rework = sum(error + (w.target or 0.0) > (w.upper or 0.0) for error, w in over) if over else None
    scrap = sum(error + (w.target or 0.0) < (w.lower or 0.0) for error, w in under) if under else None
    return Controlled(name, sigma, bias, rework, len(errors), scrap)
