"""The machines that a bundle can be made for: which wheels fit them, and what their pins may ask about them."""

from dataclasses import dataclass

GLIBC = 28
"""A bundle for Linux runs from glibc 2.28 on: RHEL 8, Debian 10, Ubuntu 18.10 and newer."""


@dataclass(frozen=True)
class Machine:
    """A kind of machine: the tags of wheels that it takes, and what markers such as `sys_platform == 'win32'` see there."""

    tags: tuple[str, ...]
    system: str
    platform: str
    processor: str

    def markers(self, python: str) -> dict[str, str]:
        """What the markers of a pin see on this machine under a Python such as 3.13."""
        return {
            "implementation_name": "cpython",
            "implementation_version": f"{python}.0",
            "os_name": "nt" if self.platform == "win32" else "posix",
            "platform_machine": self.processor,
            "platform_python_implementation": "CPython",
            "platform_release": "",
            "platform_system": self.system,
            "platform_version": "",
            "python_full_version": f"{python}.0",
            "python_version": python,
            "sys_platform": self.platform,
        }


def _manylinux(processor: str) -> tuple[str, ...]:
    dated = tuple(f"manylinux{name}_{processor}" for name in ("2014", "2010", "1"))
    return (*(f"manylinux_2_{minor}_{processor}" for minor in range(GLIBC, 4, -1)), *dated, f"linux_{processor}")


def _macos(processor: str, first: int, last: int) -> tuple[str, ...]:
    kinds = (processor, "universal2")
    return tuple(f"macosx_{release}_0_{kind}" for release in range(last, first - 1, -1) for kind in kinds)


MACHINES = {
    "linux-x86_64": Machine(_manylinux("x86_64"), "Linux", "linux", "x86_64"),
    "linux-aarch64": Machine(_manylinux("aarch64"), "Linux", "linux", "aarch64"),
    "macos-arm64": Machine(_macos("arm64", 11, 14), "Darwin", "darwin", "arm64"),
    "windows-x86_64": Machine(("win_amd64",), "Windows", "win32", "AMD64"),
}
PYTHONS = ("3.11", "3.12", "3.13", "3.14")
