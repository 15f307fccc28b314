"""Files that are neither text nor a table, recognised by their first bytes: programs, pictures, documents, random bytes."""

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
WORKBOOK = "save each sheet as CSV (in Excel: File, Save As, CSV UTF-8), without a password, and load those files"
SEEN = 4096
"""How many bytes at the start of a file are examined."""
CONTROLS = 0.05
"""With a larger share of control characters than this, the file is not text."""


def binary(start: bytes) -> str | None:
    """What kind of file starts with these bytes, if it is neither text nor a table; None for text."""
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
