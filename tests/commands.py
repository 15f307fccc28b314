"""The command line without a process of its own: what it prints, what it says beside that, and how it ends."""

import contextlib
import io
from typing import NamedTuple

from fabwatch.cli.app import _run


class Finished(NamedTuple):
    """How a command ended."""

    code: int
    out: str
    err: str


def command(*arguments: object) -> Finished:
    """Runs one command. What only a process has (a pipe that closes, the speed of --help) is tested with one."""
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = _run([str(argument) for argument in arguments])
    return Finished(code, out.getvalue(), err.getvalue())
