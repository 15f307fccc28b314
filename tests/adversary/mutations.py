"""Files that are nearly right, made from a number: small good ones of every kind, changed in one way or several."""

import gzip
import io
import random
import warnings
import zipfile
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from tests.ingest.mixture import HEADERS, LINES, LOG, OTHER

CASES = Path(__file__).parent.parent / "cases" / "toollog"
MOVES = "\n".join(f"L{n},,ETCH-{n % 3},25,,2026-05-0{1 + n % 9} 10:00:00,P,{n}" for n in range(40))
TEXTS = {
    **{f"{kind}.csv": "\n".join([HEADERS[kind], *lines, ""]).encode() for kind, lines in LINES.items()},
    "more_moves.csv": f"{HEADERS['moves']}\n{MOVES}\n".encode(),
    "polisher.log": "\n".join([*LOG, ""]).encode(),
    "deposition.log": "\n".join([*OTHER, ""]).encode(),
    **{path.name: path.read_bytes() for path in sorted(CASES.glob("*.log"))},
}
"""Tables and logs of every kind that there is."""
NUMBERS = [
    "nan",
    "-NaN",
    "inf",
    "-Infinity",
    "1e999",
    "-1e400",
    "9" * 400,
    "1e-999",
    "0x1F",
    "1_000",
    "²",
    "٣",
    "1,5",
    "--1",
]
NUMBERS += ["1.797e308", "9223372036854775808", "-9223372036854775809", "00012", "1e5", ".", "+", "1.2.3", "1 000", "NULL"]
STAMPS = ["0001-01-01 00:00:00", "9999-12-31T23:59:59-12:00", "2026-02-30 10:00:00", "2026-05-01 24:00:00", "1777593600"]
STAMPS += ["99999999999999999999", "2026-05-01T10:00:60Z", "2026-W18-5T10:00", "20260501100000", "01/02/2026 3:04 PM", "-1"]
STAMPS += ["2026-05-01 10:00:00 +99:99", "2026-05-01T10:00:00.123456789123Z", "10:00", "1e18", "46143.5", "1 May 2026 10:00"]
WORDS = [
    "",
    '"',
    '""',
    "'",
    "\\",
    "#",
    "=",
    "a=b",
    "=1+1",
    "<L",
    "[",
    "]]",
    "{",
    "S6F11 W",
    "°",
    "µ",
    "\ufeff",
    "\u202e",
    "😀",
]
WORDS += [
    "'; DROP TABLE lake.loads; --",
    "$1",
    "%s",
    "?",
    "tool",
    "load",
    "byte_offset",
    "part",
    "\x1a",
    "\x0b",
    "\x85",
    "\u2028",
]
HARD = [
    b"x",
    b"1",
    b"=",
    b"[",
    b"(",
    b'"',
    b" ",
    b"\t",
    b"<",
    b">",
    b"<L ",
    b"a=",
    b"a:",
    b"-",
    b"_",
    b".",
    b"#",
    b"0",
    b"\xc3\xa9",
]
ENCODINGS = ["utf-16", "utf-16-le", "utf-16-be", "utf-8-sig", "utf-32", "utf-7", "cp037", "latin-1", "shift-jis"]
MEMBERS = [
    "..",
    "../../up.csv",
    "/tmp/absolute.csv",
    "",
    ".hidden.csv",
    "x" * 300 + ".csv",
    "a/b/c.csv",
    "C:\\m.csv",
    "a\nb.csv",
]
MEMBERS += ["m.csv", "m.csv", "ü.csv", "con.csv", "__MACOSX/m.csv", "folder/"]


def mutated(seed: int) -> tuple[str, bytes]:
    """The file with a number: how its name ends, and what is in it."""
    made = random.Random(seed)
    if made.random() < 0.15:
        return ".parquet", changed(made, parquet(made), BYTES) if made.random() < 0.4 else parquet(made)
    name, content = made.choice([*TEXTS.items()])
    if made.random() < 0.3:
        content = content.replace(b",", made.choice([b"\t", b";", b"|"]))
    for _ in range(made.choice([1, 1, 1, 2, 3])):
        content = changed(made, content, BYTES + LINEWISE)
    ending = name[name.index(".") :]
    packing = made.random()
    if packing < 0.1:
        return ending + ".gz", changed(made, gzip.compress(content), BYTES) if made.random() < 0.5 else gzip.compress(
            content
        )
    if packing < 0.2:
        return ".zip", changed(made, zipped(made, content), BYTES) if made.random() < 0.5 else zipped(made, content)
    return ending, content


