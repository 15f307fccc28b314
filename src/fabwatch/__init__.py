"""fabwatch: which wafers are at risk now, and where are they? Answers from the files a fab already has.

import fabwatch
fab = fabwatch.open("fab")
fab.risk().df()
"""

from pathlib import Path
from typing import TYPE_CHECKING

from fabwatch.terms.version import VERSION

if TYPE_CHECKING:
    from fabwatch.fab import Fab

__version__ = VERSION


def open(path: str | Path = "fab", *, create: bool = False, engine: str = "duckdb") -> "Fab":  # noqa: A001 - the word people expect
    """Open the fab folder `path`; `create` makes one where there is none. Raises NoFab, BadSettings, NewerFab.

    `engine` runs the statements that scan: duckdb, spark, spark://HOST:PORT, or postgres:NAME of [databases].
    """
    from fabwatch.fab import Fab

    return Fab(path, create=create, engine=engine)
