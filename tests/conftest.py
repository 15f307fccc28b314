"""What tests share: a fab to load into, files to write, the real data where it is, and a clock that stands still."""

import os
import random
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

from fabwatch.fab import Fab
from fabwatch.store.state import state
from tests.diary import NOW, Diary
from tests.fabs import keep_under, loaded_once, made_once, new_fab
from tests.served import AS_OF, Server, made

HERE = Path(__file__).parent
LONGEST_FIRST = [
    "ingest/test_every_statement.py",
    "ingest/test_any_order.py",
    "api/test_contract.py",
    "web/test_browser.py",
]
"""Files that take longest, by what was measured; a worker that begins them last would be the last to end."""


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--soak", action="store_true", help="the long forms: hundreds of orders, crashes and kills")
    parser.addoption("--shuffle", type=int, metavar="SEED", help="the tests in another order, made from a number")


def pytest_configure(config: pytest.Config) -> None:
    shared: dict[str, Any] = {
        "deadline": None,
        "database": None,
        "derandomize": True,
        "suppress_health_check": list(HealthCheck),
    }
    settings.register_profile("suite", settings(max_examples=8, stateful_step_count=8, **shared))
    settings.register_profile("soak", settings(max_examples=500, stateful_step_count=20, **shared))
    settings.load_profile("soak" if config.getoption("soak") else "suite")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """The tests of a file share what it has made, so they go to one worker, unless the file says that they need not."""
    seed = config.getoption("shuffle")
    if seed is not None:
        random.Random(seed).shuffle(items)
    else:
        items.sort(key=lambda item: LONGEST_FIRST.index(name) if (name := _file(item)) in LONGEST_FIRST else 99)
    for item in items:
        if not item.get_closest_marker("apart") and not item.get_closest_marker("xdist_group"):
            item.add_marker(pytest.mark.xdist_group(_file(item)))
        if "data" in getattr(item, "fixturenames", ()):
            item.add_marker("real")
        if not config.getoption("soak") and item.get_closest_marker("soak"):
            item.add_marker(pytest.mark.skip(reason="a long form: make soak"))


def pytest_make_parametrize_id(val: object) -> str | None:
    """Packed bytes differ from second to second, and workers that collect different names refuse to begin."""
    if isinstance(val, bytes):
        return f"{len(val)} bytes"
    return val[:40] if isinstance(val, str) and len(val) > 40 else None


def pytest_collection_finish(session: pytest.Session) -> None:
    """A version of pytest whose tests lose their group would make every fixture of a file on each worker, unnoticed."""
    if "PYTEST_XDIST_WORKER" in os.environ:
        lost = [i for i in session.items if i.get_closest_marker("xdist_group") and "@" not in i.nodeid.rpartition("::")[2]]
        if lost:
            raise pytest.UsageError(f"the tests of {_file(lost[0])} do not stay together: pytest and xdist do not match")


def _file(item: pytest.Item) -> str:
    return item.path.relative_to(HERE).as_posix()


def real_data() -> Path | None:
    """The folder of real data: FABWATCH_DATA, or shared/data beside the checkout."""
    for place in (os.environ.get("FABWATCH_DATA"), HERE.parent.parent / "shared" / "data"):
        if place and Path(place).is_dir():
            return Path(place)
    return None


@pytest.fixture(scope="session", autouse=True)
def _made_once(tmp_path_factory: pytest.TempPathFactory) -> None:
    keep_under(tmp_path_factory)


@pytest.fixture(scope="session")
def data() -> Path:
    found = real_data()
    if found is None:
        pytest.skip("the real data is not here: set FABWATCH_DATA to its folder")
    return found


@pytest.fixture(scope="session")
def real_fab(data: Path) -> Path:
    """The real fab folder, loaded once for all workers; whoever writes to it takes a copy."""
    return loaded_once("real-fab", data / "fab")


@pytest.fixture(scope="session")
def real_polisher(data: Path) -> Path:
    """The logs of the CMP tool of PHM 2016, loaded once for all workers; whoever writes to it takes a copy."""
    return loaded_once("real-polisher", str(data / "cmp" / "CMP-training-0*.csv"))


@pytest.fixture
def fab(tmp_path: Path) -> Iterator[Fab]:
    """An empty fab whose clock stands at NOW."""
    with new_fab(tmp_path / "fab", clock=lambda: NOW) as door:
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


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A small fab with known numbers, for tests that only read; whoever changes it is told at the end."""
    place = _copy_of_served(tmp_path_factory)
    before = _state(place)
    yield place
    assert _state(place) == before, "a test wrote to the fab that all share: it has to take own_folder or own_server"


@pytest.fixture(scope="session")
def server(folder: Path) -> Iterator[Server]:
    """A real server over that fab, which stands at AS_OF, for tests that only read."""
    yield from _serving(folder)


@pytest.fixture(scope="module")
def own_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same small fab for the tests of one file, which may change it."""
    return _copy_of_served(tmp_path_factory)


@pytest.fixture(scope="module")
def own_server(own_folder: Path) -> Iterator[Server]:
    """A real server over that fab for the tests of one file, which may change it."""
    yield from _serving(own_folder)


def _copy_of_served(factory: pytest.TempPathFactory) -> Path:
    place = factory.mktemp("served") / "fab"
    shutil.copytree(made_once("served", made) / "fab", place)
    return place


def _serving(folder: Path) -> Iterator[Server]:
    running = Server(folder, "--as-of", AS_OF)
    yield running
    running.stop()


def _state(folder: Path) -> str:
    with Fab(folder) as fab:
        return state(fab._lake)
