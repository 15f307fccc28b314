"""Keeps pandas out of a process that needs no data frame."""

import sys
from importlib.abc import MetaPathFinder


class _NoPandas(MetaPathFinder):
    """The engine and pyarrow import pandas at their first parameter and array, only to know its empty values.

    That takes longer than most answers. In the Python door, where people do need it, nothing is hidden.
    """

    def find_spec(self, fullname: str, path: object, target: object = None) -> None:
        if fullname == "pandas":
            raise ModuleNotFoundError("pandas is not needed here", name="pandas")


def with_pandas() -> None:
    """From here on this process has pandas again: for what reads tables of any form."""
    sys.meta_path[:] = [finder for finder in sys.meta_path if not isinstance(finder, _NoPandas)]


def without_pandas() -> None:
    """From here on this process does without pandas."""
    if not any(isinstance(finder, _NoPandas) for finder in sys.meta_path):
        sys.meta_path.insert(0, _NoPandas())
