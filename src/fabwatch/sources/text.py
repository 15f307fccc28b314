"""Text files: encoding, separator and header recognised by content, then records with the byte where each starts."""

import csv
import io
import itertools
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from fabwatch.sources.content import WINDOWS, plain_encoding, wide
from fabwatch.sources.opening import LINE_LIMIT, CannotRead, Document, Inspected, only_returns
from fabwatch.terms.problems import BadEncoding, EmptyFile, NulBytes, Problem, Refused, StrayQuote
from fabwatch.terms.settings.files import SourceSettings

DELIMITERS = (",", "\t", ";", "|")
HEADER_WITHIN = 20
"""The header is searched in this many lines from the top; titles and comments may come before it."""
COLUMN_LIMIT = 1_900
"""Columns that are read; the catalog can name 2,000 of a table, of which it takes some for itself."""
BATCH = 10_000
"""Records that are read together."""
QUOTED_LINES = 20
"""A quoted text may span this many lines; a quote still open after that is a stray one."""


@dataclass
class Record:
    """One record: its cells, and its place in the file."""

    cells: list[str]
    line: int
    byte_offset: int
    raw: bytes
    copy: bool = False
    """True for all but the first of the rows that one record stands for."""


@dataclass
class Batch:
    """Some records, and the problems found while splitting the lines."""

    records: list[Record] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    last_is_open: bool = False
    """True when the last record of the file has no line end."""


@dataclass(frozen=True)
class Layout:
    """How a text file is laid out."""

    encoding: str
    delimiter: str
    header: tuple[str, ...]
    header_line: int
    """The line that the header ends in."""
    notes: tuple[str, ...] = ()
    units: tuple[str, ...] = ()
    """The units that stand below the header."""
    below: tuple[int, tuple[str, ...]] = (0, ())
    """The first full line below the header: its number, and its cells."""
    begin: int = 0
    """The last line of those below the header that say something of the columns; 0 for none."""


_BREAK = re.compile(r"\s*[\r\n]\s*")


# A cell may be as long as the lines that a quote may span; the limit of the module is 131,072 signs.
csv.field_size_limit(LINE_LIMIT * QUOTED_LINES)

Recognise = Callable[[list[str]], float]
"""How well a list of cells serves as a header, from 0 to 1."""


def find_layout(inspected: Inspected, stated: SourceSettings, recognise: Recognise) -> Layout:
    """Encoding, separator and header of a text file; the header is the line that `recognise` scores highest.

    Raises CannotRead for an empty file, and for one whose header has over COLUMN_LIMIT columns.
    """
    notes: list[str] = []
    encoding = encoding_of(inspected, stated, notes)
    delimiters = (stated.delimiter,) if stated.delimiter else DELIMITERS
    lines = _headings(_decoded_start(inspected.start, encoding), delimiters, quotes=inspected.quotes)
    if not any(text.strip() for _, text in lines):
        raise CannotRead(Problem(EmptyFile, "the file is empty"))
    best = max(
        ((recognise(cells), len(cells), -place, delimiter) for place, cells, delimiter in _cut(lines, delimiters)),
        default=(0.0, 0, 0, ","),
    )
    _, _, minus_place, delimiter = best
    end, text = lines[-minus_place]
    header = cells_of(text, delimiter)
    check_width(len(header))
    names = tuple(_BREAK.sub(" ", cell.replace("\0", "")).strip() for cell in header)
    below = next(((n, tuple(cells_of(line, delimiter))) for n, line in lines[1 - minus_place :] if line.strip()), (0, ()))
    return Layout(encoding, delimiter, names, end, tuple(notes), below=below)


def _headings(text: str, delimiters: Sequence[str], *, quotes: bool) -> list[tuple[int, str]]:
    """The first lines, each with its number; one that ends within quotes goes on, and has the number of its last line."""
    raw = [line.rstrip("\r\n") for line in itertools.islice(io.StringIO(text, newline="\n"), HEADER_WITHIN + QUOTED_LINES)]
    lines: list[tuple[int, str]] = []
    begin = 0
    while begin < len(raw) and len(lines) < HEADER_WITHIN:
        end = begin + 1
        while quotes and end < begin + QUOTED_LINES and any(_is_open(raw[begin:end], sign) for sign in delimiters):
            end += 1
            if end > len(raw):
                break
        # A quote that is not closed is a sign like any other.
        end = end if end <= len(raw) and end < begin + QUOTED_LINES else begin + 1
        lines.append((end, "\n".join(raw[begin:end])))
        begin = end
    return lines


