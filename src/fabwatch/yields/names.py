"""Names of wafers and lots in a text: one a line, or a table with columns of lot and wafer."""

import csv
import io

from fabwatch.sources.kinds import compact_name
from fabwatch.terms.errors import BadQuestion

LOT = ("lot", "lotid", "lotno")
WAFER = ("wafer", "waferid", "waferno", "wafernumber", "substrate")
GROUP = ("group", "split", "leg", "arm", "cell", "condition", "treatment", "experiment", "splitid", "splitgroup", "grupo")
SEPARATORS = ",;\t"


def names_in(text: str, place: str = "the text") -> tuple[str, ...]:
    """The names in a text as LOT, WAFER or LOT,WAFER; empty lines and those that begin with # are left out.

    Raises BadQuestion for a text without any name.
    """
    lines = _lines(text)
    if not lines:
        raise BadQuestion(
            f"No wafer or lot is named in {place}.", "one wafer or lot a line, or a CSV file with lot and wafer"
        )
    rows, (lot, wafer) = _table(lines, LOT, WAFER)
    if lot is None and wafer is None:
        return tuple(dict.fromkeys(",".join(cell for cell in row[:2] if cell) for row in rows))
    found = [",".join(row[place] for place in (lot, wafer) if place is not None and place < len(row)) for row in rows[1:]]
    names = tuple(dict.fromkeys(name.strip(",") for name in found if name.strip(",")))
    if not names:
        raise BadQuestion(f"{place} has a header, and no rows below it.", "one wafer or lot a line")
    return names


def groups_in(text: str, place: str = "the text") -> tuple[str, ...]:
    """The wafers of groups as GROUP=LOT,WAFER: of lines `GROUP LOT,WAFER`, or of a table with group, lot and wafer.

    Raises BadQuestion for a text that names none, and for a line without a group.
    """
    lines = _lines(text)
    if not lines:
        raise BadQuestion(f"No wafer is named in {place}.", GROUP_HINT)
    rows, (group, lot, wafer) = _table(lines, GROUP, LOT, WAFER)
    if group is None or (lot is None and wafer is None):
        return tuple(dict.fromkeys(_grouped(line, place) for line in lines))
    entries = []
    for row in rows[1:]:
        cells = [row[at] if at is not None and at < len(row) else "" for at in (group, lot, wafer)]
        name = ",".join(filter(None, cells[1:]))
        if not cells[0] or not name:
            raise BadQuestion(f"{place}: {_separator(lines).join(row)[:80]!r} lacks its group or wafer.", GROUP_HINT)
        entries.append(f"{cells[0]}={name}")
    if not entries:
        raise BadQuestion(f"{place} has a header, and no rows below it.", GROUP_HINT)
    return tuple(dict.fromkeys(entries))


def _lines(text: str) -> list[str]:
    """The lines that say something."""
    lines = [line.strip() for line in text.removeprefix("\ufeff").splitlines()]
    return [line for line in lines if line and not line.startswith("#")]


def _separator(lines: list[str]) -> str:
    return max(SEPARATORS, key=lines[0].count)


def _table(lines: list[str], *columns: tuple[str, ...]) -> tuple[list[list[str]], list[int | None]]:
    """The cells of each line, and where the first line names each of some columns."""
    read = csv.reader(io.StringIO("\n".join(lines)), delimiter=_separator(lines))
    rows = [[cell.strip() for cell in row] for row in read]
    header = [compact_name(cell) for cell in rows[0]]
    return rows, [next((at for at, name in enumerate(header) if name in known), None) for known in columns]


GROUP_HINT = "a line for each wafer: GROUP LOT,WAFER, or CSV with group, lot and wafer"


def _grouped(line: str, place: str) -> str:
    group, _, name = line.partition("=") if "=" in line else (line + " ").partition(" ")
    if not group.strip() or not name.strip():
        raise BadQuestion(f"{place}: {line[:80]!r} lacks its group or wafer.", GROUP_HINT)
    return f"{group.strip()}={','.join(part.strip() for part in name.replace(';', ',').split(','))}"
