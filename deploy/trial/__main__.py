"""Builds and runs the image on this machine and prints what was measured, as JSON."""

import argparse
import json
import sys
import tempfile
from pathlib import Path

from deploy.bundle import make
from deploy.trial.image import built, carried_mb, debian, missing
from deploy.trial.running import tried


def main() -> int:
    """Try it all; 1 where programs are missing."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--base", help="an image that buildah has, instead of one made from Debian's packages")
    asked = parser.parse_args()
    if missing():
        print(
            f"error: this machine lacks {', '.join(missing())}\nhint: apt-get install buildah debootstrap", file=sys.stderr
        )
        return 1
    with tempfile.TemporaryDirectory(prefix="fabwatch-trial-") as folder:
        work = Path(folder)
        make("linux-x86_64", "3.13", work / "bundle")
        image = built(work / "bundle", asked.base or debian(work))
        figures = {"unpacked_mb": image.unpacked_mb, "carried_mb": carried_mb(image, work)} | tried(image, work)
    print(json.dumps(figures, indent=1))
    return 0


if __name__ == "__main__":
    sys.exit(main())
