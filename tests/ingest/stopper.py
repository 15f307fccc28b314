"""A server that forks: each child does a piece of work on a fab and is killed before its n-th statement.

Run as a process of its own (`python -m tests.ingest.stopper`). It has everything imported and has no fab open while it
forks: what other threads there are, of the allocator, wait for work and hold no lock. It reads requests as JSON lines,
{"work", "fab", "paths", "stop"}, and answers each with a line: how many statements were begun, and whether the child was
killed. Without "stop" the child does all of its work.
"""

import json
import os
import signal
import sys
import tempfile
from pathlib import Path
from typing import Any, cast

from fabwatch.fab import Fab
from fabwatch.ingest import reader, reader_process
from fabwatch.store import folder as store
from tests.diary import NOW


class Stopping:
    """A connection that counts its statements on a pipe and dies before the n-th."""

    begun = 0

    def __init__(self, connection, stop, pipe):
        self._connection, self._stop, self._pipe = connection, stop, pipe

    def execute(self, sql, *parameters):
        Stopping.begun += 1
        os.write(self._pipe, b".")
        if Stopping.begun == self._stop:
            os.kill(os.getpid(), signal.SIGKILL)
        return self._connection.execute(sql, *parameters)

    def __getattr__(self, name):
        return getattr(self._connection, name)


class Forked:
    """A reader that is forked with everything imported, in the place of one that is started: a second less a child."""

    def __init__(self, pipe):
        (incoming, to), (back, outgoing) = os.pipe(), os.pipe()
        self.pid = os.fork()
        if self.pid == 0:
            os.dup2(incoming, 0)
            os.dup2(outgoing, 1)
            for end in (incoming, to, back, outgoing, pipe):
                os.close(end)
            reader_process.main()
        os.close(incoming)
        os.close(outgoing)
        self.stdin, self.stdout = os.fdopen(to, "wb", 0), os.fdopen(back, "rb", 0)

    def poll(self):
        return None

    def kill(self):
        os.kill(self.pid, signal.SIGKILL)

    def wait(self):
        os.waitpid(self.pid, 0)


def make(fab, paths):
    with Fab(fab, create=True, clock=lambda: NOW):
        pass


def ingest(fab, paths):
    with Fab(fab, clock=lambda: NOW) as door:
        door.ingest(paths)


def hold(fab, paths):
    with Fab(fab, clock=lambda: NOW) as door:
        door.hold("ETCH-1", who="ana", reason="particles")


def tidy(fab, paths):
    with Fab(fab, clock=lambda: NOW) as door:
        door.compact()


WORK = {"make": make, "ingest": ingest, "hold": hold, "tidy": tidy}


def child(request, pipe):
    if request["work"] == "ingest":
        # Before there is a connection: a fork takes none of its threads along.
        forked, reading = Forked(pipe), cast(Any, reader)
        reading._started = lambda: forked
    engine: Any = store
    connect = engine.connect
    engine.connect = lambda *arguments: Stopping(connect(*arguments), request.get("stop"), pipe)
    WORK[request["work"]](Path(request["fab"]), [Path(path) for path in request.get("paths", ())])


def serve():
    # The signatures of the extensions are checked here once and not by every child.
    with tempfile.TemporaryDirectory() as folder:
        make(Path(folder) / "fab", [])
    for line in sys.stdin:
        reading, writing = os.pipe()
        pid = os.fork()
        if pid == 0:
            os.close(reading)
            code = 1
            try:
                child(json.loads(line), writing)
                code = 0
            finally:
                sys.stderr.flush()
                os._exit(code)
        os.close(writing)
        with os.fdopen(reading, "rb") as pipe:
            begun = len(pipe.read())
        _, status = os.waitpid(pid, 0)
        killed = os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL
        failed = os.WIFEXITED(status) and os.WEXITSTATUS(status) != 0
        sys.stdout.write(json.dumps({"begun": begun, "killed": killed, "failed": failed}) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    serve()
