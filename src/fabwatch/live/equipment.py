"""From an equipment over HSMS (SECS/GEM): events, alarms and traces, answered once they are on disk."""

import importlib
import json
import logging
import re
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from fabwatch.live.messages import Message
from fabwatch.live.source import Source, cannot
from fabwatch.terms.errors import ExtraMissing, QueueFull

REPORTS_FROM = 880_001
"""Numbers of the reports that this host defines."""
TRACE = 8801
MANY = 2**31 - 1
CONNECT_S, LOOK_S, FULL_S = 30.0, 0.2, 0.25
_STIME = re.compile(r"(\d{2}|\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)?")


def receive(source: Source, others: Mapping[str, Source]) -> None:
    """Receive until it is stopped. Raises CannotReceive, ExtraMissing, DiskFull and LiveBroken."""
    try:
        library = importlib.import_module("secsgem.gem")
        for name in ("secsgem.hsms", "secsgem.common", "secsgem.secs.variables"):
            importlib.import_module(name)
    except ModuleNotFoundError as fault:
        what = f"Live source {source.name} needs the package secsgem, which is not installed."
        raise ExtraMissing(what, "pip install 'fabwatch[secsgem]'") from fault
    sharing = [other for other in others.values() if other is source or other.stated.of == source.name]
    Host(source, sharing, library).run()


