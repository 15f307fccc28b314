"""A broker that can be stopped and started again, and whoever sends to it."""

import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion

from tests.servers import free_port

USER, PASSWORD = "fabwatch", "only-for-tests"
MOSQUITTO = shutil.which("mosquitto") or shutil.which("mosquitto", path="/usr/sbin")
CONFIG = """
listener {port} 127.0.0.1
allow_anonymous false
password_file {folder}/users
persistence true
persistence_location {folder}/
autosave_interval 1
max_queued_messages 0
user root
"""


class Broker:
    """A broker on a port of its own, which keeps on disk what waits for clients that it knows."""

    def __init__(self, folder: Path) -> None:
        self.port = free_port()
        self.process: subprocess.Popen[str] | None = None
        self._folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        if MOSQUITTO is None:
            pytest.skip("no broker is installed: apt-get install mosquitto")
        subprocess.run(["mosquitto_passwd", "-c", "-b", str(folder / "users"), USER, PASSWORD], check=True)
        (folder / "mosquitto.conf").write_text(CONFIG.format(port=self.port, folder=folder))
        self.start()

    def start(self) -> None:
        command = [str(MOSQUITTO), "-c", str(self._folder / "mosquitto.conf")]
        self.process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, text=True)
        for _ in range(200):
            with socket.socket() as tried:
                if tried.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            time.sleep(0.05)
        raise AssertionError("the broker did not start")

    def stop(self, how: int = signal.SIGTERM) -> None:
        if self.process is not None:
            os.kill(self.process.pid, how)
            self.process.wait(10)
        self.process = None

    @property
    def url(self) -> str:
        return f"mqtt://{USER}@127.0.0.1:{self.port}"

    def send(self, topic: str, payloads: Iterable[str | bytes], quality: int = 1) -> None:
        """Send messages, and wait until the broker has all of them."""
        with self.sender() as client:
            sent = [client.publish(topic, payload, quality) for payload in payloads]
            for one in sent:
                one.wait_for_publish(30)
                assert one.is_published()

    @contextmanager
    def sender(self) -> Iterator[Client]:
        client = Client(CallbackAPIVersion.VERSION2)
        client.username_pw_set(USER, PASSWORD)
        client.max_inflight_messages_set(500)
        client.connect("127.0.0.1", self.port)
        client.loop_start()
        try:
            yield client
        finally:
            client.disconnect()
            client.loop_stop()
