"""KLARF 1.1 and 1.2: statements that end in a semicolon, of which a list of defects is one."""

import copy
import re
from collections.abc import Iterator, Sequence

from fabwatch.sources.effort import progress
from fabwatch.sources.klarf.inspection import Inspection, number_of
from fabwatch.terms.problems import Problem, TornFile, WrongColumnCount

_ENDS = re.compile(r'"[^"]*"|;')
_WORD = re.compile(r"\s*([A-Za-z_]\w*)")
_TOKEN = re.compile(r'"([^"]*)"|([^\s"]+)')
IMAGES = "IMAGELIST"
OF_A_WAFER = (
    "slot", "samplecenterlocation", "areapertest", "inspectiontest", "summaryspec", "summarylist", "sampletestplan",
    "waferid",
)  # fmt: skip
"""Statements that are about the wafer that they stand below, and not about those after it."""
DEFECTS_AT_ONCE = 20_000


def inspections(text: str) -> Iterator[Inspection]:
    """The inspections of a file, each once it is complete."""
    header = Inspection()
    now: Inspection | None = None
    ended = False
    for name, body, begin, whole in _statements(text):
        progress(begin / max(len(text), 1))
        ended = ended or name == "endoffile"
        if name == "waferid":
            if now is not None:
                yield now
            now = _begun(header)
            now.header["waferid"] = _values(body)
        elif now is None and name in ("defectlist", "summarylist"):
            now = _begun(header)
            _take(now, name, body, begin, whole)
        else:
            _take(now or header, name, body, begin, whole)
            if now is not None and name not in OF_A_WAFER and name not in ("defectlist",):
                # Another lot, step or list of columns holds for the wafers after this one too.
                _take(header, name, body, begin, whole)
    if now is None:
        return
    if not ended:
        now.doubt("the file ends before its end")
        now.problems.append(Problem(TornFile, "the file has no EndOfFile; what stands whole is kept"))
    yield now


def _begun(header: Inspection) -> Inspection:
    now = Inspection(dict(header.header), list(header.columns), [], dict(header.classes), list(header.areas))
    now.doubts = copy.copy(header.doubts)
    return now


def _statements(text: str) -> Iterator[tuple[str, str, int, bool]]:
    """Name, rest and place of each statement, and whether it has its end."""
    begin = 0
    for end in _ENDS.finditer(text):
        if end.group() == ";":
            found = _WORD.match(text, begin, end.start())
            if found:
                yield found[1].lower(), text[found.end() : end.start()], found.start(1), True
            begin = end.end()
    found = _WORD.match(text, begin)
    if found:
        yield found[1].lower(), text[found.end() :], found.start(1), False


def _take(now: Inspection, name: str, body: str, begin: int, whole: bool) -> None:
    if name == "defectlist":
        _defects(now, body, begin, whole)
    elif name == "defectrecordspec":
        _spec(now, _values(body))
    elif name == "classlookup":
        values = _values(body)[1:]
        now.classes |= {
            int(number): text
            for n, text in zip(values[::2], values[1::2], strict=False)
            if (number := number_of(n)) is not None
        }
    elif name == "areapertest":
        area = number_of(next(iter(_values(body)), None))
        now.areas += [] if area is None else [area]
    elif name == "summarylist":
        names = now.header.get("summaryspec", [])[1:]
        values = _values(body)
        if names:
            now.summarised(names, [values[n : n + len(names)] for n in range(0, len(values), len(names))])
    elif name == "sampletestplan":
        now.dies = now.dies or (len(_values(body)) - 1) // 2
    elif whole:
        now.header[name] = _values(body)


def _spec(now: Inspection, values: Sequence[str]) -> None:
    count, names = number_of(next(iter(values), None)), [name.upper() for name in values[1:]]
    if count is not None and int(count) != len(names):
        now.doubt(f"the file announces {int(count)} columns of defects, and names {len(names)}")
    now.columns = names


def _defects(now: Inspection, body: str, begin: int, whole: bool) -> None:
    """The defects of one list: a line each, or several lines where images follow."""
    now.listed = True
    lines = body.split("\n")
    if not whole and lines:
        # The last line may be cut anywhere.
        cut = lines.pop()
        if cut.strip():
            now.aside += 1
            now.problems.append(Problem(TornFile, "the last defect is cut off", byte_offset=begin, raw=cut[:1000]))
    width = len(now.columns)
    images = IMAGES in now.columns
    pending: list[str] = []
    for line in lines:
        values = _values(line)
        if not values:
            continue
        row = [*pending, *values]
        if images:
            need = _length(row, now.columns)
            if need is None or len(row) < need:
                pending = row
                continue
            _add(now, row, need, begin)
        else:
            _add(now, row, width, begin)
        pending = []
    if pending:
        _wrong(now, pending, begin)


def _length(row: Sequence[str], columns: Sequence[str]) -> int | None:
    """How many values a defect with images has: its columns, then two for each image; None if that is not known yet."""
    place = columns.index(IMAGES)
    if place >= len(row):
        return None
    count = number_of(row[place])
    return len(columns) + 2 * int(count or 0)


def _add(now: Inspection, row: list[str], need: int, begin: int) -> None:
    if len(row) < need or not now.columns:
        _wrong(now, row, begin)
        return
    if len(row) > need:
        now.doubt(f"defects have {len(row) - need} values more than the file names columns: the last ones are left out")
    now.rows.append(row[: len(now.columns)])


def _wrong(now: Inspection, row: Sequence[str], begin: int) -> None:
    now.aside += 1
    why = f"a defect has {len(row)} values instead of {len(now.columns)}"
    now.problems.append(Problem(WrongColumnCount, why, byte_offset=begin, raw=" ".join(row)[:1000]))


def _values(text: str) -> list[str]:
    return [quoted if quoted or not plain else plain for quoted, plain in _TOKEN.findall(text)]
