"""Files that hold neither text nor a table, told by how they begin: programs, pictures, documents, random bytes."""

BEGINS = {
    b"MZ": "a Windows program",
    b"\x7fELF": "a Linux program",
    b"\xcf\xfa\xed\xfe": "a macOS program",
    b"\xca\xfe\xba\xbe": "a program",
    b"%PDF": "a PDF document",
    b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1": "an Excel or Word file of the old kind (.xls, .doc)",
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
    "export the data as CSV, TSV or Parquet (packed as gz or zip if you like) and load that; "
    "leave other files out by naming those that count: fabwatch ingest 'FOLDER/*.csv'"
)
WORKBOOK = "save each sheet as CSV (in Excel: File, Save As, CSV UTF-8) and load those files"
SEEN = 4096
"""Bytes at the begin of a file that are looked at."""
CONTROLS = 0.05
"""A larger share of control signs than this is no text."""


def binary(start: bytes) -> str | None:
    """What a file is that begins so, where it is neither text nor a table; None for text."""
    for begin, what in BEGINS.items():
        if start.startswith(begin):
            return f"it begins like {what}"
    seen = start[:SEEN]
    if seen[:2] in (b"\xff\xfe", b"\xfe\xff"):
        # The mark of UTF-16: what counts is the text behind it.
        text = seen[: len(seen) // 2 * 2].decode("utf-16", errors="replace")
        odd = sum(sign != "\ufeff" and not (sign.isprintable() or sign.isspace()) for sign in text) + text.count("\ufffd")
        return BYTES if odd > CONTROLS * len(text) else None
    # Zero bytes are UTF-16 without a mark, or a block that was never written: both are dealt with line by line.
    odd = sum(byte < 9 or 14 <= byte < 32 for byte in seen) - seen.count(0)
    return BYTES if odd > CONTROLS * len(seen) else None


BYTES = "its bytes are no letters and digits"
