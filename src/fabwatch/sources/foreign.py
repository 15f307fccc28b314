"""Files of other kinds, recognised by their first bytes: what is not read yet, and what never will be, is said as that."""

import csv
import re
from collections.abc import Sequence

from fabwatch.terms.problems import Problem, Unreadable

NOT_YET = "it is not read yet; keep it, and load tables (CSV, TSV, Excel, Parquet) and tool logs"
SCRIPT = "write its records as a table, a line for each: CSV, or Parquet with the types of its columns"
UNPACK = "unpack it, or pack it as gz or zip, and load that"
NAMED = (
    (rb"FAR:A\|", "an ATDF file (results of a tester, as text)", NOT_YET),
    (rb"TDSm", "a TDMS file of LabVIEW", "export it as .lvm or text with a column of time, and load that"),
    (rb"\x89HDF\r\n\x1a\n", "an HDF5 file", SCRIPT),
    (rb"\x93NUMPY", "an array of NumPy", SCRIPT),
    (rb"MATLAB 5\.0 MAT-file", "a file of MATLAB", SCRIPT),
    (rb"ARROW1\x00\x00|FEA1|ORC|Obj\x01", "a file of columns, but not Parquet", SCRIPT),
    (rb"MDF {5}", "a measurement file (MDF)", SCRIPT),
    (rb"(?i)\s*(<!DOCTYPE html|<html)", "a web page", "open it in Excel, save it as .xlsx or CSV and load that"),
    (rb"\s*<(\?xml|[A-Za-z]+[ :>])", "an XML file", NOT_YET),
    (rb'\s*(\{\s*"|\[\s*[\[{])', "a JSON file", SCRIPT),
    (rb"\xfd7zXZ\x00", "a file packed as xz", UNPACK),
    (rb"\x28\xb5\x2f\xfd", "a file packed as zstd", UNPACK),
)
"""What begins like that, what it is, and what to do with it."""
BEGINS = {
    b"MZ": "a Windows program",
    b"\x7fELF": "a Linux program",
    b"\xcf\xfa\xed\xfe": "a macOS program",
    b"\xca\xfe\xba\xbe": "a program",
    b"%PDF": "a PDF document",
    b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1": "a Word file of the old kind (.doc)",
    b"\x89PNG": "a picture (PNG)",
    b"\xff\xd8\xff": "a picture (JPEG)",
    b"GIF8": "a picture (GIF)",
    b"II*\0": "a picture (TIFF)",
    b"MM\0*": "a picture (TIFF)",
    b"SQLite format 3\0": "an SQLite database",
    b"7z\xbc\xaf\x27\x1c": "a 7z archive",
    b"Rar!": "a RAR archive",
}
OTHER_FILE = (
    "export the data as CSV, TSV, Excel or Parquet (packed as gz or zip if you like) and load that; "
    "leave other files out by naming those that count: fabwatch ingest 'FOLDER/*.csv'"
)
UNQUOTE = 'take off the first and the last quote of each line: sed \'s/^"//; s/"$//; s/""/"/g\' FILE > NEW, and load NEW'
LINED_UP = "in Excel: Data, From Text, Fixed width; save it as CSV and load that. Or export it with a separator"
BLANKS = 'write it with another separator: sep = "," or sep = "\\t" where a program wrote it'
WORKBOOK = "save each sheet as CSV (in Excel: File, Save As, CSV UTF-8), without a password, and load those files"
SEEN = 4096
"""How many bytes at the start of a file are examined."""
CONTROLS = 0.05
"""With a larger share of control characters than this, the file is not text."""


def foreign(start: bytes) -> Problem | None:
    """What to say of a file that starts with these bytes, if it is none that is read."""
    seen = start[:SEEN].removeprefix(b"\xef\xbb\xbf")
    for begin, kind, way_out in NAMED:
        if re.match(begin, seen):
            return Problem(Unreadable, f"this is {kind}", hint=way_out)
    bytes_of = _binary(start)
    if bytes_of is None:
        return None
    return Problem(Unreadable, f"this is neither text nor a table: {bytes_of}", hint=OTHER_FILE)


def odd_shape(lines: Sequence[str]) -> Problem | None:
    """What to say of a text whose columns no separator shows, seen from its first lines; None for any other."""
    full = [line.rstrip() for line in lines if line.strip()]
    if len(full) < 2:
        return None
    if all(len(line) > 2 and line[0] == line[-1] == '"' and line[1:-1].replace('""', "").count('"') == 0 for line in full):
        counts = {len(re.findall(r"[,;\t|]", line)) for line in full}
        if len(counts) == 1 and counts != {0}:
            return Problem(Unreadable, "each line is one cell in quotes, with all its columns in it", hint=UNQUOTE)
    cells = [len(next(csv.reader([line], delimiter=" "), [])) for line in full]
    if cells[-1] > 2 and len(set(cells[1:])) == 1 and cells[1] - cells[0] in (0, 1):
        return Problem(Unreadable, "its columns are only separated by blanks", hint=BLANKS)
    gaps = [[len(cell) for cell in re.split(r" {2,}", line.strip())] for line in full]
    if len(gaps[0]) > 1 and sum(len(cells) == len(gaps[0]) for cells in gaps) > len(gaps) / 2:
        return Problem(Unreadable, "its columns are only lined up with blanks (fixed width)", hint=LINED_UP)
    return None


def _binary(start: bytes) -> str | None:
    for begin, kind in BEGINS.items():
        if start.startswith(begin):
            return f"it looks like {kind}"
    seen = start[:SEEN]
    if seen[:2] in (b"\xff\xfe", b"\xfe\xff"):
        # The byte order mark of UTF-16: only the text after it counts.
        text = seen[: len(seen) // 2 * 2].decode("utf-16", errors="replace")
        odd = sum(char != "\ufeff" and not (char.isprintable() or char.isspace()) for char in text) + text.count("\ufffd")
        return BYTES if odd > CONTROLS * len(text) else None
    # Zero bytes are UTF-16 without a mark, or a block that was never written: both are handled line by line.
    odd = sum(byte < 9 or 14 <= byte < 32 for byte in seen) - seen.count(0)
    return BYTES if odd > CONTROLS * len(seen) else None


BYTES = "its bytes are not letters and digits"
