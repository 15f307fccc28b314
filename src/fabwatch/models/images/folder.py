"""Pictures in a folder, a .zip or a file of their own: where they lie, of which class and group."""

import os
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from fabwatch.models.images.reading import MOST_BYTES, NAMES
from fabwatch.terms.errors import BadQuestion, CannotPredict, NoSuchPath

MOST_PICTURES = 50_000
MOST_UNPACKED = 2 << 30
SYSTEM = ("thumbs.db", "desktop.ini")
"""Files that an operating system leaves in folders, in small letters."""


@dataclass(frozen=True)
class Found:
    """A file of a class."""

    path: Path
    name: str
    """Its path below the folder, with /."""
    label: str
    """The sub-folder that it lies in; empty for a file beside these."""
    group: str | None
    """The folder within that, such as a lot; None where it lies in none."""


def found_in(folder: Path) -> list[Found]:
    """All files of a folder of classes, by name. Raises NoSuchPath and BadQuestion."""
    if not folder.is_dir():
        raise NoSuchPath(f"{str(folder)!r} is no folder.", "give a folder whose sub-folders are classes of pictures")
    files = [_placed(path, path.relative_to(folder).parts) for path in _files(folder)]
    if len(files) > MOST_PICTURES:
        raise BadQuestion(f"{len(files):,} pictures; up to {MOST_PICTURES:,} are learned from.", "take a part of them")
    return files


def _placed(path: Path, parts: tuple[str, ...]) -> Found:
    return Found(path, "/".join(parts), parts[0] if len(parts) > 1 else "", parts[1] if len(parts) > 2 else None)


def _files(folder: Path) -> Iterator[Path]:
    for place, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith((".", "__MACOSX")))
        for name in sorted(names):
            if not name.startswith(".") and name.lower() not in SYSTEM:
                yield Path(place, name)


def contents(path: Path) -> Iterator[tuple[str, bytes | CannotPredict]]:
    """Name and content of a picture, of all files of a folder, or of a .zip; a fault in place of what cannot be read.

    Raises NoSuchPath and BadQuestion.
    """
    if path.is_dir():
        for count, file in enumerate(_files(path)):
            if count >= MOST_PICTURES:
                raise BadQuestion(f"More than {MOST_PICTURES:,} files in {str(path)!r}.", "predict a part of them")
            yield file.relative_to(path).as_posix(), read(file)
    elif not path.is_file():
        raise NoSuchPath(f"{str(path)!r} is not there.", f"give a picture ({NAMES}), a folder or a .zip of them")
    elif path.suffix.lower() == ".zip":
        yield from _unpacked(path)
    else:
        yield path.name, read(path)


def read(path: Path) -> bytes | CannotPredict:
    """The content of a file, or why it is not read."""
    try:
        size = path.stat().st_size
        return _too_long(path.name, size) if size > MOST_BYTES else path.read_bytes()
    except OSError as fault:
        return CannotPredict(f"{path.name!r} cannot be read: {fault.strerror}", "look at who may read it")


def _unpacked(path: Path) -> Iterator[tuple[str, bytes | CannotPredict]]:
    try:
        with zipfile.ZipFile(path) as archive:
            infos = [info for info in archive.infolist() if not info.is_dir() and _is_own(info.filename)]
            if len(infos) > MOST_PICTURES or sum(info.file_size for info in infos) > MOST_UNPACKED:
                raise BadQuestion(f"{path.name!r} holds too much.", f"up to {MOST_PICTURES:,} pictures and 2 GB unpacked")
            for info in infos:
                yield info.filename, _entry(archive, info)
    except zipfile.BadZipFile as fault:
        raise BadQuestion(f"{path.name!r} is no .zip that can be read: {fault}", "pack it again") from fault


def _is_own(name: str) -> bool:
    return not any(part.startswith((".", "__MACOSX")) for part in name.split("/")) and not name.lower().endswith(SYSTEM)


def _entry(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> bytes | CannotPredict:
    if info.file_size > MOST_BYTES:
        return _too_long(info.filename, info.file_size)
    try:
        with archive.open(info) as file:
            return file.read(MOST_BYTES + 1)
    except Exception as fault:  # noqa: BLE001 - a key, a method, a sum: each fails in its own way
        why = " ".join(str(fault).split())[:120] or type(fault).__name__
        return CannotPredict(f"{info.filename!r} cannot be unpacked: {why}", "pack it again")


def _too_long(name: str, size: int) -> CannotPredict:
    return CannotPredict(f"{name!r} has {size >> 20:,} MB.", f"up to {MOST_BYTES >> 20} MB a picture")
