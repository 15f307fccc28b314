"""Lines of the log as JSON: one object a line, whatever text is in it, for who collects logs by a program."""

import json
import logging
import sys
from collections.abc import Callable
from datetime import UTC, datetime

OF_A_REQUEST = ("request_id", "key", "method", "route", "status", "ms")
"""What a line about a request says beside its message."""


class JsonLines(logging.Formatter):
    """Writes a record as one JSON object in one line."""

    def __init__(self, request_id: Callable[[], str] = str):
        super().__init__()
        self._request_id = request_id

    def format(self, record: logging.LogRecord) -> str:
        """The line; signs beyond ASCII are escaped, so that nothing in a text can end it."""
        at = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        line: dict[str, object] = {"time": at, "level": record.levelname.lower(), "message": record.getMessage()}
        line |= {name: getattr(record, name) for name in OF_A_REQUEST if hasattr(record, name)}
        name = self._request_id()
        if name:
            line.setdefault("request_id", name)
        if record.exc_info:
            line["error"] = self.formatException(record.exc_info)
        return json.dumps(line)


def log_as(form: str, request_id: Callable[[], str] = str) -> None:
    """Let this process write its log to stderr as JSON, where `form` is json; as text it is left as it is."""
    if form != "json":
        return
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines(request_id))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    logging.getLogger("fabwatch").setLevel(logging.INFO)
    logging.captureWarnings(True)


__all__ = ["JsonLines", "log_as"]
