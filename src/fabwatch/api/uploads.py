"""Files that arrive over HTTP: each upload is a job with an end, loaded by a worker, and never lost on the way."""

import asyncio
import contextlib
import json
import logging
import secrets
import time
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from fabwatch.api.answer_cache import AnswerCache
from fabwatch.api.faults import Refused
from fabwatch.api.jobs import LoadFiles, Loading, RetryInbox
from fabwatch.api.upload_store import MOST_STARTS, UploadError, UploadStore
from fabwatch.fab.questions import LoadsQuestion
from fabwatch.ingest.answers import Explanation
from fabwatch.ingest.summary import FileResult, IngestSummary
from fabwatch.terms.answers import Json
from fabwatch.terms.errors import (
    BadSettings,
    DiskFull,
    EngineMissing,
    FabwatchError,
    NewerFab,
    NoFab,
    StoreBroken,
    StoreBusy,
    TooBusy,
    WorkerLost,
)

LOG = logging.getLogger("fabwatch")
JOBS_KEPT = 200
TOLD_FROM_S = 1.0
"""Seconds after which it can be told how fast a load goes."""
WAITS = (1.0, 5.0, 15.0)
"""Seconds before a load is tried again that another writer was in the way of."""
NOT_THE_FILE = (StoreBusy, StoreBroken, DiskFull, TooBusy, BadSettings, NoFab, NewerFab, EngineMissing)
"""Errors that say nothing about the file: it is tried again when the server starts again."""


@dataclass
class Upload:
    """Some files that were sent together, or those of the inbox that are tried again, and how far they are."""

    upload: str
    state: str
    """`waiting`, `loading`, `done` or `failed`."""
    files: list[str]
    done: int = 0
    total: int = 0
    read: int = 0
    """Bytes of its files that are read, as they lie on disk."""
    size: int = 0
    """Bytes of its files; 0 while they are not known."""
    storing: bool = False
    """Whether all of the file at hand is read, and is being stored."""
    began: float | None = field(default=None, repr=False)
    """When its loading began, by a clock that only runs."""
    summary: Json | None = None
    error: UploadError | None = None
    paths: list[Path] = field(default_factory=list, repr=False)
    of_inbox: bool = False
    again: bool = False
    """Whether files are read anew that are there already."""

    @property
    def ended(self) -> bool:
        """True when nothing more happens to it."""
        return self.state in ("done", "failed")

    def report(self) -> Json:
        """What is answered of it."""
        return {"files": self.files, "summary": self.summary, "error": self.error, **self.progress()}

    def progress(self) -> Json:
        """How far it is: files, bytes, bytes a second and seconds left, as far as they can be told."""
        names = ("upload", "state", "done", "total", "read", "size", "storing")
        seconds = 0.0 if self.began is None else time.monotonic() - self.began
        known = self.state == "loading" and seconds >= TOLD_FROM_S and self.read > 0
        rate = round(self.read / seconds) if known else None
        left = round(seconds * (self.size - self.read) / self.read, 1) if known else None
        return {name: getattr(self, name) for name in names} | {"bytes_per_s": rate, "left_s": left}


