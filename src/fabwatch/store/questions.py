"""Questions: the .sql files that lie beside the rooms that ask them, in the engine's own dialect."""

from functools import cache
from importlib.resources import files


@cache
def question(room: str, name: str) -> str:
    """The text of `name`.sql in the package of `room`, as it is run and as it is shown."""
    return files(f"fabwatch.{room}").joinpath(f"{name}.sql").read_text(encoding="utf-8")
