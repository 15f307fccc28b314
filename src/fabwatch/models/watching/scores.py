"""The scores of a version, kept beside it as forecasts are: one file for each table that it was scored on."""

import json
from dataclasses import asdict

from fabwatch.models.registry import Version, written
from fabwatch.models.watching.answers import Score

FOLDER = "scores"


def keep(version: Version, mark: str, score: Score) -> None:
    """Keep a score; the same table is scored once, so that nobody can pick the better of two looks."""
    path = version.folder / FOLDER / f"{mark[:32]}.json"
    if not path.is_file():
        written(path, (json.dumps(asdict(score), indent=1) + "\n").encode())


def kept(version: Version) -> list[Score]:
    """All that were kept, the oldest first; one that cannot be read does not hide the others."""
    found = []
    for path in (version.folder / FOLDER).glob("*.json"):
        try:
            plain = json.loads(path.read_text("utf-8"))
            found.append(Score(**{**plain, "drifted": tuple(plain["drifted"])}))
        except (OSError, ValueError, TypeError, KeyError):
            continue
    return sorted(found, key=lambda one: (one.last or one.at, one.at))