def check_width(columns: int) -> None:
    """Raises CannotRead for more than COLUMN_LIMIT columns."""
    if columns > COLUMN_LIMIT:
        raise CannotRead(Problem(Refused, f"{columns:,} columns; at most {COLUMN_LIMIT:,} are read"))


def as_text(raw: bytes) -> str:
    """The raw bytes of a line as text that can be stored and shown; bytes that are not UTF-8 become visible escapes."""
    return raw.decode("utf-8", errors="backslashreplace").replace("\0", "").rstrip("\r\n")


def cells_of(line: str, delimiter: str) -> list[str]:
    """The cells of one line."""
    if '"' not in line:
        return line.split(delimiter)
    try:
        return next(csv.reader([line], delimiter=delimiter, skipinitialspace=True), [])
    except csv.Error:
        return line.split(delimiter)


def are_counted(cells: Sequence[str]) -> bool:
    """Whether these first cells count the rows from 0 or 1, as the programs that name rows do."""
    if len(cells) < 2 or cells[0].strip() not in ("0", "1"):
        return False
    begin = int(cells[0])
    return [cell.strip() for cell in cells] == [str(number) for number in range(begin, begin + len(cells))]


def batches(document: Document, inspected: Inspected, layout: Layout, size: int = BATCH) -> Iterator[Batch]:
    """The records below the header, `size` at a time; blank lines, comments and repeated headers are skipped."""
    batch = Batch()
    for record in _records(_lines(document, inspected, layout.encoding), inspected, layout, batch):
        batch.records.append(record)
        if len(batch.records) >= size:
            done = Batch(batch.records, batch.problems, batch.last_is_open)
            batch.records, batch.problems = [], []
            yield done
    yield batch


def batch_of(block: bytes, number: int, offset: int, inspected: Inspected, layout: Layout) -> Batch:
    """The records in a block of whole lines without quotes, which begins with line `number` at byte `offset`."""
    batch = Batch()
    batch.records = list(_records(_lines_of(block, number, offset, layout.encoding), inspected, layout, batch))
    return batch


def _lines_of(block: bytes, number: int, offset: int, encoding: str) -> Iterator["_Line"]:
    for raw in io.BytesIO(block):
        yield _line(raw, number, offset, raw, encoding)
        number, offset = number + 1, offset + len(raw)


def _records(lines: Iterator["_Line"], inspected: Inspected, layout: Layout, batch: Batch) -> Iterator[Record]:
    header = list(layout.header)
    pending: list[_Line] = []
    for line in lines:
        if line.number <= max(layout.header_line, layout.begin) or not (pending or line.text.strip()):
            continue
        if line.fault is not None:
            batch.problems.append(line.fault)
            continue
        pending.append(line)
        if inspected.quotes and _is_open([line.text for line in pending], layout.delimiter):
            if len(pending) < QUOTED_LINES:
                continue
            # A stray quote costs its own line only; the lines after it are read again, each by itself.
            stray, *rest = pending
            batch.problems.append(stray.problem(StrayQuote, "a quotation mark is not closed"))
        else:
            rest = []
            yield from _record(pending, layout.delimiter, header, batch)
        pending = []
        for part in rest:
            yield from _alone(part, layout.delimiter, header, batch)
    for part in pending:
        yield from _alone(part, layout.delimiter, header, batch)


def _is_open(texts: Sequence[str], delimiter: str) -> bool:
    """Whether a quoted cell goes on after these lines: a quote opens one only where a cell begins, as in `8" wafer`."""
    inside = False
    for text in texts:
        place = 0
        while place >= 0:
            if not inside:
                while text.startswith(" ", place):
                    # Programs write a blank between a separator and a quote.
                    place += 1
                inside = text.startswith('"', place)
                place = place + 1 if inside else text.find(delimiter, place) + 1 or -1
                continue
            end = text.find('"', place)
            if end < 0:
                break
            if text.startswith('"', end + 1):
                place = end + 2
            else:
                inside, place = False, text.find(delimiter, end) + 1 or -1
    return inside


def _alone(line: "_Line", delimiter: str, header: list[str], batch: Batch) -> Iterator[Record]:
    """The record of one line after a quote that was not closed."""
    if _is_open([line.text], delimiter):
        batch.problems.append(line.problem(StrayQuote, "a quotation mark is not closed"))
    else:
        yield from _record([line], delimiter, header, batch)


