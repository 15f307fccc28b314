"""Workbooks (.xlsx, .xlsm, .xlsb, .xls, .ods): each visible sheet is read as the table that the spreadsheet saves as CSV."""

import csv
import io
import zipfile
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from pathlib import Path
from typing import Any

from fabwatch.sources.effort import progress

OLD = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
"""How .xls begins; other old documents do as well."""
PARTS = ("xl/workbook.xml", "xl/workbook.bin", "content.xml")
BOMB_FROM, BOMB_RATIO = 64 << 20, 200
PIECE = 1 << 18


class NoWorkbook(Exception):
    """A file that looks like a workbook and cannot be read as one; says why."""


def is_workbook(path: Path, start: bytes) -> bool:
    """Whether a file is a workbook, by what is in it and not by its name."""
    if start.startswith(OLD):
        return True
    if not start.startswith(b"PK\x03\x04"):
        return False
    try:
        with zipfile.ZipFile(path) as packed:
            names = set(packed.namelist())
    except (OSError, zipfile.BadZipFile, NotImplementedError):
        return False
    return bool(names & set(PARTS[:2])) or ("content.xml" in names and "mimetype" in names)


def sheets(path: Path) -> list[str]:
    """The names of the visible sheets that hold something. Raises NoWorkbook."""
    from python_calamine import SheetTypeEnum, SheetVisibleEnum

    book = _opened(path)
    try:
        seen = [
            sheet.name
            for sheet in book.sheets_metadata
            if sheet.visible == SheetVisibleEnum.Visible and sheet.typ == SheetTypeEnum.WorkSheet
        ]
        return [name for name in seen if book.get_sheet_by_name(name).end is not None]
    except Exception as fault:
        raise NoWorkbook(str(fault)) from fault


def pieces(path: Path, sheet: str) -> Iterator[bytes]:
    """A sheet as CSV text, row by row as on the sheet: times as 2026-05-01 10:00:00, whole numbers without a point.

    Raises NoWorkbook.
    """
    stat = path.stat()
    text = _text(path, stat.st_mtime_ns, stat.st_size, sheet)
    for begin in range(0, len(text), PIECE):
        yield text[begin : begin + PIECE]


@lru_cache(maxsize=1)
def _text(path: Path, changed: int, size: int, sheet: str) -> bytes:
    """The text of a sheet. That of the last one is kept, because a file is looked at before it is read: `changed` and
    `size` say that it is still the same.
    """
    try:
        rows = _opened(path).get_sheet_by_name(sheet).to_python(skip_empty_area=False)
    except NoWorkbook:
        raise
    except Exception as fault:
        raise NoWorkbook(str(fault)) from fault
    progress()
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    width = max((n for row in rows for n, cell in enumerate(row, 1) if cell not in ("", None)), default=0)
    for number, row in enumerate(rows):
        cells = [_cell(cell) for cell in row[:width]]
        # A row without anything is a blank line, so that rows keep the numbers that they have on the sheet.
        writer.writerow(cells if any(cells) else [])
        if number % 10_000 == 0:
            progress()
    return text.getvalue().encode()


def _cell(cell: Any) -> str:
    if isinstance(cell, bool):
        return "true" if cell else "false"
    if isinstance(cell, float):
        return str(int(cell)) if cell.is_integer() and abs(cell) < 1e15 else repr(cell)
    if isinstance(cell, datetime):
        # The last digits of a day as a number are not those of a time.
        near = (cell + timedelta(microseconds=500)).replace(microsecond=0)
        moment = near if abs((cell - near).total_seconds()) < 0.001 else cell
        return moment.isoformat(" ")
    if isinstance(cell, (date, time)):
        return cell.isoformat()
    return "" if cell is None else str(cell).replace("\r", "")


def _opened(path: Path) -> Any:
    from python_calamine import CalamineWorkbook

    try:
        if zipfile.is_zipfile(path):
            with zipfile.ZipFile(path) as packed:
                unpacked = sum(info.file_size for info in packed.infolist())
            if unpacked > BOMB_FROM and unpacked > BOMB_RATIO * path.stat().st_size:
                raise NoWorkbook(f"it unpacks to {unpacked:,} bytes, over {BOMB_RATIO} times its size: a bomb")
        # By its content: a workbook may have any name.
        with path.open("rb") as file:
            return CalamineWorkbook.from_filelike(file)
    except NoWorkbook:
        raise
    except Exception as fault:
        raise NoWorkbook(str(fault)) from fault