@dataclass
class Host:
    """One connection to an equipment, as its host."""

    source: Source
    sharing: list[Source]
    library: Any
    handler: Any = None
    reports: dict[int, tuple[Source, list[str]]] = field(default_factory=dict)
    """Whose report it is, and the columns of its values."""
    traces: dict[int, tuple[Source, list[str]]] = field(default_factory=dict)
    gone: threading.Event = field(default_factory=threading.Event)

    def run(self) -> None:
        """Connect, say what is wanted, and receive."""
        # The library tells every message, and each of its own faults with a traceback.
        logging.getLogger("secsgem").setLevel(logging.CRITICAL)
        self.handler = self._made()
        self.handler.enable()
        try:
            if not self._communicating():
                return
            self.handler.go_online()
            self._ask_for_events()
            self._ask_for_traces()
            self._ask_for_alarms()
            for one in self.sharing:
                one.connected()
            while not self.source.stop.wait(LOOK_S):
                if self.gone.is_set():
                    raise cannot(self.source, "the equipment is gone")
        finally:
            for one in self.sharing:
                one.queue.note(connected_since=None)
            self.handler.disable()

    def _made(self) -> Any:
        common, hsms = importlib.import_module("secsgem.common"), importlib.import_module("secsgem.hsms")
        parts = urlsplit(self.source.stated.url or "")
        settings = hsms.HsmsSettings(
            address=parts.hostname or "127.0.0.1",
            port=parts.port or 5000,
            session_id=self.source.stated.session,
            connect_mode=hsms.HsmsConnectMode.ACTIVE,
            device_type=common.DeviceType.HOST,
        )
        handler = self.library.GemHostHandler(settings)
        for stream, function, taken in ((6, 11, self._event), (6, 1, self._sample), (5, 1, self._alarm)):
            handler.register_stream_function(stream, function, partial(self._answered, stream, function + 1, taken))
        handler.events.disconnected += lambda _: self.gone.set()
        return handler

    def _communicating(self) -> bool:
        """Whether the equipment answers before it is stopped. Raises CannotReceive."""
        for _ in range(int(CONNECT_S / LOOK_S)):
            if self.handler.waitfor_communicating(LOOK_S):
                self.gone.clear()
                return True
            if self.source.stop.is_set():
                return False
        raise cannot(self.source, "the equipment does not answer")

    def _ask_for_events(self) -> None:
        events: dict[int, list[int]] = {}
        for one in self.sharing:
            for event, columns in one.stated.events.items():
                number = REPORTS_FROM + len(self.reports)
                self.reports[number] = one, list(columns)
                events.setdefault(int(event), []).append(number)
                self._asked(2, 33, {"DATAID": 0, "DATA": [{"RPTID": number, "VID": []}]}, may_fail=True)
                self._asked(2, 33, {"DATAID": 0, "DATA": [{"RPTID": number, "VID": list(columns.values())}]})
        for ceid, numbers in events.items():
            self._asked(2, 35, {"DATAID": 0, "DATA": [{"CEID": ceid, "RPTID": []}]}, may_fail=True)
            self._asked(2, 35, {"DATAID": 0, "DATA": [{"CEID": ceid, "RPTID": numbers}]})
            self._asked(2, 37, {"CEED": True, "CEID": [ceid]})

    def _ask_for_traces(self) -> None:
        variables = importlib.import_module("secsgem.secs.variables")
        for one in self.sharing:
            if one.stated.trace:
                number = TRACE + len(self.traces)
                self.traces[number] = one, list(one.stated.trace)
                wanted = {"TRID": number, "DSPER": period(one.stated.trace_s), "SVID": list(one.stated.trace.values())}
                self._asked(2, 23, {**wanted, "TOTSMP": variables.U4(MANY), "REPGSZ": variables.U4(1)})

    def _ask_for_alarms(self) -> None:
        if any(one.stated.alarms for one in self.sharing):
            for alarm in self.handler.list_alarms():
                self.handler.enable_alarm(alarm["ALID"])

    def _asked(self, stream: int, function: int, body: dict[str, Any], *, may_fail: bool = False) -> None:
        """Send a request; raises CannotReceive where the equipment refuses it."""
        said = self.handler.send_and_waitfor_response(self.handler.stream_function(stream, function)(body))
        if may_fail:
            return
        answer = None if said is None else self.handler.settings.streams_functions.decode(said).get()
        if answer != 0:
            why = "nothing" if answer is None else answer
            raise cannot(self.source, f"the equipment answers {why} to S{stream}F{function} of {body}")

    def _answered(self, stream: int, function: int, taken: Any, handler: Any, message: Any) -> Any:
        """Take a message in, and answer it; without room it waits, and without an answer the equipment keeps it."""
        taken(handler.settings.streams_functions.decode(message).get())
        return handler.stream_function(stream, function)(0)

    def _event(self, said: dict[str, Any]) -> None:
        for report in said["RPT"]:
            known = self.reports.get(report["RPTID"])
            if known is not None:
                source, columns = known
                cells = dict(zip(columns, report["V"], strict=False))
                clock = source.stated.columns.get("time", "time")
                if clock in cells:
                    cells[clock] = clock_of(str(cells[clock]))
                self._keep(source, f"S6F11/{said['CEID']}", cells)

    def _sample(self, said: dict[str, Any]) -> None:
        known = self.traces.get(said["TRID"])
        if known is not None:
            source, columns = known
            cells = {"time": clock_of(said["STIME"]), **dict(zip(columns, said["SV"], strict=False))}
            self._keep(source, f"S6F1/{said['TRID']}/{said['SMPLN']}", cells)

    def _alarm(self, said: dict[str, Any]) -> None:
        for source in self.sharing:
            if source.stated.alarms:
                number, is_set = said["ALID"], said["ALCD"] & 128
                zone = ZoneInfo(source.stated.zone or "UTC")
                at = datetime.fromtimestamp(source.now(), UTC).astimezone(zone).replace(tzinfo=None)
                cells = {
                    "time": at.isoformat(timespec="milliseconds"),
                    "alarm": str(number) if is_set else f"{number} cleared",
                }
                self._keep(source, "S5F1", {**cells, "text": said["ALTX"].strip()})

    def _keep(self, source: Source, topic: str, cells: dict[str, Any]) -> None:
        """Put a row into the queue as soon as there is room. Raises CannotReceive where it is stopped before."""
        body = json.dumps(cells, default=str).encode()
        message = Message(body, topic, source.now(), again=source.stated.stamp is None)
        while True:
            try:
                source.queue.put([message])
            except QueueFull as fault:
                if source.stop.wait(FULL_S):
                    raise cannot(source, fault.what) from fault
            else:
                return


def period(seconds: float) -> str:
    """A sample period as hhmmss, or with hundredths where it is no whole second."""
    hundredths = round(seconds * 100)
    whole, rest = divmod(hundredths, 100)
    text = f"{whole // 3600:02d}{whole // 60 % 60:02d}{whole % 60:02d}"
    return f"{text}{rest:02d}" if rest else text


def clock_of(text: str) -> str:
    """A time of SECS-II (YYMMDDhhmmss, YYYYMMDDhhmmss, with cc) as ISO 8601; any other text as it is."""
    hit = _STIME.fullmatch(text.strip()) if len(text.strip()) != 14 else None
    if len(text.strip()) == 14:
        hit = re.fullmatch(r"(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)()", text.strip())
    if hit is None:
        return text.strip()
    year, month, day, hour, minute, second, hundredths = hit.groups()
    year = year if len(year) == 4 else f"20{year}"
    return f"{year}-{month}-{day}T{hour}:{minute}:{second}" + (f".{hundredths}" if hundredths else "")
