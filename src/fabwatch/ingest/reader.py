"""The reader: a process of its own reads a file and hands over what it holds, so that no file can end or hold up a load."""

import atexit
import contextlib
import os
import select
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TypeVar

from fabwatch.ingest.pipe import receive, send
from fabwatch.ingest.reader_process import overdue
from fabwatch.ingest.reading import Find, Task
from fabwatch.ingest.understanding import Candidate
from fabwatch.sources.opening import CannotRead
from fabwatch.terms.problems import Problem, Unreadable
from fabwatch.terms.settings import Settings

SILENT = 300.0
"""Seconds without a word after which a reader is ended: of those a busy machine gives it only some."""
CRASHES = [signal.Signals[name] for name in ("SIGABRT", "SIGSEGV", "SIGBUS", "SIGILL", "SIGFPE") if hasattr(signal, name)]
MODULE = "fabwatch.ingest.reader_process"
# Arrow's own allocator takes a gigabyte of address space before it needs any, and every thread an arena of its own.
_ENVIRONMENT = {"ARROW_DEFAULT_MEMORY_POOL": "system", "MALLOC_ARENA_MAX": "2", "OPENBLAS_NUM_THREADS": "1"}
PIPE = 1 << 20
"""Bytes that the reader may be ahead."""
T = TypeVar("T")

try:
    import fcntl

    _LARGER = getattr(fcntl, "F_SETPIPE_SZ", None)
except ImportError:  # pragma: no cover - a system whose pipes have one size
    _LARGER = None


class Reader:
    """A process that reads one file after the other; when a file ends it, the next begins with a new one."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None
        self.told: Callable[[float, bool], None] | None = None
        """Told how far the file is that is being loaded, from 0 to 1, and whether all of it is read."""

    def run(self, task: Task) -> Iterator[object]:
        """What a task gives, piece by piece. Raises CannotRead, also for a file that ended the reader."""
        if self._process is not None and self._process.poll() is not None:
            # It was ended from outside while it had nothing to do.
            self.close()
        process = self._process = self._process or _started()
        finished = False
        try:
            send(_pipe(process.stdin), (_here(), task))
            while True:
                word, piece = self._answer(process)
                if word == "piece":
                    yield piece
                    continue
                if word == "part":
                    self._hear(task, piece)
                    continue
                finished = True
                self._hear(task, 1.0)
                if word == "problem":
                    assert isinstance(piece, Problem)  # noqa: S101 - what the process sends with that word
                    raise CannotRead(piece)
                return
        except (EOFError, BrokenPipeError):
            raise CannotRead(_why_it_ended(process)) from None
        finally:
            if not finished:
                self.close()

    def _hear(self, task: Task, part: object) -> None:
        begin, end = task.share
        if self.told is not None and end and isinstance(part, float):
            self.told(begin + (end - begin) * min(part, 1.0), begin > 0 and part >= 1)

    def one(self, task: Task, kind: type[T]) -> T:
        """The only thing that a task gives. Raises CannotRead."""
        (piece,) = self.run(task)
        assert isinstance(piece, kind)  # noqa: S101 - what the task says that it gives
        return piece

    def find(self, path: Path, settings: Settings, kind: str | None) -> list[Candidate]:
        """The documents in a file. Raises CannotRead."""
        return [piece for piece in self.run(Find(path, settings, kind)) if isinstance(piece, Candidate)]

    def close(self) -> None:
        """End the process."""
        process, self._process = self._process, None
        if process is not None:
            process.kill()
            process.wait()
            for pipe in (process.stdin, process.stdout):
                with contextlib.suppress(OSError):
                    _pipe(pipe).close()

    @staticmethod
    def _answer(process: "subprocess.Popen[bytes]") -> tuple[str, object]:
        pipe = _pipe(process.stdout)
        if os.name == "posix" and not select.select([pipe], [], [], SILENT)[0]:
            raise EOFError
        answer = receive(pipe)
        assert isinstance(answer, tuple)  # noqa: S101 - what the process sends
        word, piece = answer
        return word, piece


_idle: list[tuple[int, Reader]] = []


@contextmanager
def reader() -> Iterator[Reader]:
    """A reader: the one that this process used last, if it is at hand."""
    own = os.getpid()
    mine = _idle.pop()[1] if _idle and _idle[-1][0] == own else Reader()
    try:
        yield mine
    finally:
        mine.told = None
        if not _idle:
            _idle.append((own, mine))
        else:
            mine.close()


@atexit.register
def _end() -> None:
    while _idle:
        own, mine = _idle.pop()
        if own == os.getpid():
            mine.close()


def _started() -> "subprocess.Popen[bytes]":
    # A program by its module and not by a copy of the caller's: a script without a guard may load files too.
    process = subprocess.Popen(  # noqa: S603 - this program itself
        [sys.executable, "-m", MODULE],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        # A buffer on this side would hold answers of which waiting for the next one knows nothing.
        bufsize=0,
        env=os.environ | _ENVIRONMENT,
    )
    if _LARGER is not None:
        # Where the system allows it; otherwise the two processes take turns more often.
        with contextlib.suppress(OSError):
            fcntl.fcntl(_pipe(process.stdout), _LARGER, PIPE)
    return process


def _why_it_ended(process: "subprocess.Popen[bytes]") -> Problem:
    """Time or memory; or a fault of a library, to which a damaged file can lead: Arrow is ended by some."""
    try:
        code = process.wait(1.0)
    except subprocess.TimeoutExpired:
        return overdue()
    if -code in CRASHES:
        name = signal.Signals(-code).name
        return Problem(Unreadable, f"it ended the process that reads ({name}): it is damaged, or takes too much memory")
    return overdue()


def _here() -> str | None:
    """The folder that names of files begin at: it may be another one than when the reader was started."""
    try:
        return os.getcwd()  # noqa: PTH109 - as text, and Path.cwd asks no more
    except OSError:
        return None


def _pipe(pipe: IO[bytes] | None) -> IO[bytes]:
    assert pipe is not None  # noqa: S101 - both are piped
    return pipe
