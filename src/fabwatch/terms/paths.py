"""Names of files that a fab has on record: any text, also one that no disk takes."""

from pathlib import Path


def is_file(path: Path) -> bool:
    """Whether a regular file has this name; False also for one that is too long, or that may not be looked at."""
    try:
        return path.is_file()
    except (OSError, ValueError):
        return False
