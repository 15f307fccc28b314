"""What is on record against each row of wafers at risk: the cause of its status, and its limit."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from fabwatch.equipment.limits import Decided, decided
from fabwatch.risk.answers import Cause
from fabwatch.risk.last_good import Scope
from fabwatch.risk.restores import Restores, restores_of
from fabwatch.risk.status import Limits, facts
from fabwatch.store.lake import Lake
from fabwatch.terms.settings import Settings

Place = tuple[str, str | None, str]
"""Tool, qual type and chamber."""


@dataclass(frozen=True)
class Judgement:
    """The cause of the status of one row, the limit on its wafers, and whether a person set its qual interval."""

    cause: Cause
    limit: int | None
    decided: bool


def place_of(scope: Scope, chamber: str) -> Place:
    """The place of one row."""
    return scope.card.tool, scope.qual_type, chamber


def judgements(lake: Lake, chosen: Sequence[Scope], wafers: Mapping[Place, int], as_of: datetime) -> dict[Place, Judgement]:
    """The judgement on each row of the scopes, by what is on record at `as_of`; `wafers` at risk are by place."""
    people, restores = decided(lake, as_of), _restores(lake, chosen, as_of)
    judged: dict[Place, Judgement] = {}
    for scope in chosen:
        names = ("*", *(scope.since if scope.chambered else ()))
        limits = {name: _limits(lake.settings, people, scope, name) for name in names}
        ran = {name: wafers[place_of(scope, name)] for name in names}
        for name, cause in facts(scope, ran, limits, restores).items():
            warning, inhibit = limits[name]
            limit = inhibit if inhibit is not None else warning
            judged[place_of(scope, name)] = Judgement(cause, limit, _interval_set(people, scope, name))
    return judged


def _restores(lake: Lake, chosen: Sequence[Scope], as_of: datetime) -> Restores:
    """The restores since the open failed quals: most tools have none, and then nothing is read."""
    fails = [(scope.card.tool, scope.earliest_open_fail) for scope in chosen]
    opened = [(tool, at) for tool, at in fails if at is not None]
    begin = min((at for _, at in opened), default=None)
    return restores_of(lake, {tool for tool, _ in opened}, begin, as_of)


def _limits(settings: Settings, people: Decided, scope: Scope, chamber: str) -> Limits:
    """The warning and the inhibit limit of one row."""
    stated, place = settings.qual(scope.qual_type), (scope.card.tool, chamber, scope.qual_type)
    return people.limit(*place, "warning", stated.warning), people.limit(*place, "inhibit", stated.inhibit)


def _interval_set(people: Decided, scope: Scope, chamber: str) -> bool:
    place = (scope.card.tool, chamber, scope.qual_type)
    return any(people.of(*place, name) is not None for name in ("interval_wafers", "interval_days"))
