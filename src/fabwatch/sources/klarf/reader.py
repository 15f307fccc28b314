"""A KLARF file as rows of the tables of results."""

import hashlib
import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from fabwatch.sources.klarf.inspection import Inspection, number_of
from fabwatch.sources.klarf.records import Records
from fabwatch.sources.klarf.statements import inspections
from fabwatch.sources.opening import CannotRead
from fabwatch.sources.result_file import ResultFile, ResultRows, rows_of
from fabwatch.terms.clock import to_utc
from fabwatch.terms.problems import BadNumber, Problem, Refused, Unreadable

LARGEST = 256 << 20
"""Bytes of a file that is held in memory while it is read."""
AT_ONCE = 20_000
AGAIN = "export it from the inspection tool again"
_BEGINS = re.compile(rb"\s*(FileVersion\s+\d|Record\s+FileRecord\b)")
_DATE = re.compile(r"(\d{1,2})-(\d{1,2})-(\d{2,4})")
TIMES = ("%H:%M:%S", "%H:%M:%S.%f", "%H:%M")
QUARTERS = {"DOWN": 0, "0": 0, "LEFT": 1, "90": 1, "UP": 2, "180": 2, "RIGHT": 3, "270": 3}
"""Quarter turns to the left that bring the notch down. 1.8 states degrees."""
KNOWN = {
    "XREL", "YREL", "X", "Y", "XINDEX", "YINDEX", "DSIZE", "DEFECTAREA", "CLASSNUMBER", "ROUGHBINNUMBER", "CLUSTERNUMBER",
    "TEST", "IMAGECOUNT", "DEFECTID", "IMAGELIST", "IMAGES",
}  # fmt: skip


def is_klarf(start: bytes) -> bool:
    """Whether a content begins as KLARF does."""
    return _BEGINS.match(start) is not None


@dataclass
class KlarfFile(ResultFile):
    """A file of defects in KLARF."""

    zone: str | None = None
    """The zone of its times; they are read as UTC without one."""

    format = "klarf"

    def batches(self) -> Iterator[ResultRows]:
        """The inspections, then their defects. Raises CannotRead."""
        if self.inspected.size > LARGEST:
            raise CannotRead(Problem(Refused, f"a KLARF file of over {LARGEST >> 20} MB", hint="split it by wafer"))
        raw = b"".join(self.document.pieces([]))
        text = raw.decode("utf-8" if self.inspected.utf8 else "cp1252", errors="replace")
        fine = re.match(r"\s*Record\b", text) is not None
        found = Records(text).inspections() if fine else list(inspections(text))
        if not found:
            raise CannotRead(Problem(Unreadable, "no wafer stands whole in this KLARF file", hint=AGAIN))
        if not self.zone:
            self.note('times without a zone: read as UTC (zone = "…" in fab.toml for another)')
        read = [_Wafer(number, wafer, 1e-3 if fine else 1.0, self.zone) for number, wafer in enumerate(found)]
        rows = [wafer.row() for wafer in read]
        yield ResultRows("inspections", rows_of("inspections", rows), counted=False)
        for wafer in read:
            problems = tuple(wafer.inspection.problems)
            yield ResultRows("defects", rows_of("defects", []), problems, wafer.inspection.aside)
            for begin in range(0, len(wafer.defects), AT_ONCE):
                yield ResultRows("defects", rows_of("defects", wafer.defects[begin : begin + AT_ONCE]))


