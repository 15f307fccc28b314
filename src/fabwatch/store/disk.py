"""The disks that a fab lies on: how much is free, and for how long that lasts by what was used in the last days."""

import json
import os
import shutil
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from fabwatch.store.data_place import S3
from fabwatch.terms.clock import moment_at, seconds_of
from fabwatch.terms.settings.place import FabSettings

NOTES = "disk.json"
NOTE_EVERY, NOTED_FOR = timedelta(hours=1), timedelta(days=8)
LEAST = timedelta(days=1)
"""What less than a day of notes says of growth is not worth an alarm."""


@dataclass(frozen=True)
class Disk:
    """One disk at a moment; sizes in bytes."""

    size: int
    free: int
    inodes: int
    """0 for a file system that counts none."""
    inodes_free: int

    @property
    def share(self) -> float:
        """The part of it that is free, of bytes or of files, whichever is less."""
        files = self.inodes_free / self.inodes if self.inodes else 1.0
        return min(self.free / self.size if self.size else 1.0, files)


def disks_of(folder: Path, settings: FabSettings) -> dict[str, Disk]:
    """The disks of a fab: that of its folder, and that of its data where it is another one."""
    places = {"folder": folder}
    if not settings.data.startswith(S3):
        places["data"] = folder / settings.data
    found: dict[int, tuple[str, Disk]] = {}
    for name, place in places.items():
        with suppress(OSError):
            found.setdefault(place.stat().st_dev, (name, _disk(place)))
    return dict(found.values())


def _disk(place: Path) -> Disk:
    usage = shutil.disk_usage(place)
    if not hasattr(os, "statvfs"):
        return Disk(usage.total, usage.free, 0, 0)
    nodes = os.statvfs(place)
    return Disk(usage.total, usage.free, nodes.f_files, nodes.f_favail)


def short_of(disk: Disk, days: float | None, least_share: float, least_days: float) -> str | None:
    """What a disk is short of: `share` where too little is free, `days` where it is full too soon; None for neither."""
    if disk.share < least_share:
        return "share"
    return "days" if days is not None and days < least_days else None


def note_free(folder: Path, disks: dict[str, Disk], now: datetime) -> None:
    """Note what is free, once an hour, so that a growth is known; a note that cannot be written is none."""
    known = _notes(folder)
    if known and timedelta() <= now - moment_at(known[-1][0]) < NOTE_EVERY:
        return
    kept = [one for one in known if timedelta() <= now - moment_at(one[0]) <= NOTED_FOR]
    kept.append((seconds_of(now), {name: disk.free for name, disk in disks.items()}))
    with suppress(OSError):
        beside = folder / f"{NOTES}.{os.getpid()}"
        beside.write_text(json.dumps(kept), encoding="utf-8")
        beside.replace(folder / NOTES)


def days_left(folder: Path, name: str, disk: Disk, now: datetime) -> float | None:
    """Days that the free bytes last at the pace of the noted days; None where nothing grows or too little is noted."""
    noted = [(moment_at(at), free[name]) for at, free in _notes(folder) if name in free and moment_at(at) <= now]
    if not noted or now - noted[0][0] < LEAST:
        return None
    first, free = noted[0]
    a_day = (free - disk.free) / ((now - first) / timedelta(days=1))
    return disk.free / a_day if a_day > 0 else None


def _notes(folder: Path) -> list[tuple[float, dict[str, int]]]:
    """What was noted, the oldest first; nothing where the file was damaged."""
    try:
        read = json.loads((folder / NOTES).read_text(encoding="utf-8"))
        return sorted((float(at), {str(k): int(v) for k, v in free.items()}) for at, free in _pairs(read))
    except (OSError, ValueError, TypeError, AttributeError):
        return []


def _pairs(read: object) -> Iterable[tuple[float, dict[str, int]]]:
    return [(at, free) for at, free in read] if isinstance(read, list) else []


__all__ = ["Disk", "days_left", "disks_of", "note_free", "short_of"]
