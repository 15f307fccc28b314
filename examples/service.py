"""The service of a fab folder, started for a while, and what it answers: shared by the examples that ask over HTTP."""

import contextlib
import json
import subprocess
import sys
import threading
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

FABWATCH = [sys.executable, "-m", "fabwatch"]
LONGEST_S = 60
"""The service ends after this, whatever happens."""


@contextlib.contextmanager
def served(folder: Path) -> Iterator[Callable[..., dict[str, Any]]]:
    """Serve a folder on 127.0.0.1; within, `ask(model, rows)` is the answer of POST …/models/MODEL/predict.

    For a model of pictures the path of a picture (.png) stands for the rows.
    """
    create = [*FABWATCH, "key", "create", "example", "--fab", str(folder), "--json"]
    key = json.loads(subprocess.run(create, capture_output=True, check=True).stdout)["key"]
    # Port 0: any that is free. The first line that it prints ends with its address.
    command = [*FABWATCH, "serve", "--fab", str(folder), "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as service:
        stop = threading.Timer(LONGEST_S, service.kill)
        stop.start()
        try:
            address = "http" + service.stdout.readline().partition("http")[2].split()[0].rstrip("/")

            def ask(model: str, rows: list[dict[str, Any]] | Path, contributions: bool = False) -> dict[str, Any]:
                """What a model says of rows, or of a picture."""
                if isinstance(rows, Path):
                    body, kind = rows.read_bytes(), "image/png"
                else:
                    body, kind = json.dumps({"rows": rows, "contributions": contributions}).encode(), "application/json"
                headers = {"Authorization": f"Bearer {key}", "Content-Type": kind}
                request = urllib.request.Request(f"{address}/api/v1/models/{model}/predict", body, headers)
                with urllib.request.urlopen(request, timeout=30) as answer:
                    return json.load(answer)

            yield ask
        finally:
            stop.cancel()
            service.terminate()