class _Wafer:
    """One inspection on its way into the tables; `scale` makes micrometres of its lengths."""

    def __init__(self, number: int, inspection: Inspection, scale: float, zone: str | None):
        self.inspection = inspection
        self._number, self._scale, self._zone = number, scale, zone
        self._turns = QUARTERS.get((inspection.text("OrientationMarkLocation") or "").upper(), 0)
        self._mirrored = (inspection.text("CoordinatesMirrored") or "").upper() in ("YES", "1", "TRUE")
        self._pitch = self._length("DiePitch"), self._length("DiePitch", 1)
        self._center = self._length("SampleCenterLocation"), self._length("SampleCenterLocation", 1)
        self._places = {name: place for place, name in enumerate(inspection.columns)}
        self.defects = [defect for row in inspection.rows if (defect := self._defect(row)) is not None]

    def row(self) -> dict[str, Any]:
        """Its row of `inspections`."""
        of, stated = self.inspection, self.inspection.stated
        if stated is not None and stated != len(self.defects) + of.aside:
            of.doubt(f"its summary counts {stated:,} defects, its list has {len(self.defects):,}")
        if not of.listed:
            of.doubt("it has no list of defects")
        if of.text("WaferID") is None:
            of.doubt("the wafer has no name")
        if self._turns or self._mirrored:
            of.doubt(
                f"turned by {90 * self._turns} degrees" + (" and mirrored" if self._mirrored else "") + " to notch down"
            )
        station = [value for value in of.header.get("inspectionstationid", []) if value and value != "NONE"]
        area = sum(of.areas) * self._scale**2 * 1e-6 if of.areas else None
        size = of.number("SampleSize", 1 if self._scale == 1 else 0)
        return {
            "inspection": self._number,
            "lot": of.text("LotID"),
            "wafer": of.text("WaferID"),
            "slot": _whole(of.number("Slot") if self._scale == 1 else of.number("SlotNumber")),
            "product": of.text("DeviceID"),
            "layer": of.text("StepID"),
            "recipe": of.text("SetupID") or of.text("RecipeID"),
            "tool": " ".join(station) or None,
            "inspected_at": self._time(),
            "defects": len(self.defects),
            "stated": stated,
            "area_mm2": area,
            "wafer_mm": size if self._scale == 1 or size is None else size * 1e-6,
            "pitch_x_um": self._pitch[0],
            "pitch_y_um": self._pitch[1],
            "center_x_um": self._center[0],
            "center_y_um": self._center[1],
            "dies": of.dies,
            "cut": any("ends before" in doubt for doubt in of.doubts),
            "digest": self._digest(),
            "doubts": "; ".join(of.doubts) or None,
        }

    def _defect(self, row: Sequence[str]) -> dict[str, Any] | None:
        number = _whole(self._value(row, "DEFECTID"))
        if number is None:
            self.inspection.aside += 1
            what = row[self._places["DEFECTID"]] if "DEFECTID" in self._places else ""
            problem = Problem(BadNumber, f"DEFECTID: {what!r} is not a number", raw=" ".join(row)[:1000])
            self.inspection.problems.append(problem)
            return None
        x, y = self._on_wafer(row)
        class_no = _whole(self._value(row, "CLASSNUMBER"))
        more = {
            name: row[place]
            for name, place in self._places.items()
            if name not in KNOWN and row[place] not in ("", "0", "0.0", "0.000000", "0.0000")
        }
        size, area = self._value(row, "DSIZE"), self._value(row, "DEFECTAREA")
        return {
            "inspection": self._number,
            "defect": number,
            "lot": self.inspection.text("LotID"),
            "wafer": self.inspection.text("WaferID"),
            "x_um": x,
            "y_um": y,
            "die_x": _whole(self._value(row, "XINDEX")),
            "die_y": _whole(self._value(row, "YINDEX")),
            "size_um": None if size is None else size * self._scale,
            "area_um2": None if area is None else area * self._scale**2,
            "class_no": class_no,
            "class_name": None if class_no is None else self.inspection.classes.get(class_no),
            "rough_bin": _whole(self._value(row, "ROUGHBINNUMBER")),
            "cluster": _whole(self._value(row, "CLUSTERNUMBER")),
            "test": _whole(self._value(row, "TEST")),
            "images": _whole(self._value(row, "IMAGECOUNT")),
            "more": json.dumps(more) if more else None,
        }

    def _on_wafer(self, row: Sequence[str]) -> tuple[float | None, float | None]:
        """The place from the centre of the wafer, with the notch down."""
        found = []
        for axis, index, pitch, center in (
            ("XREL", "XINDEX", self._pitch[0], self._center[0]),
            ("YREL", "YINDEX", self._pitch[1], self._center[1]),
        ):
            rel, die = self._value(row, axis), self._value(row, index)
            if rel is None or die is None or pitch is None or center is None:
                return None, None
            found.append(die * pitch + rel * self._scale - center)
        x, y = found
        if self._mirrored:
            x = -x
        for _ in range(self._turns):
            x, y = -y, x
        return x, y

    def _value(self, row: Sequence[str], name: str) -> float | None:
        place = self._places.get(name)
        return None if place is None else number_of(row[place])

    def _length(self, name: str, place: int = 0) -> float | None:
        value = self.inspection.number(name, place)
        return None if value is None else value * self._scale

    def _time(self) -> datetime | None:
        values = self.inspection.header.get("resulttimestamp") or self.inspection.header.get("filetimestamp") or []
        date = _DATE.fullmatch(values[0].strip()) if values else None
        if date is None or len(values) < 2:
            return None
        year = int(date[3])
        year += (1900 if year >= 70 else 2000) if year < 100 else 0
        for form in TIMES:
            try:
                clock = datetime.strptime(values[1].strip(), form)  # noqa: DTZ007 - the zone is stated apart
                local = clock.replace(year=year, month=int(date[1]), day=int(date[2]))
            except ValueError:
                continue
            return to_utc(local.replace(tzinfo=ZoneInfo(self._zone))) if self._zone else local
        return None

    def _digest(self) -> str | None:
        if not self.defects:
            return None
        words = repr([(d["defect"], d["x_um"], d["y_um"], d["size_um"], d["class_no"]) for d in self.defects])
        return hashlib.sha256(words.encode()).hexdigest()[:32]


def _whole(value: float | None) -> int | None:
    return int(value) if value is not None and abs(value) < 2**62 else None
