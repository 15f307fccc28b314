"""Makes a bundle: a folder that holds all that a machine without a network needs to run fabwatch, each file with its hash.

make bundle                                                   for Linux on this kind of processor
python -m deploy.bundle --machine windows-x86_64 --python 3.13
"""

import argparse
import platform
import shutil
import sys
import tarfile
from pathlib import Path

from deploy.bill import bill
from deploy.machines import MACHINES, PYTHONS
from deploy.wheels import LOCK, ROOT, build, digest, download, listed, needed
from fabwatch.terms.version import VERSION

FACES = ("container", "grafana", "kubernetes", "proxy", "systemd", "terraform")
"""Folders of deploy/ that go along, so that every way to run fabwatch starts from the bundle."""


def make(kind: str, python: str, out: Path) -> Path:
    """Make the bundle of a kind of machine in a new folder; the path of the same as one tar file."""
    if out.exists():
        shutil.rmtree(out)
    wheels = out / "wheels"
    wheels.mkdir(parents=True)
    wanted = out / "wanted.txt"
    wanted.write_text(listed(needed(LOCK.read_text("utf-8"), MACHINES[kind], python)), "utf-8")
    download(wanted, MACHINES[kind], python, wheels)
    wanted.unlink()
    build(wheels)
    (out / "requirements.txt").write_text(pinned(wheels), "utf-8")
    (out / "sbom.cdx.json").write_text(bill(wheels, python) + "\n", "utf-8")
    (out / "PYTHON").write_text(f"{python}\n", "utf-8")
    lay(out)
    (out / "SHA256SUMS").write_text(sums(out), "utf-8")
    return packed(out, f"fabwatch-{VERSION}-{kind}-py{python.replace('.', '')}")


def pinned(wheels: Path) -> str:
    """What pip installs without a network: every wheel by its version, with the hash of the one file that it may be."""
    lines = []
    for wheel in sorted(wheels.glob("*.whl")):
        name, version = wheel.name.split("-")[:2]
        lines.append(f"{name.replace('_', '-')}=={version} --hash=sha256:{digest(wheel)}")
    return "\n".join(lines) + "\n"


def lay(out: Path) -> None:
    """Lay the installers, the licence and the files of every way to run it beside the wheels."""
    for path in (ROOT / "deploy" / "install").iterdir():
        shutil.copy(path, out)
    shutil.copy(ROOT / "LICENSE", out)
    shutil.copy(ROOT / "docs" / "deploy.md", out)
    for face in FACES:
        shutil.copytree(
            ROOT / "deploy" / face, out / face, ignore=shutil.ignore_patterns("__pycache__", ".terraform*", "*.tfstate*")
        )


def sums(folder: Path) -> str:
    """The SHA-256 of every file in a folder, as sha256sum checks it."""
    paths = sorted(path for path in folder.rglob("*") if path.is_file() and path.name != "SHA256SUMS")
    return "".join(f"{digest(path)}  {path.relative_to(folder).as_posix()}\n" for path in paths)


def packed(folder: Path, name: str) -> Path:
    """The folder as one tar file beside it; wheels are packed already, so it is not compressed."""
    path = folder.parent / f"{name}.tar"
    with tarfile.open(path, "w") as tar:
        tar.add(folder, name, filter=_ours)
    return path


def _ours(member: tarfile.TarInfo) -> tarfile.TarInfo:
    member.uid = member.gid = 0
    member.uname = member.gname = "root"
    return member


def main() -> None:
    """Read the command line and make the bundle."""
    processor = "aarch64" if platform.machine() in ("arm64", "aarch64") else "x86_64"
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--machine", choices=MACHINES, default=f"linux-{processor}")
    parser.add_argument("--python", choices=PYTHONS, default="3.13")
    parser.add_argument("--out", type=Path, default=ROOT / "dist" / "bundle")
    asked = parser.parse_args()
    path = make(asked.machine, asked.python, asked.out)
    print(f"{asked.out}  {path.stat().st_size / 1e6:.0f} MB, and the same in {path.name}", file=sys.stderr)


if __name__ == "__main__":
    main()
