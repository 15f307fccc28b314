"""One equipment at 1 kHz x 30 sensors, live from an MQTT broker, on one core, with a kill in between: python -m bench.live

Prints and writes bench/live.json. Needs mosquitto (Debian: apt-get install mosquitto). `--seconds 3600` is the long form.

`cpu_share`   processor seconds a second of messages of all that receives and loads; figure to keep: 1.0, one core
`decode`      the same as a multiple of reading the same messages as JSON and nothing else
`p50_s`, `p99_s`  seconds from sending a message until its samples are in an answer, but for the restart; figure to keep: 3
`restart_s`   seconds until a receiver that was killed half-way has caught up
`lost`, `doubled`  samples; figure to keep: 0
"""

import argparse
import json
import os
import platform
import shutil
import signal
import statistics
import subprocess
import sys
import threading
import time
from datetime import UTC, datetime
from pathlib import Path

from tests.live.brokers import MOSQUITTO, PASSWORD, Broker

from fabwatch.fab import Fab

HERE = Path(__file__).parent / "tmp" / "live"
SENSORS, HZ, ROWS = 30, 1000, 100
"""A message holds 100 samples, as data collection plans send them."""
WAFER_S, STEP_S = 120, 20
SECRET = "FABWATCH_BENCH_MQTT"


def message(number: int, begin: float) -> str:
    """The samples of a tenth of a second, which end when it is sent."""
    times = [begin + (number * ROWS + row) / HZ for row in range(ROWS)]
    stamps = [datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z") for at in times]
    second = number * ROWS // HZ
    body = {"tool": "ETCH-1", "lot": "L1", "wafer": f"L1.{second // WAFER_S:04d}", "step": second // STEP_S % 6 + 1}
    values = {
        f"Sensor {n:02d} [mTorr]": [round(100 + (number * 7 + row * n) % 997 / 100, 3) for row in range(ROWS)]
        for n in range(SENSORS)
    }
    return json.dumps({**body, "time": stamps, **values})


def send(broker: Broker, begin: float, seconds: int, sent: dict[int, float]) -> None:
    """Send in real time; notes when each message went out."""
    with broker.sender() as client:
        for number in range(seconds * HZ // ROWS):
            body = message(number, begin)
            time.sleep(max(begin + (number + 1) * ROWS / HZ - time.time(), 0))
            sent[number] = time.time()
            client.publish("etch", body, 1)
        time.sleep(2)


def started(fab: Path) -> subprocess.Popen[bytes]:
    """What receives and loads, on one core."""

    def pin() -> None:
        os.sched_setaffinity(0, {sorted(os.sched_getaffinity(0))[0]})

    command = [sys.executable, "-m", "fabwatch", "live", "run", "--fab", str(fab)]
    return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, preexec_fn=pin)


def watched(fab: Path, begin: float, total: int, seen: list[tuple[float, int]], stop: threading.Event) -> None:
    """Notes again and again how many messages are in the answers."""
    with Fab(fab) as door:
        while not stop.is_set():
            rows = int(door.sql("SELECT coalesce(sum(rows), 0) AS n FROM parts")["n"][0])
            seen.append((time.time(), rows))
            if rows >= total:
                return
            time.sleep(0.1)


def processor(process: int) -> float:
    """Processor seconds of a process and of those that it has started."""
    tick, total = os.sysconf("SC_CLK_TCK"), 0.0
    for place in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = place.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if process in (int(place.parent.name), int(fields[1])):
            total += sum(map(int, fields[11:15])) / tick
    return total


def measure(seconds: int) -> dict[str, float]:
    """Run it once."""
    shutil.rmtree(HERE, ignore_errors=True)
    HERE.mkdir(parents=True)
    os.environ[SECRET] = PASSWORD
    broker, fab = Broker(HERE / "broker"), HERE / "fab"
    fab.mkdir()
    (fab / "fab.toml").write_text(
        f'[live.etch]\nurl = "{broker.url}"\nsecret_env = "{SECRET}"\nkind = "log"\ntopics = "etch"\n'
    )
    Fab(fab, create=True).close()
    first = started(fab)
    with Fab(fab) as door:
        while door.live().sources[0].state != "connected":
            time.sleep(0.1)
    begin, total = time.time(), seconds * HZ
    sent: dict[int, float] = {}
    seen: list[tuple[float, int]] = []
    stop = threading.Event()
    sender = threading.Thread(target=send, args=(broker, begin, seconds, sent))
    watcher = threading.Thread(target=watched, args=(fab, begin, total, seen, stop))
    sender.start()
    watcher.start()
    time.sleep(seconds / 2)
    used = processor(first.pid)
    first.send_signal(signal.SIGKILL)
    first.wait()
    killed = time.time()
    second = started(fab)
    sender.join()
    watcher.join(60)
    used += processor(second.pid)
    stop.set()
    watcher.join()
    second.terminate()
    second.wait(30)
    broker.stop()
    return figures(fab, seconds, sent, seen, killed, used)


def figures(
    fab: Path, seconds: int, sent: dict[int, float], seen: list[tuple[float, int]], killed: float, used: float
) -> dict[str, float]:
    """What was measured, as figures."""
    lags = {}
    position = 0
    for number in sorted(sent):
        while position < len(seen) and seen[position][1] < (number + 1) * ROWS:
            position += 1
        if position < len(seen):
            lags[number] = seen[position][0] - sent[number]
    caught = next((at for number, at in sent.items() if at > killed + 1 and lags.get(number, 99) < 3), killed)
    usual = sorted(lag for number, lag in lags.items() if not killed - 3 <= sent[number] <= caught)
    with Fab(fab) as door:
        (shape,) = door.sql("SELECT DISTINCT shape FROM parts WHERE shape IS NOT NULL")["shape"]
        row = door.sql(f"SELECT count(*) AS n, count(DISTINCT t) AS d FROM samples_{shape}").iloc[0]
    bodies = [message(number, 0.0) for number in range(HZ // ROWS * 10)]
    before = time.process_time()
    for body in bodies:
        json.loads(body)
    bare = (time.process_time() - before) / 10
    share = used / seconds
    return {
        "cpu_share": round(share, 3),
        "decode": round(share / bare, 1),
        "p50_s": round(statistics.median(usual), 2),
        "p99_s": round(usual[int(len(usual) * 0.99)], 2),
        "restart_s": round(caught - killed, 1),
        "lost": int(seconds * HZ - row["d"]),
        "doubled": int(row["n"] - row["d"]),
        "samples": int(row["n"]),
        "seconds": seconds,
    }


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--seconds", type=int, default=60)
    arguments = parser.parse_args()
    if MOSQUITTO is None:
        sys.exit("mosquitto is not installed: apt-get install mosquitto")
    found = measure(arguments.seconds)
    print(json.dumps(found, indent=1))
    machine = {"machine": platform.platform(), "cores": os.cpu_count(), "date": datetime.now(UTC).date().isoformat()}
    (Path(__file__).parent / "live.json").write_text(json.dumps({**machine, **found}, indent=1) + "\n")


if __name__ == "__main__":
    main()
