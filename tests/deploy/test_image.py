"""The image is built and run as an engine would run it: read-only, without rights, without a network."""

import os

import pytest
from deploy.bundle import make
from deploy.trial.image import built, carried_mb, debian, missing
from deploy.trial.running import tried


@pytest.mark.soak
@pytest.mark.skipif(bool(missing()) or os.name != "posix" or os.geteuid() != 0, reason="needs root, buildah and debootstrap")
def test_the_image_is_small_soon_healthy_and_writes_to_the_fab_and_tmp_alone(tmp_path):
    make("linux-x86_64", "3.13", tmp_path / "bundle")
    image = built(tmp_path / "bundle", debian(tmp_path))
    assert carried_mb(image, tmp_path) <= 600
    figures = tried(image, tmp_path)
    assert figures["healthy_after_s"] <= 10
    assert figures["writes_to"] == ["/tmp", "/fab"]
    assert figures["user"].startswith("uid=10001")
    assert int(figures["capabilities"], 16) == 0
    assert figures["stopped_with"] == 0
