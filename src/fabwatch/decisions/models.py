"""Which version of a model is used, and which is not to be used any more: decided by people, with their reason."""

from datetime import datetime

from fabwatch.decisions.audit import append, reasoned
from fabwatch.models.listing import RETIRE, USE, Stage, stages_of
from fabwatch.models.registry import Registry, Version
from fabwatch.store.lake import Lake
from fabwatch.terms.errors import DecidedAlready


def use(lake: Lake, registry: Registry, moment: datetime, who: str, version: Version, reason: str) -> Stage:
    """Use a version in place of the one before; an older one rolls back. Raises DecidedAlready for the one in use."""
    text = reasoned(reason)
    with lake.writing():
        before = stages_of(lake).get((version.name, version.number), Stage()).stage
        if before == "in use":
            raise DecidedAlready(f"{version} is in use already.", "fabwatch model list shows which are")
        append(lake, moment, who, USE, _about(version, before), text)
    registry.use(version.name, version.number)
    return Stage("in use", who, text)


def retire(lake: Lake, registry: Registry, moment: datetime, who: str, version: Version, reason: str) -> Stage:
    """Retire a version: it is named as that, and used only where somebody names it. Raises DecidedAlready."""
    text = reasoned(reason)
    with lake.writing():
        before = stages_of(lake).get((version.name, version.number), Stage()).stage
        if before == "retired":
            raise DecidedAlready(f"{version} is retired already.", "fabwatch model use takes it into use again")
        append(lake, moment, who, RETIRE, _about(version, before), text)
    if registry.used(version.name) == version.number:
        registry.use(version.name, None)
    return Stage("retired", who, text)


def _about(version: Version, before: str) -> dict[str, object]:
    digest = version.card["digest"]
    return {"model": version.name, "version": version.number, "digest": digest, "before": before}
