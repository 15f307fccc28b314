"""Any table as a frame: CSV, Parquet or a workbook. What cannot be one is refused with the reason."""

import csv
from collections import Counter
from collections.abc import Sequence
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fabwatch.terms.errors import BadQuestion, NoSuchPath

if TYPE_CHECKING:
    import pandas as pd

FORMATS = "CSV (also gz), Parquet or a workbook (.xlsx)"
MOST_COLUMNS = 20_000
SEPARATORS = ",;\t|"
EMPTY = ("", "NA", "N/A", "n/a", "NaN", "nan", "NULL", "null", "None", "-", "?", "#N/A")
"""What stands for nothing in a cell."""
LOOKED_AT = 65_536


def read_table(path: Path) -> "pd.DataFrame":
    """The table of a file, its columns by their names as text. Raises NoSuchPath and BadQuestion."""
    if not path.is_file():
        raise NoSuchPath(f"{str(path)!r} is not a file.", f"give a table: {FORMATS}")
    return table_of(path.read_bytes(), path.name)


def table_of(content: bytes, name: str) -> "pd.DataFrame":
    """The table that bytes hold, by the ending of their name. Raises BadQuestion."""
    import pandas as pd

    if not content.strip():
        raise BadQuestion(f"{name!r} is empty.", f"give a table: {FORMATS}")
    ending = name.lower().removesuffix(".gz").rpartition(".")[2]
    try:
        frame = _by_ending(content, name, ending)
    except BadQuestion:
        raise
    except (ValueError, OSError, EOFError, KeyError, csv.Error, pd.errors.ParserError) as fault:
        why = " ".join(str(fault).split())[:160]
        raise BadQuestion(f"{name!r} cannot be read as a table: {why}", f"give one of {FORMATS}") from fault
    checked_names([str(column) for column in frame.columns], name)
    frame.columns = pd.Index([str(column).strip() for column in frame.columns])
    if not len(frame):
        raise BadQuestion(f"{name!r} has no rows.", "give a table with a header and a row for each case")
    return frame


def checked_names(names: Sequence[str], where: str) -> None:
    """Raise BadQuestion where columns have no name, or two have the same."""
    stripped = [name.strip() for name in names]
    twice = [name for name, count in Counter(stripped).items() if count > 1]
    if twice:
        raise BadQuestion(
            f"Two columns of {where!r} are called {twice[0]!r}.",
            "give each column a name of its own; which one counts is not guessed",
        )
    if not all(stripped):
        place = stripped.index("") + 1
        raise BadQuestion(f"Column {place} of {where!r} has no name.", "give each column a name, or take it out")
    if len(names) > MOST_COLUMNS:
        raise BadQuestion(
            f"{where!r} has {len(names):,} columns; up to {MOST_COLUMNS:,} are read.", "leave out what is not needed"
        )


def _by_ending(content: bytes, name: str, ending: str) -> "pd.DataFrame":
    import pandas as pd

    if ending in ("parquet", "pq") or content[:4] == b"PAR1":
        frame: pd.DataFrame = pd.read_parquet(BytesIO(content))
        if frame.index.name is not None or frame.index.nlevels > 1:
            frame = frame.reset_index()
        return frame
    if ending in ("xlsx", "xlsm", "xlsb", "xls", "ods"):
        return pd.read_excel(BytesIO(content), engine="calamine", na_values=list(EMPTY))
    if content[:2] == b"\x1f\x8b":
        import gzip

        content = gzip.decompress(content)
    if b"\0" in content[:LOOKED_AT] and content[:2] not in (b"\xff\xfe", b"\xfe\xff"):
        raise BadQuestion(f"{name!r} is no table of text.", f"give one of {FORMATS}")
    return _delimited(content, name)


def _delimited(content: bytes, name: str) -> "pd.DataFrame":
    import pandas as pd

    encoding = _encoding(content)
    head = content[:LOOKED_AT].decode(encoding, "replace").splitlines()[:20]
    separator = max(SEPARATORS, key=lambda sign: (min(line.count(sign) for line in head[:1]), -SEPARATORS.index(sign)))
    names = next(csv.reader(head[:1], delimiter=separator))
    checked_names(names, name)
    how: dict[str, Any] = {"sep": separator, "encoding": encoding, "na_values": list(EMPTY), "low_memory": False}
    frame = pd.read_csv(BytesIO(content), index_col=False, **how)
    return _with_comma(frame) if separator == ";" else frame


def _encoding(content: bytes) -> str:
    if content[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return "utf-16"
    try:
        content.decode("utf-8")
    except UnicodeDecodeError:
        return "cp1252"
    return "utf-8-sig"


def _with_comma(frame: "pd.DataFrame") -> "pd.DataFrame":
    """Columns of text that are all numbers with a decimal comma, as numbers."""
    import pandas as pd

    for column in frame.columns:
        if not pd.api.types.is_numeric_dtype(frame[column]):
            moved = pd.to_numeric(frame[column].astype("string").str.replace(",", ".", regex=False), errors="coerce")
            if (moved.notna() == frame[column].notna()).all():
                frame[column] = moved
    return frame
