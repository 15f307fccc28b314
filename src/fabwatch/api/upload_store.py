"""Where uploaded files are kept: under their hash, with a mark that says how far each is."""

import hashlib
import json
import re
import secrets
import shutil
import time
from collections.abc import Collection, Iterable
from pathlib import Path
from typing import BinaryIO

from fabwatch.api.faults import Refused

FOLDER = "uploads"
DONE, FAILED, STARTS = ".done", ".failed", ".starts"
"""Loaded; failed for a reason of its own, with the reason as JSON; how often its loading was begun."""
MOST_STARTS = 5
"""A file whose loading took the server down so often is not tried again."""
FAILED_DAYS = 30
"""How long a file that cannot be loaded is kept, to be looked at."""
CHUNK = 1 << 20
LONGEST_NAME = 200
PROGRAMS = (b"MZ", b"\x7fELF", b"\xca\xfe\xba\xbe", b"\xcf\xfa\xed\xfe", b"#!")
PROGRAM_NAMES = {".exe", ".dll", ".msi", ".com", ".scr", ".bat", ".cmd", ".ps1", ".sh", ".vbs", ".js", ".jar"}
NEVER = PROGRAM_NAMES | {".duckdb", ".pkl", ".pickle", ".joblib", ".npy", ".html", ".htm", ".svg"}
"""What is no data, or what opening would run."""
UNSAFE = re.compile(r"[\x00-\x1f\x7f]|(^|[\\/])\.\.([\\/]|$)|^[\\/]|^[A-Za-z]:")
READ = "text tables (.csv .tsv .txt), Parquet, plain or packed as .gz or .zip, or workbooks (.xlsx)"
UploadError = dict[str, str]
"""Why an upload failed: code, what, hint."""


class UploadStore:
    """The folder of uploaded files: a folder per content, in it the file and its marks."""

    def __init__(self, fab: Path):
        self._folder = fab / FOLDER

    def progress(self, upload: str) -> Path:
        """The file in which a worker says how far an upload is."""
        return self._folder / f"{upload}.progress"

    def store(self, name: str, stream: BinaryIO) -> Path:
        """Keep one file under its hash. Raises Refused: 422 for a name, 415 for a content that is not taken, 507."""
        safe = checked(name)
        head = stream.read(CHUNK)
        if head.startswith(PROGRAMS) or Path(safe).suffix.casefold() in NEVER:
            raise Refused(415, "NotData", f"{safe} is a program or a document, not data.", f"send {READ}")
        partial = self._folder / f"{secrets.token_hex(8)}.partial"
        digest = hashlib.sha256()
        try:
            self._folder.mkdir(mode=0o700, exist_ok=True)
            with partial.open("wb") as kept:
                while head:
                    digest.update(head)
                    kept.write(head)
                    head = stream.read(CHUNK)
            place = self._folder / digest.hexdigest()
            place.mkdir(exist_ok=True)
            # Whoever sends it again wants it tried again.
            (place / FAILED).unlink(missing_ok=True)
            partial.replace(place / safe)
        except OSError as fault:
            what = f"{safe} cannot be kept: {fault.strerror or fault}"
            raise Refused(507, "DiskFull", what, "free some space and send it again", {"Retry-After": "60"}) from None
        finally:
            partial.unlink(missing_ok=True)
        return place / safe

    def unfinished(self) -> list[Path]:
        """The files that are neither loaded nor failed for a reason of their own."""
        return [
            path
            for place in self._places()
            if not (place / DONE).exists() and not (place / FAILED).exists()
            for path in _files(place)
        ]

    def begun(self, path: Path) -> int:
        """Note that loading of a file begins. How often that is by now."""
        mark = path.parent / STARTS
        starts = _number(mark) + 1
        mark.write_text(str(starts), encoding="utf-8")
        return starts

    def loaded(self, path: Path) -> None:
        """Note that a file is loaded."""
        (path.parent / DONE).touch()
        (path.parent / STARTS).unlink(missing_ok=True)

    def failed(self, path: Path, error: UploadError) -> None:
        """Note that a file cannot be loaded, for a reason of its own: a restart does not try it again."""
        (path.parent / FAILED).write_text(json.dumps(error), encoding="utf-8")
        (path.parent / STARTS).unlink(missing_ok=True)

    def put_off(self, path: Path) -> None:
        """Note that something else was in the way: the next start tries the file again."""
        (path.parent / STARTS).unlink(missing_ok=True)

    def drop(self, paths: Iterable[Path], needed: Collection[tuple[str, str]]) -> None:
        """Delete files whose content is loaded already, but for those that the ledger names (`needed`: hash and name)."""
        for path in paths:
            if (path.parent.name, path.name) not in needed:
                path.unlink(missing_ok=True)
                if not _files(path.parent):
                    shutil.rmtree(path.parent, ignore_errors=True)

    def tidy(self, now: float | None = None) -> None:
        """Delete what a killed server left half-done, and files that could not be loaded some time ago."""
        for pattern in ("*.partial", "*.progress"):
            for left in self._folder.glob(pattern):
                left.unlink(missing_ok=True)
        old = (time.time() if now is None else now) - FAILED_DAYS * 86400
        for place in self._places():
            mark = place / FAILED
            if not _files(place) or (mark.exists() and mark.stat().st_mtime < old):
                shutil.rmtree(place, ignore_errors=True)

    def _places(self) -> list[Path]:
        return sorted(place for place in self._folder.glob("*/") if place.is_dir())


def _files(place: Path) -> list[Path]:
    marks = (DONE, FAILED, STARTS)
    return sorted(path for path in place.iterdir() if path.is_file() and path.name not in marks)


def _number(mark: Path) -> int:
    text = mark.read_text(encoding="utf-8") if mark.exists() else ""
    return int(text) if text.isdecimal() else 0


def checked(name: str) -> str:
    """The name under which a file may be kept. Raises Refused (422)."""
    safe = name.replace("\\", "/").rsplit("/", 1)[-1]
    long = len(safe.encode("utf-8", "replace")) > LONGEST_NAME
    if UNSAFE.search(name) or not safe.strip() or safe.startswith(".") or long or not _is_text(safe):
        raise Refused(
            422, "UnsafeName", f"{name[:80]!r} is not a valid name for a file.", "send a plain file name such as moves.csv"
        )
    return safe


def _is_text(name: str) -> bool:
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True
