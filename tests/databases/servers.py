"""A PostgreSQL server of its own for tests, on 127.0.0.1; it is stopped and gone afterwards."""

import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

PROGRAMS = sorted(Path("/usr/lib/postgresql").glob("*/bin"))
OWNER = "postgres"


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
        return port


@contextmanager
def postgresql() -> Iterator[str]:
    """The address of a server, for the user postgres with a password."""
    place = Path(tempfile.mkdtemp(prefix="fabwatch-pg-"))
    port = free_port()
    # The server refuses to run as root.
    before = ["runuser", "-u", OWNER, "--"] if os.geteuid() == 0 else []
    if before:
        shutil.chown(place, OWNER)
    secret = place / "secret"
    secret.write_text("only-for-tests")
    if before:
        shutil.chown(secret, OWNER)

    def run(*command: str) -> None:
        subprocess.run([*before, *command], check=True, capture_output=True, cwd=place, timeout=120)

    programs, data = PROGRAMS[-1], place / "data"
    run(str(programs / "initdb"), "-D", str(data), "-U", OWNER, "-A", "scram-sha-256", "--pwfile", str(secret), "-E", "UTF8")
    how = f"-p {port} -c listen_addresses=127.0.0.1 -k {place} -c fsync=off"
    run(str(programs / "pg_ctl"), "-D", str(data), "-w", "-l", str(place / "log"), "-o", how, "start")
    try:
        yield f"postgresql://{OWNER}@127.0.0.1:{port}/postgres"
    finally:
        run(str(programs / "pg_ctl"), "-D", str(data), "-m", "immediate", "stop")
        shutil.rmtree(place, ignore_errors=True)
