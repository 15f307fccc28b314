"""Questions: the .sql files that lie beside the rooms that ask them, in the engine's own dialect."""

from functools import cache
from importlib.resources import files


@cache
def question(room: str, name: str, over: str | None = None) -> str:
    """The text of `name`.sql in the package of `room`, as it is run and as it is shown.

    `over` names another file whose rows it is asked of, under that name.
    """
    if over is not None:
        return f"WITH {over} AS (\n{question(room, over)})\n{question(room, name)}"
    return files(f"fabwatch.{room}").joinpath(f"{name}.sql").read_text(encoding="utf-8")
