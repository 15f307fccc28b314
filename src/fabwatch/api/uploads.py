"""Files that arrive over HTTP: stored under their hash, loaded by a worker, and never lost on the way."""

import asyncio
import hashlib
import re
import secrets
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from fabwatch.api.answer_cache import AnswerCache
from fabwatch.api.faults import Refused
from fabwatch.api.jobs import LoadFiles
from fabwatch.ingest.summary import IngestSummary
from fabwatch.terms.answers import Json
from fabwatch.terms.errors import FabwatchError, StoreBusy
from fabwatch.terms.settings import ServerSettings

FOLDER = "uploads"
DONE = ".done"
CHUNK = 1 << 20
JOBS_KEPT = 200
WAITS = (1.0, 5.0, 15.0)
"""Seconds before a load is tried again that another writer was in the way of."""
LONGEST_NAME = 200
PROGRAMS = (b"MZ", b"\x7fELF", b"\xca\xfe\xba\xbe", b"\xcf\xfa\xed\xfe", b"#!")
PROGRAM_NAMES = {".exe", ".dll", ".msi", ".com", ".scr", ".bat", ".cmd", ".ps1", ".sh", ".vbs", ".js", ".jar"}
NEVER = PROGRAM_NAMES | {".duckdb", ".pkl", ".pickle", ".joblib", ".npy", ".html", ".htm", ".svg"}
"""What is no data, or what opening would run."""
UNSAFE = re.compile(r"[\x00-\x1f\x7f]|(^|[\\/])\.\.([\\/]|$)|^[\\/]|^[A-Za-z]:")
READ = "text tables (.csv .tsv .txt), Parquet, plain or packed as .gz or .zip"


@dataclass
class Upload:
    """Some files that were sent together, and how far they are."""

    upload: str
    state: str
    """`waiting`, `loading`, `done` or `failed`."""
    files: list[str]
    done: int = 0
    total: int = 0
    summary: Json | None = None
    error: dict[str, str] | None = None
    paths: list[Path] = field(default_factory=list, repr=False)

    def report(self) -> Json:
        """What is answered of it."""
        names = ("upload", "state", "files", "done", "total", "summary", "error")
        return {name: getattr(self, name) for name in names}


class Uploads:
    """Takes files in and has them loaded, one upload after the other."""

    def __init__(self, cache: AnswerCache, settings: ServerSettings):
        self._cache, self.settings = cache, settings
        self._folder = cache.folder / FOLDER
        self._jobs: OrderedDict[str, Upload] = OrderedDict()
        self._tasks: set[asyncio.Task[None]] = set()

    def find(self, upload: str) -> Upload:
        """An upload of this server. Raises Refused (404)."""
        if upload not in self._jobs:
            raise Refused(404, "UnknownUpload", "No upload of that name.", "GET /api/v1/loads lists what was loaded")
        job = self._jobs[upload]
        mark = self._folder / f"{job.upload}.progress"
        if job.state == "loading" and mark.exists():
            done, _, total = mark.read_text(encoding="utf-8").partition(" ")
            job.done, job.total = int(done or 0), int(total or 0)
        return job

    def store(self, name: str, stream: BinaryIO) -> Path:
        """Keep one file under its hash. Raises Refused: 422 for a name, 415 for a content that is not taken."""
        safe = checked(name)
        head = stream.read(CHUNK)
        if head.startswith(PROGRAMS) or Path(safe).suffix.casefold() in NEVER:
            raise Refused(415, "NotData", f"{safe} is a program or a document, not data.", f"send {READ}")
        self._folder.mkdir(exist_ok=True)
        partial = self._folder / f"{secrets.token_hex(8)}.partial"
        digest = hashlib.sha256()
        try:
            with partial.open("wb") as kept:
                while head:
                    digest.update(head)
                    kept.write(head)
                    head = stream.read(CHUNK)
            place = self._folder / digest.hexdigest()
            place.mkdir(exist_ok=True)
            partial.replace(place / safe)
        except OSError as fault:
            what = f"{safe} cannot be kept: {fault.strerror or fault}"
            raise Refused(507, "DiskFull", what, "free some space and send it again", {"Retry-After": "60"}) from None
        finally:
            partial.unlink(missing_ok=True)
        return place / safe

    def begin(self, paths: Sequence[Path]) -> Upload:
        """Have stored files loaded; the answer comes at once, the loading goes on."""
        job = Upload(secrets.token_hex(8), "waiting", [path.name for path in paths], paths=list(paths), total=len(paths))
        self._jobs[job.upload] = job
        while len(self._jobs) > JOBS_KEPT:
            self._jobs.popitem(last=False)
        task = asyncio.create_task(self._load(job))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return job

    async def wait(self, job: Upload, seconds: float) -> Upload:
        """Wait until it is done, for at most so long."""
        for _ in range(int(seconds / 0.05)):
            if job.state in ("done", "failed"):
                break
            await asyncio.sleep(0.05)
        return self.find(job.upload)

    def resume(self) -> None:
        """Load what had arrived when the server was stopped; the same content loads once."""
        left = [
            path
            for place in sorted(self._folder.glob("*/"))
            if not (place / DONE).exists()
            for path in sorted(place.iterdir())
            if path.is_file()
        ]
        for partial in self._folder.glob("*.partial"):
            partial.unlink()
        if left:
            self.begin(left)

    async def _load(self, job: Upload) -> None:
        mark = self._folder / f"{job.upload}.progress"
        job.state = "loading"
        try:
            files = LoadFiles(tuple(str(path) for path in job.paths), str(mark))
            job.summary = (await self._patiently(files)).to_dict()
            for place in {path.parent for path in job.paths}:
                (place / DONE).touch()
            job.state, job.done = "done", job.total
        except FabwatchError as fault:
            job.state = "failed"
            job.error = {"code": type(fault).__name__, "what": fault.what, "hint": fault.hint}
        finally:
            mark.unlink(missing_ok=True)

    async def _patiently(self, files: LoadFiles) -> IngestSummary:
        for wait in WAITS:
            try:
                return await self._cache.load(files)
            except StoreBusy:
                # Somebody else writes: the file is here, and loading it again neither loses nor doubles anything.
                await asyncio.sleep(wait)
        return await self._cache.load(files)


def checked(name: str) -> str:
    """The name under which a file may be kept. Raises Refused (422)."""
    safe = name.replace("\\", "/").rsplit("/", 1)[-1]
    if UNSAFE.search(name) or not safe.strip() or safe.startswith(".") or len(safe.encode()) > LONGEST_NAME:
        raise Refused(
            422, "UnsafeName", f"{name[:80]!r} is not a valid name for a file.", "send a plain file name such as moves.csv"
        )
    return safe
