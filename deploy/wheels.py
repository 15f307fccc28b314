"""The wheels of a bundle: which pins a machine needs, and their download; each file has to have the hash of the lock."""

import hashlib
import re
import subprocess
import sys
from pathlib import Path

from packaging.requirements import Requirement

from deploy.machines import Machine

ROOT = Path(__file__).parent.parent
LOCK = ROOT / "deploy" / "requirements.lock"
"""What runs: fabwatch's own needs and the extras that the Makefile names, no tool that only builds or tests it."""
HASH = re.compile(r"--hash=sha256:([0-9a-f]{64})")


def pins(lock: str) -> dict[Requirement, list[str]]:
    """Each pin of a lock with the SHA-256 of the files that it may be."""
    entries = lock.replace("\\\n", " ").splitlines()
    return {Requirement(line.partition("--hash")[0].strip()): HASH.findall(line) for line in entries if "==" in line}


def needed(lock: str, machine: Machine, python: str) -> dict[Requirement, list[str]]:
    """The pins that apply to a machine under a Python such as 3.13.

    pip reads markers as they are where it runs, not where the wheels go; so they are read here.
    """
    seen = machine.markers(python)
    return {pin: hashes for pin, hashes in pins(lock).items() if pin.marker is None or pin.marker.evaluate(seen)}


def listed(wanted: dict[Requirement, list[str]]) -> str:
    """Pins as pip reads them, with their hashes and without the markers that were answered."""
    lines = [
        " ".join([f"{pin.name}{pin.specifier}", *(f"--hash=sha256:{one}" for one in hashes)])
        for pin, hashes in wanted.items()
    ]
    return "\n".join(lines) + "\n"


def download(requirements: Path, machine: Machine, python: str, into: Path) -> None:
    """Fetch the wheels of a list of pins for another machine. Raises CalledProcessError where one cannot be had."""
    tags = [part for tag in machine.tags for part in ("--platform", tag)]
    version = [
        "--python-version",
        python,
        "--implementation",
        "cp",
        "--abi",
        f"cp{python.replace('.', '')}",
        "--abi",
        "abi3",
        "--abi",
        "none",
    ]
    strict = ["--no-deps", "--only-binary", ":all:", "--require-hashes"]
    _pip("download", "--quiet", *tags, *version, *strict, "--dest", into, "--requirement", requirements)


def build(into: Path) -> Path:
    """The wheel of fabwatch itself, made with what is installed here."""
    _pip("wheel", "--quiet", "--no-deps", "--no-build-isolation", "--no-index", "--wheel-dir", into, ROOT)
    (wheel,) = into.glob("fabwatch-*.whl")
    return wheel


def digest(path: Path) -> str:
    """The SHA-256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _pip(*arguments: str | Path) -> None:
    command = [sys.executable, "-m", "pip", "--disable-pip-version-check", *map(str, arguments)]
    subprocess.run(command, check=True)
