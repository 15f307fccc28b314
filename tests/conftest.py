"""What tests share: a fab to load into, files to write, the real data where it is, and a clock that stands still."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from fabwatch.fab import Fab
from tests.diary import NOW, Diary
from tests.served import AS_OF, Server, made

HERE = Path(__file__).parent


def real_data() -> Path | None:
    """The folder of real data: FABWATCH_DATA, or shared/data beside the checkout."""
    for place in (os.environ.get("FABWATCH_DATA"), HERE.parent.parent / "shared" / "data"):
        if place and Path(place).is_dir():
            return Path(place)
    return None


@pytest.fixture(scope="session")
def data() -> Path:
    found = real_data()
    if found is None:
        pytest.skip("the real data is not here: set FABWATCH_DATA to its folder")
    return found


@pytest.fixture
def fab(tmp_path: Path) -> Iterator[Fab]:
    """An empty fab whose clock stands at NOW."""
    with Fab(tmp_path / "fab", create=True, clock=lambda: NOW) as door:
        yield door


Write = Callable[[str, str], Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Write a text file and return its path."""

    def writing(name: str, text: str) -> Path:
        path = tmp_path / "files" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.encode())
        return path

    return writing


@pytest.fixture
def log(tmp_path: Path) -> Diary:
    """A diary to be told; its fab's clock stands at NOW."""
    return Diary(tmp_path)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small fab with known numbers, one for the tests of a file."""
    return made(tmp_path_factory.mktemp("served"))


@pytest.fixture(scope="module")
def server(folder: Path) -> Iterator[Server]:
    """A real server over that fab, which stands at AS_OF."""
    running = Server(folder, "--as-of", AS_OF)
    yield running
    running.stop()
