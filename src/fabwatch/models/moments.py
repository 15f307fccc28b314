"""A column of times, for what came first."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from fabwatch.terms.errors import BadQuestion, unknown

if TYPE_CHECKING:
    import pandas as pd

DATES = ("%d/%m/%Y", "%m/%d/%Y", "%d.%m.%Y", "%Y/%m/%d", "%d-%b-%Y", "%d %b %Y", "%d %B %Y", "%b %d, %Y", "%d-%b-%y")
CLOCKS = (" %H:%M:%S", " %H:%M", "", " %I:%M:%S %p", " %I:%M %p")
FORMS = ("ISO8601", *(date + clock for date in DATES for clock in CLOCKS))


def moments_of(words: Sequence[str]) -> NDArray[Any] | None:
    """Text as times (n), of the first form that all of them have; None where it is none. A plain number is no time."""
    import pandas as pd

    if any(_is_number(word) for word in words[:50]):
        return None
    for form in FORMS:
        try:
            read = pd.to_datetime(list(words), format=form, utc=True)
        except (ValueError, TypeError, OverflowError):
            continue
        return read.tz_localize(None).to_numpy()
    return None


def ordered_by(frame: "pd.DataFrame", column: str) -> NDArray[np.float64]:
    """A key by which rows are put in order (n): times, or numbers. Raises BadQuestion for neither, and for empty cells."""
    import pandas as pd

    if column not in frame.columns:
        raise unknown("column", column, [str(name) for name in frame.columns], "name the column of times")
    series = frame[column]
    if series.isna().any():
        raise BadQuestion(f"Column {column!r} is empty in {int(series.isna().sum()):,} rows.", "each row needs its time")
    if pd.api.types.is_datetime64_any_dtype(series):
        return series.to_numpy("datetime64[ns]").astype(np.int64).astype(float)
    if pd.api.types.is_numeric_dtype(series):
        return series.to_numpy(float)
    read = moments_of([str(value).strip() for value in series.tolist()])
    if read is None:
        raise BadQuestion(
            f"Column {column!r} holds no times such as 2026-03-01 08:00 (got {str(series.iloc[0])[:40]!r}).",
            "write times as ISO 8601",
        )
    return read.astype("datetime64[ns]").astype(np.int64).astype(float)


def _is_number(word: str) -> bool:
    try:
        float(word)
    except ValueError:
        return False
    return True
