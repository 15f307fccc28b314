"""A small fab with known numbers, and a real server over it on 127.0.0.1."""

import contextlib
import csv
import io
import os
import re
import signal
import subprocess
import sys
from datetime import datetime, timedelta
from pathlib import Path

import httpx

from fabwatch.api.keys import Keys
from tests.fabs import new_fab
from tests.models.made_tables import wafers

DAY0 = datetime(2026, 5, 1)
AS_OF = "2026-06-10T06:30:00Z"
EVIL = '<img src=x onerror="alert(1)">'
"""A lot that would run in a page that does not escape it."""
TOOLS = {
    "ETCH-1": ("Etch", "E"),
    "ETCH-2": ("Etch", "E"),
    "CMP-1": ("CMP", "C"),
    "CMP-2": ("CMP", "C"),
    "CMP-9": ("CMP", "C"),
}
"""CMP-9 is never qualled."""


def stamp(days):
    return (DAY0 + timedelta(days=days)).isoformat() + "Z"


def exports(folder):
    """Files of 40 days: four lots of 25 wafers a day and tool; a qual every third day, every fifth of which fails."""
    folder.mkdir(parents=True, exist_ok=True)
    lines = {"moves": ["lot,wafer,tool,chamber,step,step_no,route,end_at"], "maintenance": ["tool,done_at,kind"]}
    lines["quals"] = ["tool,qual_type,processed_at,passed,reading,unit,lower,upper"]
    lines["tools"] = ["tool,tool_type,area", *(f"{tool},{kind},{area}" for tool, (area, kind) in TOOLS.items())]
    number = 0
    for n, tool in enumerate(TOOLS):
        for day in range(40):
            for part in range(2):
                number += 1
                lot = EVIL if number == 7 else f"L{number:04d}"
                quoted = '"' + lot.replace('"', '""') + '"'
                for wafer in range(1, 6):
                    at = stamp(day + 0.2 + part * 0.4 + wafer * 0.002 + n * 0.01)
                    chamber = "AB"[wafer % 2] if tool.startswith("ETCH") else ""
                    lines["moves"].append(f"{quoted},L{number:04d}.{wafer:02d},{tool},{chamber},S{n},{n},R,{at}")
        for look in range(1, 14) if tool != "CMP-9" else ():
            failed = (look + n) % 5 == 0
            reading = 40 + look if failed else 10 + (look * 7 + n) % 9
            lines["quals"].append(
                f"{tool},particles,{stamp(look * 3 + n * 0.1)},{'fail' if failed else 'pass'},{reading},count,,30"
            )
            if failed and look < 12:
                lines["maintenance"].append(f"{tool},{stamp(look * 3 + n * 0.1 + 0.05)},repair")
    lines["metrology"] = list(_metrology())
    lines["sort"] = list(_sorted(lines["moves"][1:]))
    for name, some in lines.items():
        (folder / f"{name}.csv").write_text("\n".join(some) + "\n")
    (folder / "etch-1.log").write_text("\n".join(_log()) + "\n")
    return folder


def _sorted(moves):
    """Sort results of every other wafer: those that passed chamber A of ETCH-2 from day 20 on have half the yield."""
    yield "lot,wafer,product,parts,good,tested_at"
    for number, (lot, wafer, tool, chamber, *_, at) in enumerate(csv.reader(moves)):
        late = (tool, chamber) == ("ETCH-2", "A") and at >= stamp(20)
        if number % 2 == 0 and tool in ("ETCH-1", "ETCH-2", "CMP-1"):
            quoted = '"' + lot.replace('"', '""') + '"'
            yield f"{quoted},{wafer},{'P1' if number % 4 else 'P2'},100,{48 if late else 90 + number % 7},{at}"


def _metrology():
    """Thickness before and after of 30 wafers on CMP-1, whose rate falls from 40 angstrom a second by 0.05 a wafer."""
    yield "wafer,tool,head,product,polished_at,measured_at,incoming,after,seconds,unit,target,lower,upper,rate"
    for n in range(30):
        at, wobble = DAY0 + timedelta(hours=n), ((n * 7) % 11 - 5) / 100
        after = 9000 - (40 - 0.05 * n + wobble) * 100
        known = (at + timedelta(minutes=90)).isoformat()
        yield f"M{n:02d},CMP-1,H1,P1,{at.isoformat()}Z,{known}Z,9000,{after:.4f},100,angstrom,5000,4850,5150,"
    for n in range(20):
        yield f"LOG1.{n + 1:02d},,,,,,,,,,,,,{70 + n % 3}"


def _log():
    """A log of 20 wafers on ETCH-1; the pressure of the last but one left its path in step 2, with an alarm."""
    yield "time,tool,chamber,lot,wafer,step,Pressure [mTorr],Pressure_SP [mTorr],Power"
    for n in range(20):
        for k in range(40):
            step = 1 + k // 20
            high = 3.0 if n == 18 and step == 2 else 0.0
            at = (DAY0 + timedelta(hours=n, seconds=k)).isoformat() + ".250Z"
            if n == 18 and k == 25:
                yield f"{at} ALARM 1042 pressure <b>high</b>, valve 3"
            wobble = ((n * 7 + k * 13) % 11) / 50
            yield f"{at},ETCH-1,A,LOG1,LOG1.{n + 1:02d},{step},{10 * step + high + wobble},{10 * step},{300 + wobble * 5}"


def rows_of(path):
    """The rows of a CSV file."""
    return list(csv.DictReader(io.StringIO(path.read_text())))


def made(folder):
    """The fab of those files, with a model of another table."""
    fab = folder / "fab"
    fab.mkdir(parents=True)
    (fab / "fab.toml").write_text("[quals.particles]\nwarning = 20\ninhibit = 60\n")
    with new_fab(fab) as door:
        assert door.ingest(exports(folder / "exports")).failed == 0
        door.train_model(
            wafers(rows=300), "result", name="etch", time="time", positive="FAIL", learner="linear", minutes=0.05
        )
    return fab


class Server:
    """A server of the command line over a fab."""

    program: tuple[str, ...] = ("-m", "fabwatch")

    def __init__(self, fab: Path, *more: str):
        self.fab = fab
        self.keys: dict[tuple, str] = {}
        command = [sys.executable, *self.program, "serve", "--fab", str(fab), "--port", "0", *more]
        self.process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
        )
        line = self.process.stdout.readline()
        found = re.search(r"http://\S+/", line)
        assert found, line + self.process.stderr.read()
        self.address = found.group().rstrip("/")

    def key(self, scope="read", **more):
        """A key of that scope, made once."""
        mark = (scope, *sorted(more.items()))
        if mark not in self.keys:
            store = Keys(self.fab)
            self.keys[mark], _ = store.create(f"test {scope}", scope, **more)
            store.close()
        return self.keys[mark]

    def client(self, scope="read", **more):
        return httpx.Client(
            base_url=self.address, headers={"Authorization": f"Bearer {self.key(scope, **more)}"}, timeout=120
        )

    def get(self, path, scope="read", **params):
        with self.client(scope) as client:
            return client.get(path, params=params or None)

    def stop(self, how=signal.SIGTERM):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, how)
        self.process.wait(20)
        self.process.stdout.close()
        self.process.stderr.close()
