"""Servers of their own for tests, on 127.0.0.1: PostgreSQL and object storage; they are stopped and gone afterwards."""

import json
import os
import random
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pyarrow import fs

PROGRAMS = sorted(Path("/usr/lib/postgresql").glob("*/bin"))
OWNER = "postgres"


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
        return port


class PostgreSQL:
    """A server that can be stopped and started again."""

    def __init__(self) -> None:
        self._place = Path(tempfile.mkdtemp(prefix="fabwatch-pg-"))
        self._encrypts = ""
        self.port = free_port()
        # The server refuses to run as root.
        self._before = ["runuser", "-u", OWNER, "--"] if os.geteuid() == 0 else []
        secret = self._place / "secret"
        secret.write_text("only-for-tests")
        if self._before:
            shutil.chown(self._place, OWNER)
            shutil.chown(secret, OWNER)
        how = ["-U", OWNER, "-A", "scram-sha-256", "--pwfile", str(secret), "-E", "UTF8"]
        self._run(str(PROGRAMS[-1] / "initdb"), "-D", str(self._place / "data"), *how)

    @property
    def address(self) -> str:
        """For the user postgres, with a password."""
        return f"postgresql://{OWNER}@127.0.0.1:{self.port}/postgres"

    def encrypt(self, public: Path, private: Path) -> None:
        """Let it show that certificate from its next start on, and refuse connections in the clear."""
        for file, name in ((public, "server.crt"), (private, "server.key")):
            own = self._place / name
            shutil.copyfile(file, own)
            own.chmod(0o600)
            if self._before:
                shutil.chown(own, OWNER)
        rules = self._place / "data" / "pg_hba.conf"
        rules.write_text("hostssl all all 127.0.0.1/32 scram-sha-256\n")
        self._encrypts = f" -c ssl=on -c ssl_cert_file={self._place}/server.crt -c ssl_key_file={self._place}/server.key"

    def start(self) -> None:
        """Start it, and wait until it answers."""
        how = f"-p {self.port} -c listen_addresses=127.0.0.1 -k {self._place} -c fsync=off{self._encrypts}"
        self._control("-w", "-l", str(self._place / "log"), "-o", how, "start")

    def stop(self) -> None:
        """Stop it as a cut of power would."""
        self._control("-m", "immediate", "stop")

    def remove(self) -> None:
        """Nothing of it is left."""
        shutil.rmtree(self._place, ignore_errors=True)

    def _control(self, *words: str) -> None:
        self._run(str(PROGRAMS[-1] / "pg_ctl"), "-D", str(self._place / "data"), *words)

    def _run(self, *command: str) -> None:
        subprocess.run([*self._before, *command], check=True, capture_output=True, cwd=self._place, timeout=120)


@contextmanager
def postgresql() -> Iterator[str]:
    """The address of a server, for the user postgres with a password."""
    server = PostgreSQL()
    server.start()
    try:
        yield server.address
    finally:
        server.stop()
        server.remove()


@contextmanager
def object_storage(bucket: str, tls: tuple[Path, Path] | None = None) -> Iterator[str]:
    """The address of a server of object storage with a bucket: KEY may do everything there, LOOK may only read."""
    place = Path(tempfile.mkdtemp(prefix="fabwatch-s3-"))
    users = [("KEY", ["Admin", "Read", "Write", "List", "Tagging"]), ("LOOK", ["Read", "List"])]
    identities = [
        {"name": name, "credentials": [{"accessKey": name, "secretKey": f"{name}-SECRET"}], "actions": actions}
        for name, actions in users
    ]
    (place / "s3.json").write_text(json.dumps({"identities": identities}))
    port, *others = (_free_pair() for _ in range(4))
    ports = [f"-{name}.port={number}" for name, number in zip(("master", "volume", "filer"), others, strict=True)]
    program = [str(Path(sys.executable).with_name("weed")), "server", "-ip=127.0.0.1", "-ip.bind=127.0.0.1", f"-dir={place}"]
    more = ["-s3", f"-s3.config={place / 's3.json'}", f"-s3.port={port}", "-volume.max=30", "-master.volumeSizeLimitMB=64"]
    # It would take these two ports whatever others it is given, so that no second one could start; and it would report.
    more += ["-s3.port.iceberg=0", "-s3.port.lance=0", "-master.telemetry=false"]
    more += [] if tls is None else [f"-s3.cert.file={tls[0]}", f"-s3.key.file={tls[1]}"]
    server = subprocess.Popen([*program, *more, *ports], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        _make_bucket(f"127.0.0.1:{port}", bucket, None if tls is None else tls[0])
        yield f"{'http' if tls is None else 'https'}://127.0.0.1:{port}"
    finally:
        server.kill()
        server.wait(20)
        shutil.rmtree(place, ignore_errors=True)


def storage(host: str, user: str = "KEY", ca: Path | None = None) -> fs.S3FileSystem:
    """The object storage as a file system."""
    how = {
        "endpoint_override": host,
        "scheme": "http" if ca is None else "https",
        "connect_timeout": 2,
        "request_timeout": 10,
    }
    how |= {} if ca is None else {"tls_ca_file_path": str(ca)}
    return fs.S3FileSystem(access_key=user, secret_key=f"{user}-SECRET", allow_bucket_creation=True, **how)


def _make_bucket(host: str, bucket: str, ca: Path | None) -> None:
    for _ in range(100):
        try:
            storage(host, ca=ca).create_dir(bucket)
        except OSError:
            time.sleep(0.2)
        else:
            return
    raise TimeoutError("the object storage did not begin")


def _free_pair() -> int:
    """A port that nobody listens on, nor on the one 10,000 above it, which this server takes as well."""
    rng = random.Random()
    while True:
        port = rng.randint(11_000, 32_000)
        with socket.socket() as one, socket.socket() as other:
            try:
                one.bind(("127.0.0.1", port))
                other.bind(("127.0.0.1", port + 10_000))
            except OSError:
                continue
            return port
