"""A container of an image without an engine: the same command, user, environment, read-only root and health check."""

import os
import signal
import subprocess
import time
from pathlib import Path
from types import TracebackType
from typing import Self

from deploy.trial.image import Image

SCRIPT = Path(__file__).with_name("contained.sh")
APART = ("unshare", "--mount", "--pid", "--ipc", "--uts", "--net", "--fork", "--kill-child=TERM")
WITHIN = 60.0


class Container:
    """A command that runs in an image's files; further commands go beside it, as `exec` of an engine sends them."""

    def __init__(self, image: Image, volume: Path, *arguments: str):
        config = image.config
        self._image = image
        self._user = config["User"]
        owner, group = map(int, self._user.split(":"))
        os.chown(volume, owner, group)
        self._env = ["env", "-i", *config["Env"]]
        self._began = time.monotonic()
        command = [*config["Entrypoint"], *(arguments or config["Cmd"])]
        self._run = subprocess.Popen(
            [*APART, "sh", str(SCRIPT), str(image.root), str(volume), self._user, *self._env, *command],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self._run.poll() is None:
            # All that runs in a container ends with its first process.
            os.kill(self._first(), signal.SIGKILL)
            self._run.wait(WITHIN)
        if self._run.stdout is not None:
            self._run.stdout.close()

    def output(self) -> tuple[int, str]:
        """How the command ended and what it printed."""
        text = self._run.communicate(timeout=10 * WITHIN)[0]
        return self._run.returncode, text

    def beside(self, *command: str) -> "subprocess.CompletedProcess[str]":
        """Run another command in the container, as the same user."""
        user, group = self._user.split(":")
        inside = ["nsenter", "--target", str(self._first()), "--mount", "--pid", "--net", "--ipc", "--uts", "--root", "--wd"]
        plain = ["setpriv", "--reuid", user, "--regid", group, "--clear-groups", "--no-new-privs", "--bounding-set=-all"]
        whole = [*inside, *plain, *self._env, *command]
        return subprocess.run(whole, capture_output=True, text=True, check=False, timeout=10 * WITHIN)

    def healthy_after(self) -> float:
        """Seconds from the start until the image's own health check passes. Raises RuntimeError when it never does."""
        check = self._image.config["Healthcheck"]["Test"][1:]
        while time.monotonic() - self._began < WITHIN:
            if self._run.poll() is not None:
                raise RuntimeError(f"it ended: {self.output()[1][-2000:]}")
            if self._first() and self.beside(*check).returncode == 0:
                return time.monotonic() - self._began
            time.sleep(0.1)
        raise RuntimeError("it never became healthy")

    def stopped_after(self) -> tuple[int, float]:
        """Stop it as an engine does, by SIGTERM to its first process: how it ended, and the seconds that took."""
        began = time.monotonic()
        os.kill(self._first(), signal.SIGTERM)
        return self._run.wait(WITHIN), time.monotonic() - began

    def _first(self) -> int:
        """The process that is number 1 inside; 0 before it is there."""
        children = Path(f"/proc/{self._run.pid}/task/{self._run.pid}/children").read_text("utf-8").split()
        return int(children[0]) if children else 0