def changed(made, content, ways):
    return made.choice(ways)(made, content)


def place(made, content):
    return made.randrange(len(content) + 1)


def flip(made, content):
    changing = bytearray(content)
    for _ in range(made.choice([1, 1, 3, 30]) if content else 0):
        changing[made.randrange(len(changing))] ^= 1 << made.randrange(8)
    return bytes(changing)


def insert(made, content):
    at = place(made, content)
    return content[:at] + made.choice([made.randbytes(made.randrange(1, 40)), b"\0" * made.randrange(1, 600)]) + content[at:]


def delete(made, content):
    at = place(made, content)
    return content[:at] + content[at + made.choice([1, 1, 10, 200]) :]


def duplicate(made, content):
    begin, end = sorted((place(made, content), place(made, content)))
    return content[:end] + content[begin:end] * made.choice([1, 1, 2, 50]) + content[end:]


def cut(made, content):
    return content[: place(made, content)]


def splice(made, content):
    other = made.choice([*TEXTS.values()])
    return content[: place(made, content)] + other[place(made, other) :]


def repeat(made, content):
    """One hard piece many times over: the words, cells and brackets that what looks for patterns may choke on."""
    at, piece = place(made, content), made.choice(HARD)
    return content[:at] + piece * made.choice([50, 2_000, 60_000]) + content[at:]


def encode(made, content):
    text = content.decode("utf-8", errors="replace")
    return text.encode(made.choice(ENCODINGS), errors="replace")


def line_ends(made, content):
    return content.replace(b"\n", made.choice([b"\r", b"\r\n", b"\n\r", b"\r\r\n", b"\n\n", b"\x0b\n"]))


def cell(made, content):
    """Another value in one cell of a line."""
    lines = content.split(b"\n")
    at = made.randrange(len(lines))
    separator = made.choice([b",", b",", b"\t", b";", b" ", b"="])
    cells = lines[at].split(separator)
    cells[made.randrange(len(cells))] = made.choice(NUMBERS + STAMPS + WORDS).encode()
    lines[at] = separator.join(cells)
    return b"\n".join(lines)


def column(made, content):
    """Another value in one column of all lines below the first."""
    first, *lines = content.split(b"\n")
    at, value = made.randrange(first.count(b",") + 1), made.choice(NUMBERS + STAMPS).encode()
    rows = [line.split(b",") for line in lines]
    return b"\n".join([first, *(b",".join([*row[:at], value, *row[at + 1 :]]) for row in rows)])


def header_again(made, content):
    lines = content.split(b"\n")
    for _ in range(made.choice([1, 5, 300])):
        lines.insert(made.randrange(len(lines) + 1), lines[0])
    return b"\n".join(lines)


def shuffle(made, content):
    lines = content.split(b"\n")
    made.shuffle(lines)
    return b"\n".join(lines)


def wider(made, content):
    """Many more columns, with one name or with one each."""
    count, named = made.choice([1, 50, 1_500, 3_000]), made.random() < 0.5
    first, *lines = content.split(b"\n")
    more = b"".join(b",S%d" % n if named else b",S" for n in range(count))
    return b"\n".join([first + more, *(line + b",1" * count if line else line for line in lines)])


