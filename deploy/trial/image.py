"""The image, built by buildah; the base from Debian's packages where none can be pulled."""

import json
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

BUILDAH = ("buildah", "--storage-driver", "vfs")
SUITE = "trixie"
"""The release of Debian whose python3 is that of the bundle, 3.13; the published images python:3.13-slim stand on it too."""
MIRROR = "http://deb.debian.org/debian"
NEEDED = ("buildah", "debootstrap", "unshare", "nsenter", "setpriv", "ip")
MEGA = 1e6


@dataclass(frozen=True)
class Image:
    """A built image whose files can be seen at `root`."""

    name: str
    root: Path
    config: dict[str, Any]
    unpacked_mb: float


def missing() -> list[str]:
    """The programs that a trial needs and this machine lacks."""
    return [name for name in NEEDED if shutil.which(name) is None]


def debian(work: Path) -> str:
    """A small base with Python and nothing else, made from Debian's packages; its name."""
    root = work / "base"
    packages = "--include=python3,python3-venv,ca-certificates"
    done("debootstrap", "--variant=minbase", packages, SUITE, root, MIRROR)
    for gone in ("var/cache/apt", "var/lib/apt/lists", "usr/share/doc", "usr/share/man", "usr/share/locale", "var/log"):
        for path in (root / gone).iterdir():
            shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()
    (work / "Containerfile").write_text("FROM scratch\nCOPY base /\n", "utf-8")
    _build("localhost/fabwatch-base", work / "Containerfile", work)
    return "localhost/fabwatch-base"


def built(bundle: Path, base: str) -> Image:
    """The image of an unpacked bundle on a base."""
    name = "localhost/fabwatch"
    _build(name, bundle / "container" / "Containerfile", bundle, "--build-arg", f"BASE={base}")
    about = json.loads(done(*BUILDAH, "inspect", "--type", "image", name))
    container = done(*BUILDAH, "from", name).strip()
    root = Path(done(*BUILDAH, "mount", container).strip())
    size = int(done("du", "--summarize", "--bytes", root).split()[0])
    return Image(name, root, about["Docker"]["config"], size / MEGA)


def carried_mb(image: Image, work: Path) -> float:
    """The megabytes that a registry keeps and a machine pulls: the layers, packed."""
    done(*BUILDAH, "push", "--quiet", image.name, f"dir:{work / 'pushed'}")
    return sum(path.stat().st_size for path in (work / "pushed").iterdir()) / MEGA


def done(*command: str | Path) -> str:
    """What a command prints. Raises RuntimeError with its end when it fails."""
    run = subprocess.run(list(map(str, command)), capture_output=True, text=True, check=False)
    if run.returncode:
        raise RuntimeError(f"{command[0]} ended with {run.returncode}: {run.stdout[-2000:]}{run.stderr[-2000:]}")
    return run.stdout


def _build(name: str, file: Path, context: Path, *more: str) -> None:
    kind: Sequence[str] = ("--isolation", "chroot", "--format", "docker", "--quiet")
    done(*BUILDAH, "bud", *kind, *more, "--tag", name, "--file", file, context)
