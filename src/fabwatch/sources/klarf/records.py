"""KLARF 1.8: records within records, with fields and lists that name their own columns."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from fabwatch.sources.effort import progress
from fabwatch.sources.klarf.inspection import Inspection, number_of
from fabwatch.terms.problems import Problem, TornFile, WrongColumnCount

_TOKEN = re.compile(r'"[^"]*"|[{};,]|[^\s{};,"]+|"')
DEEPEST = 30


@dataclass
class _Open:
    """A record that is open: what it is called, its fields, and its wafers where it is one."""

    kind: str
    name: str
    fields: dict[str, list[str]] = field(default_factory=dict)


class _Cut(Exception):
    """The file ends here."""


class Records:
    """Reads the records of a file, one after the other."""

    def __init__(self, text: str):
        self._text, self._at = text, 0
        self._tokens = _TOKEN.finditer(text)
        self._stack: list[_Open] = []
        self._wafers: list[Inspection] = []
        self._shared: dict[str, list[str]] = {}
        self._classes: dict[int, str] = {}

    def inspections(self) -> list[Inspection]:
        """The inspections of the file; of one that is cut what stands whole."""
        torn = False
        try:
            self._read()
        except _Cut:
            torn = True
        for wafer in self._wafers:
            wafer.header = {**self._shared, **wafer.header}
            wafer.classes = {**self._classes, **wafer.classes}
        if torn and self._wafers:
            self._wafers[-1].doubt("the file ends before its end")
            self._wafers[-1].problems.append(Problem(TornFile, "the file is cut; what stands whole is kept"))
        return self._wafers

    def _read(self) -> None:
        for word in self._each():
            if word == "Record":
                self._record()
            elif word == "Field":
                self._field()
            elif word == "List":
                self._list()
            elif word == "}":
                if not self._stack:
                    continue
                self._close(self._stack.pop())
            elif word == "EndOfFile":
                return
        raise _Cut

    def _each(self) -> Iterator[str]:
        for found in self._tokens:
            self._at = found.start()
            if not self._at % 5000:
                progress(self._at / max(len(self._text), 1))
            yield found.group()

    def _next(self) -> str:
        for word in self._each():
            return word
        raise _Cut

    def _record(self) -> None:
        kind, name = self._next(), ""
        word = self._next()
        while word != "{":
            name = word.strip('"')
            word = self._next()
        if len(self._stack) >= DEEPEST:
            raise _Cut
        self._stack.append(_Open(kind, name))
        if kind == "LotRecord":
            self._shared["lotid"] = [name]
        elif kind == "WaferRecord":
            self._wafers.append(Inspection({"waferid": [name]}))

    def _close(self, record: _Open) -> None:
        wafer = self._wafer()
        if record.kind == "WaferRecord" and self._wafers:
            self._wafers[-1].header |= record.fields
        elif record.kind == "TestRecord" and wafer is not None:
            area = number_of(next(iter(record.fields.get("areapertest", [])), None))
            wafer.areas += [] if area is None else [area]
        else:
            self._shared |= record.fields

    def _wafer(self) -> Inspection | None:
        inside = any(record.kind == "WaferRecord" for record in self._stack)
        return self._wafers[-1] if inside and self._wafers else None

    def _field(self) -> None:
        name = self._next().lower()
        word = self._next()
        while word != "{":
            word = self._next()
        values = self._braced()
        if self._stack:
            self._stack[-1].fields[name] = values

    def _braced(self) -> list[str]:
        """The values up to the brace that closes."""
        values: list[str] = []
        word = self._next()
        while word != "}":
            if word != ",":
                values.append(word.strip('"'))
            word = self._next()
        return values

    def _list(self) -> None:
        name = self._next()
        wafer = self._wafer()
        columns: list[str] = []
        depth = 0
        while True:
            word = self._next()
            if word == "{":
                depth += 1
            elif word == "}":
                depth -= 1
                if depth <= 0:
                    return
            elif word == "Columns":
                columns = self._columns()
            elif word == "Data":
                self._data(name, columns, wafer)

    def _columns(self) -> list[str]:
        word = self._next()
        while word != "{":
            word = self._next()
        # Each is a type and a name.
        return [name.upper() for name in self._braced()[1::2]]

    def _data(self, name: str, columns: list[str], wafer: Inspection | None) -> None:
        word = self._next()
        while word != "{":
            word = self._next()
        rows: list[list[str]] = []
        row: list[str] = []
        depth = 0
        if name == "DefectList" and wafer is not None:
            wafer.listed, wafer.columns = True, columns
        while True:
            word = self._next()
            if word == "{":
                # A value made of several, such as images: one column.
                depth += 1
                row += [""] if depth == 1 else []
            elif word == "}":
                if not depth:
                    break
                depth -= 1
            elif depth or word == ",":
                continue
            elif word == ";":
                self._row(name, columns, row, wafer, rows)
                row = []
            else:
                row.append(word.strip('"'))
        self._taken(name, columns, rows, wafer)

    def _row(self, name: str, columns: list[str], row: list[str], wafer: Inspection | None, rows: list[list[str]]) -> None:
        if name != "DefectList" or wafer is None:
            rows.append(row)
        elif len(row) < len(columns) or not columns:
            wafer.aside += 1
            why = f"a defect has {len(row)} values instead of {len(columns)}"
            wafer.problems.append(Problem(WrongColumnCount, why, byte_offset=self._at, raw=" ".join(row)[:1000]))
        else:
            if len(row) > len(columns):
                wafer.doubt("defects have more values than the file names columns: the last ones are left out")
            wafer.rows.append(row[: len(columns)])

    def _taken(self, name: str, columns: list[str], rows: list[list[str]], wafer: Inspection | None) -> None:
        if name == "ClassLookupList":
            numbered = ((number_of(row[0]), row[1]) for row in rows if len(row) > 1)
            self._classes |= {int(number): text for number, text in numbered if number is not None}
        elif name == "TestSummaryList" and wafer is not None:
            wafer.summarised(columns, rows)
        elif name == "SampleTestPlanList" and wafer is not None:
            wafer.dies = (wafer.dies or 0) + len(rows)
