"""What people install: the wheel is built, goes into an empty environment and has everything that the program reads."""

import os
import subprocess
import sys
import sysconfig
import venv
import zipfile
from pathlib import Path

import pytest

import fabwatch

ROOT = Path(__file__).parent.parent.parent
SOURCE = ROOT / "src" / "fabwatch"


def done(*command, **more):
    run = subprocess.run(list(map(str, command)), capture_output=True, text=True, check=False, timeout=300, **more)
    assert run.returncode == 0, run.stdout[-3000:] + run.stderr[-3000:]
    return run.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    folder = tmp_path_factory.mktemp("wheel")
    offline = ["--quiet", "--no-deps", "--no-build-isolation", "--no-index"]
    done(sys.executable, "-m", "pip", "wheel", *offline, ROOT, "-w", folder)
    (path,) = folder.glob("*.whl")
    return path


@pytest.fixture(scope="module")
def installed(wheel, tmp_path_factory):
    """An environment with the wheel; the packages that it needs are those of this one, fabwatch itself left out."""
    place = tmp_path_factory.mktemp("installed") / "venv"
    venv.create(place, symlinks=True)
    done(sys.executable, "-m", "pip", "--python", place, "install", "--quiet", "--no-deps", "--no-index", wheel)
    (site,) = (place / "lib").glob("python*/site-packages")
    lent = place.parent / "lent"
    lent.mkdir()
    for path in Path(sysconfig.get_paths()["purelib"]).iterdir():
        if "fabwatch" not in path.name and path.suffix != ".pth":
            (lent / path.name).symlink_to(path)
    (site / "lent.pth").write_text(f"{lent}\n")
    return place


def run_in(installed, *command, cwd):
    env = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "FABWATCH"))}
    return done(installed / "bin" / command[0], *command[1:], cwd=cwd, env=env)


def test_every_file_that_the_program_reads_is_in_the_wheel(wheel):
    with zipfile.ZipFile(wheel) as packed:
        names = set(packed.namelist())
    wanted = {
        f"fabwatch/{path.relative_to(SOURCE).as_posix()}"
        for path in SOURCE.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert {Path(name).suffix for name in wanted} >= {".py", ".sql", ".html", ".js", ".css"}
    assert {name for name in names if name.startswith("fabwatch/")} == wanted
    assert not [name for name in names if name.startswith(("tests", "docs", "bench"))]


def test_the_installed_program_is_that_of_the_wheel_and_says_its_version(installed, tmp_path):
    where = run_in(installed, "python", "-c", "import fabwatch; print(fabwatch.__file__)", cwd=tmp_path)
    assert Path(where.strip()).is_relative_to(installed)
    assert run_in(installed, "fabwatch", "--version", cwd=tmp_path) == f"fabwatch {fabwatch.__version__}\n"


def test_from_the_installed_program_the_demo_is_made_and_its_pages_have_their_files(installed, tmp_path):
    run_in(installed, "fabwatch", "demo", "--fab", "demo", cwd=tmp_path)
    answer = run_in(installed, "fabwatch", "risk", "--fab", "demo", "--lang", "es", cwd=tmp_path)
    assert "obleas" in answer
    code = (
        "import sys\nfrom pathlib import Path\nfrom fastapi.testclient import TestClient\n"
        "from fabwatch.api.app import Parts\nfrom fabwatch.terms.settings import read_settings\n"
        "from fabwatch.web.site import site\nfolder = Path('demo')\n"
        "with TestClient(site(Parts(folder, read_settings(folder)))) as client:\n"
        "    paths = ('/signin', '/signin?lang=es', '/static/page.js', '/static/fabwatch.css')\n"
        "    pages = [client.get(path) for path in paths]\n"
        "    print([page.status_code for page in pages], 'lang=\"es\"' in pages[1].text)\n"
    )
    assert run_in(installed, "python", "-c", code, cwd=tmp_path) == "[200, 200, 200, 200] True\n"