def nested(made, content):
    depth = made.choice([5, 300, 5_000])
    inside = b"<A 'x'>" if made.random() < 0.5 else b""
    return content + b"S6F11 W\n" + b"<L [1]\n" * depth + inside + b">\n" * made.choice([depth, depth // 2, 0]) + b".\n"


def comment(made, content):
    word = made.choice(
        [b"# Tool: ", b"# ", b"Equipment: ", b"Date: ", b"WAFER ", b"ALARM 7: ", b"STEP 3 START ", b"RECIPE = "]
    )
    return word + made.choice(HARD) * made.choice([1, 40, 20_000]) + b"\n" + content


BYTES = [flip, flip, insert, delete, duplicate, cut]
LINEWISE = [splice, repeat, encode, line_ends, cell, cell, cell, column, header_again, shuffle, wider, nested, comment]


def zipped(made, content):
    packed = io.BytesIO()
    with warnings.catch_warnings(), zipfile.ZipFile(packed, "w") as file:
        warnings.simplefilter("ignore", UserWarning)
        for _ in range(made.choice([1, 2, 4])):
            method = made.choice([zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
            file.writestr(zipfile.ZipInfo(made.choice(MEMBERS)), content, method)
            content = made.choice([content, *TEXTS.values(), gzip.compress(content)])
    return packed.getvalue()


COUNT = 12
EPOCH = 1_777_593_600
HOURS = [datetime(2026, 5, 1) + timedelta(hours=n) for n in range(COUNT)]
WHOLE = list(range(1, COUNT + 1))
NAMES = [f"N-{n % 4}" for n in WHOLE]
COLUMNS = [
    pa.array(HOURS, pa.timestamp("us")),
    pa.array(HOURS, pa.timestamp("ns", "Europe/Berlin")),
    pa.array(HOURS, pa.timestamp("s", "UTC")),
    pa.array([EPOCH + n for n in WHOLE]),
    pa.array([(EPOCH + n) * 1000 for n in WHOLE]),
    pa.array([(EPOCH + n) * 10**9 for n in WHOLE]),
    pa.array([float("nan"), float("inf"), -float("inf"), 1e300, -0.0, None] * 2),
    pa.array([hour.date() for hour in HOURS]),
    pa.array([hour.time() for hour in HOURS], pa.time64("us")),
    pa.array([timedelta(hours=n) for n in WHOLE], pa.duration("ns")),
    pa.array([Decimal(n) / 4 for n in WHOLE], pa.decimal128(30, 10)),
    pa.array([Decimal(10) ** 60] * COUNT, pa.decimal256(70, 2)),
    pa.array([name.encode() for name in NAMES]),
    pa.array([b"\xff\xfe", b"\0", b""] * 4),
    pa.array(NAMES, pa.large_string()),
    pa.array(NAMES).dictionary_encode(),
    pa.array(WHOLE, pa.int32()).dictionary_encode(),
    pa.array([[n] for n in WHOLE]),
    pa.array([{"a": n} for n in WHOLE]),
    pa.array([None] * COUNT),
    pa.array([True, False, None] * 4),
    pa.array(WHOLE, pa.uint64()),
    pa.array([2**63 + n for n in WHOLE], pa.uint64()),
    pa.array([1.5] * COUNT, pa.float16()),
    pa.array(["x" * 5_000] * COUNT),
    pa.array([-1, 0, 2**62] * 4),
    pa.array([str(hour) for hour in HOURS]),
]
"""Columns of every type that a Parquet file can have."""


def parquet(made):
    """A file of a table whose columns are of its own types, all but one or two."""
    kind = made.choice([*HEADERS])
    columns = {}
    for name in HEADERS[kind].split(","):
        usual = made.random() < 0.8
        columns[name] = usual_column(name) if usual else made.choice(COLUMNS)
    if made.random() < 0.2:
        columns["OTHER"] = made.choice(COLUMNS)
    written = io.BytesIO()
    table = pa.table(list(columns.values()), names=list(columns))
    pq.write_table(
        table,
        written,
        row_group_size=made.choice([1, 5, 100]),
        compression=made.choice(["none", "snappy", "zstd", "gzip"]),
        store_schema=made.random() < 0.7,
        version=made.choice(["1.0", "2.6"]),
    )
    return written.getvalue()


def usual_column(name):
    if name in ("TRACK_IN", "TRACK_OUT", "DONE_AT", "READ_AT") or (
        name.endswith(("_AT", "_TIME")) and name != "POLISH_TIME"
    ):
        return COLUMNS[0]
    if name in ("TOOL_ID", "WAFER_ID", "LOT_ID", "TOOL_TYPE", "AREA", "QUAL_TYPE", "KIND", "COUNTER", "PRODUCT"):
        return pa.array(NAMES)
    if name == "RESULT":
        return pa.array(["PASS", "FAIL"] * (COUNT // 2))
    return pa.array(["angstrom"] * COUNT) if name == "UNIT" else pa.array(WHOLE)
