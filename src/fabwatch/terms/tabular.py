"""Rows as CSV that a spreadsheet can open without executing anything."""

import csv
import io
from collections.abc import Sequence
from typing import Any

from fabwatch.terms.answers import Row, plain

FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


def csv_text(rows: Sequence[Row]) -> str:
    """Rows as CSV; text that a spreadsheet would execute as a formula is neutralised, numbers stay numbers."""
    if not rows:
        return ""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(rows[0])
    writer.writerows([_harmless(plain(value)) for value in row.values()] for row in rows)
    return text.getvalue()


def _harmless(value: Any) -> Any:
    return f"'{value}" if isinstance(value, str) and value.startswith(FORMULA_STARTS) else value