class Uploads:
    """Takes files in and has them loaded, one upload after the other; whatever happens, each ends done or failed."""

    def __init__(self, cache: AnswerCache):
        self._cache = cache
        self.files = UploadStore(cache.folder)
        self._jobs: OrderedDict[str, Upload] = OrderedDict()
        self._tasks: set[asyncio.Task[None]] = set()
        self._turn = asyncio.Lock()

    def find(self, upload: str) -> Upload:
        """An upload of this server. Raises Refused (404)."""
        if upload not in self._jobs:
            raise Refused(404, "UnknownUpload", "No upload of that name.", "GET /api/v1/loads lists what was loaded")
        job = self._jobs[upload]
        mark = self.files.progress(job.upload)
        if job.state == "loading":
            with contextlib.suppress(OSError, ValueError):
                # There is none before the first word, and after the last.
                job.done, job.total, job.read, job.size, job.storing = json.loads(mark.read_text(encoding="utf-8"))
        return job

    def begin(self, paths: Sequence[Path], again: bool = False) -> Upload:
        """Have stored files loaded, or read `again`; the answer comes at once, the loading goes on."""
        names = [path.name for path in paths]
        job = Upload(secrets.token_hex(8), "waiting", names, paths=list(paths), total=len(paths), again=again)
        job.size = sum(path.stat().st_size for path in paths if path.exists())
        return self._begin(job)

    def begin_with_source(self, explanation: Explanation) -> Upload:
        """Have a file read after fab.toml was changed for it: those of the inbox are tried again, others read anew."""
        if explanation.waits:
            return self.begin_retry()
        return self.begin([self._cache.folder / explanation.place], again=True)

    def begin_retry(self) -> Upload:
        """Have the files of the inbox tried again, in their turn. Who asks again before it has begun gets the same one."""
        for job in self._jobs.values():
            if job.of_inbox and job.state == "waiting":
                return job
        return self._begin(Upload(secrets.token_hex(8), "waiting", [], of_inbox=True))

    def _begin(self, job: Upload) -> Upload:
        self._jobs[job.upload] = job
        ended = [name for name, other in self._jobs.items() if other.ended]
        for name in ended[: max(len(self._jobs) - JOBS_KEPT, 0)]:
            del self._jobs[name]
        task = asyncio.create_task(self._finish(job))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return job

    async def wait(self, job: Upload, seconds: float) -> Upload:
        """Wait until it is done, for at most so long."""
        for _ in range(int(seconds / 0.05)):
            if job.ended:
                break
            await asyncio.sleep(0.05)
        return self.find(job.upload)

    def resume(self) -> None:
        """Load what had arrived when the server was stopped, each file as an upload of its own."""
        self.files.tidy()
        for path in self.files.unfinished():
            self.begin([path])

    async def _finish(self, job: Upload) -> None:
        """Bring an upload to its end."""
        try:
            async with self._turn:
                job.state, job.began = "loading", time.monotonic()
                await (self._retry(job) if job.of_inbox else self._load(job))
        except BaseException as fault:
            # Also when the server is stopped: nobody waits for an upload that nothing works on.
            job.error = job.error or error_of(fault, job.files)
            if not isinstance(fault, Exception):
                # Stopped in good order: that says nothing about the files, however often it happens.
                for path in job.paths:
                    self.files.put_off(path)
                raise
            LOG.exception("the upload %s ended with an error", job.upload)
        finally:
            job.state = "failed" if job.error else "done"
            self.files.progress(job.upload).unlink(missing_ok=True)

    async def _load(self, job: Upload) -> None:
        paths = [path for path in job.paths if not self._given_up(job, path)]
        results = await self._loaded(job, paths) if paths else []
        if results is None:
            # Something in one of them stops the load of all: the others are loaded without it.
            results = []
            for path in paths:
                results += await self._loaded(job, [path]) or []
        job.summary = IngestSummary(tuple(results)).to_dict() if results else None
        if job.error is None:
            job.done, job.read, job.storing = job.total, job.size, False

    async def _retry(self, job: Upload) -> None:
        try:
            summary = await self._patiently(RetryInbox(str(self.files.progress(job.upload))))
        except FabwatchError as fault:
            # No file is lost by that: they wait in the inbox as before.
            job.error = error_of(fault, ["the inbox"])
            return
        job.files = [Path(file.path).name for file in summary.files]
        job.summary, job.done, job.total = summary.to_dict(), len(summary.files), len(summary.files)

    def _given_up(self, job: Upload, path: Path) -> bool:
        """Whether the loading of a file was begun too often, each time to be ended with the server."""
        if self.files.begun(path) <= MOST_STARTS:
            return False
        what = f"{path.name} was not loaded: the server was stopped {MOST_STARTS} times while it worked on it."
        job.error = {"code": "StoppedTooOften", "what": what, "hint": "load it on the machine itself: fabwatch ingest FILE"}
        self.files.failed(path, job.error)
        return True

    async def _loaded(self, job: Upload, paths: Sequence[Path]) -> list[FileResult] | None:
        """What became of files, each marked as what it is; None if one of several kept all from being loaded."""
        load = LoadFiles(str(self.files.progress(job.upload)), tuple(str(path) for path in paths), job.again)
        try:
            summary = await self._patiently(load)
        except Exception as fault:
            known = isinstance(fault, FabwatchError)
            LOG.log(logging.WARNING if known else logging.ERROR, "upload %s: %s", job.upload, fault, exc_info=not known)
            own = not isinstance(fault, NOT_THE_FILE) or isinstance(fault, WorkerLost)
            if own and len(paths) > 1:
                return None
            error = error_of(fault, [path.name for path in paths])
            job.error = job.error or error
            for path in paths:
                if own:
                    self.files.failed(path, error)
                elif not isinstance(fault, StoreBroken):
                    # A file that breaks the store counts as begun: it is not tried at every start for ever.
                    self.files.put_off(path)
            return [_failed(path, error) for path in paths]
        for path in paths:
            self.files.loaded(path)
        await self._drop_doubles(paths, summary)
        return list(summary.files)

    async def _drop_doubles(self, paths: Sequence[Path], summary: IngestSummary) -> None:
        """Delete originals that no row of the ledger names: their content came before, under another name."""
        doubles = [path for path in paths if _is_double(path, summary)]
        if doubles:
            try:
                ledger = (await self._cache.answer(LoadsQuestion())).loads
            except FabwatchError:
                # They are kept: better one file too many than one too few.
                return
            needed = {tuple(Path(row.path).parts[-2:]) for row in ledger if row.path}
            self.files.drop(doubles, {(pair[0], pair[1]) for pair in needed if len(pair) == 2})

    async def _patiently(self, load: Loading) -> IngestSummary:
        for wait in WAITS:
            try:
                return await self._cache.load(load)
            except StoreBusy:
                # Somebody else writes: the file is here, and loading it again neither loses nor doubles anything.
                await asyncio.sleep(wait)
        return await self._cache.load(load)


def error_of(fault: BaseException, names: Sequence[str]) -> UploadError:
    """Why an upload failed: code, what and the way out."""
    if isinstance(fault, FabwatchError):
        return {"code": type(fault).__name__, "what": fault.what, "hint": fault.hint}
    files = ", ".join(names[:3]) + (" …" if len(names) > 3 else "")
    if isinstance(fault, asyncio.CancelledError):
        hint = "start the server again: it loads what has arrived"
        return {"code": "Stopped", "what": f"The server was stopped before {files} was loaded.", "hint": hint}
    what = f"{files} could not be loaded: something unexpected happened ({type(fault).__name__})."
    hint = "the log of the server says more; fabwatch ingest FILE --debug shows it on the machine itself"
    return {"code": "Unexpected", "what": what, "hint": hint}


def _is_double(path: Path, summary: IngestSummary) -> bool:
    own = [file for file in summary.files if file.path.startswith(str(path))]
    return bool(own) and all(file.status == "already" for file in own)


def _failed(path: Path, error: UploadError) -> FileResult:
    return FileResult(str(path), None, None, 0, 0, "failed", error["what"])
