"""Questions: the .sql files that lie beside the rooms that ask them, in the engine's own dialect.

A statement has two kinds of places. `$name` is a value, and the engine takes it as a parameter. `{name}` is what no engine
takes as one: a table, a list of columns, a condition. Those are filled here, so that the text that is run is the text that
is shown.
"""

import re
from collections.abc import Mapping
from functools import cache
from importlib.resources import files

_PLACE = re.compile(r"\{([a-z_]+)\}")
_WITH = re.compile(r"^WITH ", re.MULTILINE)


@cache
def question(room: str, name: str, over: str | None = None) -> str:
    """The text of `name`.sql in the package of `room`.

    `over` names another file of the room, whose rows it reads under that name.
    """
    text = files(f"fabwatch.{room}").joinpath(f"{name}.sql").read_text(encoding="utf-8")
    return text if over is None else reading(text, {over: question(room, over)})


def filled(sql: str, **pieces: str) -> str:
    """A statement with every place `{name}` filled. Raises ValueError unless each has its piece."""
    places = set(_PLACE.findall(sql))
    if places != pieces.keys():
        raise ValueError(f"places {sorted(places)} and pieces {sorted(pieces)} differ")
    return _PLACE.sub(lambda place: pieces[place[1]], sql)


def reading(sql: str, named: Mapping[str, str], materialized: bool = False) -> str:
    """A statement that reads other statements, each under its name, as if they were tables.

    `materialized` works them out whole before anything reads them, for what is read several times.
    """
    how = "MATERIALIZED " if materialized else ""
    tables = ", ".join(f"{name} AS {how}(\n{text.rstrip()}\n)" for name, text in named.items())
    own = _WITH.search(sql)
    if own is None:
        return f"WITH {tables}\n{sql}"
    # What the statement names itself comes behind, because it may read what stands before.
    return f"{sql[: own.start()]}WITH {tables}, {sql[own.end() :]}"