def _record(lines: "list[_Line]", delimiter: str, header: list[str], batch: Batch) -> Iterator[Record]:
    first = lines[0]
    if len(lines) == 1 and '"' not in first.text:
        cells = first.text.split(delimiter)
        raw = first.raw
    else:
        raw = b"".join(line.raw for line in lines)
        try:
            texts = [line.text + "\n" for line in lines]
            cells = next(csv.reader(texts, delimiter=delimiter, skipinitialspace=True), [])
        except csv.Error as fault:
            why = f"its quotation marks cannot be read: {fault}"
            batch.problems.append(Problem(StrayQuote, why, first.number, first.offset, as_text(raw)))
            return
    if first.text.startswith("#") and len(cells) != len(header):
        return
    if cells and cells[0].strip() == header[0] and [_BREAK.sub(" ", cell).strip() for cell in cells] == header:
        return
    batch.last_is_open = not lines[-1].ended
    yield Record(cells, first.number, first.offset, raw)


@dataclass(slots=True)
class _Line:
    text: str
    number: int
    offset: int
    raw: bytes
    ended: bool
    fault: Problem | None = None

    def problem(self, rule: type, why: str) -> Problem:
        return Problem(rule, why, self.number, self.offset, as_text(self.raw))


def _lines(document: Document, inspected: Inspected, encoding: str) -> Iterator[_Line]:
    stream = document.stream(returns=only_returns(inspected.start))
    if encoding.startswith("utf-16"):
        yield from _wide_lines(stream, encoding, skip=2 if inspected.start[:2] in (b"\xff\xfe", b"\xfe\xff") else 0)
        return
    offset = 0
    skip = 3 if inspected.start.startswith(b"\xef\xbb\xbf") else 0
    for number, raw in enumerate(stream, 1):
        body = raw[skip:] if number == 1 else raw
        yield _line(body, number, offset, raw, encoding)
        offset += len(raw)


def _line(body: bytes, number: int, offset: int, raw: bytes, encoding: str) -> _Line:
    ended = body.endswith(b"\n")
    try:
        text = body.decode(encoding).rstrip("\r\n")
    except UnicodeDecodeError as fault:
        line = _Line("?", number, offset, raw, ended)
        line.fault = line.problem(BadEncoding, f"byte {fault.start + 1} of the line is not {encoding} text")
        return line
    # What is shown of a line is shown as it reads, whatever its encoding.
    line = _Line(text, number, offset, raw if encoding == "utf-8" else body.decode(encoding).encode(), ended)
    if "\0" in text:
        line.fault = line.problem(NulBytes, "the line contains zero bytes")
    return line


def _wide_lines(stream: io.BufferedReader, encoding: str, skip: int) -> Iterator[_Line]:
    offset = skip
    stream.read(skip)
    reader = io.TextIOWrapper(stream, encoding, errors="replace", newline="\n")
    for number, text in enumerate(reader, 1):
        line = _Line(text.rstrip("\r\n"), number, offset, text.encode(), text.endswith("\n"))
        if "\ufffd" in text or "\0" in text:
            line.fault = Problem(BadEncoding, f"the line is not {encoding} text", number, offset, text.strip())
        yield line
        offset += len(text.encode(encoding))


def encoding_of(inspected: Inspected, stated: SourceSettings, notes: list[str]) -> str:
    """The encoding of a text: as stated, else from its byte order mark, its zero bytes, and whether it is UTF-8."""
    if stated.encoding:
        return plain_encoding(stated.encoding, inspected.start)
    encoding = wide(inspected.start) or ("utf-8" if inspected.utf8 else None)
    if encoding is not None:
        return encoding
    # Bytes that are not UTF-8 come from Windows or Latin-1 tools, which differ only in characters such as the euro sign.
    notes.append('read as Windows-1252, because it is not UTF-8 (state encoding = "…" in fab.toml for another)')
    return WINDOWS


def _decoded_start(start: bytes, encoding: str) -> str:
    if encoding.startswith("utf-16"):
        start = start[: len(start) // 2 * 2]
    text = start.decode(encoding, errors="replace").lstrip("\ufeff")
    return text if "\n" in text else text.replace("\r", "\n")


def _cut(lines: list[tuple[int, str]], delimiters: tuple[str, ...]) -> Iterator[tuple[int, list[str], str]]:
    for place, (_, line) in enumerate(lines):
        if line.strip():
            for delimiter in delimiters:
                yield place, cells_of(line, delimiter), delimiter
