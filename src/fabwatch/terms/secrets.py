"""Secrets: read from the environment, or from a file that the environment names, whenever they are needed."""

import os
from pathlib import Path


class NoSecret(Exception):
    """A secret that is stated is not there; the text says which variable."""


def secret_of(name: str) -> str:
    """The secret in the environment variable NAME, or in the file that NAME_FILE names. Raises NoSecret.

    The file is read each time: what puts a new secret there need not start anything again.
    """
    found = os.environ.get(name)
    if found:
        return found
    place = os.environ.get(f"{name}_FILE")
    if not place:
        raise NoSecret(f"The environment variable {name} is not set, nor {name}_FILE.")
    try:
        return Path(place).read_text("utf-8").strip()
    except (OSError, UnicodeDecodeError):
        raise NoSecret(f"The file that {name}_FILE names cannot be read.") from None
