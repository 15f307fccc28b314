"""The inbox: files that are not recognised wait here, whole, until fab.toml says what they are."""

import shutil
from pathlib import Path

from fabwatch.sources.opening import Document


class Inbox:
    """The folder `inbox` of a fab; each file is in a folder named after its load."""

    def __init__(self, folder: Path):
        self._folder = folder / "inbox"

    def keep(self, load: str, document: Document) -> None:
        """Copy the unpacked content of a document; the copy is complete or not there at all."""
        place = self._folder / load
        place.mkdir(parents=True, exist_ok=True)
        partial = place / ".partial"
        with partial.open("wb") as copy:
            copy.writelines(document.pieces())
        partial.replace(place / document.file_name.removesuffix(".gz"))

    def clear(self, load: str) -> None:
        """Remove a document that has been loaded."""
        shutil.rmtree(self._folder / load, ignore_errors=True)

    def files(self) -> list[Path]:
        """The files that wait, oldest name first."""
        return sorted(p for p in self._folder.glob("*/*") if p.is_file() and not p.name.startswith("."))
