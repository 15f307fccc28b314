"""An equipment of its own for tests, on 127.0.0.1: it reports events and alarms, and traces what it is asked to."""

import logging
import subprocess
import sys
from typing import Any

import secsgem.common
import secsgem.gem
import secsgem.hsms
import secsgem.secs

DONE, PRESSURE, POWER, OVER = 200, 2001, 2002, 1042
LOT, WAFER, AT = 3001, 3002, 3003


class Equipment(secsgem.gem.GemEquipmentHandler):
    """Wafers end (event 200 with lot, wafer and clock), the pressure can be too high (alarm 1042), two sensors."""

    def __init__(self, port: int) -> None:
        settings = secsgem.hsms.HsmsSettings(
            address="127.0.0.1",
            port=port,
            session_id=0,
            connect_mode=secsgem.hsms.HsmsConnectMode.PASSIVE,
            device_type=secsgem.common.DeviceType.EQUIPMENT,
        )
        super().__init__(settings, initial_control_state="ATTEMPT_ONLINE")
        text = secsgem.secs.variables.String
        self.words: dict[int, Any] = {LOT: "L1", WAFER: "L1.00", AT: "2026070100000000"}
        for number in self.words:
            self.data_values[number] = secsgem.gem.DataValue(number, f"V{number}", text, True)
        for event in (DONE, 301, 302):
            self.collection_events[event] = secsgem.gem.CollectionEvent(event, f"E{event}", list(self.words))
        self.alarms[OVER] = secsgem.gem.Alarm(OVER, "pressure", "pressure too high", 2, 301, 302)
        self.traced: list[int] = []
        self.register_stream_function(2, 23, self._trace)

    def on_dv_value_request(self, data_value_id: Any, data_value: Any) -> Any:
        return data_value.value_type(self.words[data_value.dvid])

    def _trace(self, handler: Any, message: Any) -> Any:
        said = self.settings.streams_functions.decode(message).get()
        self.traced = [said["TRID"], *said["SVID"]]
        return self.stream_function(2, 24)(0)

    def ended(self, wafer: int) -> None:
        """A wafer is done: the report is sent, and its answer awaited."""
        self.words |= {WAFER: f"L1.{wafer:02d}", AT: f"20260701{wafer // 60:02d}{wafer % 60:02d}0000"}
        event = self._registered_collection_events[DONE]
        assert event.enabled
        self.told(6, 11, {"DATAID": 1, "CEID": DONE, "RPT": self._build_collection_event(DONE)})

    def sample(self, number: int) -> None:
        at = f"20260701{number // 6000:04d}{number // 100 % 60:02d}{number % 100:02d}"
        self.told(6, 1, {"TRID": self.traced[0], "SMPLN": number, "STIME": at, "SV": [10.5 + number % 3, 300]})

    def told(self, stream: int, function: int, body: dict[str, Any]) -> None:
        answer = self.send_and_waitfor_response(self.stream_function(stream, function)(body))
        assert self.settings.streams_functions.decode(answer).get() == 0


def main() -> None:
    """Do what each line says: ended N, sample N or alarm."""
    logging.getLogger("secsgem").setLevel(logging.CRITICAL)
    equipment = Equipment(int(sys.argv[1]))
    equipment.enable()
    acts = {"ended": equipment.ended, "sample": equipment.sample, "alarm": equipment.set_alarm}
    for line in sys.stdin:
        name, number = line.split()
        acts[name](int(number))
        print("done", flush=True)  # noqa: T201


class Running:
    """The same in a process of its own, which can be killed as an equipment can be switched off."""

    def __init__(self, port: int) -> None:
        command = [sys.executable, "-m", "tests.live.equipment", str(port)]
        pipes: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL}
        self.process = subprocess.Popen(command, text=True, **pipes)

    def do(self, name: str, number: int) -> None:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(f"{name} {number}\n")
        self.process.stdin.flush()
        assert self.process.stdout.readline() == "done\n", (name, number)

    def stop(self) -> None:
        self.process.kill()
        self.process.communicate()


if __name__ == "__main__":
    main()
