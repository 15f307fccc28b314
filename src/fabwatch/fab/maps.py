"""The door to wafer maps that lie in files: which pattern they show, and how well labelled ones are told apart."""

from collections.abc import Iterable, Sequence
from pathlib import Path

from fabwatch.sources.opening import CannotRead, visible
from fabwatch.sources.wafermap import WaferMap, read_maps
from fabwatch.terms.errors import BadQuestion, NoSuchPath
from fabwatch.terms.problems import Unreadable
from fabwatch.yields.patterns.answers import FileRefused, MapAnswer, MapAnswers, MapScore
from fabwatch.yields.patterns.classify import classify, score
from fabwatch.yields.patterns.collection import read_collection

__all__ = ["MapAnswer", "MapAnswers", "MapScore", "classify_files", "read_map_files", "score_file"]
SIZE_LIMIT = 256 << 20


def classify_files(paths: Iterable[Path]) -> MapAnswers:
    """What the wafer maps in files show; a file that cannot be read is named, and the others are answered.

    Raises NoSuchPath where a path does not exist, BadQuestion where no file is given.
    """
    files = [path for given in paths for path in _files(given)]
    if not files:
        raise BadQuestion("No file of wafer maps was given.", "fabwatch maps classify FILE …")
    maps, refused = read_map_files(files)
    return classify(maps, refused)


def read_map_files(files: Sequence[Path]) -> tuple[list[WaferMap], list[FileRefused]]:
    """The wafer maps of files, and the files that could not be read, each with the reason."""
    maps: list[WaferMap] = []
    refused: list[FileRefused] = []
    for path in files:
        name = visible(str(path))
        try:
            if path.stat().st_size > SIZE_LIMIT:
                refused.append(FileRefused(name, f"larger than {SIZE_LIMIT >> 20} MB", "split the file"))
                continue
            maps += read_maps(path.read_bytes(), name)
        except CannotRead as fault:
            refused.append(FileRefused(name, fault.problem.why, fault.problem.way_out))
        except OSError as fault:
            refused.append(FileRefused(name, f"cannot be read: {fault.strerror or fault}", Unreadable.hint))
    return maps, refused


def score_file(path: Path) -> MapScore:
    """How well the labelled maps of an .npz file are told apart. Raises NoSuchPath and BadQuestion."""
    if not path.is_file():
        raise NoSuchPath(f"{visible(str(path))} is not a file.", "give an .npz file with pixels, shape and label")
    return score(read_collection(path))


def _files(path: Path) -> list[Path]:
    """A file, or the files of a folder in order of their names."""
    if path.is_dir():
        return sorted(inner for inner in path.iterdir() if inner.is_file() and not inner.name.startswith("."))
    if not path.exists():
        raise NoSuchPath(f"{visible(str(path))} does not exist.", "give files of wafer maps, or folders of them")
    return [path]
