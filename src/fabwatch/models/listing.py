"""What the registry holds, with the stage of each version as the audit says it."""

import json
from dataclasses import dataclass
from pathlib import Path

from fabwatch.models.answers import ModelCard, Models, ModelVersion
from fabwatch.models.registry import Registry, Version
from fabwatch.store.lake import Lake
from fabwatch.store.view import View
from fabwatch.terms.errors import BadQuestion

USE, RETIRE = "use_model", "retire_model"
"""Acts in the audit."""
IN_USE, TRIED, RETIRED, UNREADABLE = "in use", "tried", "retired", "unreadable"
UNKNOWN = ("", "", "", None, None, None, 0, "", None)
METHOD = "The cards of the versions as they were written, and their stages from the audit."


@dataclass(frozen=True)
class Stage:
    """The stage of a version, and who set it, and why."""

    stage: str = TRIED
    who: str | None = None
    reason: str | None = None


def registry_of(folder: Path) -> Registry:
    """The models of the fab in a folder."""
    return Registry(folder / "models")


def listed(view: View) -> Models:
    """All versions, by model, the newest first."""
    registry, stages = registry_of(view.lake.folder), stages_of(view.lake)
    versions = [
        _version(one, stages.get((name, one.number), Stage()))
        for name in registry.names()
        for one in reversed(registry.versions(name))
    ]
    return Models(*view.header(METHOD, "SELECT who, act, about, reason FROM audit"), tuple(versions))


def card_of(view: View, stated: str) -> ModelCard:
    """The card of a version. Raises UnknownModel."""
    version = registry_of(view.lake.folder).find(stated)
    stage = stages_of(view.lake).get((version.name, version.number), Stage())
    card = {**version.card, "example": version.schema.example()}
    return ModelCard(*view.header(version.card["method"], ""), version.name, version.number, stage.stage, card)


def stages_of(lake: Lake) -> dict[tuple[str, int], Stage]:
    """The stage of each version that somebody has set."""
    stages: dict[tuple[str, int], Stage] = {}
    used: dict[str, int] = {}
    rows = lake.rows(
        "SELECT who, act, about, reason FROM lake.audit WHERE act IN ($use, $retire) ORDER BY seq",
        {"use": USE, "retire": RETIRE},
    )
    for row in rows:
        about = json.loads(row["about"])
        name, number = str(about["model"]), int(about["version"])
        if row["act"] == USE:
            if name in used:
                stages[name, used[name]] = Stage(TRIED, row["who"], f"{name}@{number} is used in its place: {row['reason']}")
            used[name] = number
            stages[name, number] = Stage(IN_USE, row["who"], row["reason"])
        else:
            used = {model: at for model, at in used.items() if (model, at) != (name, number)}
            stages[name, number] = Stage(RETIRED, row["who"], row["reason"])
    return stages


def _version(one: Version, stage: Stage) -> ModelVersion:
    try:
        card = one.card
    except BadQuestion as fault:
        # One that cannot be read does not hide the others.
        return ModelVersion(one.name, one.number, UNREADABLE, *UNKNOWN, reason=fault.what, digest="")
    held = card["held_out"]
    return ModelVersion(
        one.name,
        one.number,
        stage.stage,
        card["kind"],
        card["target"],
        held["metric"],
        held["value"],
        held["low"],
        held["high"],
        card["rows"],
        card.get("made_at", ""),
        stage.who,
        stage.reason,
        card["digest"],
    )
