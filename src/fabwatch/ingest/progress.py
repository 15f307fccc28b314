"""How far a load is: in files, and in bytes of all files that were found, also inside a large one."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from fabwatch.ingest.summary import FileResult
from fabwatch.sources.opening import Document


@dataclass(frozen=True)
class Step:
    """How far a load is."""

    file: str
    """The file that is being read, or has been."""
    done: int
    """Files that are done."""
    total: int
    read: int
    """Bytes of the files that are done, as they lie on disk; of the one at hand in parts."""
    size: int
    """Bytes of all files."""
    result: FileResult | None = None
    """What became of the file, once it is done."""
    storing: bool = False
    """Whether all of the file is read, and is being stored."""


Progress = Callable[[Step], None]
"""Called as a load goes on: after each file, and some times a second while one is read."""


class Meter:
    """Counts the files and bytes of one load, and tells how far it is."""

    def __init__(self, told: Progress | None, documents: Sequence[Document], done: int = 0):
        self._told = told
        self._total, self._done, self._before, self._read = len(documents) + done, done, 0, 0
        shared = Counter(document.path for document in documents)
        # The members of a zip file and the sheets of a workbook share its bytes.
        self._sizes = {document.path: _size(document) // shared[document.path] for document in documents}
        self._size = sum(self._sizes[document.path] for document in documents)

    def part(self, document: Document, part: float, storing: bool = False) -> None:
        """Of this file so much is done, from 0 to 1; `storing` once all of it is read."""
        read = self._before + int(self._sizes[document.path] * min(max(part, 0.0), 1.0))
        if read > self._read or storing:
            self._read = max(read, self._read)
            self._tell(document.name, storing=storing)

    def done(self, document: Document, result: FileResult) -> None:
        """This file is done."""
        self._done += 1
        self._before += self._sizes[document.path]
        self._read = self._before
        self._tell(result.path, result)

    def _tell(self, file: str, result: FileResult | None = None, storing: bool = False) -> None:
        if self._told is not None:
            self._told(Step(file, self._done, self._total, self._read, self._size, result, storing))


def _size(document: Document) -> int:
    try:
        return document.path.stat().st_size
    except OSError:
        return 0
