"""Names that are refused because nothing on record has them."""

from collections.abc import Mapping

from fabwatch.store.view import View
from fabwatch.terms.errors import unknown

RESULTS = ("wafer_tests", "sort_summary")
"""Where the names of what came out stand."""


def refuse_unknown(view: View, names: Mapping[str, str | None], hint: str, tables: tuple[str, ...] = RESULTS) -> None:
    """Raises UnknownTool for a name, by the column that it is of, that stands in none of the tables."""
    for name, value in names.items():
        if value is None:
            continue
        rows = view.lake.rows(" UNION ".join(f"SELECT {name} FROM {table} WHERE {name} IS NOT NULL" for table in tables))
        known = {row[name] for row in rows}
        if value not in known:
            raise unknown(name, value, known, hint)
